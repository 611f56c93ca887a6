// The whole of an inspection, with texts that nobody should send. FUZZ_RUNS makes it longer, FUZZ_SEED makes it another.

import { createHmac } from "node:crypto";
import { deflateSync, inflateSync } from "node:zlib";
import { toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { InspectTokenResponseSchema } from "../../gen/agora/token/v1/token_pb.ts";
import { inspectionOf } from "../../src/api/findings.ts";
import type { ExpectedGrant } from "../../src/issuing/cover.ts";
import { verdictOf } from "../../src/issuing/findings.ts";
import { examine, type Inspection, type Projects, projectsIn } from "../../src/issuing/inspect.ts";
import { KeyRing } from "../../src/keyring/keyring.ts";
import { MAX_CONTENT_BYTES, MalformedToken } from "../../src/token/bytes.ts";
import { type Claimed, tryParseToken } from "../../src/token/parse.ts";
import { SERVICE_NAMES } from "../../src/token/services.ts";
import { sign006 } from "../../src/token/token006.ts";
import { sign007 } from "../../src/token/token007.ts";
import { channelToText, userFromText, userToText } from "../../src/token/user.ts";
import { signed007, text007, withChecksums } from "../api/originals.ts";
import { APP_IDS, DIGITS, LIVE, NOW } from "../api/world.ts";
import { FUZZ, grantOf, token006, token007 } from "../token/random-tokens.ts";
import { VECTORS, VECTORS_006, VECTORS_007 } from "../vectors/vectors.ts";
import { PROJECTS } from "./asking.ts";
import { grantOfService, text007 as issuedText } from "./claimed.ts";

const keyRing = new KeyRing(PROJECTS);
const KEY_RINGS: readonly (Projects | undefined)[] = [
  projectsIn(keyRing, undefined, () => true),
  projectsIn(keyRing, LIVE, () => true),
  projectsIn(keyRing, undefined, (id) => id === "other"),
  undefined,
];
// In milliseconds, many times what it takes.
const LONGEST = 30_000 + 10 * FUZZ.numRuns;
const MOST_FINDINGS = 64;
const MOST_CHARS = 1000;
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]|[^\S ]/u;
// What a token says comes back once, with the numbers of fields, and three bytes for each that is not UTF-8.
const MOST_BYTES = 4 * MAX_CONTENT_BYTES;

const PIECES: readonly string[] = [
  '"',
  "'",
  " ",
  "\n",
  "%2B",
  "%",
  "+",
  "-",
  "_",
  "=",
  "\\",
  "\u200b",
  "\u202e",
  "\0",
  "\ud800",
  "Bearer ",
  "007eJ",
  "é",
];

const WRAPS: readonly ((text: string, other: string) => string)[] = [
  (text) => `"${text}"`,
  (text) => ` ${text}\n`,
  (text) => `Bearer ${text}`,
  (text) => `agora token=${text}`,
  (text) => encodeURIComponent(text.toWellFormed()),
  (text) => text.replaceAll("+", " "),
  (text) => text.replaceAll("+", "-").replaceAll("/", "_"),
  (text) => text.replace(/=+$/, ""),
  (text) => text.replace(/.{50}/g, "$&\r\n"),
  (text) => text.slice(0, Math.floor(text.length * 0.7)),
  (text) => text.toLowerCase(),
  (text, other) => text + other,
  (text, other) => `${text},${other}`,
  (text) => text.slice(3),
];

const certificates = Object.values(DIGITS);
const samples: readonly string[] = [
  ...VECTORS_007.map(({ nodeToken, token, tokens }) => nodeToken ?? token ?? tokens?.[0]?.token ?? ""),
  ...VECTORS_006.map(({ expected }) => expected),
  ...VECTORS.legacy.map(({ expected }) => expected),
  ...VECTORS.negative.map(({ token }) => token),
];

/** A token of ours: of a project of the key ring, most often with a certificate of it. */
const ours007 = fc
  .tuple(token007, fc.constantFrom(...Object.values(APP_IDS)), fc.constantFrom(...certificates), fc.boolean())
  .map(([token, appId, digits, isNow]) => {
    const grants = token.services.map(grantOf);
    const issuedAt = isNow ? NOW - 60 : token.issuedAt;
    const lifetime = isNow ? 3600 : token.lifetime;
    return attempt(() => sign007({ ...token, appId, issuedAt, lifetime, grants }, Buffer.from(digits, "latin1")));
  });
