// A renewal builds what BuildToken would build: the same grants that the rules of the contract let through, no others.

import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BuildTokenRequestSchema, type Grant as GrantMessage } from "../../gen/agora/token/v1/token_pb.ts";
import { decodedGrantOf, orderedGrantFrom } from "../../src/api/grants.ts";
import { requestValidator } from "../../src/api/violations.ts";
import { Failure } from "../../src/failure.ts";
import { faultFor006, isBuildable } from "../../src/issuing/buildable.ts";
import type { End } from "../../src/issuing/claims.ts";
import { type Grant, SERVICE_NAMES, type ServiceName, serviceRow } from "../../src/token/services.ts";
import { channelFromText, userFromText } from "../../src/token/user.ts";
import { build } from "../api/world.ts";
import { FUZZ } from "../token/random-tokens.ts";

const validate = requestValidator();

// More cases, as FUZZ_RUNS asks for them, take longer.
const TIME = { timeout: 30_000 + FUZZ.numRuns * 5 };

/** What the rules of the contract say of a request for a grant. */
async function passes(message: GrantMessage): Promise<boolean> {
  try {
    await validate(BuildTokenRequestSchema, create(BuildTokenRequestSchema, build(message)));
    orderedGrantFrom(message, "grants[0]");
    return true;
  } catch (error) {
    if (error instanceof Failure && error.reason === "REQUEST_INVALID") return false;
    throw error;
  }
}

const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("", "room-1", "bob", "Bob", "7", "u_1.x-y") },
  { weight: 2, arbitrary: fc.constantFrom("0", "007", "4294967296", "a*b", "é", "a/b", "a\n", "\u0000", "😀") },
  { weight: 1, arbitrary: fc.constantFrom(...[63, 64, 65, 255, 256].map((size) => "a".repeat(size))) },
);
// The account of a token may be `*`, which is told as any user before it comes to this.
const someone = text.map(userFromText);
const role = fc.constantFrom(undefined, -2, 0, 1, 32_767);
const permission = fc.record({
  resourceType: fc.oneof({ weight: 4, arbitrary: fc.nat(4) }, { weight: 1, arbitrary: fc.constant(5) }),
  access: fc.oneof({ weight: 4, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.constant(2) }),
  resources: fc.oneof(
    {
      weight: 6,
      arbitrary: fc.array(
        text.map((name) => (name.length > 64 ? name : `r${name}`)),
        { minLength: 1, maxLength: 3 },
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom([], Array<string>(64).fill("a"), Array<string>(65).fill("a"), ["*"], [""]),
    },
  ),
});
const permissions = fc.oneof(
  { weight: 8, arbitrary: fc.array(permission, { maxLength: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom(...[10, 11].map(kinds)) },
);

// As many as there are, of ten kinds.
function kinds(count: number) {
  return Array.from({ length: count }, (_, n) => ({
    resourceType: n % 5,
    access: Math.floor(n / 5),
    resources: ["a"],
  }));
}

function grantOf(service: ServiceName): fc.Arbitrary<Grant<End>> {
  const known = Object.values(serviceRow(service).privileges);
  const numbers = fc.subarray(known);
  const privileges = numbers.map((granted) => new Map<number, End>(granted.map((number) => [number, undefined])));
  const fields = {
    channel: text.map(channelFromText),
    user: someone,
    userId: text,
    roomUuid: text,
    userUuid: text,
    role,
    permissions,
  };
  const own = Object.keys(serviceRow(service).fields) as (keyof typeof fields)[];
  const values = Object.fromEntries(own.map((name) => [name, fields[name]]));
  // The record has the fields that the table gives the service.
  return fc.record({ service: fc.constant(service), privileges, ...values }) as unknown as fc.Arbitrary<Grant<End>>;
}

test.each(SERVICE_NAMES)("%s: it is built if the rules of the contract let it through", TIME, async (service) => {
  const seen = { true: 0, false: 0 };
  const property = fc.asyncProperty(grantOf(service), async (grant) => {
    const { grant: message } = decodedGrantOf({ grant, unknown: new Map(), retired: new Set() });
    if (!message) throw new Error("no grant");
    const buildable = isBuildable(grant);
    seen[`${buildable}`]++;
    expect(await passes(message)).toBe(buildable);
  });
  await fc.assert(property, { ...FUZZ, numRuns: Math.ceil(FUZZ.numRuns / 5) });
  expect(seen.true).toBeGreaterThan(5);
  if (Object.keys(serviceRow(service).privileges).length > 0) expect(seen.false).toBeGreaterThan(5);
});

test.each(SERVICE_NAMES)("%s: it is not built with a privilege that the contract does not name", (service) => {
  const known = Object.values(serviceRow(service).privileges);
  fc.assert(
    fc.property(grantOf(service), fc.constantFrom(0, 9, 1000), (grant, number) => {
      const privileges = new Map<number, End>([...known, number].map((each) => [each, undefined]));
      expect(isBuildable({ ...grant, privileges })).toBe(false);
    }),
    { ...FUZZ, numRuns: 50 },
  );
});

test("a token of version 006 holds one grant of RTC or RTM, not for any channel", () => {
  const privileges = new Map([[1, undefined]]);
  const rtc: Grant<End> = { service: "rtc", privileges, channel: { name: "a" }, user: "any" };
  const rtm: Grant<End> = { service: "rtm", privileges, userId: "a" };
  expect([[rtc], [rtm]].map(faultFor006)).toEqual([undefined, undefined]);
  expect(faultFor006([])).toMatch(/exactly one/);
  expect(faultFor006([rtc, rtm])).toMatch(/exactly one/);
  expect(faultFor006([{ service: "fpa", privileges }])).toMatch(/RTC or RTM/);
  expect(faultFor006([{ ...rtc, channel: "any" }])).toMatch(/any channel/);
});
