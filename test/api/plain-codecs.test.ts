// The codecs by hand, against protobuf-es: what they give is what it gives, to the byte, and what they leave to it is its own.

import {
  create,
  type DescMessage,
  fromBinary,
  type Message,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BatchBuildTokensRequestSchema,
  BatchBuildTokensResponseSchema,
  BuildTokenRequestSchema,
  BuildTokenResponseSchema,
  DecodedGrantSchema,
  FindingReason,
  type FindingSchema,
  GrantSchema,
  InspectTokenRequestSchema,
  InspectTokenResponseSchema,
  IssuedTokenSchema,
  PrivilegeSchema,
  RenewTokenRequestSchema,
  RenewTokenResponseSchema,
  RtcGrantSchema,
  RtcPrivilegesSchema,
  TokenInfoSchema,
  TokenService,
  TokenVersion,
} from "../../gen/agora/token/v1/token_pb.ts";
import { decodePlain } from "../../src/api/plain-decoding.ts";
import { encodePlain } from "../../src/api/plain-encoding.ts";

const RUNS = Number(process.env["CODEC_RUNS"] ?? 6000);

const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("", "live", "room-1", "u", "0") },
  { weight: 2, arbitrary: fc.string({ maxLength: 8 }) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(127, 128, 16_383, 16_384).map((length) => "x".repeat(length)) },
);
const seconds = fc.constantFrom(0n, 1n, 127n, 128n, 3600n, 1_800_000_000n, 2n ** 35n - 1n, 2n ** 35n, 2n ** 62n, -1n);
const time = fc.record({ seconds, nanos: fc.constantFrom(0, 0, 0, 0, 1, -1) });
type Expiration = MessageInitShape<typeof BuildTokenRequestSchema>["expiration"];
const expiration: fc.Arbitrary<Expiration> = fc.oneof(
  time.map((value) => ({ case: "ttl" as const, value })),
  time.map((value) => ({ case: "expireTime" as const, value })),
  fc.constant({ case: undefined }),
);
const rtc = fc.record({
  channelName: text,
  anyChannel: fc.boolean(),
  uid: fc.constantFrom(0, 1, 127, 128, 0x7fff_ffff, 0xffff_ffff),
  userAccount: text,
  anyUser: fc.boolean(),
  role: fc.constantFrom(0, 1, 2, 3, 0x7fff_ffff, -1),
  privileges: fc.constantFrom(undefined, undefined, undefined, undefined, {}, { joinChannel: {} }),
});
type GrantInit = NonNullable<MessageInitShape<typeof BuildTokenRequestSchema>["grants"]>[number];
const rtcGrant = (value: object) => ({ service: { case: "rtc" as const, value } }) as GrantInit;
const grant: fc.Arbitrary<GrantInit> = fc.oneof(
  { weight: 9, arbitrary: rtc.map(rtcGrant) },
  { weight: 1, arbitrary: fc.constantFrom<GrantInit>({}, { service: { case: "rtm", value: { userId: "u" } } }) },
);
const build = fc.record({
  project: text,
  expiration,
  grants: fc.array(grant, { maxLength: 2 }),
  version: fc.constantFrom(0, 6, 7, 300),
}) as fc.Arbitrary<MessageInitShape<typeof BuildTokenRequestSchema>>;
const optional = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });
const renewal = fc.record({ project: text, token: text, expiration, expectedGrant: optional(grant) }) as fc.Arbitrary<
  MessageInitShape<typeof RenewTokenRequestSchema>
>;
const inspection = fc.record({
  token: text,
  project: text,
  expectedGrant: optional(grant),
  inspectTime: optional(time),
});

const request: fc.Arbitrary<readonly [DescMessage, Message]> = fc.oneof(
  build.map((init) => [BuildTokenRequestSchema, create(BuildTokenRequestSchema, init)] as const),
  fc
    .array(build, { maxLength: 3 })
    .map((requests) => [BatchBuildTokensRequestSchema, create(BatchBuildTokensRequestSchema, { requests })] as const),
  renewal.map((init) => [RenewTokenRequestSchema, create(RenewTokenRequestSchema, init)] as const),
  inspection.map((init) => [InspectTokenRequestSchema, create(InspectTokenRequestSchema, init)] as const),
);

