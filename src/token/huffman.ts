// The Huffman code of an alphabet, chosen as zlib's trees.c chooses it.
//
// Ties between equal frequencies decide code lengths, and so bytes: the heap below breaks them as zlib's does, by depth
// and then by the order of the heap.

import { codeWord, LITERALS } from "./fixed-code.ts";

/** The longest code of a literal or a distance. */
export const MAX_BITS = 15;
const HEAP_SIZE = 2 * LITERALS + 1;

/** An alphabet: how often each symbol occurs, and the code that it gets. */
export class Alphabet {
  readonly frequencies: Uint16Array;
  readonly lengths: Uint8Array;
  /** Code words, of the symbols that occur. */
  readonly words: Int32Array;
  /** The largest symbol that occurs. */
  largest = -1;
  readonly #maxBits: number;

  constructor(size: number, maxBits: number) {
    this.frequencies = new Uint16Array(size);
    this.lengths = new Uint8Array(size);
    this.words = new Int32Array(size);
    this.#maxBits = maxBits;
  }

  /** Gives every symbol that occurs a code, and returns the bits that all of them take. */
  build(): number {
    const bits = codeLengths(this, this.#maxBits);
    assignCodes(this);
    return bits;
  }
}

const keys = new Int32Array(HEAP_SIZE);
const dads = new Uint16Array(HEAP_SIZE);
const depths = new Uint8Array(HEAP_SIZE);
const heap = new Uint16Array(HEAP_SIZE);
const counts = new Uint16Array(MAX_BITS + 1);
const next = new Uint16Array(MAX_BITS + 1);
let heapLength = 0;

// The frequency, and within it the depth: one comparison instead of two.
const DEPTH_BITS = 9;

/** Gives every symbol a code length; returns the bits of all. zlib: build_tree and gen_bitlen. */
function codeLengths(alphabet: Alphabet, maxBits: number): number {
  const { frequencies, lengths } = alphabet;
  const size = frequencies.length;
  heapLength = 0;
  alphabet.largest = -1;
  for (let symbol = 0; symbol < size; symbol++) {
    const frequency = frequencies[symbol] ?? 0;
    lengths[symbol] = 0;
    if (frequency === 0) continue;
    heap[++heapLength] = symbol;
    alphabet.largest = symbol;
    keys[symbol] = frequency << DEPTH_BITS;
  }
  // A code needs two symbols, or some decoders refuse it. These are not sent, so they take no bits.
  let forced = 0;
  while (heapLength < 2) {
    const symbol = alphabet.largest < 2 ? ++alphabet.largest : 0;
    heap[++heapLength] = symbol;
    keys[symbol] = 1 << DEPTH_BITS;
    frequencies[symbol] = 1;
    forced++;
  }
  const first = combine(size);
  return lengthsFrom(alphabet, first, maxBits) - forced;
}

/** Makes the tree, and returns where its nodes begin in the heap, the root first. */
function combine(size: number): number {
  for (let at = heapLength >> 1; at >= 1; at--) sink(at);
  let node = size;
  let top = HEAP_SIZE;
  do {
    const least = heap[1] ?? 0;
    heap[1] = heap[heapLength--] ?? 0;
    sink(1);
    const second = heap[1] ?? 0;
    heap[--top] = least;
    heap[--top] = second;
    const depth = Math.max(depthOf(least), depthOf(second)) + 1;
    keys[node] = (((frequencyOf(least) + frequencyOf(second)) << DEPTH_BITS) | depth) >>> 0;
    dads[least] = node;
    dads[second] = node;
    heap[1] = node++;
    sink(1);
  } while (heapLength >= 2);
  heap[--top] = heap[1] ?? 0;
  return top;
}

function frequencyOf(node: number): number {
  return (keys[node] ?? 0) >> DEPTH_BITS;
}

function depthOf(node: number): number {
  return (keys[node] ?? 0) & ((1 << DEPTH_BITS) - 1);
}

function sink(from: number): void {
  const value = heap[from] ?? 0;
  const key = keys[value] ?? 0;
  let at = from;
  let child = at << 1;
  while (child <= heapLength) {
    if (child < heapLength && (keys[heap[child + 1] ?? 0] ?? 0) <= (keys[heap[child] ?? 0] ?? 0)) child++;
    const other = heap[child] ?? 0;
    if (key <= (keys[other] ?? 0)) break;
    heap[at] = other;
    at = child;
    child <<= 1;
  }
  heap[at] = value;
}

function lengthsFrom({ frequencies, lengths, largest }: Alphabet, first: number, maxBits: number): number {
  counts.fill(0);
  let bits = 0;
  let overflow = 0;
  depths[heap[first] ?? 0] = 0;
  for (let at = first + 1; at < HEAP_SIZE; at++) {
    const node = heap[at] ?? 0;
    let length = (depths[dads[node] ?? 0] ?? 0) + 1;
    if (length > maxBits) {
      length = maxBits;
      overflow++;
    }
    depths[node] = length;
    if (node >= lengths.length) continue;
    lengths[node] = length;
    counts[length] = (counts[length] ?? 0) + 1;
    bits += (frequencies[node] ?? 0) * length;
  }
  return overflow === 0 ? bits : bits + shorten(frequencies, lengths, largest, overflow, maxBits);
}

/** Moves codes that are too long to where there is room; returns the bits that this takes. */
function shorten(
  frequencies: Uint16Array,
  lengths: Uint8Array,
  largest: number,
  over: number,
  maxBits: number,
): number {
  for (let overflow = over; overflow > 0; overflow -= 2) {
    let bits = maxBits - 1;
    while (counts[bits] === 0) bits--;
    counts[bits] = (counts[bits] ?? 0) - 1;
    counts[bits + 1] = (counts[bits + 1] ?? 0) + 2;
    counts[maxBits] = (counts[maxBits] ?? 0) - 1;
  }
  let more = 0;
  let at = HEAP_SIZE;
  for (let bits = maxBits; bits !== 0; bits--) {
    for (let left = counts[bits] ?? 0; left > 0; ) {
      const symbol = heap[--at] ?? 0;
      if (symbol > largest) continue;
      more += (bits - (lengths[symbol] ?? 0)) * (frequencies[symbol] ?? 0);
      lengths[symbol] = bits;
      left--;
    }
  }
  return more;
}

function assignCodes({ lengths, words, largest }: Alphabet): void {
  let code = 0;
  for (let bits = 1; bits <= MAX_BITS; bits++) {
    code = (code + (counts[bits - 1] ?? 0)) << 1;
    next[bits] = code;
  }
  for (let symbol = 0; symbol <= largest; symbol++) {
    const length = lengths[symbol] ?? 0;
    if (length === 0) continue;
    const value = next[length] ?? 0;
    next[length] = value + 1;
    words[symbol] = codeWord(value, length);
  }
}
