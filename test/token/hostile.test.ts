// Text that is made to break or to slow down what reads it. Work is bounded by what is counted here, never by time.

import { constants, deflateRawSync, deflateSync, gzipSync, inflateSync } from "node:zlib";
import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { repairToken } from "../../src/token/altered.ts";
import { ByteWriter, MAX_CONTENT_BYTES, MAX_TOKEN_CHARS, MalformedToken } from "../../src/token/bytes.ts";
import { inflateBeginning, looksCut } from "../../src/token/cut.ts";
import { type Claimed, parseToken, tryParseToken } from "../../src/token/parse.ts";
import { verify006 } from "../../src/token/token006.ts";
import { verify007 } from "../../src/token/token007.ts";
import { VECTORS, VECTORS_006, VECTORS_007 } from "../vectors/vectors.ts";
import { APP_ID, CERTIFICATE, sample006, sample007 } from "./sample-tokens.ts";

vi.mock("node:zlib", async (importOriginal) => {
  const zlib = await importOriginal<typeof import("node:zlib")>();
  return { ...zlib, inflateSync: vi.fn(zlib.inflateSync) };
});
vi.mock("../../src/token/parse.ts", async (importOriginal) => {
  const parse = await importOriginal<typeof import("../../src/token/parse.ts")>();
  return { ...parse, tryParseToken: vi.fn(parse.tryParseToken) };
});
beforeEach(() => void vi.clearAllMocks());

const MOST_TRIES = 110;
const RUNS = { numRuns: 500, seed: 47 };
const WIDE = VECTORS_007.find(({ id }) => id === "gen-007-rtm2-permissions");
const PART = VECTORS_007.find(({ id }) => id === "off-007-15");
const CONTENTS = [PART, WIDE].map((vector) => Buffer.from(vector?.inflatedHex ?? "", "hex"));

/** That text is read or refused, and nothing else, with work that is bounded. */
function expectHarmless(text: string): MalformedToken | undefined {
  vi.clearAllMocks();
  const parsed = tryParseToken(text);
  const repair = repairToken(text);
  if (repair) expect(repair.text.length).toBeLessThanOrEqual(MAX_TOKEN_CHARS);
  expect(vi.mocked(tryParseToken).mock.calls.length).toBeLessThanOrEqual(MOST_TRIES);
  for (const [bytes, options] of vi.mocked(inflateSync).mock.calls) {
    expect(options?.maxOutputLength).toBe(MAX_CONTENT_BYTES);
    expect((bytes as Buffer).length).toBeLessThanOrEqual(MAX_TOKEN_CHARS);
  }
  return parsed instanceof MalformedToken ? parsed : undefined;
}

function text007(content: Uint8Array): string {
  return `007${deflateSync(content).toString("base64")}`;
}

function claimedOf(text: string): Claimed | undefined {
  const parsed = tryParseToken(text);
  return !(parsed instanceof MalformedToken) && parsed.kind === "token" ? parsed.claimed : undefined;
}

function isGenuine(claimed: Claimed): boolean {
  return claimed.version === "007" ? verify007(claimed, CERTIFICATE) : verify006(claimed, "lobby", "7", CERTIFICATE);
}

describe("damage", () => {
  test.each(CONTENTS)("a content that ends early is refused, wherever it ends", (content) => {
    for (let length = 0; length < content.length; length++) {
      const fault = tryParseToken(text007(content.subarray(0, length)));
      expect(fault, `${length}`).toBeInstanceOf(MalformedToken);
      expect((fault as MalformedToken).message).toMatch(
        /^it ends early: the [a-zA-Z0-9 ]+ needs \d+ bytes? at byte \d+/,
      );
    }
  });

  test("a content of version 006 that ends early is refused, wherever it ends", () => {
    const content = Buffer.from(sample006(1).slice(35), "base64");
    for (let length = 0; length < content.length; length++) {
      const text = `006${APP_ID}${content.subarray(0, length).toString("base64")}`;
      expect(tryParseToken(text), `${length}`).toBeInstanceOf(MalformedToken);
    }
  });

  test.each(CONTENTS)("a content with a byte changed does not verify, wherever it is", (content) => {
    let read = 0;
    for (let at = 0; at < content.length; at++) {
      for (const change of [0x01, 0x80, 0xff]) {
        const changed = Buffer.from(content);
        changed[at] = (content[at] ?? 0) ^ change;
        const claimed = claimedOf(text007(changed));
        if (claimed) expect(isGenuine(claimed), `byte ${at}`).toBe(false);
        read += claimed ? 1 : 0;
      }
    }
    expect(read).toBeGreaterThan(content.length);
  });

  test.each([sample006(1), sample007(1)])(
    "a text with a character changed or lost verifies no other content",
    (text) => {
      const signed = claimedOf(text)?.signed;
      for (let at = 0; at < text.length; at++) {
        for (const other of ["", "A", "/", "=", " ", "\u00e9", "\ud800", "\0"]) {
          const changed = text.slice(0, at) + other + text.slice(at + 1);
          const claimed = claimedOf(changed);
          if (claimed && isGenuine(claimed)) expect(claimed.signed).toEqual(signed);
          if (at % 16 === 0) expectHarmless(changed);
        }
      }
    },
  );
});