const ours006 = fc
  .tuple(token006, fc.constantFrom(...Object.values(APP_IDS)), fc.constantFrom(...certificates))
  .map(([token, appId, digits]) => {
    const privileges = new Map([...token.privileges].sort(([a], [b]) => a - b));
    return attempt(() => sign006({ ...token, appId, privileges }, Buffer.from(digits, "latin1")));
  });
/** A token that nothing is wrong with, unless it is expected for something else. */
const good = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom(...SERVICE_NAMES), { minLength: 1, maxLength: 3 }),
    fc.integer({ min: 1, max: 99 }),
  )
  .map(([services, salt]) => issuedText(services.map(grantOfService), { salt, issuedAt: NOW - 60 }));
const good006 = fc.integer({ min: 1, max: 99 }).map((salt) => {
  const privileges = new Map([1, 2, 3, 4].map((number) => [number, NOW + 3600]));
  const token = { appId: APP_IDS.live, channelText: "room-1", userText: "42", salt, expiresAt: NOW + 3600, privileges };
  return sign006(token, Buffer.from(DIGITS.primary, "latin1"));
});
const real = fc.oneof(good, good006, ours007, ours006, fc.constantFrom(...samples));

/** A content of which some bytes are changed, signed again or not, and compressed in some way. */
const damaged = fc
  .tuple(
    fc.oneof(good, ours007, fc.constantFrom(...samples.filter((text) => text.startsWith("007")))),
    fc.array(fc.tuple(fc.nat(400), fc.nat(0xff), fc.constantFrom("flip", "put", "cut", "grow", "most")), {
      maxLength: 6,
    }),
    fc.boolean(),
    fc.integer({ min: 0, max: 9 }),
  )
  .map(([text, changes, isSigned, level]) => {
    const content = inflated(text);
    if (!content) return text;
    const changed = changes.reduce(change, content);
    const signed = isSigned && changed.length > 34 ? signed007(changed.subarray(34), numbersOf(changed)) : changed;
    return level === 0 ? text007(signed) : `007${deflateSync(signed, { level }).toString("base64")}`;
  });

/** A text of which some characters are changed. */
const altered = fc
  .tuple(
    real,
    fc.array(fc.tuple(fc.nat(300), fc.nat(20), fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: "binary" })))),
  )
  .map(([text, edits]) =>
    edits.slice(0, 4).reduce((each, [at, size, piece]) => {
      const from = at % (each.length + 1);
      return each.slice(0, from) + piece + each.slice(from + size);
    }, text),
  );

const wrapped = fc
  .tuple(real, real, fc.array(fc.constantFrom(...WRAPS), { maxLength: 3 }))
  .map(([text, other, wraps]) => wraps.reduce((each, wrap) => wrap(each, other), text));

const junk = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.base64String({ maxLength: 400 }).map((text) => `007${text}`),
  fc.base64String({ maxLength: 400 }).map((text) => `006${APP_IDS.live}${text}`),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => text007(Buffer.from(bytes))),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => text007(signed007(Buffer.from(bytes), { digits: DIGITS.primary }))),
);

const anyText = fc
  .oneof(
    { weight: 3, arbitrary: real },
    { weight: 5, arbitrary: damaged },
    { weight: 3, arbitrary: altered },
    { weight: 3, arbitrary: wrapped },
    { weight: 1, arbitrary: junk },
  )
  .map((text) => text.slice(0, 16_384));

const anyExpected: fc.Arbitrary<"own" | ExpectedGrant | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.constant("own" as const),
  token007.map(({ services }): ExpectedGrant | undefined => services[0] && grantOf(services[0])),
);
const anyTime = fc.oneof(
  { weight: 4, arbitrary: fc.constant(NOW) },
  { weight: 1, arbitrary: fc.constantFrom(0, NOW + 3600, 253_402_300_799) },
  { weight: 1, arbitrary: fc.nat(0xffff_ffff) },
);

const seen = { verdicts: new Map<string, number>(), reasons: new Set<string>() };

