// Deflate for contents as small as a token's, with the very bytes of Node's zlib at its default level.
//
// A token's text is to be the one that Agora's Node.js builder makes, and zlib spends most of the time of a token on
// making and clearing its state. Here is the same algorithm over tables that are kept. test/token/deflate.test.ts
// compares the two over random contents, and the first use does over a few, since another Node may have another zlib.

import { deflateSync } from "node:zlib";
import { BlockCodes } from "./block-codes.ts";
import { leastDynamicBits } from "./block-size.ts";
import {
  adler32,
  DISTANCE_BASE,
  DISTANCE_EXTRA,
  END_OF_BLOCK,
  FIRST_LENGTH,
  FIXED_DISTANCE_BITS,
  FIXED_DISTANCES,
  FIXED_LITERALS,
  fixedLength,
  LENGTH_BASE,
  LENGTH_BITS,
  LENGTH_EXTRA,
  MAX_MATCH,
} from "./fixed-code.ts";
import { DISTANCE_SHIFT, findSymbols, MATCH, MAX_SEARCH_BYTES, symbols } from "./matches.ts";

/** The largest content that is compressed here. A larger one goes to node:zlib, which is as fast by then. */
export const MAX_OWN_BYTES = MAX_SEARCH_BYTES;

const LENGTH_SYMBOLS = symbolTable(LENGTH_BASE, MAX_MATCH);
const DISTANCE_SYMBOLS = symbolTable(DISTANCE_BASE, MAX_OWN_BYTES);
// RFC 1950, 2.2: deflate with the largest window, at the default level.
const STREAM_HEADER = [0x78, 0x9c];
// A stored block is the longest: its header, the content, the check.
const out = Buffer.allocUnsafeSlow(MAX_OWN_BYTES + 64);
out.set(STREAM_HEADER);

const LENGTH_MASK = (1 << LENGTH_BITS) - 1;
const codes = new BlockCodes();
const literals = codes.literals.frequencies;
const distances = codes.distances.frequencies;
let matches = 0;
let extraBits = 0;
let fixedBits = 0;
let outAt = 0;
let bitBuffer = 0;
let bitCount = 0;
let isLikeZlib: boolean | undefined;

/**
 * Compresses the bytes from `from` up to `to`, as node:zlib does at its default level.
 *
 * @returns the stream in base64
 */
export function deflateToBase64(bytes: Buffer, from: number, to: number): string {
  isLikeZlib ??= deflatesLike((content) => deflateSync(content));
  if (isLikeZlib && to - from <= MAX_OWN_BYTES) return ownDeflateToBase64(bytes, from, to);
  // A small chunk spares a buffer of 16 KiB, and gives the same bytes.
  return deflateSync(bytes.subarray(from, to), { chunkSize: 1024 }).toString("base64");
}

/** The same for at most {@link MAX_OWN_BYTES} bytes, whatever the zlib of this process does. */
export function ownDeflateToBase64(bytes: Buffer, from: number, to: number): string {
  const size = to - from;
  const count = findSymbols(bytes, from, size);
  countSymbols(count);
  outAt = STREAM_HEADER.length;
  bitBuffer = 0;
  bitCount = 0;
  writeBlock(bytes, from, size, count);
  outAt = out.writeUInt32BE(adler32(bytes, from, to), outAt);
  return out.toString("base64", 0, outAt);
}

/** Whether a zlib gives the same streams for a few contents. Another hash or another matcher would not. */
export function deflatesLike(zlib: (content: Buffer) => Buffer): boolean {
  return SAMPLES.every((sample) => ownDeflateToBase64(sample, 0, sample.length) === zlib(sample).toString("base64"));
}

function countSymbols(count: number): void {
  literals.fill(0);
  distances.fill(0);
  literals[END_OF_BLOCK] = 1;
  matches = 0;
  extraBits = 0;
  fixedBits = fixedLength(END_OF_BLOCK);
  const found = symbols;
  const frequencies = literals;
  const words = FIXED_LITERALS;
  let bits = 0;
  for (let n = 0; n < count; n++) {
    const symbol = found[n] ?? 0;
    if (symbol >= MATCH) {
      countMatch(symbol);
      continue;
    }
    frequencies[symbol] = (frequencies[symbol] ?? 0) + 1;
    bits += (words[symbol] ?? 0) & LENGTH_MASK;
  }
  fixedBits += bits;
}

function countMatch(match: number): void {
  const length = LENGTH_SYMBOLS[match & (MATCH - 1)] ?? 0;
  const distance = DISTANCE_SYMBOLS[match >>> DISTANCE_SHIFT] ?? 0;
  const symbol = FIRST_LENGTH + length;
  literals[symbol] = (literals[symbol] ?? 0) + 1;
  distances[distance] = (distances[distance] ?? 0) + 1;
  matches++;
  fixedBits += fixedLength(symbol) + FIXED_DISTANCE_BITS;
  extraBits += (LENGTH_EXTRA[length] ?? 0) + (DISTANCE_EXTRA[distance] ?? 0);
}