describe("counts", () => {
  test.each(CONTENTS)("any two bytes at their most are refused or read, and cost nothing", (content) => {
    for (let at = 0; at < content.length - 1; at++) {
      const changed = Buffer.from(content);
      changed.writeUInt16LE(0xffff, at);
      expectHarmless(text007(changed));
    }
  });

  const head = (): ByteWriter => new ByteWriter().bytes(Buffer.alloc(32)).text(APP_ID).uint32(1).uint32(600).uint32(1);
  const body = Buffer.alloc(60_000);

  test.each([
    ["services", head().uint16(65_535).raw(body), "services is 65535, more than the 32"],
    ["services, one more than are read", head().uint16(33).raw(body), "services is 33, more than the 32"],
    ["privileges", head().uint16(1).uint16(1).uint16(65_535).raw(body), "privileges is 65535, more than the 64"],
    ["privileges, one more", head().uint16(1).uint16(4).uint16(65).raw(body), "privileges is 65, more than the 64"],
    ["resource types", rtm2().uint16(65_535).raw(body), "resource types is 65535, more than the 32"],
    ["accesses", rtm2().uint16(1).uint16(0).uint16(65_535).raw(body), "accesses is 65535, more than the 32"],
    [
      "resources",
      rtm2().uint16(1).uint16(0).uint16(1).uint16(0).uint16(65_535).raw(body),
      "resources is 65535, more than the 1024",
    ],
  ])("too many %s", (_, writer, message) => {
    expect(expectHarmless(text007(writer.finish()))?.message).toContain(message);
  });

  test("the most of everything that a content can hold is read", () => {
    // 29 services of 1024 empty resources each: 2 bytes for each, and nothing for the zlib.
    const writer = head().uint16(29);
    for (let n = 0; n < 29; n++) {
      writer.uint16(8).uint16(0).text("").uint16(1).uint16(0).uint16(1).uint16(0).uint16(1024).raw(Buffer.alloc(2048));
    }
    const claimed = claimedOf(text007(writer.finish()));
    expect(claimed?.version === "007" && claimed.grants).toHaveLength(29);
  });

  test("65,535 privileges of version 006, with a length that fits them", () => {
    const message = Buffer.alloc(10 + 6 * 1600);
    message.writeUInt16LE(65_535, 8);
    const content = new ByteWriter().bytes(Buffer.alloc(32)).uint32(0).uint32(0).bytes(message).finish();
    expect(expectHarmless(`006${APP_ID}${content.toString("base64")}`)?.message).toMatch(/has at most 619 characters/);
    const short = new ByteWriter().bytes(Buffer.alloc(32)).uint32(0).uint32(0).bytes(message.subarray(0, 16)).finish();
    expect(expectHarmless(`006${APP_ID}${short.toString("base64")}`)?.message).toMatch(
      /privileges is 65535, more than/,
    );
  });

  function rtm2(): ByteWriter {
    return head().uint16(1).uint16(8).uint16(0).text("");
  }
});

describe("inflate bombs", () => {
  const MIB = 2 ** 20;
  // Zeros up to a border of bytes, so that as many as one likes can stand in a row.
  const zeros = deflateRawSync(Buffer.alloc(MIB), { finishFlush: constants.Z_FULL_FLUSH });
  const bomb = (mebibytes: number): Buffer =>
    Buffer.concat([Buffer.from([0x78, 0x9c]), ...Array.from({ length: mebibytes }, () => zeros)]);

  test("they are what they should be", () => {
    const all = inflateSync(bomb(16), { finishFlush: constants.Z_SYNC_FLUSH });
    expect(all).toHaveLength(16 * MIB);
  });

  test.each([16, 64, 256])("of %i MiB: too long to be looked at", (mebibytes) => {
    const text = `007${bomb(mebibytes).toString("base64")}`;
    expect(text.length).toBeGreaterThan(MAX_TOKEN_CHARS);
    expect(expectHarmless(text)?.message).toBe("it is longer than 16384 characters");
    expect(looksCut(text)).toBe(false);
    expect(inflateSync).not.toHaveBeenCalled();
    // Of what may be cut, only the beginning is decoded, and no more of it inflated than a token may hold.
    expect(inflateBeginning(text).length).toBeLessThanOrEqual(MAX_CONTENT_BYTES);
  });

  test("the largest that a text of a token can hold: given up at the bound", () => {
    const text = `007${bomb(11).toString("base64")}`;
    expect(text.length).toBeLessThan(MAX_TOKEN_CHARS);
    expect(expectHarmless(text)?.message).toBe("its content is larger than 65536 bytes");
    expect(inflateSync).toHaveBeenCalled();
    expect(repairToken(text)).toBeUndefined();
    for (const altered of [`"${text}"`, `Bearer ${text}`, encodeURIComponent(text), text + text.slice(0, 100)]) {
      expectHarmless(altered);
    }
  });

  test("a content one byte larger than a token may hold", () => {
    const zero = Buffer.alloc(MAX_CONTENT_BYTES + 1);
    expect(expectHarmless(text007(zero))?.message).toBe("its content is larger than 65536 bytes");
    expect(expectHarmless(text007(zero.subarray(1)))?.message).toMatch(/signature has 0 bytes/);
  });

  test("gzip, raw deflate and a dictionary are none of it", () => {
    const content = CONTENTS[0] ?? Buffer.alloc(0);
    const packed = [gzipSync(content), gzipSync(Buffer.alloc(MIB)), deflateRawSync(content)];
    packed.push(deflateSync(content, { dictionary: Buffer.from("7d72365eb983485397e3") }));
    for (const bytes of packed) {
      const fault = expectHarmless(`007${bytes.toString("base64")}`);
      expect(fault?.message).toBe("its compressed content is damaged, or is none");
    }
  });
});

