import fc from "fast-check";
import { expect, test } from "vitest";
import type { Caller } from "../../src/access/caller.ts";
import type { Asked, Signed } from "../../src/audit/ledger.ts";
import type { Names } from "../../src/audit/names.ts";
import { type Place, plainIssued } from "../../src/audit/plain-record.ts";
import { type CallFacts, issuedBody } from "../../src/audit/record.ts";
import type { Grant } from "../../src/token/services.ts";
import { rtc007, token006 } from "../api/originals.ts";

const NOW = 1_800_000_000;
const END = NOW + 600;

// All that JSON writes otherwise than it is, and what is next to it.
const odd = fc.constantFrom(
  '"',
  "\\",
  "\n",
  "\u0000",
  "\u001f",
  "\u007f",
  "é",
  "語",
  "😀",
  "\ud800",
  "\udfff",
  "\u2028",
);
const plain = fc.string({ unit: "grapheme-ascii", maxLength: 8 });
const text = fc.oneof(
  { weight: 12, arbitrary: plain.map((each) => each.replace(/["\\]/g, "!")) },
  { weight: 1, arbitrary: fc.tuple(plain, odd, plain).map((parts) => parts.join("")) },
);
const caller: fc.Arbitrary<Caller | undefined> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      id: text,
      match: fc.constantFrom("mark", undefined),
      proof: fc.constantFrom("loopback" as const, "unix" as const, "api_key" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ id: text, proof: fc.constant("mtls" as const), spiffeId: text, serial: text }) },
  {
    weight: 1,
    arbitrary: fc.record({
      id: text,
      proof: fc.constant("jwt" as const),
      issuer: text,
      subject: text,
      jwtId: fc.option(text, { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.constant(undefined) },
);
const mostly = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 12 });
const call: fc.Arbitrary<CallFacts> = fc.record({
  time: fc.integer({ min: NOW * 1000, max: NOW * 1000 + 5 }),
  requestId: mostly(text),
  caller,
  peer: text,
  method: fc.constantFrom("BuildToken", "BatchBuildTokens", "RenewToken"),
});
const asked: fc.Arbitrary<Asked | undefined> = mostly(
  fc.record({
    project: mostly(text),
    version: fc.constant("007"),
    lifetime: mostly(
      fc.oneof(
        fc.constantFrom(60, 600).map((seconds) => ({ for: seconds })),
        fc.constantFrom(NOW + 60, END).map((until) => ({ until })),
      ),
    ),
    grants: fc.constant(undefined),
    original: fc.constantFrom(undefined, undefined, undefined, rtc007(), token006()),
  }),
);
const ends = fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, fc.constantFrom(NOW + 60, END, END + 1));
const privileges = fc
  .array(fc.tuple(fc.constantFrom(1, 2, 3, 4, 9, 0), ends), { maxLength: 4 })
  .map((all) => new Map(all));
const grant: fc.Arbitrary<Grant<number | undefined>> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      service: fc.constant("rtc" as const),
      channel: fc.oneof(
        { weight: 12, arbitrary: text.map((name) => ({ name })) },
        { weight: 1, arbitrary: fc.constant("any" as const) },
      ),
      user: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(0, 7, 0xffff_ffff).map((uid) => ({ uid })) },
        { weight: 6, arbitrary: text.map((account) => ({ account })) },
        { weight: 1, arbitrary: fc.constant("any" as const) },
      ),
      privileges,
    }),
  },
  { weight: 1, arbitrary: fc.record({ service: fc.constant("rtm" as const), userId: text, privileges }) },
  { weight: 1, arbitrary: fc.record({ service: fc.constant("convoAi" as const), privileges }) },
);
const signed: fc.Arbitrary<Signed> = fc.record({
  text: fc.constantFrom(rtc007(), token006()),
  signature: mostly(fc.uint8Array({ minLength: 32, maxLength: 32 })),
  version: fc.constantFrom("006", "007"),
  span: fc.constant({ issuedAt: NOW, expiresAt: END }),
  certificateId: text,
  grants: fc.oneof(
    { weight: 3, arbitrary: fc.tuple(grant) },
    { weight: 1, arbitrary: fc.array(grant, { maxLength: 3 }) },
  ),
});
const names: fc.Arbitrary<Names> = fc.oneof(
  { weight: 12, arbitrary: fc.constant({ kind: "plain" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "pseudonym" as const, key: new Uint8Array(32).fill(7) }) },
);
const place: fc.Arbitrary<Place | undefined> = fc.option(fc.record({ index: fc.nat(99), of: fc.nat(100) }), {
  nil: undefined,
});

test("a record that is written plainly has the bytes of the one that JSON.stringify makes; and many are", () => {
  let plainly = 0;
  fc.assert(
    fc.property(call, asked, signed, names, place, (facts, said, token, how, at) => {
      const written = plainIssued(facts, said, token, how, at);
      if (written === undefined) return;
      plainly++;
      expect(written).toBe(issuedBody(facts, said, token, how, at));
    }),
    { numRuns: 20_000 },
  );
  expect(plainly).toBeGreaterThan(1000);
});

test("a build as most are is written plainly", () => {
  const facts: CallFacts = {
    time: NOW * 1000,
    requestId: "r-1",
    caller: { id: "lobby", proof: "api_key" },
    peer: "127.0.0.1:4711",
    method: "BuildToken",
  };
  const said: Asked = {
    project: "live",
    version: "007",
    lifetime: { for: 600 },
    grants: undefined,
    original: undefined,
  };
  const token: Signed = {
    text: rtc007(),
    signature: new Uint8Array(32),
    version: "007",
    span: { issuedAt: NOW, expiresAt: END },
    certificateId: "2026-11",
    grants: [{ service: "rtc", channel: { name: "room-1" }, user: { uid: 42 }, privileges: new Map([[1, undefined]]) }],
  };
  expect(plainIssued(facts, said, token, { kind: "plain" }, undefined)).toBeDefined();
});
