import { describe, expect, test } from "vitest";
import { fingerprintOf, fingerprintOfIssued, fingerprintOfText } from "../../src/audit/fingerprint.ts";
import { Ledger, type Signed } from "../../src/audit/ledger.ts";
import { type Names, recorded } from "../../src/audit/names.ts";
import { type CallFacts, grantedBodies, RECORD_KEYS, refusedBody } from "../../src/audit/record.ts";
import { parseToken } from "../../src/token/parse.ts";
import type { Grant } from "../../src/token/services.ts";
import { rtc007, token006 } from "../api/originals.ts";
import { NOW } from "../api/world.ts";

const PLAIN = { kind: "plain" } as const satisfies Names;
const PSEUDONYMS: Names = { kind: "pseudonym", key: new Uint8Array(32).fill(7) };
const call: CallFacts = {
  time: NOW * 1000 + 7,
  requestId: "r-1",
  caller: { id: "lobby", proof: "loopback" },
  peer: "127.0.0.1:4711",
  method: "BuildToken",
};
const rtc = (more: object = {}): Grant<number | undefined> => ({
  service: "rtc",
  channel: { name: "room-1" },
  user: { uid: 42 },
  privileges: new Map([
    [1, undefined],
    [2, NOW + 60],
  ]),
  ...more,
});
const signed = (...grants: Grant<number | undefined>[]): Signed => ({
  text: rtc007(),
  version: "007",
  span: { issuedAt: NOW, expiresAt: NOW + 600 },
  certificateId: "2026-11",
  grants,
});

function ledger(asked: Partial<Ledger["asked"][number]>, ...tokens: Signed[]): Ledger {
  const noted = new Ledger();
  const nothing = {
    project: undefined,
    version: undefined,
    lifetime: undefined,
    grants: undefined,
    original: undefined,
  };
  noted.asked.push({ ...nothing, ...asked });
  noted.signed.push(...tokens);
  return noted;
}

const record = (noted: Ledger, names: Names = PLAIN, facts = call) =>
  JSON.parse(grantedBodies(facts, noted, names)[0] ?? "");
const grant = (each: Grant<number | undefined>, names: Names = PLAIN) =>
  record(ledger({}, signed(each)), names).grants[0];

