// Every promise that the contract makes of BuildToken.

import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  BuildTokenRequestSchema,
  FindingReasonSchema,
  type IssuedToken,
  RtcRole,
  TokenVersion,
} from "../../gen/agora/token/v1/token_pb.ts";
import { FINDINGS, type FindingReason } from "../../src/issuing/findings.ts";
import { randomSalt } from "../../src/token/salt.ts";
import type { ServiceName } from "../../src/token/services.ts";
import { official006, official007 } from "../token/official.ts";
import { answered, type Request, type Response, refused } from "./harness.ts";
import { type Read007, read006, read007 } from "./reading.ts";
import { build, build006, DIGITS, type GrantInit, LIVE, NOW, ttl, until, world } from "./world.ts";

const PUBLISHER: GrantInit = {
  service: { case: "rtc", value: { channelName: "room-1", uid: 42, role: RtcRole.PUBLISHER } },
};
const rtc = (value: object): GrantInit => ({ service: { case: "rtc", value: { channelName: "room-1", ...value } } });

async function built(request: Request<"buildToken">, around = world()): Promise<IssuedToken> {
  return issuedOf(await answered("buildToken", request, around));
}

function issuedOf({ issuedToken }: Response<"buildToken">): IssuedToken {
  if (!issuedToken) throw new Error("no token");
  return issuedToken;
}

async function read(request: Request<"buildToken">): Promise<Read007> {
  return read007((await built(request)).token);
}

const seconds = (time: { seconds: bigint; nanos: number } | undefined) => [time?.seconds, time?.nanos];
const refuse = (request: Request<"buildToken">, around = world()) => refused("buildToken", request, around);

describe("when the token expires", () => {
  test("it must be said: there is no default", async () => {
    const { reason, code, violations } = await refuse({ project: "live", grants: [PUBLISHER] });
    expect([reason, code, violations.map(({ field }) => field)]).toEqual(["REQUEST_INVALID", 3, ["expiration"]]);
    expect(violations[0]?.description).toBe("one of ttl, expire_time must be set");
  });

  test.each([
    ["a length of time", ttl(600), 600],
    ["one second", ttl(1), 1],
    ["24 hours", ttl(86_400), 86_400],
    ["a length, rounded down", ttl(600, 999_999_999), 600],
    ["a time", until(NOW + 600), 600],
    ["the next second", until(NOW + 1), 1],
    ["a time, rounded down", until(NOW + 1, 999_999_999), 1],
    ["24 hours from now, rounded down", until(NOW + 86_400, 999_999_999), 86_400],
    ["a time with nanos of over a second", until(NOW + 1, 1_999_999_999), 2],
    ["a time with nanos below zero", until(NOW + 10, -1), 9],
    ["a length with nanos below zero", ttl(10, -500_000_000), 9],
  ])("%s is kept", async (_, expiration, lifetime) => {
    const issued = await built(build(PUBLISHER, { expiration }));
    expect(seconds(issued.issueTime)).toEqual([BigInt(NOW), 0]);
    expect(seconds(issued.expireTime)).toEqual([BigInt(NOW + lifetime), 0]);
    expect(read007(issued.token)).toMatchObject({ issuedAt: NOW, lifetime });
  });

  test.each([
    ["half a second", ttl(0, 500_000_000), "REQUEST_INVALID", "ttl"],
    ["no time at all", ttl(0), "REQUEST_INVALID", "ttl"],
    ["less than none", ttl(-5), "REQUEST_INVALID", "ttl"],
    ["more than 24 hours", ttl(86_400, 1), "REQUEST_INVALID", "ttl"],
    ["a time where a length belongs", ttl(NOW), "REQUEST_INVALID", "ttl"],
    ["more than 24 hours, in nanos", ttl(86_399, 2_147_483_647), "REQUEST_INVALID", "ttl"],
    ["less than a second, in nanos", ttl(2, -1_500_000_000), "EXPIRATION_PASSED", "ttl"],
    ["a time over 24 hours from now", until(NOW + 86_401), "REQUEST_INVALID", "expire_time"],
    ["the largest of times", until(253_402_300_799), "REQUEST_INVALID", "expire_time"],
    ["no time that there is", until(2 ** 53), "REQUEST_INVALID", "expire_time"],
    ["a time before all others", until(-1), "REQUEST_INVALID", "expire_time"],
    ["now", until(NOW), "EXPIRATION_PASSED", "expire_time"],
    ["now, and a bit", until(NOW, 999_999_999), "EXPIRATION_PASSED", "expire_time"],
    ["a time that has passed", until(NOW - 1), "EXPIRATION_PASSED", "expire_time"],
    ["the time that a clock not set would say", until(0), "EXPIRATION_PASSED", "expire_time"],
  ])("%s is refused, and never made to fit", async (_, expiration, reason, field) => {
    const refusal = await refuse(build(PUBLISHER, { expiration }));
    expect(refusal).toMatchObject({ reason, code: 3, violations: [{ field }] });
  });

  test("a time past the limit of the caller is refused, and the limit is told", async () => {
    const around = world([{ maxTtl: 300 }]);
    const { reason, code, metadata } = await refuse(build(PUBLISHER, { expiration: ttl(301) }), around);
    expect([reason, code, metadata["max_ttl"]]).toEqual(["LIFETIME_NOT_PERMITTED", 7, "300s"]);
    expect((await built(build(PUBLISHER, { expiration: ttl(300) }), around)).expireTime?.seconds).toBe(
      BigInt(NOW + 300),
    );
  });

  test("a time past the limit of the project is refused, and the lower limit is told", async () => {
    const order = { project: "other", expiration: ttl(7201) };
    expect((await refuse(build(PUBLISHER, order))).metadata["max_ttl"]).toBe("7200s");
    expect((await refuse(build(PUBLISHER, order), world([{ maxTtl: 60 }]))).metadata["max_ttl"]).toBe("60s");
    expect((await refuse(build(PUBLISHER, order), world([{ maxTtl: 8000 }]))).metadata["max_ttl"]).toBe("7200s");
  });
});