test(
  "any text gives an answer that is bounded, the same each time, and accepts nothing that is not signed",
  () => {
    fc.assert(
      fc.property(anyText, anyExpected, anyTime, fc.constantFrom(...KEY_RINGS), (token, wanted, at, projects) => {
        const expected = wanted === "own" ? ownGrant(token) : wanted;
        const inspection = examine(projects, { token, expected, at });
        expectBounded(inspection);
        expect(inspection.verdict).toBe(ruled(inspection, projects));
        expect(examine(projects, { token, expected, at })).toEqual(inspection);
        if (inspection.verdict === "ACCEPTED") {
          expect(inspection.signatureCheck).toBe("VALID");
          expectGenuine(token, expected);
        }
        note(inspection);
      }),
      FUZZ,
    );
  },
  LONGEST,
);

test(
  "a token of version 006 is accepted for nothing but the texts that it was signed with",
  () => {
    const texts = fc.constantFrom("", "room-1", "42", "room-", "142");
    const privileges = fc.constantFrom([1000], [1], [1, 2, 3, 4], [1, 1000], [2]);
    const perhaps = fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: texts });
    const checksums = fc.tuple(perhaps, perhaps);
    const accepted = new Set<string>();
    fc.assert(
      fc.property(
        texts,
        texts,
        privileges,
        checksums,
        texts,
        texts,
        (channelText, userText, numbers, sums, name, account) => {
          const ends = new Map(numbers.map((number) => [number, NOW + 3600]));
          const token = {
            appId: APP_IDS.live,
            channelText,
            userText,
            salt: 1,
            expiresAt: NOW + 3600,
            privileges: ends,
          };
          const signed = sign006(token, Buffer.from(DIGITS.primary, "latin1"));
          const text = withChecksums(signed, sums[0] ?? channelText, sums[1] ?? userText);
          const rtc: ExpectedGrant = {
            service: "rtc",
            channel: { name },
            user: userFromText(account),
            privileges: new Map(),
          };
          const rtm: ExpectedGrant = { service: "rtm", userId: name, privileges: new Map() };
          for (const expected of [rtc, rtm]) {
            const inspection = examine(KEY_RINGS[0], { token: text, expected, at: NOW });
            expect(inspection.verdict).toBe(verdictOf(inspection.findings));
            if (inspection.verdict !== "ACCEPTED") continue;
            expect(inspection.signatureCheck).toBe("VALID");
            expectGenuine(text, expected);
            accepted.add(expected.service);
          }
        },
      ),
      FUZZ,
    );
    expect([...accepted].sort()).toEqual(["rtc", "rtm"]);
  },
  LONGEST,
);

describe("what was tried", () => {
  afterAll(() => seen.reasons.clear());

  test("was not all refused for the same reason", () => {
    expect([...seen.verdicts.keys()].sort()).toEqual(["ACCEPTED", "INCONCLUSIVE", "REJECTED"]);
    expect(seen.verdicts.get("ACCEPTED")).toBeGreaterThan(20);
    expect(seen.reasons.size).toBeGreaterThan(22);
  });
});

test("a valid signature with any byte changed is not valid", () => {
  const grant = grantOf({ service: "rtc", privileges: [[1, 3600]], texts: ["room-1", "42"], role: 0, permissions: [] });
  const token = { appId: APP_IDS.live, issuedAt: NOW, lifetime: 3600, salt: 1, grants: [grant] };
  const content = inflated(sign007(token, Buffer.from(DIGITS.primary, "latin1"))) ?? Buffer.alloc(0);
  for (let at = 0; at < content.length; at++) {
    for (const change of [0x01, 0x20, 0x80, 0xff]) {
      const changed = Buffer.from(content);
      changed[at] = (content[at] ?? 0) ^ change;
      const inspection = examine(KEY_RINGS[0], { token: text007(changed), expected: undefined, at: NOW });
      expect(inspection.verdict, `byte ${at}`).toBe("REJECTED");
      expect(inspection.signatureCheck, `byte ${at}`).not.toBe("VALID");
      expect(inspection.certificateId).toBeUndefined();
    }
  }
});

function expectBounded(inspection: Inspection): void {
  const { findings } = inspection;
  expect(findings.length).toBeLessThan(MOST_FINDINGS);
  for (const { description, reason, agoraErrorCode } of findings) {
    expect(description.length, reason).toBeLessThan(MOST_CHARS);
    expect(description, reason).not.toMatch(UNSEEN);
    expect(description, reason).toMatch(/^\S.*[.]$/);
    expect(description, reason).not.toMatch(
      /\bundefined\b(?!")|\bNaN\b(?!")|\[object(?! Object\]"| Promise\]"| \w+\]")|Infinity|Invalid Date/,
    );
    expect([0, 101, 102, 109, 110, 119, 134]).toContain(agoraErrorCode);
  }
  expect(toBinary(InspectTokenResponseSchema, inspectionOf(inspection)).length).toBeLessThan(MOST_BYTES);
}

