import { describe, expect, test } from "vitest";
import {
  ByteReader,
  type ByteSpan,
  ByteWriter,
  MAX_CONTENT_BYTES,
  MalformedToken,
  TokenTooLarge,
} from "../../src/token/bytes.ts";

describe("ByteWriter", () => {
  test("writes little-endian, and lengths before texts", () => {
    const bytes = new ByteWriter()
      .uint16(0x0102)
      .uint32(0x0304_0506)
      .int16(-2)
      .text("é")
      .bytes(Buffer.from([7]))
      .raw(Buffer.from([8, 9]))
      .count("number of things", 3, 3)
      .finish();
    expect(bytes.toString("hex")).toBe("0201060504 03feff0200c3a90100070809 0300".replaceAll(" ", ""));
  });

  test("writes nothing at first", () => {
    expect(new ByteWriter().finish()).toHaveLength(0);
  });

  test.each([0, 1, 0xfffe, 0xffff])("takes %i as a uint16", (value) => {
    expect(new ByteWriter().uint16(value).finish().readUInt16LE()).toBe(value);
  });

  test.each([0, 1, 0xffff_fffe, 0xffff_ffff])("takes %i as a uint32", (value) => {
    expect(new ByteWriter().uint32(value).finish().readUInt32LE()).toBe(value);
  });

  test.each([-0x8000, -1, 0, 0x7fff])("takes %i as an int16", (value) => {
    expect(new ByteWriter().int16(value).finish().readInt16LE()).toBe(value);
  });

  test.each([
    ["uint16", -1],
    ["uint16", 0x1_0000],
    ["uint16", 1.5],
    ["uint16", Number.NaN],
    ["int16", -0x8001],
    ["int16", 0x8000],
    ["int16", 0.5],
    ["uint32", -1],
    ["uint32", 0x1_0000_0000],
    ["uint32", Number.POSITIVE_INFINITY],
    ["uint32", 1.7e9 + 0.25],
  ] as const)("refuses a %s of %d, and writes nothing", (kind, value) => {
    const writer = new ByteWriter();
    expect(() => writer[kind](value)).toThrow(RangeError);
    expect(writer.finish()).toHaveLength(0);
  });

  test("refuses a number that is a text, which JavaScript would take", () => {
    expect(() => new ByteWriter().uint32("600" as unknown as number)).toThrow(RangeError);
  });

  test("refuses more of something than is read back", () => {
    const writer = new ByteWriter();
    expect(() => writer.count("number of things", 3, 4)).toThrow(
      new TokenTooLarge("its number of things is 4, more than the 3 that are read"),
    );
    expect(writer.finish()).toHaveLength(0);
  });

  test.each(["\ud800", "a\udc00", "\udc00\ud800"])("refuses a text with half of a surrogate pair", (text) => {
    expect(() => new ByteWriter().text(text)).toThrow("a text is not well-formed Unicode");
  });

  test("grows as it must, and keeps what is in it", () => {
    const writer = new ByteWriter();
    for (let i = 0; i < 5000; i++) writer.uint16(i);
    writer.raw(Buffer.alloc(50_000, 1));
    const bytes = writer.finish();
    expect(bytes).toHaveLength(60_000);
    expect(Array.from({ length: 5000 }, (_, i) => bytes.readUInt16LE(2 * i))).toEqual([...Array(5000).keys()]);
    expect(bytes.subarray(10_000).every((byte) => byte === 1)).toBe(true);
  });

  test("writes up to the most bytes of a content and no more", () => {
    const writer = new ByteWriter().raw(Buffer.alloc(MAX_CONTENT_BYTES));
    expect(writer.finish()).toHaveLength(MAX_CONTENT_BYTES);
    expect(() => writer.raw(Buffer.alloc(1))).toThrow(TokenTooLarge);
    expect(writer.raw(Buffer.alloc(0)).finish()).toHaveLength(MAX_CONTENT_BYTES);
  });

  test("a length has 16 bits: a longer text is refused, not cut", () => {
    expect(new ByteWriter().text("a".repeat(65_534)).finish()).toHaveLength(65_536);
    expect(() => new ByteWriter().text("a".repeat(65_535))).toThrow(TokenTooLarge);
    expect(() => new ByteWriter().text("é".repeat(32_768))).toThrow(new TokenTooLarge("a field of 65536 bytes"));
  });
});