describe("what comes with the token", () => {
  test("the App ID, the version, the certificate and the times", async () => {
    const issued = await built(build(PUBLISHER, { expiration: ttl(1000) }));
    expect(issued).toMatchObject({
      appId: LIVE.appId,
      version: TokenVersion.TOKEN_VERSION_007,
      certificateId: "primary",
      notes: [],
    });
    expect([issued.issueTime, issued.renewTime, issued.expireTime].map((time) => time?.seconds)).toEqual([
      BigInt(NOW),
      BigInt(NOW + 750),
      BigInt(NOW + 1000),
    ]);
  });

  test.each([
    [1, 0],
    [2, 1],
    [3, 2],
    [4, 3],
    [86_399, 64_799],
    [86_400, 64_800],
  ])("of %d seconds, %d have passed when it is to be renewed", async (lifetime, passed) => {
    const { renewTime } = await built(build(PUBLISHER, { expiration: ttl(lifetime) }));
    expect(renewTime?.seconds).toBe(BigInt(NOW + passed));
  });

  test("it is signed with the primary certificate", async () => {
    const { token } = await built(build(PUBLISHER));
    const theirs = new official007.AccessToken2("", "");
    theirs.from_string(token);
    const signed = Object.entries(DIGITS).filter(([, digits]) => theirs.verifySignature(digits));
    expect(signed.map(([id]) => id)).toEqual(["primary"]);
  });

  test("two equal requests give two tokens, and no salt is zero", async () => {
    const around = world([{}], { salt: randomSalt });
    const texts = await Promise.all(
      Array.from({ length: 200 }, async () => (await built(build(PUBLISHER), around)).token),
    );
    expect(new Set(texts).size).toBe(200);
    const salts = texts.map((text) => read007(text).salt);
    expect(new Set(salts).size).toBe(200);
    expect(salts).not.toContain(0);
  });

  test("without a primary certificate there is no token", async () => {
    expect(await refuse(build(PUBLISHER, { project: "unsigned" }))).toMatchObject({
      reason: "NO_SIGNING_CERTIFICATE",
      code: 9,
    });
  });
});

