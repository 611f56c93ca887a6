// What a deflate block with codes of its own takes at the least. Making these codes is two thirds of the cost of
// compressing a token, and for nearly every token the fixed codes are shorter: this bound shows it without making them.

import { DISTANCES, LITERALS } from "./fixed-code.ts";
import { MAX_SEARCH_BYTES } from "./matches.ts";

// n log2 n: the bits of an alphabet at the least are that of all less that of each symbol (its entropy).
const N_LOG_N = Float64Array.from({ length: MAX_SEARCH_BYTES + 2 }, (_, n) => (n === 0 ? 0 : n * Math.log2(n)));
// Symbols this frequent have shorter codes than those that occur once: whose parents weigh 3 at most.
const FREQUENT = 4;
// The counts of literals, distances and code lengths that are sent (RFC 1951, 3.2.7).
const COUNTS_BITS = 5 + 5 + 4;
const BITS_OF_A_LENGTH = 3;

// The code lengths of a block are sent in a code of their own: how many of each kind there are at the least.
let zeros = 0;
let repeats = 0;
let longRepeats = 0;
let rare = 0;
let frequent = 0;

/**
 * The bits of a block with codes of its own, at the least, without the extra bits of its matches.
 *
 * It takes code lengths of one class (frequent symbols, or rare ones) as equal, and as repeated wherever they can be.
 *
 * @param literals how often each literal and length occurs, and once the end of the block
 * @param symbols how many of these there are
 * @param distances how often each distance occurs
 * @param matches how many of these there are
 */
export function leastDynamicBits(
  literals: Uint16Array,
  symbols: number,
  distances: Uint16Array,
  matches: number,
): number {
  zeros = repeats = longRepeats = rare = frequent = 0;
  const literalBits = (N_LOG_N[symbols] ?? 0) - scan(literals, LITERALS, FREQUENT);
  const described = rare + frequent;
  const distanceBits = (N_LOG_N[matches] ?? 0) - scan(distances, DISTANCES, MAX_SEARCH_BYTES);
  const kinds = rare + frequent - described;
  // zlib sends two distances at least.
  if (kinds < 2) rare += 2 - kinds;
  const repeatBits = 3 * repeats + 7 * longRepeats;
  const lengths = zeros + repeats + longRepeats + rare + frequent;
  const lengthBits =
    (N_LOG_N[lengths] ?? 0) -
    (N_LOG_N[zeros] ?? 0) -
    (N_LOG_N[repeats] ?? 0) -
    (N_LOG_N[longRepeats] ?? 0) -
    (N_LOG_N[rare] ?? 0) -
    (N_LOG_N[frequent] ?? 0);
  const header = COUNTS_BITS + BITS_OF_A_LENGTH * lengthsSent(kinds) + repeatBits + lengthBits;
  return Math.floor(literalBits + distanceBits + header);
}

/** Counts the code lengths of an alphabet by kind, and returns the sum of n log2 n over its symbols. */
function scan(frequencies: Uint16Array, size: number, frequentFrom: number): number {
  let sum = 0;
  let run = 0;
  let kind = 0;
  let at = 0;
  for (; at < size; at++) {
    const frequency = frequencies[at] ?? 0;
    const of = frequency === 0 ? 0 : frequency < frequentFrom ? 1 : 2;
    if (of !== kind) {
      endRun(kind, run);
      kind = of;
      run = 0;
    }
    run++;
    if (of !== 0) sum += N_LOG_N[frequency] ?? 0;
  }
  // Unused symbols at the end are not sent.
  if (kind !== 0) endRun(kind, run);
  return sum;
}

function endRun(kind: number, run: number): void {
  if (run === 0) return;
  // One length, and repetitions of 3 to 6.
  const lengths = run < 4 ? run : 1 + Math.ceil((run - 1) / 6);
  if (kind === 1) rare += lengths;
  else if (kind === 2) frequent += lengths;
  else countZeros(run);
}

function countZeros(run: number): void {
  let left = run;
  for (; left >= 11; left -= Math.min(left, 138)) longRepeats++;
  if (left >= 3) repeats++;
  else zeros += left;
}

/** How many lengths of the code of code lengths are sent, at the least: up to that of the shortest distance. */
function lengthsSent(kinds: number): number {
  // Their order is 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15; one of k codes has log2 k bits or less.
  if (kinds < 4) return 18;
  if (kinds < 8) return 16;
  return kinds < 16 ? 14 : 12;
}