describe("ByteReader", () => {
  test("reads what the writer writes", () => {
    const bytes = new ByteWriter()
      .uint16(65_535)
      .int16(-1)
      .uint32(4_294_967_295)
      .text("频😀\0")
      .bytes(bytesOf(1, 2))
      .finish();
    const reader = new ByteReader(bytes);
    expect(reader.uint16("a")).toBe(65_535);
    expect(reader.int16("b")).toBe(-1);
    expect(reader.uint32("c")).toBe(4_294_967_295);
    expect(reader.text("d")).toBe("频😀\0");
    expect(reader.rest()).toEqual(bytesOf(2, 0, 1, 2));
    expect(reader.bytes("e")).toEqual(bytesOf(1, 2));
    expect(reader.left).toBe(0);
    expect(reader.irregularities.size).toBe(0);
  });

  test("reads a part of a larger buffer, from where it starts", () => {
    const reader = new ByteReader(new Uint8Array([9, 9, 1, 0, 9]).subarray(2, 4));
    expect(reader.left).toBe(2);
    expect(reader.uint16("a")).toBe(1);
  });

  test.each([
    ["uint16", 2],
    ["int16", 2],
    ["uint32", 4],
  ] as const)("a %s says what it needs when there is less", (kind, size) => {
    for (let there = 0; there < size; there++) {
      const reader = new ByteReader(Buffer.alloc(there));
      expect(() => reader[kind]("salt")).toThrow(
        new MalformedToken(`it ends early: the salt needs ${size} bytes at byte 0, and ${there} are left`),
      );
      expect(reader.left).toBe(there);
    }
  });

  test.each(["text", "bytes"] as const)("a %s that says more than there is gets no buffer for it", (kind) => {
    const reader = new ByteReader(bytesOf(0xff, 0xff, 1, 2, 3));
    expect(() => reader[kind]("user")).toThrow("it ends early: the user needs 65535 bytes at byte 2, and 3 are left");
  });

  test("a count is bounded before anything is read by it", () => {
    expect(new ByteReader(bytesOf(64, 0)).count("number of privileges", 64)).toBe(64);
    expect(() => new ByteReader(bytesOf(65, 0)).count("number of privileges", 64)).toThrow(
      new MalformedToken("its number of privileges is 65, more than the 64 that are read", { isOurLimit: true }),
    );
  });

  test.each([
    ["a byte alone", [0xff]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["an overlong zero", [0xc0, 0x80]],
    ["a cut character", [0xe9, 0xa2]],
    ["beyond Unicode", [0xf4, 0x90, 0x80, 0x80]],
  ])("notes a text that is not UTF-8: %s", (_, bytes) => {
    const reader = new ByteReader(bytesOf(bytes.length, 0, ...bytes));
    expect(reader.text("user")).toContain("\ufffd");
    expect([...reader.irregularities]).toEqual(["TEXT_NOT_UTF8"]);
  });

  test("U+FFFD, a byte order mark and a zero that were written are UTF-8", () => {
    const reader = new ByteReader(new ByteWriter().text("\ufeffa\ufffd\0").finish());
    expect(reader.text("user")).toBe("\ufeffa\ufffd\0");
    expect(reader.irregularities.size).toBe(0);
  });

  test("tells of every value, in order and without a gap", () => {
    const spans: ByteSpan[] = [];
    const bytes = new ByteWriter().uint16(5).text("ab").uint32(7).raw(bytesOf(1)).finish();
    const reader = new ByteReader(bytes, (span) => spans.push(span));
    reader.uint16("type");
    reader.text("user");
    reader.uint32("salt");
    reader.raw(1, "rest");
    expect(spans).toEqual([
      { offset: 0, length: 2, name: "type", value: 5 },
      { offset: 2, length: 2, name: "length of the user", value: 2 },
      { offset: 4, length: 2, name: "user", value: "ab" },
      { offset: 6, length: 4, name: "salt", value: 7 },
      { offset: 10, length: 1, name: "rest", value: bytesOf(1) },
    ]);
  });
});

function bytesOf(...bytes: number[]): Buffer {
  return Buffer.from(bytes);
}
