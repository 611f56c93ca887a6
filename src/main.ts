#!/usr/bin/env node
// The composition root: the only place where the process itself is touched, besides the commands.
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { run } from "./cli/run.ts";
import { FAREWELL_MS, outputTaken } from "./cli/standard-output.ts";

// At its own verbosity grpc-js prints the values of metadata, bearers among them.
setLogVerbosity(logVerbosity.NONE);
// What Node.js deprecates is for those who write this to mend, not for those who run it.
process.noDeprecation = true;
run(process.argv.slice(2)).then(async (code) => {
  // Who waits for a signal is a service, and ends in time whoever reads. What a command says is there to be read.
  await outputTaken(process.listenerCount("SIGTERM") > 0 ? FAREWELL_MS : undefined);
  // Not the exit code alone: the socket of a call that its client never finished outlives grpc-js's own shutdown,
  // and would keep the process for as long as that client likes.
  // What could not be written is known only a turn later.
  setImmediate(() => process.exit(process.exitCode ?? code));
});
