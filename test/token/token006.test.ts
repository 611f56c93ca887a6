import { describe, expect, test } from "vitest";
import { type ByteSpan, ByteWriter, MalformedToken, TokenTooLarge } from "../../src/token/bytes.ts";
import { hmacSha256 } from "../../src/token/hmac.ts";
import { checksum, parse006, sign006, verify006 } from "../../src/token/token006.ts";
import { APP_ID, CERTIFICATE, sample006 } from "./sample-tokens.ts";

const token = { appId: APP_ID, channelText: "ab", userText: "c", salt: 1, expiresAt: 2, privileges: new Map([[1, 0]]) };

test("characters do not move between channel and user: the checksums are part of the signature", () => {
  const claimed = parse006(sign006(token, CERTIFICATE));
  expect(verify006(claimed, "ab", "c", CERTIFICATE)).toBe(true);
  expect(verify006(claimed, "a", "bc", CERTIFICATE)).toBe(false);
  expect(verify006(claimed, "abc", "", CERTIFICATE)).toBe(false);
  // Moved by hand, with the checksums of what it would then be for, it is signed as it was.
  const moved = parse006(sign006({ ...token, channelText: "a", userText: "bc" }, CERTIFICATE));
  expect(moved.signature).toEqual(claimed.signature);
});

test("the signature is over the bytes received: privileges in another order verify", () => {
  const message = new ByteWriter().uint32(1).uint32(2).uint16(2).uint16(4).uint32(0).uint16(1).uint32(0).finish();
  const content = new ByteWriter()
    .bytes(hmacSha256(CERTIFICATE, Buffer.concat([Buffer.from(`${APP_ID}abc`), message])))
    .uint32(checksum("ab"))
    .uint32(checksum("c"))
    .bytes(message);
  const claimed = parse006(`006${APP_ID}${content.finish().toString("base64")}`);
  expect([...claimed.irregularities]).toEqual(["PRIVILEGES_UNSORTED"]);
  expect([...claimed.privileges.keys()]).toEqual([4, 1]);
  expect(verify006(claimed, "ab", "c", CERTIFICATE)).toBe(true);
});

test("a text has 107 characters and 8 for each privilege, up to 64 of them", () => {
  for (const count of [0, 1, 4, 63, 64]) {
    const text = sample006(1, numbers(count));
    expect(text).toHaveLength(107 + 8 * count);
    expect(text).not.toContain("=");
    expect(parse006(text).privileges.size).toBe(count);
  }
  expect(() => sample006(1, numbers(65))).toThrow(
    new TokenTooLarge("its number of privileges is 65, more than the 64 that are read"),
  );
});

describe("refuses", () => {
  const text = sample006(1);
  const content = Buffer.from(text.slice(35), "base64");
  const changed = (at: number, value: number): string => {
    const bytes = Buffer.from(content);
    bytes.writeUInt16LE(value, at);
    return `006${APP_ID}${bytes.toString("base64")}`;
  };

  test.each([
    ["another version", text.replace(/^006/, "007"), /does not start with 006/],
    ["a text that is cut", text.slice(0, 100), /at least 107 characters, and it has 100: it is cut/],
    ["a text that lost some", text.slice(0, -3), /136 is no such number: something is missing or added/],
    ["a text that lost a privilege", text.slice(0, -8), /its message should have 34 bytes, and 28 are there/],
    ["a text of one privilege more", `${text}AAAAAAAA`, /its message should have 34 bytes, and 40 are there/],
    ["a text that is too long", `${text}${"A".repeat(8 * 61)}`, /at most 619 characters, and it has 627/],
    ["an App ID of other characters", text.replace(/^006.{32}/, `006${"g".repeat(32)}`), /are no App ID/],
    ["an App ID with white space", text.replace(/^006.{32}/, `006 ${"0".repeat(30)}\n`), /are no App ID/],
    ["an App ID with half a character", text.replace(/^006./, "006\ud800"), /are no App ID/],
    ["padding", `${text.slice(0, -1)}=`, /its message should have 34 bytes, and 33 are there/],
    ["a signature of another length", changed(0, 31), /its signature has 31 bytes/],
    ["a count that is too small", changed(52, 3), /6 bytes follow its last privilege/],
    ["a count that is too large", changed(52, 5), /it ends early: the privilege needs 2 bytes/],
  ])("%s", (_, damaged, message) => {
    expect(() => parse006(damaged)).toThrow(MalformedToken);
    expect(() => parse006(damaged)).toThrow(message);
  });
});

test("every byte of the content is told of once", () => {
  const spans: ByteSpan[] = [];
  parse006(sample006(1), (span) => spans.push(span));
  const ends = spans.map(({ offset, length }) => offset + length);
  expect(spans.map(({ offset }) => offset)).toEqual([0, ...ends.slice(0, -1)]);
  expect(ends.at(-1)).toBe(54 + 6 * 4);
  expect(spans.slice(0, 6).map(({ name }) => name)).toEqual([
    "length of the signature",
    "signature",
    "checksum of the channel name",
    "checksum of the user",
    "length of the message",
    "salt",
  ]);
});

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}