test("a token that was issued", () => {
  expect(record(ledger({ project: "live", version: "007", lifetime: { for: 600 } }, signed(rtc())))).toEqual({
    time: "2027-01-15T08:00:00.007Z",
    event: "call",
    request_id: "r-1",
    caller: "lobby",
    proof: "loopback",
    peer: "127.0.0.1:4711",
    method: "BuildToken",
    decision: "issued",
    project: "live",
    certificate: "2026-11",
    version: "007",
    grants: [
      {
        service: "rtc",
        channel: "room-1",
        user: "42",
        privileges: ["join_channel", "publish_audio_stream"],
        privilege_ends: { publish_audio_stream: "2027-01-15T08:01:00Z" },
      },
    ],
    asked_ttl: 600,
    ttl: 600,
    expire_time: "2027-01-15T08:10:00Z",
    fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  const until = ledger({ lifetime: { until: NOW + 600 } }, signed(rtc()));
  expect(record(until)).toMatchObject({ asked_expire_time: "2027-01-15T08:10:00Z" });
});

test("a batch has a record for each token, and a renewal tells which token it renews", () => {
  const batch = grantedBodies({ ...call, method: "BatchBuildTokens" }, ledger({}, signed(rtc()), signed(rtc())), PLAIN);
  expect(batch.map((body) => JSON.parse(body))).toMatchObject([
    { request_id: "r-1", index: 0, of: 2 },
    { request_id: "r-1", index: 1, of: 2 },
  ]);
  const original = rtc007({ salt: 99 });
  const renewed = record(ledger({ original }, signed(rtc())), PLAIN, { ...call, method: "RenewToken" });
  expect(renewed.renews).toBe(fingerprintOfText(original));
  expect(renewed.renews).not.toBe(renewed.fingerprint);
  expect(renewed).not.toHaveProperty("index");
});

test("an inspection, and refusals", () => {
  const inspected = new Ledger();
  inspected.inspected = { verdict: "REJECTED", project: "live" };
  expect(record(inspected)).toMatchObject({ decision: "inspected", project: "live", verdict: "REJECTED" });

  const asked = ledger({ project: "live", version: "007", lifetime: { for: 60 }, grants: [rtc()] });
  const refused = (reason: string, noted = asked) => JSON.parse(refusedBody(call, noted, PLAIN, { reason, index: 3 }));
  expect(refused("NOT_PERMITTED")).toMatchObject({
    decision: "denied",
    reason: "NOT_PERMITTED",
    index: 3,
    asked_ttl: 60,
  });
  expect(refused("NOT_PERMITTED").grants[0]).toMatchObject({ channel: "room-1", user: "42" });
  expect(refused("INTERNAL", new Ledger())).toMatchObject({ decision: "failed", reason: "INTERNAL" });
  const stranger = refusedBody({ ...call, caller: undefined, requestId: undefined }, new Ledger(), PLAIN, {
    reason: "R",
  });
  expect(Object.keys(JSON.parse(stranger))).toEqual(["time", "event", "peer", "method", "decision", "reason"]);
});

test.each([
  [
    { id: "a", proof: "mtls", spiffeId: "spiffe://x/y", serial: "0A" },
    { spiffe_id: "spiffe://x/y", certificate_serial: "0A" },
  ],
  [
    { id: "a", proof: "jwt", issuer: "i", subject: "s", jwtId: undefined },
    { jwt_issuer: "i", jwt_subject: "s" },
  ],
] as const)("how a caller was proven: %j", (caller, said) => {
  const body = record(ledger({}, signed(rtc())), PLAIN, { ...call, caller });
  expect(body).toMatchObject({ caller: "a", proof: caller.proof, ...said });
});

describe("grants", () => {
  test("anybody and any channel", () => {
    expect(grant(rtc({ channel: "any", user: "any" }))).toMatchObject({ any_channel: true, any_user: true });
  });

  test.each<[Grant<number | undefined>, object]>([
    [
      { service: "rtm", userId: "bob", privileges: new Map([[1, undefined]]) },
      { user: "bob", privileges: ["login"] },
    ],
    [
      { service: "apaas", roomUuid: "r", userUuid: "u", role: 1, privileges: new Map([[1, undefined]]) },
      { channel: "r", user: "u", privileges: ["room_user"] },
    ],
    [
      { service: "convoAi", privileges: new Map([[9, undefined]]) },
      { service: "convo_ai", privileges: ["9"] },
    ],
  ])("%j", (each, said) => {
    expect(grant(each)).toMatchObject(said);
  });

  test("what RTM2 names, as far as a line stays short", () => {
    const names = Array.from({ length: 40 }, (_, n) => `c${n}`);
    const rtm2: Grant<undefined> = {
      service: "rtm2",
      userId: "bob",
      permissions: [
        { resourceType: 1, access: 1, resources: names },
        { resourceType: 4, access: 0, resources: ["amy"] },
      ],
      privileges: new Map(),
    };
    expect(grant(rtm2).resources).toEqual([
      { type: 1, access: 1, channel: names.slice(0, 32), more: 8 },
      { type: 4, access: 0, user: [], more: 1 },
    ]);
  });

  test("pseudonyms tell nothing but who is the same", () => {
    const hidden = grant(rtc({ user: { account: "room-1" } }), PSEUDONYMS);
    expect(JSON.stringify(hidden)).not.toContain("room-1");
    expect(hidden.channel_hmac).toMatch(/^[0-9a-f]{32}$/);
    expect(hidden.user_hmac).not.toBe(hidden.channel_hmac);
    expect(grant(rtc(), PSEUDONYMS).channel_hmac).toBe(hidden.channel_hmac);
    expect(hidden).not.toHaveProperty("channel");
    // printf 'user\0bob' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707…07
    expect(recorded(PSEUDONYMS, "user", "bob")).toBe("60ad05fc4a25f2b09b64a1e4dd67d087");
  });
});

test("nothing stands in a record that is not listed", () => {
  const bodies = [
    ...grantedBodies(call, ledger({ project: "live", lifetime: { for: 1 }, original: rtc007() }, signed(rtc())), PLAIN),
    refusedBody(call, ledger({ grants: [rtc()] }), PSEUDONYMS, { reason: "NOT_PERMITTED" }),
  ];
  const keys = new Set<string>(RECORD_KEYS);
  for (const body of bodies) for (const key of Object.keys(JSON.parse(body))) expect(keys).toContain(key);
});

describe("fingerprints", () => {
  test.each([
    ["007", rtc007()],
    ["006", token006()],
  ])("of version %s are those of the signature, however the text is spelled", (_, token) => {
    const parsed = parseToken(token);
    if (parsed.kind !== "token") throw new Error("no token");
    const fingerprint = fingerprintOf(parsed.claimed.signature);
    expect(fingerprintOfIssued(token)).toBe(fingerprint);
    expect(fingerprintOfText(token)).toBe(fingerprint);
    expect(fingerprintOfText(` "Bearer ${token}"\n`)).toBe(fingerprint);
    expect(fingerprintOfText(encodeURIComponent(token))).toBe(fingerprint);
    expect(fingerprintOfText(token.replaceAll("+", "-").replaceAll("/", "_"))).toBe(fingerprint);
  });

  test("what is no token has none", () => {
    expect(fingerprintOfText("hello")).toBeUndefined();
    expect(fingerprintOfText("x".repeat(100_000))).toBeUndefined();
  });
});
