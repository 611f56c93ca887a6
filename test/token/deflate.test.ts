// Our deflate against Node's, byte for byte. `DEFLATE_RUNS=1000000` compares that many.

import { deflateSync, inflateSync, type ZlibOptions } from "node:zlib";
import { afterEach, describe, expect, test, vi } from "vitest";
import { BlockCodes } from "../../src/token/block-codes.ts";
import { leastDynamicBits } from "../../src/token/block-size.ts";
import { deflatesLike, deflateToBase64, MAX_OWN_BYTES, ownDeflateToBase64 } from "../../src/token/deflate.ts";
import { END_OF_BLOCK, LITERALS } from "../../src/token/fixed-code.ts";
import { anyContent, randomFrom, tokenLike } from "./random-contents.ts";

const RUNS = Number(process.env["DEFLATE_RUNS"] ?? 20_000);
const SEED = Number(process.env["FUZZ_SEED"] ?? 47);

const theirs = (content: Uint8Array): string => deflateSync(content).toString("base64");
const ours = (content: Buffer): string => ownDeflateToBase64(content, 0, content.length);

describe("the streams are those of node:zlib", () => {
  test("for contents like a token's", () => {
    const random = randomFrom(SEED);
    for (let run = 0; run < RUNS; run++) expectSame(tokenLike(random));
  });

  test("for contents of any kind", () => {
    const random = randomFrom(SEED + 1);
    for (let run = 0; run < RUNS / 10; run++) expectSame(anyContent(random, MAX_OWN_BYTES));
  });

  test.each([
    ["nothing", ""],
    ["a byte", "a"],
    ["two bytes", "ab"],
    ["three bytes", "aaa"],
    ["one byte over and over", "a".repeat(MAX_OWN_BYTES)],
    ["two bytes over and over", "ab".repeat(1000)],
    ["a repetition that ends at the end", "abcdefgh--abcdefgh"],
    ["a repetition of the longest length and one more", `x${"abcdefghi".repeat(58)}`],
  ])("for %s", (_, text) => expectSame(Buffer.from(text)));

  test("for every kind of block", () => {
    const kinds = new Set<number>();
    const random = randomFrom(SEED + 2);
    for (let run = 0; run < 400; run++) kinds.add(kindOf(ours(anyContent(random, MAX_OWN_BYTES))));
    expect([...kinds].sort()).toEqual([0, 1, 2]);
  });

  test("from the middle of a buffer, whatever stands around it", () => {
    const random = randomFrom(SEED + 3);
    for (let run = 0; run < 500; run++) {
      const content = anyContent(random, 200);
      const buffer = Buffer.concat([Buffer.alloc(7, random(256)), content, Buffer.alloc(7, random(256))]);
      expect(ownDeflateToBase64(buffer, 7, 7 + content.length)).toBe(theirs(content));
    }
  });

  test.each([0, 1, MAX_OWN_BYTES - 1, MAX_OWN_BYTES, MAX_OWN_BYTES + 1, 5000, 65_000])("of %i bytes", (size) => {
    const random = randomFrom(SEED + 4);
    const content = Buffer.from(Array.from({ length: size }, () => 97 + random(9)));
    expect(deflateToBase64(content, 0, size)).toBe(theirs(content));
  });
});

describe("another zlib", () => {
  // As Node's with another hash and smaller blocks: what it gives is as good, and other bytes.
  const other = (content: Uint8Array, options?: ZlibOptions): Buffer =>
    deflateSync(content, { ...options, memLevel: 1 });

  afterEach(() => {
    vi.doUnmock("node:zlib");
    vi.resetModules();
  });

  test("is noticed", () => {
    expect(deflatesLike((content) => deflateSync(content))).toBe(true);
    expect(deflatesLike(other)).toBe(false);
  });

  test("is what compresses then", async () => {
    vi.resetModules();
    vi.doMock("node:zlib", async (original) => ({
      ...(await original<typeof import("node:zlib")>()),
      deflateSync: other,
    }));
    const { deflateToBase64: mocked } = await import("../../src/token/deflate.ts");
    const random = randomFrom(SEED + 6);
    const content = Buffer.from(Array.from({ length: 900 }, () => random(100)));
    const text = mocked(content, 0, content.length);
    expect(text).toBe(other(content).toString("base64"));
    expect(text).not.toBe(theirs(content));
    expect(inflateSync(Buffer.from(text, "base64")).equals(content)).toBe(true);
  });
});

test("the least that a dynamic block takes is no more than one takes", () => {
  const random = randomFrom(SEED + 5);
  const codes = new BlockCodes();
  const { frequencies: literals } = codes.literals;
  const { frequencies: distances } = codes.distances;
  for (let run = 0; run < 3000; run++) {
    literals.fill(0);
    distances.fill(0);
    literals[END_OF_BLOCK] = 1;
    const [symbols, matches] = [random(400), random(60)];
    const [values, spread] = [1 + random(256), 1 + random(4)];
    for (let n = 0; n < symbols; n++) count(literals, Math.floor(random(values) / spread) * spread);
    for (let n = 0; n < matches; n++) count(literals, END_OF_BLOCK + 1 + random(1 + random(LITERALS - 257)));
    for (let n = 0; n < matches; n++) count(distances, random(1 + random(22)));
    const least = leastDynamicBits(literals, symbols + matches + 1, distances, matches);
    expect(least).toBeLessThanOrEqual(codes.build());
    expect(least).toBeGreaterThan(0);
  }
});

function count(frequencies: Uint16Array, symbol: number): void {
  frequencies[symbol] = (frequencies[symbol] ?? 0) + 1;
}

function expectSame(content: Buffer): void {
  const expected = theirs(content);
  // The text alone is compared for speed: the message is made where they differ.
  if (ours(content) !== expected) expect(ours(content), content.toString("hex")).toBe(expected);
}

// RFC 1951, 3.2.3: behind the two bytes of the header and the bit that says that it is the last.
function kindOf(text: string): number {
  return ((Buffer.from(text, "base64")[2] ?? 0) >> 1) & 3;
}
