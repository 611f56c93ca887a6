// The same random tokens, by our functions and by Agora's own builders: texts, signatures and values are equal.

import assert from "node:assert/strict";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_CONTENT_BYTES, MAX_TOKEN_CHARS, MalformedToken, TokenTooLarge } from "../../src/token/bytes.ts";
import { tryParseToken } from "../../src/token/parse.ts";
import { type Grant, serviceOfType, serviceRow } from "../../src/token/services.ts";
import { checksum, parse006, sign006, verify006 } from "../../src/token/token006.ts";
import { type Claimed007, parse007, sign007, verify007 } from "../../src/token/token007.ts";
import { channelFromText, userFromText } from "../../src/token/user.ts";
import { deprecated006, type OfficialService, type OfficialToken006, official006, official007 } from "./official.ts";
import {
  FUZZ,
  grantOf,
  officialOf,
  type RandomToken006,
  type RandomToken007,
  token006,
  token007,
} from "./random-tokens.ts";

const seen = { fit: 0, large: 0, services: new Set<string>(), repeated: 0, longest: 0 };

test("version 007 is the same in both directions", () => {
  fc.assert(fc.property(token007, expectSame007), FUZZ);
  expect(seen.services.size).toBe(10);
  expect(seen.fit).toBeGreaterThan(FUZZ.numRuns * 0.9);
  // The random tokens reach the limits too, and repeat services.
  if (FUZZ.numRuns >= 2000) {
    expect(seen.large).toBeGreaterThan(0);
    expect(seen.repeated).toBeGreaterThan(100);
    expect(seen.longest).toBeGreaterThan(60_000);
  }
});

test("version 006 is the same in both directions", () => {
  fc.assert(fc.property(token006, expectSame006), FUZZ);
});

function expectSame007(token: RandomToken007): void {
  const theirs = officialOf(token).build();
  const certificate = Buffer.from(token.appCertificate, "latin1");
  const grants = token.services.map(grantOf);
  if (!fits(token, theirs)) {
    seen.large++;
    assert.throws(() => sign007({ ...token, grants }, certificate), TokenTooLarge);
    assert(tryParseToken(theirs) instanceof MalformedToken);
    return;
  }
  note(token);
  expectRead(token, parse007(theirs));
  assert.equal(verify007(parse007(theirs), certificate), true);
  assert.equal(verify007(parse007(theirs), other(certificate)), false);
  // We write every channel as `*`, never as the empty text.
  const ours = sign007({ ...token, grants }, certificate);
  if (!token.services.some(hasEmptyChannel)) assert.equal(ours, theirs);
  expectTheyRead(token, ours);
}

function expectRead(token: RandomToken007, claimed: Claimed007): void {
  const { appId, issuedAt, lifetime, salt } = token;
  const read = [claimed.appId, claimed.issuedAt, claimed.lifetime, claimed.salt, claimed.unknownService];
  assert.deepEqual(read, [appId, issuedAt, lifetime, salt, undefined]);
  assert.deepEqual(claimed.grants, sorted(token.services.map(grantOf)));
  assert.deepEqual([...claimed.irregularities], []);
}

function expectTheyRead(token: RandomToken007, text: string): void {
  const theirs = new official007.AccessToken2("", "");
  assert.equal(theirs.from_string(text), true);
  assert.equal(theirs.verifySignature(token.appCertificate), true);
  assert.equal(theirs.verifySignature(other(Buffer.from(token.appCertificate)).toString()), false);
  assert.deepEqual(
    [String(theirs.appId), theirs.issueTs, theirs.expire, theirs.salt],
    [token.appId, token.issuedAt, token.lifetime, token.salt],
  );
  assert.deepEqual(theirs.services.map(grantOfOfficial), sorted(token.services.map(grantOf)));
}

/** A service that Agora's parser has read, in our words. */
function grantOfOfficial(theirs: OfficialService): Grant {
  const service = serviceOfType(theirs.service_type());
  if (!service) throw new Error("a service that we do not know");
  const text = (field: `__${string}`): string => String(theirs[field]);
  const fields: Record<string, () => unknown> = {
    channel: () => channelFromText(text("__channel_name")),
    user: () => userFromText(text("__account" in theirs ? "__account" : "__uid")),
    userId: () => text("__user_id"),
    roomUuid: () => text("__room_uuid"),
    userUuid: () => text("__user_uuid"),
    // It reads it unsigned.
    role: () => (theirs.__role === 0xffff ? undefined : ((theirs.__role ?? 0) << 16) >> 16),
    permissions: () => permissionsOf(theirs["__permissions"] as { details: Record<string, Record<string, string[]>> }),
  };
  const values = Object.keys(serviceRow(service).fields).map((field) => [field, fields[field]?.()]);
  const privileges = Object.entries(theirs["__privileges"] as Record<string, number>);
  return {
    service,
    privileges: new Map(privileges.map(([number, end]) => [Number(number), end])),
    ...Object.fromEntries(values),
  } as Grant;
}

