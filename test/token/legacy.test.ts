import { expect, test } from "vitest";
import { ByteWriter } from "../../src/token/bytes.ts";
import { recognizeLegacy } from "../../src/token/legacy.ts";
import { parseToken, tryParseToken } from "../../src/token/parse.ts";
import { VECTORS } from "../vectors/vectors.ts";

const keyOf = (id: string): string => VECTORS.legacy.find((vector) => vector.id === id)?.expected ?? "";

test.each(VECTORS.legacy.map(({ id, expected }) => [id, expected] as const))(
  "%s: cut, or with more, it is none",
  (id, text) => {
    for (let length = 0; length < text.length; length++) {
      // Of the two keys without a version, the longer begins like the shorter.
      const beginning = id === "dk2" && length === 90;
      expect(recognizeLegacy(text.slice(0, length))?.kind).toBe(beginning ? "Dynamic Key 1" : undefined);
    }
    for (const more of ["0", "A", " ", "\n", "="]) expect(recognizeLegacy(text + more)).toBeUndefined();
    for (const before of [" ", "0", "\n"]) expect(recognizeLegacy(before + text)).toBeUndefined();
  },
);

test.each(["006", "007", "003", "005"])("a key without a version may start with %s", (version) => {
  const key1 = version + keyOf("dk1").slice(3);
  const key2 = version + keyOf("dk2").slice(3);
  expect(parseToken(key1)).toMatchObject({ kind: "legacy", legacy: { kind: "Dynamic Key 1" } });
  expect(parseToken(key2)).toMatchObject({ kind: "legacy", legacy: { kind: "Dynamic Key 2" } });
});

test("the App ID keeps its case where the text has one", () => {
  const key = keyOf("dk1");
  const upper = key.slice(0, 40) + key.slice(40, 72).toUpperCase() + key.slice(72);
  expect(recognizeLegacy(upper)?.appId).toBe(key.slice(40, 72).toUpperCase());
  expect(recognizeLegacy(key.toUpperCase())).toBeUndefined();
});

test("a Signaling token without an end has 0 for it", () => {
  const text = keyOf("sig1").replace(":1514219634:", ":0:");
  expect(recognizeLegacy(text)).toMatchObject({ kind: "Signaling token", expiresAt: 0 });
});

test.each([
  ["another length of the signature", { signature: "A".repeat(39) }],
  ["another alphabet of the signature", { signature: "G".repeat(40) }],
  ["an App ID as text", { appId: Buffer.alloc(32, "a") }],
  ["more extras than there are", { extras: 2 }],
  ["65,535 extras", { extras: 65_535 }],
  ["bytes after the extras", { after: Buffer.from([1]) }],
])("text of version 005 with %s is no Dynamic Key 5", (_, change) => {
  expect(recognizeLegacy(key5({}))).toMatchObject({ kind: "Dynamic Key 5", issuedAt: 1, expiresAt: 3, use: undefined });
  expect(recognizeLegacy(key5(change))).toBeUndefined();
  expect(tryParseToken(key5(change))).toEqual({ kind: "unsupported", version: "005" });
});

function key5(change: { signature?: string; appId?: Buffer; extras?: number; after?: Buffer }): string {
  const { signature = "A".repeat(40), appId = Buffer.alloc(16), extras = 1, after = Buffer.alloc(0) } = change;
  const writer = new ByteWriter().uint16(9).text(signature).bytes(appId).uint32(1).uint32(2).uint32(3);
  return `005${writer.uint16(extras).uint16(1).text("0").raw(after).finish().toString("base64")}`;
}
