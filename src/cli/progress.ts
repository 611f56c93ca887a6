// How far long work has got, for a person who waits for it.

import { statSync } from "node:fs";
import type { Prompt } from "./prompt.ts";

/** What is done sooner needs no word. */
const FIRST_MS = 500;
const AGAIN_MS = 200;

/** Is told of what has been read. */
export interface Progress {
  readonly advance: (bytes: number) => void;
  /** Takes the line away. */
  readonly end: () => void;
}

/**
 * Shows how much of some files has been read, if anybody sees it.
 *
 * @param files their names; what has no size, such as standard input, leaves the whole unknown
 * @param monotonic milliseconds from some moment on
 */
export function progressThrough(
  files: readonly string[],
  { status }: Pick<Prompt, "status">,
  monotonic: () => number = () => performance.now(),
): Progress {
  if (!status) return { advance: () => undefined, end: () => undefined };
  const whole = sizeOf(files);
  let [read, next, shown] = [0, monotonic() + FIRST_MS, false];
  return {
    advance: (bytes) => {
      read += bytes;
      const now = monotonic();
      if (now < next) return;
      [next, shown] = [now + AGAIN_MS, true];
      const part = whole === undefined ? "" : ` of ${megabytes(whole)}, ${Math.floor((100 * read) / whole)} %`;
      status(`${megabytes(read)}${part}`);
    },
    end: () => {
      if (shown) status("");
    },
  };
}

function sizeOf(files: readonly string[]): number | undefined {
  const sizes = files.map((file) => {
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats?.isFile() ? stats.size : 0;
  });
  return sizes.includes(0) ? undefined : sizes.reduce((sum, size) => sum + size, 0);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
