// How long it takes from the command to the first call that is answered.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:http2";
import process from "node:process";
import type { Contest } from "./harness.ts";
import { type Configured, configure } from "./server-config.ts";
import { builds, pathOf } from "./server-messages.ts";

const FRAME_BYTES = 5;

/** Our start, of a bundle, against that of Node.js with nothing to do. */
export function startContest(bundle: string): Contest {
  return {
    title: "from the command to the first call that is answered",
    unit: "ms",
    baseline: "node -e 0",
    candidates: [
      { name: "node -e 0", measure: () => timeOfNothing() },
      { name: "ours", measure: () => timeToFirstCall(bundle) },
    ],
    goals: [{ candidate: "ours", bound: { atMostTimes: 2 }, stretch: 1.75 }],
  };
}

async function timeOfNothing(): Promise<number> {
  const began = performance.now();
  await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
  return performance.now() - began;
}

async function timeToFirstCall(bundle: string): Promise<number> {
  const configured = configure();
  const began = performance.now();
  const server = spawn(process.execPath, [bundle, "serve", "--config", configured.file], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    let printed = "";
    for await (const chunk of server.stdout) {
      printed += chunk;
      const port = /serves on \S+:(\d+)/.exec(printed)?.[1];
      if (port === undefined) continue;
      await called(Number(port), configured);
      return performance.now() - began;
    }
    throw new Error(`it does not serve: ${printed}`);
  } finally {
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
    configured.remove();
  }
}

async function called(port: number, { authorization, project }: Configured): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  const [message = ""] = builds(project);
  const bytes = Buffer.from(message, "base64");
  const frame = Buffer.concat([Buffer.alloc(FRAME_BYTES), bytes]);
  frame.writeUInt32BE(bytes.length, 1);
  const headers = {
    ":method": "POST",
    ":path": pathOf("BuildToken"),
    "content-type": "application/grpc",
    authorization,
  };
  const stream = session.request({ ...headers, te: "trailers" });
  stream.resume();
  stream.end(frame);
  const [trailers] = (await once(stream, "trailers")) as [Record<string, string>];
  session.destroy();
  if (trailers["grpc-status"] !== "0") throw new Error(`the first call ended with ${trailers["grpc-status"]}`);
}