describe("notes", () => {
  const joinOnly = { role: RtcRole.SUBSCRIBER };
  const cases: readonly (readonly [string, Request<"buildToken">, readonly FindingReason[]])[] = [
    ["a publisher", build(PUBLISHER), []],
    ["a subscriber", build(rtc({ uid: 1, ...joinOnly })), ["CO_HOST_AUTHENTICATION"]],
    ["any user", build(rtc({ anyUser: true, role: RtcRole.PUBLISHER })), ["ANY_USER"]],
    [
      "any channel",
      build({ service: { case: "rtc", value: { anyChannel: true, uid: 1, role: RtcRole.PUBLISHER } } }),
      ["ANY_CHANNEL"],
    ],
    ["a user that was never set", build(rtc({ userAccount: "undefined", role: 1 })), ["USER_LOOKS_UNSET"]],
    ["version 006", build006(PUBLISHER), ["CHANNEL_NOT_BOUND"]],
    [
      "all of that",
      build006(rtc({ anyUser: true, ...joinOnly })),
      ["CHANNEL_NOT_BOUND", "ANY_USER", "CO_HOST_AUTHENTICATION"],
    ],
    [
      "a token of the whole application",
      build({ service: { case: "chat", value: { privileges: { app: {} } } } }),
      ["ANY_USER"],
    ],
  ];

  test.each(cases)("of %s", async (_, request, reasons) => {
    const { notes } = await built(request);
    expect(notes.map(({ reason }) => FindingReasonSchema.value[reason]?.localName)).toEqual(reasons);
    for (const reason of reasons) expect(FINDINGS[reason].severity).toBe("notes");
    for (const { description } of notes) expect(description).toMatch(/\w/);
  });
});

describe("whom a grant is for", () => {
  test.each(["rtc", "streaming", "fcdn"] as const)("%s refuses uid 0, and says what to set", async (service) => {
    const { reason, violations, message } = await refuse(
      build({ service: { case: service, value: { channelName: "room-1", uid: 0 } } }),
    );
    expect(reason).toBe("REQUEST_INVALID");
    expect(violations[0]).toMatchObject({ field: `grants[0].${service}`, rule: "message.oneof" });
    expect(violations[0]?.description).toMatch(/uid 0 is nobody.*any_user/);
    expect(message).toMatch(/any_user/);
  });

  test.each(["rtc", "streaming", "fcdn"] as const)(
    '%s refuses the account "0", and says what to set',
    async (service) => {
      const { reason, violations, message } = await refuse(
        build({ service: { case: service, value: { channelName: "room-1", userAccount: "0" } } }),
      );
      expect(reason).toBe("REQUEST_INVALID");
      expect(violations[0]).toMatchObject({ field: `grants[0].${service}.user_account` });
      expect(message).toMatch(/any_user/);
    },
  );

  test("no channel is refused, and says what to set", async () => {
    const { violations } = await refuse(build({ service: { case: "rtc", value: { uid: 1, role: 1 } } }));
    expect(violations[0]?.description).toMatch(/any_channel/);
  });

  test.each(["*", "room-*", "1*a*2"])("the channel %s is refused, as is the account", async (text) => {
    const channel = await refuse(build({ service: { case: "rtc", value: { channelName: text, uid: 1, role: 1 } } }));
    expect(channel.violations[0]).toMatchObject({ field: "grants[0].rtc.channel_name", rule: "string.pattern" });
    const account = await refuse(build(rtc({ userAccount: text, role: 1 })));
    expect(account.violations[0]).toMatchObject({ field: "grants[0].rtc.user_account", rule: "string.pattern" });
  });

  test.each([
    ["two users", { uid: 1, userAccount: "a", role: 1 }],
    ["a user and any", { uid: 1, anyUser: true, role: 1 }],
    ["a channel and any", { uid: 1, anyChannel: true, role: 1 }],
    ["a role and privileges", { uid: 1, role: 1, privileges: { joinChannel: {} } }],
    ["a role that nobody knows", { uid: 1, role: 99 as RtcRole }],
    ["privileges without that to join", { uid: 1, privileges: { publishAudioStream: {} } }],
  ])("%s are refused", async (_, value) => {
    expect(await refuse(build(rtc(value)))).toMatchObject({ reason: "REQUEST_INVALID", code: 3 });
  });

  test('the account "123" and the uid 123 are one user', async () => {
    const [byUid, byAccount] = await Promise.all([
      read(build(rtc({ uid: 123, role: 1 }))),
      read(build(rtc({ userAccount: "123", role: 1 }))),
    ]);
    expect(byUid.services).toEqual(byAccount.services);
    const strict = world([{ users: { uids: false, accounts: ["*"] } }]);
    expect((await refuse(build(rtc({ userAccount: "123", role: 1 })), strict)).reason).toBe("NOT_PERMITTED");
  });

  test("the largest uid is one, and what is larger is an account", async () => {
    expect((await read(build(rtc({ uid: 4_294_967_295, role: 1 })))).services[0]).toMatchObject({ user: "4294967295" });
    expect((await read(build(rtc({ userAccount: "4294967296", role: 1 })))).services[0]).toMatchObject({
      user: "4294967296",
    });
  });

  test("any user is written as the empty text, any channel as *", async () => {
    const { services } = await read(
      build({ service: { case: "rtc", value: { anyChannel: true, anyUser: true, role: 1 } } }),
    );
    expect(services).toMatchObject([{ channel: "*", user: "" }]);
  });

  test.each([
    ["any user", rtc({ anyUser: true, role: 1 }), { anyUser: false }],
    [
      "any channel",
      { service: { case: "rtc", value: { anyChannel: true, uid: 1, role: 1 } } } as GrantInit,
      { anyChannel: false },
    ],
  ])("%s needs permission", async (_, grant, row) => {
    expect((await refuse(build(grant), world([row]))).reason).toBe("NOT_PERMITTED");
    expect((await built(build(grant), world())).token).toMatch(/^007/);
  });
});

