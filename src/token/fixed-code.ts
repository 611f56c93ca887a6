// The code that every deflate stream knows, and the tables of lengths and distances. RFC 1951, 3.2.5 and 3.2.6.

/** The symbol that ends a block. */
export const END_OF_BLOCK = 256;

/** The shortest match that has a code. */
export const MIN_MATCH = 3;

/** The longest match that has a code. */
export const MAX_MATCH = 258;

/** The symbol of the first length. */
export const FIRST_LENGTH = 257;

/** How many symbols of literals and lengths may occur. */
export const LITERALS = 286;

/** How many symbols of distances may occur. */
export const DISTANCES = 30;

/** By symbol of a length minus {@link FIRST_LENGTH}: the least length, and how many bits after it say how many more. */
export const LENGTH_BASE = Uint16Array.from([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]);
export const LENGTH_EXTRA = Uint8Array.from([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);

/** By symbol of a distance, likewise. */
export const DISTANCE_BASE = Uint16Array.from([
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12_289, 16_385, 24_577,
]);
export const DISTANCE_EXTRA = Uint8Array.from([
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]);

/** The bits of a code in the order in which they are sent. */
export function reversed(code: number, length: number): number {
  let bits = 0;
  for (let left = length, rest = code; left > 0; left--, rest >>= 1) bits = (bits << 1) | (rest & 1);
  return bits;
}

/** A code as it is sent: its bits, and behind them ({@link LENGTH_BITS}) how many they are. */
export function codeWord(code: number, length: number): number {
  return (reversed(code, length) << LENGTH_BITS) | length;
}

/** How many bits of a code word are its length. */
export const LENGTH_BITS = 4;

/** How many bits a literal or length takes in the fixed code. */
export function fixedLength(symbol: number): number {
  if (symbol < 144) return 8;
  if (symbol < 256) return 9;
  return symbol < 280 ? 7 : 8;
}

/** How many bits each distance takes in the fixed code. */
export const FIXED_DISTANCE_BITS = 5;

/** The code words of the fixed code. Two of its literals and two of its distances are never sent. */
export const FIXED_LITERALS = Int32Array.from({ length: 288 }, (_, at) => codeWord(fixedCode(at), fixedLength(at)));
export const FIXED_DISTANCES = Int32Array.from({ length: 32 }, (_, at) => codeWord(at, FIXED_DISTANCE_BITS));

function fixedCode(symbol: number): number {
  if (symbol < 144) return 0x30 + symbol;
  if (symbol < 256) return 0x190 + symbol - 144;
  return symbol < 280 ? symbol - 256 : 0xc0 + symbol - 280;
}

/** The check that ends a stream: RFC 1950, 8.2. Of so few bytes that no sum exceeds 31 bits: 3000 at most. */
export function adler32(bytes: Uint8Array, from: number, to: number): number {
  let a = 1;
  let b = 0;
  for (let at = from; at < to; at++) {
    a += bytes[at] ?? 0;
    b += a;
  }
  return (b % 65_521) * 65_536 + (a % 65_521);
}
