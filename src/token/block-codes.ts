// The codes of one deflate block, and how they are sent before it. RFC 1951, 3.2.7.

import { DISTANCES, LENGTH_BITS, LITERALS } from "./fixed-code.ts";
import { Alphabet, MAX_BITS } from "./huffman.ts";

// The lengths of codes are sent in a code of their own, of which the lengths are sent in this order.
const BIT_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const BIT_LENGTHS = 19;
const MAX_BIT_LENGTH_BITS = 7;
const BIT_LENGTH_EXTRA = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 7]);

/** The codes of a block, and how they are sent before it. */
export class BlockCodes {
  readonly literals = new Alphabet(LITERALS, MAX_BITS);
  readonly distances = new Alphabet(DISTANCES, MAX_BITS);
  readonly #bitLengths = new Alphabet(BIT_LENGTHS, MAX_BIT_LENGTH_BITS);
  readonly #runs = new Uint16Array(2 * (LITERALS + DISTANCES));
  #runCount = 0;
  #sent = 0;
  /** What {@link build} returned. */
  bits = 0;

  /** Builds all codes from the frequencies, and returns the bits that they and the symbols take, extra bits left out. */
  build(): number {
    const symbols = this.literals.build() + this.distances.build();
    this.#runCount = 0;
    this.#bitLengths.frequencies.fill(0);
    const extra = this.#scan(this.literals) + this.#scan(this.distances);
    const described = this.#bitLengths.build();
    let sent = BIT_LENGTHS;
    while (sent > 4 && this.#bitLengths.lengths[BIT_LENGTH_ORDER[sent - 1] ?? 0] === 0) sent--;
    this.#sent = sent;
    this.bits = symbols + described + extra + 3 * sent + 5 + 5 + 4;
    return this.bits;
  }

  /** Sends the codes. */
  write(put: (value: number, bits: number) => void): void {
    put(this.literals.largest - 256, 5);
    put(this.distances.largest, 5);
    put(this.#sent - 4, 4);
    const { lengths, words } = this.#bitLengths;
    for (let at = 0; at < this.#sent; at++) put(lengths[BIT_LENGTH_ORDER[at] ?? 0] ?? 0, 3);
    for (let at = 0; at < this.#runCount; at++) {
      const run = this.#runs[at] ?? 0;
      const symbol = run & 31;
      put((words[symbol] ?? 0) >> LENGTH_BITS, lengths[symbol] ?? 0);
      if (symbol >= 16) put(run >> 5, BIT_LENGTH_EXTRA[symbol] ?? 0);
    }
  }

  /** Describes the lengths of an alphabet by runs; returns the extra bits. zlib: scan_tree. */
  #scan({ lengths, largest }: Alphabet): number {
    let extra = 0;
    let before = -1;
    for (let at = 0; at <= largest; ) {
      const length = lengths[at] ?? 0;
      const most = length === 0 ? 138 : length === before ? 6 : 7;
      let count = 1;
      while (count < most && at + count <= largest && lengths[at + count] === length) count++;
      extra += this.#run(length, count, before);
      before = length;
      at += count;
    }
    return extra;
  }

  #run(length: number, count: number, before: number): number {
    let left = count;
    if (length !== 0 && length !== before) {
      // The length itself, and the repetitions after it.
      if (left < 4) return this.#plain(length, left);
      this.#plain(length, 1);
      left--;
    } else if (left < 3) return this.#plain(length, left);
    const symbol = length !== 0 ? 16 : left <= 10 ? 17 : 18;
    this.#push(symbol, left - (symbol === 18 ? 11 : 3));
    return BIT_LENGTH_EXTRA[symbol] ?? 0;
  }

  #plain(length: number, count: number): number {
    for (let left = count; left > 0; left--) this.#push(length, 0);
    return 0;
  }

  #push(symbol: number, extra: number): void {
    this.#runs[this.#runCount++] = symbol | (extra << 5);
    this.#bitLengths.frequencies[symbol] = (this.#bitLengths.frequencies[symbol] ?? 0) + 1;
  }
}
