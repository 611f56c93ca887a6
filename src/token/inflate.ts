// Inflates what tokens hold. Nearly every token is one block with the fixed code (RFC 1951, 3.2.6), whichever zlib made
// it: that is read here. All else goes to node:zlib, which takes ten times as long for state that it makes and clears:
// other kinds of blocks, large contents, and whatever is wrong, so that what a stream is taken for is always its word.

import { inflateSync } from "node:zlib";
import { beginningsOf } from "./beginnings.ts";
import { MAX_CONTENT_BYTES, MalformedToken } from "./bytes.ts";
import {
  adler32,
  DISTANCE_BASE,
  DISTANCE_EXTRA,
  END_OF_BLOCK,
  FIRST_LENGTH,
  FIXED_DISTANCE_BITS,
  FIXED_LITERALS,
  LENGTH_BASE,
  LENGTH_BITS,
  LENGTH_EXTRA,
  reversed,
} from "./fixed-code.ts";

/** A content, and how many bytes of the stream it takes. */
export interface Inflated {
  readonly content: Buffer;
  readonly consumed: number;
}

/** The largest content that is read here. Tokens have 100 to 300 bytes. */
export const MAX_SHORT_BYTES = 2048;

const WORDS_SIZE = 1 << 9;
const LENGTH_MASK = (1 << LENGTH_BITS) - 1;
// RFC 1950, 2.2, and RFC 1951, 3.2.3: deflate with the largest window; the last block, with the fixed code.
const METHOD = 0x78;
const NEEDS_DICTIONARY = 0x20;
const LAST_FIXED = 0b011;
const LAST_FIXED_BITS = 3;
const TOO_LARGE = "ERR_BUFFER_TOO_LARGE";
const HEADER_BYTES = 2;
const CHECK_BYTES = 4;
const WORDS = wordTable();
const DISTANCE_SYMBOLS = Uint8Array.from({ length: 1 << FIXED_DISTANCE_BITS }, (_, word) =>
  reversed(word, FIXED_DISTANCE_BITS),
);

const out = Buffer.alloc(MAX_SHORT_BYTES);
const beginning = beginningsOf(out);
// Of these bits, the next from the lowest up, never more than 31 are held.
let input: Buffer = out;
let at = 0;
let bits = 0;
let held = 0;
let size = 0;

/**
 * Inflates a zlib stream, of at most {@link MAX_CONTENT_BYTES} bytes.
 *
 * @throws MalformedToken
 */
export function inflate(stream: Buffer): Inflated {
  return inflateFixed(stream) ?? inflateAny(stream);
}

/** Inflates a stream of one block with the fixed code. Undefined if it is another, or if anything is wrong with it. */
export function inflateFixed(stream: Buffer): Inflated | undefined {
  if (!hasFixedHeader(stream)) return undefined;
  input = stream;
  at = HEADER_BYTES + 1;
  bits = (stream[HEADER_BYTES] ?? 0) >> LAST_FIXED_BITS;
  held = 8 - LAST_FIXED_BITS;
  size = 0;
  for (let symbol = copyLiterals(); symbol !== END_OF_BLOCK; symbol = copyLiterals()) {
    if (symbol < END_OF_BLOCK || !copyMatch(symbol - FIRST_LENGTH)) return undefined;
  }
  // The check begins with the next whole byte.
  const checkAt = at - (held >> 3);
  // Behind the end, 0 was read: that is a stream that is cut.
  if (checkAt + CHECK_BYTES > stream.length) return undefined;
  if (stream.readUInt32BE(checkAt) !== adler32(out, 0, size)) return undefined;
  return { content: Buffer.from(beginning(size)), consumed: checkAt + CHECK_BYTES };
}