describe("privileges", () => {
  const some = (privileges: object) => build(rtc({ uid: 1, privileges }), { expiration: ttl(600) });

  test("without an end are written with the end of the token, never as 0", async () => {
    const { services } = await read(some({ joinChannel: {}, publishDataStream: {} }));
    expect(services).toMatchObject([{ privileges: { 1: 600, 4: 600 } }]);
  });

  test("keep an end that is earlier, rounded down", async () => {
    const { services } = await read(
      some({
        joinChannel: { expiration: ttl(600) },
        publishAudioStream: { expiration: ttl(1, 999_999_999) },
        publishVideoStream: { expiration: until(NOW + 599, 999_999_999) },
        publishDataStream: { expiration: until(NOW + 600, 999_999_999) },
      }),
    );
    expect(services).toMatchObject([{ privileges: { 1: 600, 2: 1, 3: 599, 4: 600 } }]);
  });

  test("of a role last as long as the token", async () => {
    expect((await read(build(PUBLISHER))).services).toMatchObject([{ privileges: { 1: 600, 2: 600, 3: 600, 4: 600 } }]);
    const subscriber = build(rtc({ uid: 1, role: RtcRole.SUBSCRIBER }));
    expect((await read(subscriber)).services).toMatchObject([{ privileges: { 1: 600 } }]);
  });

  test.each([
    ["ttl", { joinChannel: {}, publishVideoStream: { expiration: ttl(601) } }, "publish_video_stream"],
    ["expire_time", { joinChannel: { expiration: until(NOW + 601) } }, "join_channel"],
    ["expire_time", { joinChannel: { expiration: until(NOW + 90_000) } }, "join_channel"],
  ])("must not outlast the token: %s", async (field, privileges, name) => {
    expect(await refuse(some(privileges))).toMatchObject({
      reason: "PRIVILEGE_OUTLASTS_TOKEN",
      code: 3,
      violations: [{ field: `grants[0].rtc.privileges.${name}.${field}` }],
    });
  });

  test("must not have ended", async () => {
    const request = build([
      PUBLISHER,
      { service: { case: "rtm", value: { userId: "u", privileges: { login: { expiration: until(NOW) } } } } },
    ]);
    expect(await refuse(request)).toMatchObject({
      reason: "EXPIRATION_PASSED",
      violations: [{ field: "grants[1].rtm.privileges.login.expire_time" }],
    });
  });

  test.each([
    ["rtc", { channelName: "a", uid: 1 }, "role"],
    ["rtm", { userId: "a" }, "privileges"],
    ["streaming", { channelName: "a", uid: 1 }, "privileges"],
    ["fpa", {}, "privileges"],
    ["chat", { userId: "a" }, "privileges"],
    ["fcdn", { channelName: "a", uid: 1 }, "privileges"],
    ["apaas", { roomUuid: "a", userUuid: "a" }, "privileges"],
    ["rtm2", { userId: "a" }, "privileges"],
  ] as const)("of %s are required to build", async (service, value, field) => {
    const grant = { service: { case: service, value } } as GrantInit;
    expect(await refuse(build([PUBLISHER, grant]))).toMatchObject({
      reason: "REQUEST_INVALID",
      code: 3,
      violations: [{ field: `grants[1].${service}.${field}`, rule: "required" }],
    });
  });

  test.each([
    ["chat", { userId: "", privileges: { user: {} } }],
    ["chat", { userId: "Bob", privileges: { user: {} } }],
    ["chat", { userId: "bob", privileges: {} }],
    ["apaas", { userUuid: "bob", privileges: { roomUser: {} } }],
    ["apaas", { roomUuid: "a", privileges: { user: {} } }],
    ["apaas", { roomUuid: "a", userUuid: "bob", role: -1, privileges: { roomUser: {} } }],
    ["streaming", { channelName: "a", uid: 1, privileges: {} }],
    [
      "rtm2",
      { userId: "u", privileges: { login: {} }, permissions: [{ resourceType: 6, access: 1, resources: ["a"] }] },
    ],
    ["rtm2", { userId: "u", privileges: { login: {} }, permissions: [{ resourceType: 1, access: 1, resources: [] }] }],
    [
      "rtm2",
      {
        userId: "u",
        privileges: { login: {} },
        permissions: [1, 2].map(() => ({ resourceType: 1, access: 1, resources: ["a"] })),
      },
    ],
  ] as const)("that contradict the rest of %s are refused: %j", async (service, value) => {
    const grant = { service: { case: service, value } } as unknown as GrantInit;
    expect(await refuse(build(grant))).toMatchObject({ reason: "REQUEST_INVALID", code: 3 });
  });
});