function permissionsOf({ details }: { details: Record<string, Record<string, string[]>> }): unknown {
  return Object.entries(details).flatMap(([resourceType, accesses]) =>
    Object.entries(accesses).map(([access, resources]) => ({
      resourceType: Number(resourceType),
      access: Number(access),
      resources,
    })),
  );
}

function expectSame006(token: RandomToken006): void {
  const certificate = Buffer.from(token.appCertificate, "latin1");
  const { channelText, userText } = token;
  const privileges = new Map(token.privileges);
  const ours = sign006({ ...token, privileges }, certificate);
  for (const { AccessToken } of [official006, deprecated006]) {
    const theirs = new AccessToken(token.appId, token.appCertificate, channelText, userText);
    assert.deepEqual(fill(theirs, token).build(), ours);
    const read = new AccessToken("", "", "", 0);
    assert.equal(read.fromString(ours), true);
    // The deprecated package does not read the App ID.
    assert.deepEqual([read.appID || token.appId, read.salt, read.ts], [token.appId, token.salt, token.expiresAt]);
    assert.deepEqual(read.messages, Object.fromEntries(token.privileges));
  }
  const claimed = parse006(ours);
  const { appId, salt, expiresAt } = token;
  assert.deepEqual([claimed.appId, claimed.salt, claimed.expiresAt], [appId, salt, expiresAt]);
  assert.deepEqual(claimed.privileges, privileges);
  assert.deepEqual([claimed.channelChecksum, claimed.userChecksum], [checksum(channelText), checksum(userText)]);
  assert.deepEqual([...claimed.irregularities], []);
  assert.equal(verify006(claimed, channelText, userText, certificate), true);
  assert.equal(verify006(claimed, channelText, userText, other(certificate)), false);
  assert.equal(verify006(claimed, `${channelText}.`, userText, certificate), false);
  assert.equal(verify006(claimed, channelText, `${userText}.`, certificate), false);
}

function fill(theirs: OfficialToken006, token: RandomToken006): OfficialToken006 {
  theirs.salt = token.salt;
  theirs.ts = token.expiresAt;
  for (const [privilege, end] of token.privileges) theirs.addPriviledge(privilege, end);
  return theirs;
}

test("uid 0 is the empty text to both, and other numbers are their digits", () => {
  for (const uid of [0, 1, 123, 2_882_341_273, 0xffff_ffff]) {
    const token = { ...fc.sample(token006, { numRuns: 1, seed: FUZZ.seed })[0], channelText: "c" } as RandomToken006;
    const theirs = fill(new official006.AccessToken(token.appId, token.appCertificate, "c", uid), token).build();
    const userText = uid === 0 ? "" : String(uid);
    const ours = { ...token, userText, privileges: new Map(token.privileges) };
    expect(sign006(ours, Buffer.from(token.appCertificate))).toBe(theirs);
  }
});

function fits(token: RandomToken007, text: string): boolean {
  return text.length <= MAX_TOKEN_CHARS && contentBytes(token) <= MAX_CONTENT_BYTES;
}

/** By the layout of the format: what Agora's parser, which has no bound, would inflate. */
function contentBytes({ services }: RandomToken007): number {
  const size = (text: string): number => 2 + Buffer.byteLength(text);
  return services.map(grantOf).reduce(
    (sum, grant) => {
      const { service, privileges, ...fields } = grant;
      const values = Object.entries(fields).map(([field, value]) => {
        if (field === "role") return 2;
        if (field === "permissions") return permissionBytes(value as never);
        if (typeof value === "string") return size(value);
        return size(rawText(field, value));
      });
      return sum + 4 + 6 * privileges.size + values.reduce((a, b) => a + b, 0);
    },
    34 + 34 + 14,
  );
}

function rawText(field: string, value: unknown): string {
  if (value === "any") return field === "channel" ? "*" : "";
  return String(Object.values(value as Record<string, string | number>)[0]);
}

function permissionBytes(permissions: readonly { resourceType: number; resources: readonly string[] }[]): number {
  const types = new Set(permissions.map(({ resourceType }) => resourceType));
  const resources = permissions.flatMap(({ resources }) => resources);
  const texts = resources.reduce((sum, text) => sum + 2 + Buffer.byteLength(text), 0);
  return 2 + 4 * types.size + 4 * permissions.length + texts;
}

function note(token: RandomToken007): void {
  const names = token.services.map(({ service }) => service);
  seen.fit++;
  seen.repeated += new Set(names).size < names.length ? 1 : 0;
  seen.longest = Math.max(seen.longest, contentBytes(token));
  for (const name of names) seen.services.add(name);
}

function hasEmptyChannel({ service, texts }: RandomToken007["services"][number]): boolean {
  return ["rtc", "streaming", "fcdn"].includes(service) && texts[0] === "";
}

function sorted(grants: readonly Grant[]): Grant[] {
  return [...grants].sort((a, b) => serviceRow(a.service).type - serviceRow(b.service).type);
}

function other(certificate: Buffer): Buffer {
  const changed = Buffer.from(certificate);
  changed[31] = certificate[31] === 0x30 ? 0x31 : 0x30;
  return changed;
}
