import { createReadStream } from "node:fs";

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
 */
export async function eachLine(path: string, take: (line: Uint8Array, number: number) => void): Promise<void> {
  const from = path === STANDARD_INPUT ? { fd: 0, autoClose: false } : {};
  let rest = Buffer.alloc(0);
  let number = 0;
  for await (const chunk of createReadStream(path, { ...from, highWaterMark: CHUNK_BYTES })) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      take(bytes.subarray(start, end), ++number);
      start = end + 1;
    }
    rest = Buffer.from(bytes.subarray(start, start + LONGEST));
  }
  if (rest.length > 0) take(rest, ++number);
}