/** The shortest of a stored, a fixed and a dynamic block, as zlib's _tr_flush_block chooses among equals. */
function writeBlock(bytes: Buffer, from: number, size: number, count: number): void {
  const fixed = bytesOf(fixedBits);
  const isFixed =
    fixed <= bytesOf(leastDynamicBits(literals, count + 1, distances, matches)) || fixed <= bytesOf(codes.build());
  if (size + 4 <= (isFixed ? fixed : bytesOf(codes.bits))) {
    writeStored(bytes, from, size);
  } else if (isFixed) {
    put(0b011, 3);
    writeSymbols(FIXED_LITERALS, FIXED_DISTANCES, count);
  } else {
    put(0b101, 3);
    codes.write(put);
    writeSymbols(codes.literals.words, codes.distances.words, count);
  }
}

// With the 3 bits of the block's header, up to a whole byte.
function bytesOf(bits: number): number {
  return (bits + extraBits + 3 + 7) >>> 3;
}

function writeStored(bytes: Buffer, from: number, size: number): void {
  out[outAt++] = 1;
  outAt = out.writeUInt16LE(size, outAt);
  outAt = out.writeUInt16LE(~size & 0xffff, outAt);
  bytes.copy(out, outAt, from, from + size);
  outAt += size;
}

// The bits are in local variables, and put as in `put`: this loop is a third of the time.
function writeSymbols(literalWords: Int32Array, distanceWords: Int32Array, count: number): void {
  const found = symbols;
  const target = out;
  let bits = bitBuffer;
  let filled = bitCount;
  let at = outAt;
  for (let n = 0; n < count; n++) {
    const symbol = found[n] ?? 0;
    if (symbol >= MATCH) {
      bitBuffer = bits;
      bitCount = filled;
      outAt = at;
      writeMatch(literalWords, distanceWords, symbol);
      bits = bitBuffer;
      filled = bitCount;
      at = outAt;
      continue;
    }
    const word = literalWords[symbol] ?? 0;
    bits |= (word >> LENGTH_BITS) << filled;
    filled += word & LENGTH_MASK;
    if (filled >= 16) {
      target[at] = bits;
      target[at + 1] = bits >>> 8;
      at += 2;
      bits >>>= 16;
      filled -= 16;
    }
  }
  bitBuffer = bits;
  bitCount = filled;
  outAt = at;
  putWord(literalWords[END_OF_BLOCK] ?? 0);
  if (bitCount > 0) out[outAt++] = bitBuffer;
  if (bitCount > 8) out[outAt++] = bitBuffer >>> 8;
}

function writeMatch(literalWords: Int32Array, distanceWords: Int32Array, match: number): void {
  const length = match & (MATCH - 1);
  const distance = match >>> DISTANCE_SHIFT;
  const lengthAt = LENGTH_SYMBOLS[length] ?? 0;
  const distanceAt = DISTANCE_SYMBOLS[distance] ?? 0;
  putWord(literalWords[FIRST_LENGTH + lengthAt] ?? 0);
  put(length - (LENGTH_BASE[lengthAt] ?? 0), LENGTH_EXTRA[lengthAt] ?? 0);
  putWord(distanceWords[distanceAt] ?? 0);
  put(distance - (DISTANCE_BASE[distanceAt] ?? 0), DISTANCE_EXTRA[distanceAt] ?? 0);
}

function putWord(word: number): void {
  put(word >> LENGTH_BITS, word & LENGTH_MASK);
}

/** Writes at most 16 bits. */
function put(value: number, bits: number): void {
  bitBuffer |= value << bitCount;
  bitCount += bits;
  if (bitCount < 16) return;
  out[outAt] = bitBuffer;
  out[outAt + 1] = bitBuffer >>> 8;
  outAt += 2;
  bitBuffer >>>= 16;
  bitCount -= 16;
}

/** By value: the symbol that it has, counted from the first with a base. */
function symbolTable(bases: Uint16Array, largest: number): Uint8Array {
  const table = new Uint8Array(largest + 1);
  for (const [symbol, least] of bases.entries()) if (least <= largest) table.fill(symbol, least);
  return table;
}

// One for each kind of block; one with matches of 3 bytes, which a hash over 4 finds by accident alone; one with
// matches that a longer one follows; and contents like a token's.
const SAMPLES: readonly Buffer[] = [
  Buffer.from("room-room-room-roam-room-12345678-1234567-roam"),
  Buffer.from("abcXabcYabcZ--bcd.abcd-bcde.abcde;cdefg,abcdefg"),
  Buffer.from(Array.from({ length: 300 }, (_, at) => (at * at * 31 + (at >> 3)) & 255)),
  Buffer.from(Array.from({ length: 900 }, (_, at) => 97 + ((at * at) % 11) + ((at >> 4) % 3))),
];
