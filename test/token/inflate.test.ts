// Our reader of short streams against Node's: the same content and the same end, or no word at all.

import { constants, deflateSync, inflateSync, type ZlibOptions } from "node:zlib";
import { describe, expect, test } from "vitest";
import { MAX_CONTENT_BYTES, MalformedToken } from "../../src/token/bytes.ts";
import { type Inflated, inflate, inflateFixed, MAX_SHORT_BYTES } from "../../src/token/inflate.ts";
import { anyContent, randomFrom, tokenLike } from "./random-contents.ts";

const RUNS = Number(process.env["DEFLATE_RUNS"] ?? 20_000) / 10;
const SEED = Number(process.env["FUZZ_SEED"] ?? 47);
const FIXED: ZlibOptions = { strategy: constants.Z_FIXED };

describe("a stream of one block with the fixed code", () => {
  test("is read, whatever the content", () => {
    const random = randomFrom(SEED);
    for (let run = 0; run < RUNS; run++) {
      const content = run % 2 === 0 ? tokenLike(random) : anyContent(random, MAX_SHORT_BYTES);
      const stream = deflateSync(content, FIXED);
      const read = inflateFixed(stream);
      // The strategy does not keep zlib from storing what it cannot compress.
      if (((stream[2] ?? 0) & 7) !== 0b011 || content.length > MAX_SHORT_BYTES) expect(read).toBeUndefined();
      else expectEqual(read, { content, consumed: stream.length });
    }
  });

  test("is read up to the largest content, and not beyond", () => {
    for (const size of [MAX_SHORT_BYTES - 1, MAX_SHORT_BYTES, MAX_SHORT_BYTES + 1, 5000]) {
      for (const content of [Buffer.alloc(size, "ab"), Buffer.alloc(size, "x".repeat(7)), noise(size)]) {
        const stream = deflateSync(content, FIXED);
        const isFixed = ((stream[2] ?? 0) & 7) === 0b011;
        expect(inflateFixed(stream) !== undefined).toBe(isFixed && size <= MAX_SHORT_BYTES);
        expect(inflate(stream)).toEqual({ content, consumed: stream.length });
      }
    }
  });

  test("ends where it ends, whatever follows", () => {
    const stream = deflateSync(Buffer.from("room room room"), FIXED);
    for (const more of [0, 1, 2, 3, 9]) {
      const read = inflateFixed(Buffer.concat([stream, Buffer.alloc(more, 0xff)]));
      expect(read).toEqual({ content: Buffer.from("room room room"), consumed: stream.length });
    }
  });

  test("is its own memory: the next content does not change it", () => {
    const first = inflate(deflateSync(Buffer.from("one one one"), FIXED)).content;
    inflate(deflateSync(Buffer.from("two two two"), FIXED));
    expect(first.toString()).toBe("one one one");
  });
});

describe("with a stream that is damaged", () => {
  test("no other content is read than Node reads, and the fault is Node's", () => {
    const random = randomFrom(SEED + 1);
    let same = 0;
    for (let run = 0; run < RUNS; run++) expectSame(damaged(random)) && same++;
    // Some damage is none: behind the end, or in the level that the header tells.
    expect(same).toBeGreaterThan(0);
  });

  test.each([
    ["nothing", []],
    ["no more than a header", [0x78, 0x9c]],
    ["a dictionary", [0x78, 0xbb, 0x4b, 0x04, 0, 0, 0x62, 0, 0x62]],
    ["another method", [0x77, 0x9c, 0x4b, 0x04, 0, 0, 0x62, 0, 0x62]],
    ["a header that does not add up", [0x78, 0x9d, 0x4b, 0x04, 0, 0, 0x62, 0, 0x62]],
    ["a distance to before the beginning", [0x78, 0x9c, 0x4b, 0x04, 0x11, 0, 0, 0, 0, 0, 0, 0]],
  ])("of %s", (_, bytes) => {
    expect(expectSame(Buffer.from(bytes))).toBe(false);
  });

  test("of every two bytes behind the header", () => {
    let read = 0;
    for (let bits = 0b011; bits < 0x1_0000; bits += 8) {
      const stream = Buffer.from([0x78, 0x9c, bits & 0xff, bits >> 8, 0, 0, 0, 1, 0, 0, 1]);
      const ours = inflateFixed(stream);
      if (ours) read++;
      if (ours) expectEqual(ours, theirs(stream));
    }
    // The empty block, with whatever in the bits behind its end.
    expect(read).toBeGreaterThan(0);
  });
});

function damaged(random: (below: number) => number): Buffer {
  const content = random(4) === 0 ? anyContent(random, 300) : tokenLike(random);
  const stream = Buffer.from(deflateSync(content, random(3) === 0 ? {} : FIXED));
  const kind = random(4);
  if (kind === 0) return stream.subarray(0, random(stream.length));
  for (let times = 1 + random(3); times > 0; times--) stream[random(stream.length)] = random(256);
  return kind === 1 ? Buffer.concat([stream, Buffer.alloc(random(6), random(256))]) : stream;
}

/** Whether there was a content. */
function expectSame(stream: Buffer): boolean {
  const expected = theirs(stream);
  const ours = inflateFixed(stream);
  if (ours) expectEqual(ours, expected);
  if (expected) expectEqual(inflate(stream), expected);
  else expect(() => inflate(stream)).toThrow(MalformedToken);
  return expected !== undefined;
}

// Byte for byte, and the long way only where they differ: deep equality takes most of the time of a run.
function expectEqual(ours: Inflated | undefined, expected: Inflated | undefined): void {
  const isEqual = ours && expected && ours.consumed === expected.consumed && ours.content.equals(expected.content);
  if (!isEqual) expect(ours).toEqual(expected);
}

function theirs(stream: Buffer): Inflated | undefined {
  try {
    const { buffer, engine } = inflateSync(stream, { info: true, maxOutputLength: MAX_CONTENT_BYTES }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { content: buffer, consumed: engine.bytesWritten };
  } catch {
    return undefined;
  }
}

function noise(size: number): Buffer {
  const random = randomFrom(SEED + 2);
  return Buffer.from(Array.from({ length: size }, () => random(150)));
}
