import {
  create,
  type DescMessage,
  fromBinary,
  type Message,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  BatchBuildTokensRequestSchema,
  BuildTokenRequestSchema,
  InspectTokenRequestSchema,
  RenewTokenRequestSchema,
} from "../../gen/agora/token/v1/token_pb.ts";
import { isPlain } from "../../src/api/plain-requests.ts";

// The rules of the contract, as the library reads them from its descriptor: what `isPlain` must never be laxer than.
const rules = createValidator();
const isValid = (schema: DescMessage, request: Message) => rules.validate(schema, request).kind === "valid";

const project = fc.constantFrom("live", "a", "a".repeat(63), "a".repeat(64), "", "Live", "1a", "a_b", "a-1", "live\n");
const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("room-1", "0", "", "~[]^ {}", "a/b", 'a"b', "é", "a\n", "*", "a'b", "a\\b") },
  { weight: 2, arbitrary: fc.constantFrom(64, 65, 255, 256).map((length) => "r".repeat(length)) },
  { weight: 1, arbitrary: fc.string({ maxLength: 4, unit: "binary" }) },
);
const seconds = fc.constantFrom(-1n, 0n, 1n, 3600n, 86_400n, 86_401n, 253_402_300_799n, 253_402_300_800n);
const span = fc.record({ seconds, nanos: fc.constantFrom(0, 0, 0, 1, -1, 999_999_999, 1_000_000_000) });
const expiration: fc.Arbitrary<MessageInitShape<typeof BuildTokenRequestSchema>["expiration"]> = fc.oneof(
  { weight: 5, arbitrary: span.map((value) => ({ case: "ttl" as const, value })) },
  { weight: 3, arbitrary: span.map((value) => ({ case: "expireTime" as const, value })) },
  { weight: 1, arbitrary: fc.constant({ case: undefined }) },
);
const rtc = fc.record({
  channelName: fc.oneof(fc.constantFrom("room-1", ""), name),
  anyChannel: fc.constantFrom(false, false, true),
  uid: fc.constantFrom(0, 0, 1, 4_294_967_295),
  userAccount: fc.oneof(fc.constantFrom("", "", "u-1"), name),
  anyUser: fc.constantFrom(false, false, true),
  role: fc.constantFrom(0, 1, 2, 3),
  privileges: fc.constantFrom(undefined, undefined, undefined, {}, { joinChannel: {} }),
});
type GrantInit = NonNullable<MessageInitShape<typeof BuildTokenRequestSchema>["grants"]>[number];
const good: GrantInit = { service: { case: "rtc", value: { channelName: "room-1", uid: 7, role: 1 } } };
const grant: fc.Arbitrary<GrantInit> = fc.oneof(
  { weight: 9, arbitrary: fc.constant(good) },
  { weight: 9, arbitrary: rtc.map((value) => ({ service: { case: "rtc" as const, value } }) as GrantInit) },
  { weight: 1, arbitrary: fc.constantFrom<GrantInit>({}, { service: { case: "rtm", value: { userId: "" } } }) },
);
const build = fc.record({
  project: fc.oneof(fc.constant("live"), project),
  expiration,
  grants: fc.array(grant, { maxLength: 2 }),
  version: fc.constantFrom(0, 6, 7, 7, 5),
});
const token = fc.oneof(
  fc.constantFrom("007eJx=", "", "a b", "é", "A".repeat(16_384), "A".repeat(16_385), "007\n", "a-_"),
  fc.base64String({ minLength: 1, maxLength: 8 }),
);

const FEW = 2000;
const RUNS = Number(process.env["PLAIN_RUNS"] ?? FEW);

/** Holds every yes to the rules, and finds that there are some. */
function expectSound<D extends DescMessage>(schema: D, requests: fc.Arbitrary<MessageInitShape<D>>): void {
  let plain = 0;
  fc.assert(
    fc.property(requests, (init) => {
      // As it comes: a field that is not set is no property.
      const request = fromBinary(schema, toBinary(schema, create(schema, init)));
      if (!isPlain(schema, request)) return;
      plain++;
      expect(isValid(schema, request)).toBe(true);
    }),
    { numRuns: RUNS, ...(RUNS === FEW && { seed: 6 }) },
  );
  expect(plain).toBeGreaterThan(RUNS / 500);
}

test("what is said to be a plain request to build is valid by the rules of the contract", () => {
  expectSound(BuildTokenRequestSchema, build as fc.Arbitrary<MessageInitShape<typeof BuildTokenRequestSchema>>);
});

test("likewise to renew", () => {
  const request = fc.record({ project, token, expiration, expectedGrant: fc.option(grant, { nil: undefined }) });
  expectSound(RenewTokenRequestSchema, request as fc.Arbitrary<MessageInitShape<typeof RenewTokenRequestSchema>>);
});

test("likewise to inspect", () => {
  const inspectTime = fc.option(span, { nil: undefined });
  const request = fc.record({ project, token, expectedGrant: fc.option(grant, { nil: undefined }), inspectTime });
  expectSound(InspectTokenRequestSchema, request as fc.Arbitrary<MessageInitShape<typeof InspectTokenRequestSchema>>);
});

const PLAIN: MessageInitShape<typeof BuildTokenRequestSchema> = {
  project: "live",
  expiration: { case: "ttl", value: { seconds: 3600n } },
  grants: [good],
};

test("what nearly everybody asks for is plain", () => {
  expect(isPlain(BuildTokenRequestSchema, create(BuildTokenRequestSchema, PLAIN))).toBe(true);
  const inspection = create(InspectTokenRequestSchema, { token: "007eJx=", project: "live" });
  expect(isPlain(InspectTokenRequestSchema, inspection)).toBe(true);
});

test.each([0, 1, 100, 101])("a batch of %d is plain if the rules let so many in", (count) => {
  const batch = create(BatchBuildTokensRequestSchema, { requests: Array.from({ length: count }, () => PLAIN) });
  expect(isPlain(BatchBuildTokensRequestSchema, batch)).toBe(isValid(BatchBuildTokensRequestSchema, batch));
});

test.each([0, 1, 32, 33])("a request of %d grants is plain if the rules let so many in", (count) => {
  const [grantInit = {}] = PLAIN.grants ?? [];
  const request = create(BuildTokenRequestSchema, { ...PLAIN, grants: Array.from({ length: count }, () => grantInit) });
  expect(isPlain(BuildTokenRequestSchema, request)).toBe(isValid(BuildTokenRequestSchema, request));
});
