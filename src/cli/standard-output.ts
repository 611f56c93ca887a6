import { fstatSync, write as writeTo } from "node:fs";
import type { Output } from "../audit/writer.ts";

const STANDARD_OUTPUT = 1;
/** How long the process waits at its end for a reader that has stopped, in milliseconds. */
export const FAREWELL_MS = 1000;

/**
 * Resolves once all that was written has been taken, by standard output and standard error, or nobody is there to take it.
 *
 * @param patienceMs for how long it waits for a reader that has stopped, in milliseconds; undefined for as long as it takes
 */
export async function outputTaken(patienceMs?: number): Promise<void> {
  const taken = Promise.all([process.stdout, process.stderr].map(streamTaken));
  if (patienceMs === undefined) await taken;
  else await Promise.race([taken, new Promise((resolve) => setTimeout(resolve, patienceMs))]);
}

function streamTaken(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.destroyed || stream.writableLength === 0) return Promise.resolve();
  // Writes are taken in their order, and one that fails is over too.
  return new Promise((resolve) => stream.write("", () => resolve()));
}

/**
 * Standard output, without waiting in the event loop: a file is written in a thread, and a pipe when it is ready. A
 * terminal is written at once, and stalls the process while it is paused.
 */
export function standardOutput(): Output {
  return fstatSync(STANDARD_OUTPUT).isFile() ? toFile() : toPipe();
}

function toFile(): Output {
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        writeTo(STANDARD_OUTPUT, bytes, (error, written) => {
          if (error) reject(error);
          else resolve(written);
        });
      }),
    close: () => Promise.resolve(),
  };
}

function toPipe(): Output {
  let pending = false;
  // Without a listener, a reader that is gone ends the process.
  process.stdout.on("error", () => undefined);
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        pending = true;
        process.stdout.write(bytes, (error) => {
          pending = false;
          if (error) reject(error);
          else resolve(bytes.length);
        });
      }),
    async close() {
      // What is pending would keep the process for as long as nobody reads.
      if (pending) setTimeout(() => process.exit(), FAREWELL_MS).unref();
    },
  };
}