describe("junk", () => {
  test("random bytes in every wrapping", () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
    const wraps: ((bytes: Buffer) => string)[] = [
      text007,
      (raw) => `007${raw.toString("base64")}`,
      (raw) => `006${APP_ID}${raw.toString("base64")}`,
      (raw) => `005${raw.toString("base64")}`,
      (raw) =>
        text007(
          Buffer.concat([Buffer.from([32, 0]), Buffer.alloc(32), Buffer.from([32, 0]), Buffer.from(APP_ID), raw]),
        ),
      (raw) => raw.toString("latin1"),
      (raw) => raw.toString("utf16le"),
    ];
    fc.assert(
      fc.property(bytes, fc.constantFrom(...wraps), (raw, wrap) => void expectHarmless(wrap(raw))),
      RUNS,
    );
  });

  test("text of the pieces that the repair looks for", () => {
    const [token = "", other = ""] = [sample007(1), sample006(1)];
    const pieces = [
      "007",
      "006",
      "eJ",
      APP_ID,
      token,
      other,
      "Bearer ",
      "agora token=",
      "token",
      ":",
      "=",
      "%",
      "%25",
      "%3D",
    ];
    const more = [
      '"',
      "'",
      "\\",
      "\\u002b",
      "\\u00",
      " ",
      "\n",
      "\u200b",
      "-",
      "_",
      "+",
      "/",
      ",",
      "\ud800",
      "A",
      "\0",
      "1:",
    ];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...pieces, ...more), { maxLength: 30 }),
        (parts) => void expectHarmless(parts.join("")),
      ),
      RUNS,
    );
  });

  test.each([
    ["64 KiB", "A".repeat(65_536)],
    ["64 KiB of version 007", `007${"eJxT".repeat(16_384)}`],
    ["64 KiB of version 006", `006${APP_ID}${"IACV".repeat(16_384)}`],
    ["16 MiB of version 005", `005${"A".repeat(16 * 2 ** 20)}`],
    ["16 MiB of digits", "1".repeat(16 * 2 ** 20)],
  ])("%s is too long to be looked at", (_, text) => {
    expect(expectHarmless(text)?.message).toBe("it is longer than 16384 characters");
    expect(tryParseToken).toHaveBeenCalledTimes(1);
  });
});

describe("16 KiB that are slow to read with backtracking", () => {
  const repeat = (unit: string): string =>
    unit.repeat(Math.ceil(MAX_TOKEN_CHARS / unit.length)).slice(0, MAX_TOKEN_CHARS);
  const units = [
    " ",
    "\t",
    "\n",
    "\r\n ",
    '"',
    "'",
    "%",
    "%2",
    "%25",
    "%252B",
    "\\",
    "\\n",
    "\\u",
    "\\u002",
    "\\u002b",
    "007eJ",
  ];
  const others = [
    "Bearer ",
    "Bearer",
    "agora token=",
    "token",
    "authorization:",
    "=",
    "+",
    "-",
    "_",
    "\u200b",
    `006${APP_ID}`,
    "1:",
    "0",
    "a",
    ",",
  ];

  test.each([...units, ...others].map((unit) => [JSON.stringify(unit), unit] as const))("%s repeated", (_, unit) => {
    const run = repeat(unit);
    const inside = run.slice(0, MAX_TOKEN_CHARS - 200);
    for (const text of [
      run,
      `x${inside}x`,
      `007eJ${inside}!`,
      `token${inside}x`,
      `${sample007(1)}${inside.slice(400)}x`,
    ]) {
      expectHarmless(text);
    }
  });

  test("what the repair tries is bounded, however often a token seems to begin", () => {
    expectHarmless("007eJ".repeat(3000));
    expect(vi.mocked(tryParseToken).mock.calls.length).toBeLessThan(50);
    expectHarmless(` "${sample007(1)}", `.repeat(60));
    expect(vi.mocked(tryParseToken).mock.calls.length).toBeLessThan(50);
  });
});

test("what is read of a vector stays the same after all of this", () => {
  const texts = [...VECTORS_006.map(({ expected }) => expected), ...VECTORS.legacy.map(({ expected }) => expected)];
  for (const text of texts) expect(() => parseToken(text)).not.toThrow();
});