const FOR_TEN_MINUTES = { expiration: ttl(600) };
/** Every service, as it is asked for and as Agora's parser reads it. */
const EVERY_SERVICE: Readonly<Record<ServiceName, readonly [object, object]>> = {
  rtc: [
    { channelName: "room-1", userAccount: "u-1", privileges: { joinChannel: {}, publishDataStream: FOR_TEN_MINUTES } },
    { type: 1, privileges: { 1: 900, 4: 600 }, channel: "room-1", user: "u-1" },
  ],
  rtm: [
    { userId: "u 1", privileges: { login: {} } },
    { type: 2, privileges: { 1: 900 }, user: "u 1" },
  ],
  streaming: [
    { channelName: "a,b", uid: 7, privileges: { publishMixStream: {}, publishRawStream: FOR_TEN_MINUTES } },
    { type: 3, privileges: { 1: 900, 2: 600 }, channel: "a,b", user: "7" },
  ],
  fpa: [{ privileges: { login: {} } }, { type: 4, privileges: { 1: 900 } }],
  chat: [
    { userId: "bob.1", privileges: { user: {}, app: FOR_TEN_MINUTES } },
    { type: 5, privileges: { 1: 900, 2: 600 }, user: "bob.1" },
  ],
  fcdn: [
    { channelName: "room-1", anyUser: true, privileges: { publish: FOR_TEN_MINUTES, play: {} } },
    { type: 6, privileges: { 1: 600, 2: 900 }, channel: "room-1", user: "" },
  ],
  apaas: [
    { roomUuid: "Room 1", userUuid: "bob", role: 0, privileges: { roomUser: {}, user: {}, app: FOR_TEN_MINUTES } },
    { type: 7, privileges: { 1: 900, 2: 900, 3: 600 }, channel: "Room 1", user: "bob", role: 0 },
  ],
  rtm2: [
    {
      userId: "u-1",
      privileges: { login: {} },
      permissions: [
        { resourceType: 5, access: 2, resources: ["u-2"] },
        { resourceType: 1, access: 1, resources: ["b", "a*"] },
      ],
    },
    { type: 8, privileges: { 1: 900 }, user: "u-1", permissions: { 0: { 0: ["b", "a*"] }, 4: { 1: ["u-2"] } } },
  ],
  convoAi: [{}, { type: 9, privileges: {} }],
  stt: [{}, { type: 10, privileges: {} }],
};

