// Finds repetitions as Node's zlib does at its default level: deflate_slow at level 6, with the hash over 4 bytes of
// Chromium's fork, which Node bundles. Another choice at any place would be another text of the token.

import { MAX_MATCH, MIN_MATCH } from "./fixed-code.ts";

/** The largest content that is searched: far above a token's, far below where zlib begins another block. */
export const MAX_SEARCH_BYTES = 2048;

// The configuration of level 6.
const GOOD_LENGTH = 8;
const MAX_LAZY = 16;
const NICE_LENGTH = 128;
const MAX_CHAIN = 128;
const HASH_BITS = 15;
const HASH_MASK = (1 << HASH_BITS) - 1;
const HASH_FACTOR = 66_521;

/** A symbol of a match has this bit, above it the distance, below it the length; a literal is its byte. */
export const MATCH = 1 << 9;
export const DISTANCE_SHIFT = 10;
const LENGTH = MATCH - 1;

/** What a content is made of, in order: as many as {@link findSymbols} says. The next call overwrites them. */
export const symbols = new Uint32Array(MAX_SEARCH_BYTES);

// zlib has a place for each of its 32,768 hashes. So large a table is out of the cache whenever it is looked at, which
// took longer than all else here. This one has 16 KiB: hashes share a slot, and the few in it are told apart one by one.
const SLOT_MASK = (1 << 12) - 1;
// Which position was the last in each slot, above the base of its content: what is below is of older contents, and
// nothing needs to be cleared.
const heads = new Int32Array(SLOT_MASK + 1);
// By position: its hash, and above it the position before it in the same slot.
const inSlot = new Int32Array(MAX_SEARCH_BYTES);
// By position: the one before it with the same hash. Position 0 stands for none, in zlib too.
const previous = new Uint16Array(MAX_SEARCH_BYTES);
let base = 0;

/**
 * Splits a content into literals and matches.
 *
 * @param bytes has the content from `from` on, up to {@link MAX_SEARCH_BYTES}
 * @returns how many {@link symbols} there are
 */
export function findSymbols(bytes: Uint8Array, from: number, size: number): number {
  chainPositions(bytes, from, size);
  const found = symbols;
  const chain = previous;
  let count = 0;
  let at = 0;
  let best = MIN_MATCH - 1;
  let isPending = false;
  while (at < size) {
    const before = best;
    const length = before & LENGTH;
    const head = chain[at] ?? 0;
    // A match is taken only if the next position has none that is longer.
    best = head !== 0 && length < MAX_LAZY ? longestMatch(bytes, from, at, size, head, length) : MIN_MATCH - 1;
    if (length >= MIN_MATCH && (best & LENGTH) <= length) {
      const start = before >> DISTANCE_SHIFT;
      found[count++] = ((at - 1 - start) << DISTANCE_SHIFT) | MATCH | length;
      at += length - 1;
      isPending = false;
      best = MIN_MATCH - 1;
    } else {
      if (isPending) found[count++] = bytes[from + at - 1] ?? 0;
      isPending = true;
      at++;
    }
  }
  if (isPending) found[count++] = bytes[from + size - 1] ?? 0;
  return count;
}

// zlib enters a position when it comes to it, but looks only at those before: all can be entered first.
function chainPositions(bytes: Uint8Array, from: number, size: number): void {
  base += MAX_SEARCH_BYTES;
  if (base > 0x7000_0000) {
    heads.fill(0);
    base = MAX_SEARCH_BYTES;
  }
  const latest = heads;
  const entered = inSlot;
  const chain = previous;
  const origin = base;
  const last = size - MIN_MATCH;
  let next = ((bytes[from] ?? 0) << 8) | ((bytes[from + 1] ?? 0) << 16) | ((bytes[from + 2] ?? 0) << 24);
  for (let at = 0; at <= last; at++) {
    // The last has only 3 bytes, and zlib a 0 behind them.
    next = (next >>> 8) | ((at < last ? (bytes[from + at + 3] ?? 0) : 0) << 24);
    const hash = ((Math.imul(next, HASH_FACTOR) + HASH_FACTOR) >>> 16) & HASH_MASK;
    const slot = hash & SLOT_MASK;
    const head = (latest[slot] ?? 0) - origin;
    let same = head > 0 ? head : 0;
    entered[at] = (same << HASH_BITS) | hash;
    latest[slot] = origin + at;
    while (same !== 0 && ((entered[same] ?? 0) & HASH_MASK) !== hash) same = (entered[same] ?? 0) >> HASH_BITS;
    chain[at] = same;
  }
  // No match begins in the last 2 bytes.
  for (let at = Math.max(0, last + 1); at < size; at++) chain[at] = 0;
}

/** zlib's longest_match: the start and the length, as in a symbol, of the first that is the longest; else `before`. */
function longestMatch(bytes: Uint8Array, from: number, at: number, size: number, head: number, before: number): number {
  const scan = from + at;
  const most = Math.min(MAX_MATCH, size - at);
  const nice = Math.min(NICE_LENGTH, size - at);
  let chain = before >= GOOD_LENGTH ? MAX_CHAIN >> 2 : MAX_CHAIN;
  let best = before;
  let start = 0;
  for (let candidate = head; candidate !== 0 && chain > 0; candidate = previous[candidate] ?? 0, chain--) {
    const there = from + candidate;
    if (best < most && bytes[there + best] !== bytes[scan + best]) continue;
    let length = 0;
    while (length < most && bytes[there + length] === bytes[scan + length]) length++;
    if (length <= best) continue;
    best = length;
    start = candidate;
    if (length >= nice) break;
  }
  return (start << DISTANCE_SHIFT) | Math.min(best, most);
}
