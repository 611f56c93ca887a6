import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  type ByteSpan,
  ByteWriter,
  MAX_CONTENT_BYTES,
  MAX_TOKEN_CHARS,
  MalformedToken,
} from "../../src/token/bytes.ts";
import { parseToken, tryParseToken } from "../../src/token/parse.ts";
import { parse006 } from "../../src/token/token006.ts";
import { parse007 } from "../../src/token/token007.ts";
import { sample006, sample007 } from "./sample-tokens.ts";

const TEXTS = [
  ["006", sample006(1)],
  ["007", sample007(1)],
] as const;

describe.each(TEXTS)("version %s", (version, text) => {
  test("is read by its own parser", () => {
    const claimed = version === "006" ? parse006(text) : parse007(text);
    expect(parseToken(text)).toEqual({ kind: "token", claimed });
    expect(tryParseToken(text)).toEqual({ kind: "token", claimed });
  });

  test("is read exactly: a character around or inside it makes it none", () => {
    for (const more of [" ", "\n", "\t", "\0", '"', "'", "\ufeff", "\u200b", "=", "\r\n", "%20", "Bearer "]) {
      for (const changed of [more + text, text + more, text.slice(0, 50) + more + text.slice(50)]) {
        expect(() => parseToken(changed), JSON.stringify(more)).toThrow(MalformedToken);
      }
    }
  });

  test("tells of every value", () => {
    const names: string[] = [];
    const values = new Map<string, ByteSpan["value"]>();
    parseToken(text, ({ name, value }) => {
      names.push(name);
      values.set(name, value);
    });
    expect(names.slice(0, 2)).toEqual(["length of the signature", "signature"]);
    expect(values.get("length of the signature")).toBe(32);
    expect(values.get("salt")).toBe(1);
  });
});

test.each([
  ["008", "008eJxTYDhuGCT90E3Yo2"],
  ["001", `001${"0".repeat(16)}`],
  ["999", `999${"+/Aa".repeat(8)}==`],
  ["003", `003${"0".repeat(40)}`],
])("version %s is not read, but is a version", (version, text) => {
  expect(parseToken(text)).toEqual({ kind: "unsupported", version });
});

test.each([
  "",
  "0",
  "00",
  "007",
  "006",
  "008",
  "008abc",
  "abc",
  `0x8${"A".repeat(20)}`,
  `008${"A".repeat(20)}===`,
  "１２３".padEnd(20, "A"),
])("%j is none", (text) => {
  expect(tryParseToken(text)).toBeInstanceOf(MalformedToken);
  expect(() => parseToken(text)).toThrow(MalformedToken);
});

test("no message has anything of the text", () => {
  const secret = "Zq9Zq9";
  for (const text of [
    secret,
    `007${secret}`,
    `006${secret.repeat(20)}`,
    `007eJ${secret.repeat(30)}!`,
    `008 ${secret}`,
  ]) {
    const fault = tryParseToken(text);
    expect((fault as MalformedToken).message).not.toContain("Zq9");
    expect((fault as MalformedToken).name).toBe("MalformedToken");
  }
});

test.each(["970CA35de60c44645bbae8a215061b33", "007ca35de60c44645bbae8a215061b33", "0".repeat(32)])(
  "%s is an App ID, whatever digits it begins with, and no version of a token",
  (appId) => {
    expect(tryParseToken(appId)).toBeInstanceOf(MalformedToken);
    expect(parseToken(`999${appId}`)).toEqual({ kind: "unsupported", version: "999" });
  },
);

describe("what is over a limit of ours is marked as such, and what the format does not have is not", () => {
  const packed = (content: Uint8Array): string => `007${deflateSync(content).toString("base64")}`;
  const head = (services: number): ByteWriter =>
    new ByteWriter().bytes(Buffer.alloc(32)).text("0".repeat(32)).uint32(1).uint32(1).uint32(1).uint16(services);

  test.each([
    ["a text of over 16 KiB", `007${"A".repeat(MAX_TOKEN_CHARS)}`],
    ["a content of over 64 KiB", packed(Buffer.alloc(MAX_CONTENT_BYTES + 1))],
    ["33 services", packed(head(33).finish())],
    ["65 privileges", packed(head(1).uint16(1).uint16(65).finish())],
    ["65 privileges in version 006", `${sample006(1).slice(0, 35)}${"A".repeat(72 + 8 * 65)}`],
  ])("%s", (_, text) => {
    expect(tryParseToken(text)).toMatchObject({ name: "MalformedToken", isOurLimit: true });
  });

  test.each([
    ["nothing", ""],
    ["a token that is cut", sample007(1).slice(0, -8)],
    ["a service that ends early", packed(head(1).uint16(1).uint16(64).finish())],
    ["a long text that is no whole number of privileges", `${sample006(1).slice(0, 35)}${"A".repeat(75 + 8 * 65)}`],
  ])("%s", (_, text) => {
    expect(tryParseToken(text)).toMatchObject({ name: "MalformedToken", isOurLimit: false });
  });
});