describe("every service", () => {
  test.each(Object.entries(EVERY_SERVICE))("%s is what Agora's parser reads", async (service, [value, expected]) => {
    const grant = { service: { case: service, value } } as unknown as GrantInit;
    const { services } = await read(build(grant, { expiration: ttl(900) }));
    expect(services).toEqual([expected]);
  });

  test("all of them in one token, in any order, stand in the order of their numbers", async () => {
    const grants = Object.entries(EVERY_SERVICE).map(
      ([service, [value]]) => ({ service: { case: service, value } }) as unknown as GrantInit,
    );
    const { services } = await read(build(grants.reverse(), { expiration: ttl(900) }));
    expect(services).toEqual(Object.values(EVERY_SERVICE).map(([, expected]) => expected));
  });

  test("no role in the room is -1 to Agora, which its parser shows as 65535", async () => {
    const grant: GrantInit = {
      service: { case: "apaas", value: { roomUuid: "a", userUuid: "b", privileges: { roomUser: {} } } },
    };
    expect((await read(build(grant))).services).toMatchObject([{ role: 65_535 }]);
  });

  test("several of one service stay in the order of the request", async () => {
    const channels = ["b", "a", "c"];
    const grants = channels.map((channelName) => rtc({ channelName, uid: 1, role: 1 }));
    const { services } = await read(
      build([grants[0], { service: { case: "stt", value: {} } }, ...grants.slice(1)] as GrantInit[]),
    );
    expect(services.map(({ type, channel }) => [type, channel])).toEqual([
      [1, "b"],
      [1, "a"],
      [1, "c"],
      [10, undefined],
    ]);
  });

  test("32 grants are built, and 33 are refused", async () => {
    const grants = (count: number) =>
      Array.from({ length: count }, (_, n) => rtc({ channelName: `c${n}`, uid: 1, role: 1 }));
    expect((await read(build(grants(32)))).services).toHaveLength(32);
    expect(await refuse(build(grants(33)))).toMatchObject({
      reason: "REQUEST_INVALID",
      violations: [{ field: "grants" }],
    });
    expect(await refuse(build([]))).toMatchObject({ reason: "REQUEST_INVALID", violations: [{ field: "grants" }] });
    expect(await refuse(build([{}]))).toMatchObject({ violations: [{ field: "grants[0].service" }] });
  });

  test("what this server would not read back is refused", async () => {
    // Of letters in no order, which deflate cannot make smaller.
    let state = 1;
    const letters = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state.toString(36);
    };
    const name = () => Array.from({ length: 12 }, letters).join("").slice(0, 64);
    const permissions = Array.from({ length: 10 }, (_, kind) => ({
      resourceType: 1 + (kind % 5),
      access: 1 + Math.floor(kind / 5),
      resources: Array.from({ length: 64 }, name),
    }));
    const value = { userId: "u", privileges: { login: {} }, permissions };
    const grant = { service: { case: "rtm2", value } } as unknown as GrantInit;
    for (const grants of [[grant], [grant, grant, grant]]) {
      expect(await refuse(build(grants))).toMatchObject({
        reason: "TOKEN_TOO_LARGE",
        code: 3,
        violations: [{ field: "grants" }],
      });
    }
  });
});

