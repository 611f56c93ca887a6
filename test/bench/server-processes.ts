// Servers under test and the load generator, each in a process of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import type { Load, Outcome } from "./server-load.ts";

/** What a process has used since it started. */
export interface Usage {
  /** User and system time, in microseconds. */
  readonly cpuUs: number;
  readonly residentBytes: number;
}

/** A server that answers. */
export interface Running {
  readonly port: number;
  readonly pid: number;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

const METER = "./test/bench/server-meter.cjs";
const LOAD = "dist/bench/server-load.cjs";

/**
 * Starts a server and waits until it tells its port.
 *
 * @param program what node is to run, with its arguments
 */
export async function startServer(program: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, ["--require", METER, ...program], {
    // What a server logs is written, as it would be, and read by nobody.
    stdio: ["ignore", "pipe", "ignore", "ipc"],
  });
  const port = await portOf(child);
  let asked = 0;
  return {
    port,
    pid: child.pid ?? 0,
    async usage() {
      const id = ++asked;
      const answer = new Promise<Usage>((resolve) => {
        const take = (message: unknown) => {
          if ((message as { id: number }).id !== id) return;
          child.off("message", take);
          resolve(message as Usage);
        };
        child.on("message", take);
      });
      child.send(id);
      return answer;
    },
    stop: () => stop(child),
  };
}

/** The load generator. One call of `run` at a time. */
export interface Generator {
  run(load: Load): Promise<Outcome>;
  stop(): Promise<void>;
}

export function startGenerator(): Generator {
  const child = spawn(process.execPath, [LOAD], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  return {
    async run(load) {
      child.send(load);
      const [answer] = (await once(child, "message")) as [{ outcome?: Outcome; error?: string }];
      if (!answer.outcome) throw new Error(`the load generator failed: ${answer.error}`);
      return answer.outcome;
    },
    stop: () => stop(child),
  };
}

async function portOf(child: ChildProcess): Promise<number> {
  let text = "";
  return new Promise((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const port = /serves on \S+:(\d+)/.exec(text)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    child.once("exit", (code) => reject(new Error(`a server ended with ${code} before it served`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