/** What happens to bytes on their way: a byte is changed, some are left out, repeated, or put in. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant("change" as const), at: fc.nat(), to: fc.nat(255) }),
  fc.record({ kind: fc.constant("cut" as const), at: fc.nat(), length: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant("repeat" as const), at: fc.nat(), length: fc.integer({ min: 1, max: 20 }) }),
  fc.record({
    kind: fc.constant("insert" as const),
    at: fc.nat(),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 3 }),
  }),
);
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(bytes: Uint8Array, how: Damage): Uint8Array {
  const at = how.at % (bytes.length + 1);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  if (how.kind === "change")
    return Buffer.concat(
      [before, after.length > 0 ? [how.to] : [], after.subarray(1)].map((part) => Buffer.from(part)),
    );
  if (how.kind === "cut") return Buffer.concat([before, after.subarray(how.length)]);
  if (how.kind === "repeat") return Buffer.concat([before, after.subarray(0, how.length), after]);
  return Buffer.concat([before, how.bytes, after]);
}

function theirs(schema: DescMessage, bytes: Uint8Array): Message | "refused" {
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false });
  } catch {
    return "refused";
  }
}

describe("decoding by hand", () => {
  test("gives what protobuf-es gives, or leaves it to that", () => {
    const count = { plain: 0, all: 0 };
    fc.assert(
      fc.property(request, ([schema, message]) => {
        const bytes = toBinary(schema, message);
        const ours = decodePlain(schema, bytes);
        count.all++;
        if (!ours) return;
        count.plain++;
        expect(ours).toStrictEqual(theirs(schema, bytes));
      }),
      { numRuns: RUNS },
    );
    expect(count.plain).toBeGreaterThan(count.all / 10);
  });

  test("the same of bytes that were damaged", () => {
    const count = { plain: 0, odd: 0 };
    fc.assert(
      fc.property(request, fc.array(damage, { minLength: 1, maxLength: 2 }), ([schema, message], damages) => {
        const bytes = damages.reduce(damaged, toBinary(schema, message));
        const ours = decodePlain(schema, bytes);
        if (ours) count.plain++;
        else count.odd++;
        if (ours) expect(ours).toStrictEqual(theirs(schema, bytes));
      }),
      { numRuns: RUNS * 2 },
    );
    expect(count.plain).toBeGreaterThan(RUNS / 100);
    expect(count.odd).toBeGreaterThan(RUNS / 2);
  });

  test("the same of two requests in a row, whose fields are merged", () => {
    const pair = fc.oneof(
      fc.tuple(build, build).map((both) => [BuildTokenRequestSchema, both] as const),
      fc.tuple(renewal, renewal).map((both) => [RenewTokenRequestSchema, both] as const),
      fc.tuple(inspection, inspection).map((both) => [InspectTokenRequestSchema, both] as const),
    );
    fc.assert(
      fc.property(pair, ([schema, both]) => {
        const of: DescMessage = schema;
        const bytes = Buffer.concat(both.map((init) => toBinary(of, create(of, init as MessageInitShape<typeof of>))));
        const ours = decodePlain(of, bytes);
        if (ours) expect(ours).toStrictEqual(theirs(of, bytes));
      }),
      { numRuns: RUNS },
    );
  });

  test("the same of any bytes", () => {
    const bytes = fc.uint8Array({ maxLength: 24 });
    const schema = fc.constantFrom<DescMessage>(...TokenService.methods.map(({ input }) => input));
    fc.assert(
      fc.property(schema, bytes, (of, some) => {
        const ours = decodePlain(of, some);
        if (ours) expect(ours).toStrictEqual(theirs(of, some));
      }),
      { numRuns: RUNS },
    );
  });

  const plain = create(BuildTokenRequestSchema, {
    project: "live",
    expiration: { case: "ttl", value: { seconds: 3600n } },
    grants: [{ service: { case: "rtc", value: { channelName: "room-1", uid: 42, role: 1 } } }],
  });

  test.each([
    ["a request to build", BuildTokenRequestSchema, plain],
    ["a batch", BatchBuildTokensRequestSchema, create(BatchBuildTokensRequestSchema, { requests: [plain, plain] })],
    [
      "a request to renew",
      RenewTokenRequestSchema,
      create(RenewTokenRequestSchema, { project: "live", token: "007eJx=", expiration: plain.expiration }),
    ],
    ["a request to inspect", InspectTokenRequestSchema, create(InspectTokenRequestSchema, { token: "007eJx=" })],
  ])("%s is decoded by hand, from any kind of memory", (_, schema: DescMessage, message: Message) => {
    const bytes = toBinary(schema, message);
    expect(decodePlain(schema, bytes)).toStrictEqual(message);
    expect(decodePlain(schema, Buffer.concat([Buffer.alloc(3), bytes]).subarray(3))).toStrictEqual(message);
    expect(decodePlain(schema, new Uint8Array([1, ...bytes]).subarray(1))).toStrictEqual(message);
  });

  test("what is no request is left alone", () => {
    expect(decodePlain(BuildTokenResponseSchema, new Uint8Array())).toBeUndefined();
  });
});

describe("encoding by hand", () => {
  const finding: MessageInitShape<typeof FindingSchema> = {
    reason: FindingReason.ANY_USER,
    description: "The token admits whoever holds it.",
  };
  const token: fc.Arbitrary<MessageInitShape<typeof IssuedTokenSchema>> = fc.record({
    token: text,
    appId: text,
    version: fc.constantFrom(0, 6, 7, 300, -1),
    issueTime: optional(time),
    expireTime: time,
    renewTime: time,
    certificateId: text,
    notes: fc.constantFrom([], [], [], [], [finding]),
  }) as fc.Arbitrary<MessageInitShape<typeof IssuedTokenSchema>>;
  const good: MessageInitShape<typeof IssuedTokenSchema> = {
    token: "007eJx".padEnd(187, "A"),
    appId: "a".repeat(32),
    version: TokenVersion.TOKEN_VERSION_007,
    issueTime: { seconds: 1_800_000_000n },
    expireTime: { seconds: 1_800_003_600n },
    renewTime: { seconds: 1_800_002_700n },
    certificateId: "2026-11",
  };

  test("gives the bytes of protobuf-es, or leaves it to that", () => {
    const count = { plain: 0, all: 0 };
    const answer: fc.Arbitrary<readonly [DescMessage, Message]> = fc.oneof(
      optional(token).map(
        (issuedToken) =>
          [BuildTokenResponseSchema, create(BuildTokenResponseSchema, issuedToken ? { issuedToken } : {})] as const,
      ),
      token.map(
        (issuedToken) => [RenewTokenResponseSchema, create(RenewTokenResponseSchema, { issuedToken })] as const,
      ),
      fc
        .array(fc.oneof(fc.constant(good), token), { maxLength: 3 })
        .map(
          (issuedTokens) =>
            [BatchBuildTokensResponseSchema, create(BatchBuildTokensResponseSchema, { issuedTokens })] as const,
        ),
    );
    fc.assert(
      fc.property(answer, ([schema, message]) => {
        const ours = encodePlain(schema, message);
        count.all++;
        if (!ours) return;
        count.plain++;
        expect(Buffer.from(ours)).toEqual(Buffer.from(toBinary(schema, message)));
      }),
      { numRuns: RUNS },
    );
    expect(count.plain).toBeGreaterThan(count.all / 20);
  });

  test("a token without notes is encoded by hand, and one with them is not", () => {
    const message = create(BuildTokenResponseSchema, { issuedToken: good });
    expect(Buffer.from(encodePlain(BuildTokenResponseSchema, message) ?? [])).toEqual(
      Buffer.from(toBinary(BuildTokenResponseSchema, message)),
    );
    const noted = create(BuildTokenResponseSchema, {
      issuedToken: { ...good, notes: [finding] } as MessageInitShape<typeof IssuedTokenSchema>,
    });
    expect(encodePlain(BuildTokenResponseSchema, noted)).toBeUndefined();
  });

  // A field that is new in the contract, and that nobody writes here, would be lost.
  test.each([
    ["IssuedToken", IssuedTokenSchema, 8],
    ["BuildTokenResponse", BuildTokenResponseSchema, 1],
    ["BatchBuildTokensResponse", BatchBuildTokensResponseSchema, 1],
    ["RenewTokenResponse", RenewTokenResponseSchema, 1],
    ["Timestamp", TimestampSchema, 2],
    ["InspectTokenResponse", InspectTokenResponseSchema, 7],
    ["TokenInfo", TokenInfoSchema, 9],
    ["DecodedGrant", DecodedGrantSchema, 2],
    ["Grant", GrantSchema, 10],
    ["RtcGrant", RtcGrantSchema, 7],
    ["RtcPrivileges", RtcPrivilegesSchema, 4],
    ["Privilege", PrivilegeSchema, 2],
  ])("knows all fields of %s", (_, schema: DescMessage, last) => {
    expect(schema.fields.map(({ number }) => number)).toEqual(Array.from({ length: last }, (_, at) => at + 1));
  });

  test("gives the bytes of protobuf-es for what was found about a token, or leaves it to that", () => {
    // A time or a text that is odd makes all of an answer odd: so most are not.
    const when = fc.oneof(
      { weight: 30, arbitrary: fc.record({ seconds: fc.constantFrom(0n, 1n, 1_800_000_000n), nanos: fc.constant(0) }) },
      { weight: 1, arbitrary: time },
    );
    const word = fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom("", "live", "x".repeat(127), "x".repeat(128)) },
      { weight: 1, arbitrary: text },
    );
    const plainRtc = fc.record({
      channelName: word,
      anyChannel: fc.boolean(),
      uid: fc.constantFrom(0, 1, 127, 128, 0xffff_ffff),
      userAccount: word,
      anyUser: fc.boolean(),
      role: fc.constantFrom(0, 0, 1),
    });
    const number = fc.constantFrom(0, 0, 1, 127, 128, 0xffff_ffff);
    const privilege = fc.oneof(
      { weight: 40, arbitrary: when.map((value) => ({ expiration: { case: "expireTime" as const, value } })) },
      { weight: 1, arbitrary: fc.constantFrom({}, { expiration: { case: "ttl" as const, value: { seconds: 1n } } }) },
    );
    const privileges = fc.record({
      joinChannel: optional(privilege),
      publishAudioStream: optional(privilege),
      publishVideoStream: optional(privilege),
      publishDataStream: optional(privilege),
    });
    const decoded = fc.record({
      grant: fc.oneof(
        {
          weight: 9,
          arbitrary: fc
            .tuple(plainRtc, optional(privileges))
            .map(([value, some]) => rtcGrant({ ...value, privileges: some })),
        },
        {
          weight: 1,
          arbitrary: fc.constantFrom<GrantInit | undefined>(undefined, {}, { service: { case: "stt", value: {} } }),
        },
      ),
      unknownPrivileges: fc.constantFrom([], [], [], [{ number: 9 }]),
    });
    const info = fc.record({
      version: fc.constantFrom(0, 6, 7),
      appId: word,
      issueTime: optional(when),
      expireTime: when,
      salt: number,
      grants: fc.array(decoded, { maxLength: 2 }),
      unknownServiceType: number,
      undecodedGrantCount: number,
      checksums: fc.constantFrom(undefined, undefined, undefined, {}),
    });
    const inspection = fc.record({
      verdict: fc.constantFrom(0, 1, 2, 3),
      findings: fc.constantFrom([], [], [], [finding]),
      signatureCheck: fc.constantFrom(0, 1, 2, 3),
      project: word,
      certificateId: word,
      tokenInfo: optional(info),
      inspectTime: optional(when),
    }) as fc.Arbitrary<MessageInitShape<typeof InspectTokenResponseSchema>>;
    const count = { plain: 0, withGrants: 0 };
    fc.assert(
      fc.property(inspection, (init) => {
        const message = create(InspectTokenResponseSchema, init);
        const ours = encodePlain(InspectTokenResponseSchema, message);
        if (!ours) return;
        count.plain++;
        if (message.tokenInfo?.grants.length) count.withGrants++;
        expect(Buffer.from(ours)).toEqual(Buffer.from(toBinary(InspectTokenResponseSchema, message)));
      }),
      { numRuns: RUNS },
    );
    expect(count.plain).toBeGreaterThan(RUNS / 20);
    expect(count.withGrants).toBeGreaterThan(RUNS / 200);
  });

  test("memory that is used again keeps nothing of an answer before", () => {
    const long = create(BuildTokenResponseSchema, {
      issuedToken: { ...good, token: "x".repeat(70_000) } as typeof good,
    });
    expect(encodePlain(BuildTokenResponseSchema, long)).toBeUndefined();
    const batch = create(BatchBuildTokensResponseSchema, {
      issuedTokens: Array(100).fill({ ...good, token: "y".repeat(16_000) }),
    });
    const short = create(BuildTokenResponseSchema, { issuedToken: good });
    for (const [schema, message] of [
      [BatchBuildTokensResponseSchema, batch],
      [BuildTokenResponseSchema, short],
    ] as const) {
      const of: DescMessage = schema;
      expect(Buffer.from(encodePlain(of, message) ?? [])).toEqual(Buffer.from(toBinary(of, message as Message)));
    }
  });

  test("what is no answer is left alone", () => {
    expect(encodePlain(BuildTokenRequestSchema, create(BuildTokenRequestSchema))).toBeUndefined();
  });
});