describe("versions", () => {
  test("007 is the default, and may be asked for", async () => {
    expect((await built(build(PUBLISHER))).version).toBe(TokenVersion.TOKEN_VERSION_007);
    const asked = build(PUBLISHER, { version: TokenVersion.TOKEN_VERSION_007 });
    expect((await built(asked)).version).toBe(TokenVersion.TOKEN_VERSION_007);
  });

  test.each([1, 5, 8, 99, -1])("%d is refused", async (version) => {
    expect(await refuse(build(PUBLISHER, { version }))).toMatchObject({
      reason: "REQUEST_INVALID",
      violations: [{ field: "version" }],
    });
  });

  test("006 of RTC is to the letter what Agora's builder makes", async () => {
    const { token, version } = await built(build006(PUBLISHER));
    expect(version).toBe(TokenVersion.TOKEN_VERSION_006);
    const { salt } = read006(token);
    const theirs = new official006.AccessToken(LIVE.appId, DIGITS.primary, "room-1", 42);
    theirs.salt = salt;
    theirs.ts = NOW + 600;
    theirs.messages = { 1: NOW + 600, 2: NOW + 600, 3: NOW + 600, 4: NOW + 600 };
    expect(token).toBe(theirs.build());
  });

  test("006 of RTM is to the letter what Agora's builder makes", async () => {
    const login = { expiration: ttl(60) };
    const { token } = await built(
      build006({ service: { case: "rtm", value: { userId: "u-1", privileges: { login } } } }),
    );
    const theirs = new official006.AccessToken(LIVE.appId, DIGITS.primary, "u-1", "");
    theirs.salt = read006(token).salt;
    theirs.ts = NOW + 600;
    theirs.messages = { 1000: NOW + 60 };
    expect(token).toBe(theirs.build());
  });

  test("006 for any user has no checksum of one", async () => {
    const { token } = await built(build006(rtc({ anyUser: true, role: RtcRole.SUBSCRIBER })));
    expect(read006(token)).toMatchObject({ userChecksum: 0, privileges: { 1: NOW + 600 } });
  });

  test.each([
    ["two grants", [PUBLISHER, PUBLISHER]],
    ["another service", [{ service: { case: "fpa", value: { privileges: { login: {} } } } }]],
    ["any channel", [{ service: { case: "rtc", value: { anyChannel: true, uid: 1, role: 1 } } }]],
  ] as const)("006 does not hold %s", async (_, grants) => {
    const request = build([...grants] as GrantInit[], { version: TokenVersion.TOKEN_VERSION_006 });
    expect(await refuse(request)).toMatchObject({
      reason: "REQUEST_INVALID",
      code: 3,
      metadata: { version: "006" },
      violations: [{ field: "version", rule: "version.006" }],
    });
  });

  test("006 must be allowed by the project", async () => {
    const request = build006(PUBLISHER, { project: "other" });
    expect(await refuse(request)).toMatchObject({
      reason: "VERSION_NOT_ALLOWED",
      code: 9,
      metadata: { version: "006" },
    });
    // Whoever may not build the grant is not told what the project allows.
    expect((await refuse(request, world([{ services: ["rtm"] }]))).reason).toBe("NOT_PERMITTED");
  });
});

describe("the order of the checks", () => {
  test("the method, then the request, then the permission", async () => {
    const invalid = create(BuildTokenRequestSchema, { project: "live" });
    const around = (methods: string[]) => world([{ methods, services: ["rtm"] }]);
    expect((await refuse(invalid, around(["RenewToken"]))).reason).toBe("NOT_PERMITTED");
    expect((await refuse(invalid, around(["BuildToken"]))).reason).toBe("REQUEST_INVALID");
    expect((await refuse(build(PUBLISHER, { expiration: until(NOW) }), around(["BuildToken"]))).reason).toBe(
      "EXPIRATION_PASSED",
    );
    expect((await refuse(build(PUBLISHER), around(["BuildToken"]))).reason).toBe("NOT_PERMITTED");
  });

  test.each(["", "Live", "live ", "0123456789abcdef0123456789abcdef", "a".repeat(64), "__proto__"])(
    "%j is not the ID of a project",
    async (project) => {
      expect(await refuse(build(PUBLISHER, { project }))).toMatchObject({
        reason: "REQUEST_INVALID",
        violations: [{ field: "project" }],
      });
    },
  );
});
