import { deflateSync, inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { repairToken } from "../../src/token/altered.ts";
import { recognizeLegacy } from "../../src/token/legacy.ts";
import { parseToken } from "../../src/token/parse.ts";
import type { Grant } from "../../src/token/services.ts";
import { checksum, parse006, sign006, verify006 } from "../../src/token/token006.ts";
import { parse007, sign007, verify007 } from "../../src/token/token007.ts";
import {
  grantOf,
  type LegacyVector,
  privilegesOf,
  VECTORS,
  VECTORS_006,
  VECTORS_007,
  type Vector006,
  type Vector007,
} from "./vectors.ts";

const certificateOf = (text: string): Buffer => Buffer.from(text, "latin1");
const OTHER_CERTIFICATE = certificateOf("0".repeat(32));

const grantsOf = (vector: Vector007): Grant[] => vector.services.map(grantOf).filter((grant) => grant !== undefined);
const givenTexts = ({ tokens = [], token: own }: Vector007): string[] => [
  ...tokens.map(({ token }) => token),
  ...(own === undefined ? [] : [own]),
];
const textsOf = (vector: Vector007): string[] => [
  ...givenTexts(vector),
  ...(vector.nodeToken === undefined ? [] : [vector.nodeToken]),
];
const inflated = (text: string): string => inflateSync(Buffer.from(text.slice(3), "base64")).toString("hex");
// Other builds of zlib, and this one on other processors, make other texts of the same content.
const NODE_ZLIB = /-[0-9a-f]{7}$/.test(process.versions.zlib ?? "") && process.arch === "x64";

test("there are as many vectors as there should be", () => {
  const { official007, official006, legacy, generated007, generated006, negative } = VECTORS;
  const sizes = [official007, official006, legacy, generated007, generated006, negative].map((list) => list.length);
  expect(sizes).toEqual([18, 5, 12, 24, 10, 22]);
});

const isKnown = ({ services }: Vector007): boolean => services.every((service) => !service.unknown);
const SECRETS = VECTORS_007.flatMap((vector) =>
  vector.appCertificate === null ? [] : [[vector.id, vector, certificateOf(vector.appCertificate)] as const],
);

describe.each(VECTORS_007.map((vector) => [vector.id, vector] as const))("%s", (_, vector) => {
  test.each(textsOf(vector))("is read from %s", (text) => {
    const claimed = parse007(text);
    expect({ ...claimed, signature: hex(claimed.signature), signed: undefined }).toEqual({
      version: "007",
      appId: vector.appId,
      issuedAt: vector.issueTs,
      lifetime: vector.expire,
      salt: vector.salt,
      grants: grantsOf(vector),
      unknownService: isKnown(vector) ? undefined : { type: 99, undecoded: 1 },
      signature: vector.signatureHex,
      signed: undefined,
      irregularities: new Set(),
    });
    // The signature and its length, then what it is over.
    expect(hex(claimed.signed)).toBe(vector.inflatedHex.slice(68));
    expect(inflated(text)).toBe(vector.inflatedHex);
    expect(parseToken(text)).toEqual({ kind: "token", claimed });
    expect(repairToken(` ${text}`)).toMatchObject({ alterations: ["WHITE_SPACE"], text });
  });
});

test.each(SECRETS)("%s verifies with its certificate alone", (_, vector, certificate) => {
  for (const claimed of textsOf(vector).map((text) => parse007(text))) {
    expect(verify007(claimed, certificate)).toBe(true);
    expect(verify007(claimed, OTHER_CERTIFICATE)).toBe(false);
  }
});

test("two vectors of version 007 are read and not signed: no certificate, and an unknown service", () => {
  const unsigned = VECTORS_007.filter((vector) => !isKnown(vector) || vector.appCertificate === null);
  expect(unsigned.map(({ id }) => id)).toEqual(["off-007-11", "gen-007-unknown-service-99"]);
});

test.each(SECRETS.filter(([, vector]) => isKnown(vector)))(
  "%s is signed to the same bytes",
  (_, vector, certificate) => {
    const { appId, issueTs: issuedAt, expire: lifetime, salt } = vector;
    const text = sign007({ appId, issuedAt, lifetime, salt, grants: grantsOf(vector) }, certificate);
    expect(inflated(text)).toBe(vector.inflatedHex);
    expect(text).toBe(`007${deflateSync(Buffer.from(vector.inflatedHex, "hex")).toString("base64")}`);
    if (NODE_ZLIB) expect(text).toBe(vector.nodeToken ?? vector.token);
    if (NODE_ZLIB && vector.nodeDeflateSame) expect(givenTexts(vector)).toContain(text);
  },
);

describe.each(VECTORS_006.map((vector) => [vector.id, vector] as const))("%s", (_, vector) => {
  const certificate = certificateOf(vector.appCertificate);
  const { channelName, uidString } = vector;

  test("is signed to the very text", () => {
    expect(sign006(tokenOf(vector), certificate)).toBe(vector.expected);
  });

  test("is read to the very values", () => {
    const claimed = parse006(vector.expected);
    expect({ ...claimed, signature: hex(claimed.signature), signed: hex(claimed.signed) }).toEqual({
      version: "006",
      appId: vector.appId,
      salt: vector.salt,
      expiresAt: vector.ts,
      privileges: privilegesOf(vector.privileges),
      channelChecksum: vector.crcChannel,
      userChecksum: vector.crcUid,
      signature: vector.signatureHex,
      signed: vector.messageHex,
      irregularities: new Set(),
    });
    expect(parseToken(vector.expected)).toEqual({ kind: "token", claimed });
  });

  test("verifies with its certificate, channel and user alone", () => {
    const claimed = parse006(vector.expected);
    expect(checksum(channelName)).toBe(vector.crcChannel);
    expect(checksum(uidString)).toBe(vector.crcUid);
    expect(verify006(claimed, channelName, uidString, certificate)).toBe(true);
    expect(verify006(claimed, `${channelName}x`, uidString, certificate)).toBe(false);
    expect(verify006(claimed, channelName, `${uidString}x`, certificate)).toBe(false);
    expect(verify006(claimed, channelName, uidString, OTHER_CERTIFICATE)).toBe(false);
    // The signature has no border between the two; the checksums have.
    expect(verify006(claimed, channelName + uidString.slice(0, 1), uidString.slice(1), certificate)).toBe(
      uidString === "",
    );
  });
});

function tokenOf({ appId, channelName, uidString, salt, ts, privileges }: Vector006): Parameters<typeof sign006>[0] {
  const channelText = channelName;
  return { appId, channelText, userText: uidString, salt, expiresAt: ts, privileges: privilegesOf(privileges) };
}

const LEGACY_KINDS: Readonly<Record<string, string>> = {
  dk1: "Dynamic Key 1",
  dk2: "Dynamic Key 2",
  dk3: "Dynamic Key 3",
  dk4: "Dynamic Key 4",
  dk5: "Dynamic Key 5",
  sig1: "Signaling token",
};
const USES = ["", "media channel", "recording", "public sharing", "in-channel permission"];

test.each(VECTORS.legacy.map((vector) => [vector.id, vector] as const))("%s", (id, vector: LegacyVector) => {
  const kind = LEGACY_KINDS[id.split("-")[0] ?? ""];
  const legacy = recognizeLegacy(vector.expected);
  expect(legacy).toEqual({
    kind,
    appId: vector.appId,
    issuedAt: kind === "Signaling token" ? undefined : vector.unixTs,
    expiresAt: kind === "Dynamic Key 1" ? undefined : vector.expiredTs,
    use: kind === "Dynamic Key 5" ? USES[Number(vector.serviceType)] : undefined,
  });
  expect(parseToken(vector.expected)).toEqual({ kind: "legacy", legacy });
  expect(repairToken(`"${vector.expected}"`)?.parsed).toEqual({ kind: "legacy", legacy });
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