function ruled({ findings }: Inspection, projects: Projects | undefined): string {
  const verdict = verdictOf(findings);
  return verdict === "ACCEPTED" && !projects ? "INCONCLUSIVE" : verdict;
}

/** That a certificate which is not revoked made the signature: by another implementation than that which is tested. */
function expectGenuine(text: string, expected: ExpectedGrant | undefined): void {
  const claimed = claimedIn(text);
  if (!claimed) throw new Error("a text that is no token was accepted");
  const project = PROJECTS.find(({ appId }) => appId === claimed.appId);
  const verifying = (project?.certificates ?? []).filter(({ state }) => state !== "revoked");
  const made = verifying.map(({ secret }) =>
    signatureBy(Buffer.from(secret.reveal()), claimed, expected).toString("hex"),
  );
  expect(made).toContain(Buffer.from(claimed.signature).toString("hex"));
}

function signatureBy(certificate: Buffer, claimed: Claimed, expected: ExpectedGrant | undefined): Buffer {
  if (claimed.version === "007") {
    const issueKey = hmac(littleEndian(claimed.issuedAt), certificate);
    return hmac(hmac(littleEndian(claimed.salt), issueKey), Buffer.from(claimed.signed));
  }
  const names =
    expected?.service === "rtm"
      ? expected.userId
      : expected?.service === "rtc"
        ? channelToText(expected.channel) + (claimed.userChecksum === 0 ? "" : userToText(expected.user))
        : "";
  return hmac(certificate, Buffer.concat([Buffer.from(claimed.appId + names), Buffer.from(claimed.signed)]));
}

/** What a token grants, as an expectation: it is covered, unless it is of version 006. */
function ownGrant(text: string): ExpectedGrant | undefined {
  const claimed = claimedIn(text);
  if (claimed?.version !== "007")
    return { service: "rtc", channel: { name: "room-1" }, user: { uid: 42 }, privileges: new Map() };
  return claimed.grants.at(-1);
}

function claimedIn(text: string): Claimed | undefined {
  const parsed = tryParseToken(text);
  return !(parsed instanceof MalformedToken) && parsed.kind === "token" ? parsed.claimed : undefined;
}

function note({ verdict, findings }: Inspection): void {
  seen.verdicts.set(verdict, (seen.verdicts.get(verdict) ?? 0) + 1);
  for (const { reason } of findings) seen.reasons.add(reason);
}

function attempt(make: () => string): string {
  try {
    return make();
  } catch {
    // Too large to be read back.
    return "007";
  }
}

function inflated(text: string): Buffer | undefined {
  try {
    return inflateSync(Buffer.from(text.slice(3), "base64"), { maxOutputLength: MAX_CONTENT_BYTES });
  } catch {
    return undefined;
  }
}

function change(content: Buffer, [place, value, how]: readonly [number, number, string]): Buffer {
  const at = content.length === 0 ? 0 : place % content.length;
  const copy = Buffer.from(content);
  if (how === "flip") copy[at] = (copy[at] ?? 0) ^ (1 << (value & 7));
  if (how === "put") copy[at] = value;
  if (how === "most" && at + 1 < copy.length) copy.writeUInt16LE(0xffff, at);
  if (how === "cut") return Buffer.concat([copy.subarray(0, at), copy.subarray(at + (value & 15))]);
  if (how === "grow") return Buffer.concat([copy.subarray(0, at), Buffer.alloc(value & 31, value), copy.subarray(at)]);
  return copy;
}

/** The numbers that a content is signed with, wherever they are after it was changed. */
function numbersOf(content: Buffer): { digits: string; issuedAt: number; salt: number } {
  const at = 34 + 2 + content.readUInt16LE(Math.min(34, content.length - 2));
  const uint32 = (offset: number) => (offset + 4 <= content.length ? content.readUInt32LE(offset) : 0);
  return { digits: DIGITS.primary, issuedAt: uint32(at), salt: uint32(at + 8) };
}

function hmac(key: Buffer, message: Buffer): Buffer {
  return createHmac("sha256", key).update(message).digest();
}

function littleEndian(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}
