import { createReadStream } from "node:fs";
import { faultOf } from "./file-faults.ts";

/** Standard input, as the name of a file. */
export const STANDARD_INPUT = "-";

const NEWLINE = 0x0a;
const CHUNK_BYTES = 256 * 1024;
/** The longest line that is given whole. What is longer is given cut. */
const LONGEST = 1024 * 1024;

/**
 * Gives the lines of a file one after the other. However large the file is, this takes no more memory than a line.
 *
 * @param path the file, or `-` for standard input
 * @param take is given each line without its newline, in memory that is used again, and its number from 1 on
 * @param advance is told of each piece that was read, in bytes
 * @throws Error with the code of the system, and in words
 */
export async function eachLine(
  path: string,
  take: (line: Uint8Array, number: number) => void,
  advance: (bytes: number) => void = () => undefined,
): Promise<void> {
  let rest = Buffer.alloc(0);
  let number = 0;
  for await (const chunk of chunksOf(path)) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      take(bytes.subarray(start, end), ++number);
      start = end + 1;
    }
    rest = Buffer.from(bytes.subarray(start, start + LONGEST));
    advance(chunk.length);
  }
  if (rest.length > 0) take(rest, ++number);
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  const from = path === STANDARD_INPUT ? { fd: 0, autoClose: false } : {};
  try {
    yield* createReadStream(path, { ...from, highWaterMark: CHUNK_BYTES });
  } catch (error) {
    const name = path === STANDARD_INPUT ? "standard input" : path;
    const { code } = error as NodeJS.ErrnoException;
    throw Object.assign(new Error(`${name} cannot be read: ${faultOf(error)}`), { code });
  }
}
