// The process: what it was started with, what it is told, and what it must not do.

import { url as inspectorUrl } from "node:inspector";
import { setFlagsFromString } from "node:v8";
import type { Started } from "../config/surroundings.ts";
import { EXIT } from "./exit.ts";
import type { Surroundings } from "./serve.ts";
import { standardOutput } from "./standard-output.ts";

/** What this process was started with. */
export function startedWith(): Started {
  const options = (process.env["NODE_OPTIONS"] ?? "").split(/\s+/).filter((option) => option !== "");
  return { env: process.env, flags: [...process.execArgv, ...options], inspected: inspectorUrl() !== undefined };
}

// Keeps the process from showing by itself what it holds.
function harden(): void {
  // Without a handler, this signal opens the inspector, which shows the certificates.
  process.on("SIGUSR1", () => undefined);
  const { report } = process;
  if ("excludeEnv" in report) report.excludeEnv = true;
  // Older lines of Node.js cannot leave the environment out of a report, so they write none by themselves.
  else Object.assign(report, { reportOnFatalError: false, reportOnSignal: false, reportOnUncaughtException: false });
}

// Without a listener, what cannot be written ends the process in a stack trace.
function noteLostOutput(): void {
  process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    // Whoever read has read enough, as `head` does.
    if (code === "EPIPE") return;
    process.exitCode = EXIT.IOERR;
    process.stderr.write(`agora-tokend: standard output cannot be written: ${code}\n`);
  });
}

/** The most bytes of lines that wait for whoever reads standard error. */
const MOST_WAITING = 1024 * 1024;

// A reader that has stopped does not stop the service, and does not fill its memory either.
function standardError(): Pick<Surroundings, "error" | "errorsLost"> {
  let lost = 0;
  // Without a listener, a reader that is gone ends the process.
  process.stderr.on("error", () => lost++);
  return {
    error(line) {
      if (process.stderr.writableLength < MOST_WAITING) process.stderr.write(`${line}\n`);
      else lost++;
    },
    errorsLost: () => lost,
  };
}

// By itself, V8 lets the heap grow to four times of what is in use before it collects the old generation. Nearly all that a
// service has there is left of calls, and much of it keeps memory outside of the heap too: collected at twice of it, that is 50 MB
// less under load, for a hundredth of the time. Set once it serves, as to read a large configuration takes longer with it.
function holdLess(): void {
  setFlagsFromString("--heap-growing-percent=100");
}

/** For how long this process has worked, all of its threads together, in milliseconds. */
export function processTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Standard output, standard error, and the signals of a process that shows nothing by itself of what it holds. */
export function processSurroundings(): Surroundings {
  harden();
  noteLostOutput();
  const waiting: (() => void)[] = [];
  let listens = false;
  let terminated = false;
  const stop = (signal: NodeJS.Signals) => {
    if (signal === "SIGTERM") terminated = true;
    waiting.shift()?.();
  };
  return {
    standalone: true,
    onServing: holdLess,
    out: (line) => process.stdout.write(`${line}\n`),
    ...standardError(),
    standardOutput,
    stop: () => {
      if (!listens) process.on("SIGTERM", stop).on("SIGINT", stop);
      listens = true;
      return new Promise((resolve) => waiting.push(resolve));
    },
    stoppedBy: () => (terminated ? "system" : "person"),
    onUncaught: (act) => {
      // A promise that is rejected and not awaited comes here too, as nobody listens for those.
      process.on("uncaughtException", act);
    },
    onReloadAsked: (act) => {
      process.on("SIGHUP", act);
      return () => process.off("SIGHUP", act);
    },
  };
}
