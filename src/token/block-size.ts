// What a deflate block with codes of its own takes at the least. Making these codes is two thirds of the cost of
// compressing a token, and for nearly every token the fixed codes are shorter: this bound shows it without making them.

import { LITERALS } from "./fixed-code.ts";
import { MAX_SEARCH_BYTES } from "./matches.ts";

// n log2 n: the bits of an alphabet at the least are that of all less that of each symbol (its entropy).
const N_LOG_N = Float64Array.from({ length: MAX_SEARCH_BYTES + 2 }, (_, n) => (n === 0 ? 0 : n * Math.log2(n)));
// Symbols this frequent have shorter codes than those that occur once: whose parents weigh 3 at most.
const FREQUENT = 4;
// The counts of literals, distances and code lengths that are sent (RFC 1951, 3.2.7).
const COUNTS_BITS = 5 + 5 + 4;
const BITS_OF_A_LENGTH = 3;

const UNUSED = 0;
const RARE = 1;
const OFTEN = 2;

// By the length of a run of unused symbols: how many zeros, repetitions of 3 to 10 and of 11 to 138 tell of it, 10 bits
// each from the lowest up, so that one addition counts all three.
const UNUSED_RUNS = Int32Array.from({ length: LITERALS + 1 }, (_, run) => {
  const whole = Math.floor(run / 138);
  const left = run % 138;
  if (left >= 11) return (whole + 1) << 20;
  return (whole << 20) | (left >= 3 ? 1 << 10 : left);
});
const TEN_BITS = (1 << 10) - 1;
// By the length of a run of used symbols: one length, and repetitions of 3 to 6 of it.
const USED_RUNS = Uint16Array.from({ length: LITERALS + 1 }, (_, run) =>
  run < 4 ? run : 1 + Math.ceil((run - 1) / 6),
);

// The code lengths of a block are sent in a code of their own: how many of each kind there are at the least.
let unused = 0;
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
  unused = rare = frequent = 0;
  const literalBits = bitsOf(symbols) - scan(literals, FREQUENT);
  const described = rare + frequent;
  // Their code lengths are few, and are taken as rare.
  const distanceBits = bitsOf(matches) - scan(distances, MAX_SEARCH_BYTES);
  const kinds = rare + frequent - described;
  // zlib sends two distances at least.
  if (kinds < 2) rare += 2 - kinds;
  const header = COUNTS_BITS + BITS_OF_A_LENGTH * lengthsSent(kinds) + lengthBits();
  return Math.floor(literalBits + distanceBits + header);
}

/** The bits of the code lengths. */
function lengthBits(): number {
  const zeros = unused & TEN_BITS;
  const repeats = (unused >> 10) & TEN_BITS;
  const longRepeats = unused >> 20;
  const all = bitsOf(zeros + repeats + longRepeats + rare + frequent);
  const kinds = bitsOf(zeros) + bitsOf(repeats) + bitsOf(longRepeats) + bitsOf(rare) + bitsOf(frequent);
  return all - kinds + 3 * repeats + 7 * longRepeats;
}

function bitsOf(count: number): number {
  return N_LOG_N[count] ?? 0;
}

/** Counts the code lengths of an alphabet by class, and returns the sum of n log2 n over its symbols. */
function scan(frequencies: Uint16Array, frequentFrom: number): number {
  const table = N_LOG_N;
  const size = frequencies.length;
  let sum = 0;
  let start = 0;
  let before = UNUSED;
  for (let at = 0; at < size; at++) {
    const frequency = frequencies[at] ?? 0;
    const kind = frequency === 0 ? UNUSED : frequency < frequentFrom ? RARE : OFTEN;
    if (kind !== before) {
      endRun(before, at - start);
      before = kind;
      start = at;
    }
    if (frequency > 1) sum += table[frequency] ?? 0;
  }
  // Unused symbols at the end are not sent.
  if (before !== UNUSED) endRun(before, size - start);
  return sum;
}

function endRun(kind: number, run: number): void {
  if (kind === UNUSED) unused += UNUSED_RUNS[run] ?? 0;
  else if (kind === RARE) rare += USED_RUNS[run] ?? 0;
  else frequent += USED_RUNS[run] ?? 0;
}

/** How many lengths of the code of code lengths are sent, at the least: up to that of the shortest distance. */
function lengthsSent(kinds: number): number {
  // Their order is 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15; one of k codes has log2 k bits or less.
  if (kinds < 4) return 18;
  if (kinds < 8) return 16;
  return kinds < 16 ? 14 : 12;
}