function hasFixedHeader(stream: Buffer): boolean {
  const flags = stream[1] ?? 0;
  if (stream.length <= HEADER_BYTES + CHECK_BYTES || stream[0] !== METHOD) return false;
  if ((METHOD * 256 + flags) % 31 !== 0 || (flags & NEEDS_DICTIONARY) !== 0) return false;
  return ((stream[HEADER_BYTES] ?? 0) & ((1 << LAST_FIXED_BITS) - 1)) === LAST_FIXED;
}

/** Copies literals up to the next symbol that is none, and gives it; a literal if there is no symbol, or no room. */
function copyLiterals(): number {
  // Local variables, since this loop is nearly all of the time.
  const stream = input;
  const words = WORDS;
  const target = out;
  let next = at;
  let left = bits;
  let count = held;
  let to = size;
  let symbol = 0;
  for (;;) {
    if (count < 16) {
      left |= ((stream[next] ?? 0) | ((stream[next + 1] ?? 0) << 8)) << count;
      next += 2;
      count += 16;
    }
    const word = words[left & (WORDS_SIZE - 1)] ?? 0;
    symbol = word >> LENGTH_BITS;
    left >>= word & LENGTH_MASK;
    count -= word & LENGTH_MASK;
    if (symbol >= END_OF_BLOCK || to === MAX_SHORT_BYTES) break;
    target[to++] = symbol;
  }
  at = next;
  bits = left;
  held = count;
  size = to;
  return symbol;
}

/** Copies what a match repeats. False if it is before the beginning, or if there is no room. */
function copyMatch(lengthAt: number): boolean {
  const length = (LENGTH_BASE[lengthAt] ?? 0) + take(LENGTH_EXTRA[lengthAt] ?? 0);
  for (; held < 24; held += 8) bits |= (input[at++] ?? 0) << held;
  const distanceAt = DISTANCE_SYMBOLS[take(FIXED_DISTANCE_BITS)] ?? 0;
  const distance = (DISTANCE_BASE[distanceAt] ?? 0) + take(DISTANCE_EXTRA[distanceAt] ?? 0);
  // Two symbols of lengths and two of distances do not exist: their base is 0.
  if (length === 0 || distance === 0 || distance > size || size + length > MAX_SHORT_BYTES) return false;
  copyBack(distance, length);
  return true;
}

function copyBack(distance: number, length: number): void {
  const target = out;
  const end = size + length;
  for (let to = size; to < end; to++) target[to] = target[to - distance] ?? 0;
  size = end;
}

function take(count: number): number {
  const taken = bits & ((1 << count) - 1);
  bits >>= count;
  held -= count;
  return taken;
}

function inflateAny(stream: Buffer): Inflated {
  try {
    // With `info`, Node gives the engine too, which knows where the stream ended.
    const { buffer, engine } = inflateSync(stream, { info: true, maxOutputLength: MAX_CONTENT_BYTES }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { content: buffer, consumed: engine.bytesWritten };
  } catch (error) {
    const isOurLimit = codeOf(error) === TOO_LARGE;
    throw new MalformedToken(faultOf(error), { cause: error, isOurLimit });
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function faultOf(error: unknown): string {
  switch (codeOf(error)) {
    case TOO_LARGE:
      return `its content is larger than ${MAX_CONTENT_BYTES} bytes`;
    case "Z_BUF_ERROR":
      return "its compressed content ends early: it is cut";
    case "Z_DATA_ERROR":
    case "Z_NEED_DICT":
      return "its compressed content is damaged, or is none";
    default:
      throw error;
  }
}

/** By the next 9 bits of a stream: the code word that they begin with, as its symbol and how many bits it has. */
function wordTable(): Uint16Array {
  const table = new Uint16Array(WORDS_SIZE);
  for (const [symbol, word] of FIXED_LITERALS.entries()) {
    const length = word & LENGTH_MASK;
    const step = 1 << length;
    for (let at = word >> LENGTH_BITS; at < WORDS_SIZE; at += step) table[at] = (symbol << LENGTH_BITS) | length;
  }
  return table;
}
