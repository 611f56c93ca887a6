// Every promise that the contract makes of RenewToken. What it must refuse of originals is in forged.test.ts.

import { deflateSync, inflateSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { FindingReason, type IssuedToken, RtcRole, TokenVersion } from "../../gen/agora/token/v1/token_pb.ts";
import { answered, call, type Request, refused } from "./harness.ts";
import {
  bytes,
  handmade007,
  publisher,
  rtc007,
  rtcBuilder006,
  rtcBytes,
  services,
  token006,
  token007,
  written,
} from "./originals.ts";
import { isSignedWith, read006, read007 } from "./reading.ts";
import { APP_IDS, build, build006, DIGITS, type GrantInit, NOW, renew, ttl, until, world } from "./world.ts";

const room1: GrantInit = { service: { case: "rtc", value: { channelName: "room-1", uid: 42 } } };

async function renewed(request: Request<"renewToken">, around = world()): Promise<IssuedToken> {
  const { issuedToken } = await answered("renewToken", request, around);
  if (!issuedToken) throw new Error("no token");
  return issuedToken;
}

async function built(request: Request<"buildToken">, around = world()): Promise<string> {
  return (await answered("buildToken", request, around)).issuedToken?.token ?? "";
}

const refuse = (request: Request<"renewToken">, around = world()) => refused("renewToken", request, around);
const later = (seconds: number, rows: Parameters<typeof world>[0] = [{}]) => world(rows, { now: NOW + seconds });

describe("what it inherits", () => {
  test("App ID, channel, user and privileges, with a salt, an issue and an end of its own", async () => {
    const original = rtc007({ salt: 77 });
    const issued = await renewed(renew(original), world([{}], { salt: () => 4_000_000_000 }));
    expect(read007(issued.token)).toEqual({
      appId: APP_IDS.live,
      issuedAt: NOW,
      lifetime: 1200,
      salt: 4_000_000_000,
      services: [{ type: 1, privileges: publisher(1200), channel: "room-1", user: "42" }],
    });
    expect(issued).toMatchObject({
      appId: APP_IDS.live,
      version: TokenVersion.TOKEN_VERSION_007,
      certificateId: "primary",
      notes: [],
    });
    const times = [issued.issueTime, issued.renewTime, issued.expireTime].map((time) => Number(time?.seconds) - NOW);
    expect(times).toEqual([0, 900, 1200]);
  });

  test("every service that Agora's builders write, in one token", async () => {
    const end = { 1: 3600 };
    const original = token007([
      [services.rtc("a", "u-1"), publisher(3600)],
      [services.rtc("b", 7), end],
      [services.rtm("u 1"), end],
      [services.streaming("a", "7"), { 1: 3600, 2: 3600 }],
      [services.fpa(), end],
      [services.chat("bob"), { 1: 3600, 2: 3600 }],
      [services.fcdn("a", ""), { 1: 3600, 2: 3600 }],
      [services.apaas("Room 1", "bob", 2), { 1: 3600, 2: 3600, 3: 3600 }],
      [services.apaas("", "", 0), { 3: 3600 }],
      [
        services.rtm2("u-1", [
          [0, 0, ["b", "a*"]],
          [4, 1, ["u-2"]],
        ]),
        end,
      ],
      [services.convoAi(), {}],
      [services.stt(), {}],
    ]);
    const { services: before } = read007(original);
    const { services: after } = read007((await renewed(renew(original, { expiration: ttl(3600) }))).token);
    expect(after).toEqual(before);
  });

  test("the App ID in its own case", async () => {
    expect((await renewed(renew(rtc007()))).appId).toBe(APP_IDS.live);
  });

  test("the notes of its grants", async () => {
    const original = token007([[services.rtc("", 0), { 1: 3600 }]]);
    const { notes } = await renewed(renew(original));
    expect(notes.map(({ reason }) => reason)).toEqual([
      FindingReason.ANY_USER,
      FindingReason.ANY_CHANNEL,
      FindingReason.CO_HOST_AUTHENTICATION,
    ]);
  });

  test.each([
    ["the empty text", ""],
    ["a star", "*"],
  ])("any channel and any user, written as %s, and needs permission for them", async (_, text) => {
    const original = token007([[services.rtc(text, text), { 1: 3600 }]]);
    const { token } = await renewed(renew(original));
    expect(read007(token).services).toMatchObject([{ channel: "*", user: "" }]);
    for (const row of [{ anyChannel: false }, { anyUser: false }]) {
      expect((await refuse(renew(original), world([row]))).reason).toBe("NOT_PERMITTED");
    }
  });

  test("what another compressor wrote", async () => {
    const content = inflateSync(Buffer.from(rtc007().slice(3), "base64"));
    for (const level of [0, 1, 9]) {
      const token = `007${deflateSync(content, { level }).toString("base64")}`;
      expect((await renewed(renew(token))).token).toMatch(/^007/);
    }
  });
});

describe("when privileges end", () => {
  // The original was issued a minute ago for an hour: it ends in 3540 seconds.
  const cases: readonly (readonly [string, number, number, number | undefined])[] = [
    ["stated as the end of the token", 0, 1200, 1200],
    ["with the token", 3600, 1200, 1200],
    ["with the token, which becomes longer", 3600, 86_400, 86_400],
    ["after the token", 9999, 7200, 7200],
    ["a second before the token, and keeps that", 3599, 7200, 3539],
    ["earlier, and keeps that", 660, 1200, 600],
    ["earlier, with the renewed token", 1260, 1200, 1200],
    ["earlier, and later than the renewed token", 1860, 1200, 1200],
    ["in a second, and keeps that", 61, 1200, 1],
    ["now, and is left out", 60, 1200, undefined],
    ["a second ago, and is left out", 59, 1200, undefined],
  ];

  test.each(cases)("%s", async (_, end, lifetime, expected) => {
    const original = token007([[services.rtc(), { 1: 3600, 2: end }]]);
    const { token } = await renewed(renew(original, { expiration: ttl(lifetime) }));
    const [service] = read007(token).services;
    expect(service?.privileges).toEqual({ 1: lifetime, ...(expected !== undefined && { 2: expected }) });
  });

  test("an original of no lifetime, or of more than a day, is taken for 24 hours", async () => {
    for (const lifetime of [0, 90_000, NOW]) {
      const original = token007([[services.rtc(), { 1: 0, 2: 86_400, 3: 86_399 }]], { lifetime });
      const { token } = await renewed(renew(original, { expiration: ttl(86_400) }));
      expect(read007(token).services).toMatchObject([{ privileges: { 1: 86_400, 2: 86_400, 3: 86_339 } }]);
    }
  });

  test("a grant whose privilege to enter has passed is left out", async () => {
    const original = token007([
      [services.rtc(), { 1: 60, 2: 3600 }],
      [services.rtm(), { 1: 3600 }],
      [services.chat(), { 1: 30, 2: 3600 }],
      [services.fcdn(), { 1: 30 }],
      [services.stt(), {}],
    ]);
    const { services: left } = read007((await renewed(renew(original))).token);
    expect(left).toEqual([
      { type: 2, privileges: { 1: 1200 }, user: "u-1" },
      { type: 5, privileges: { 2: 1200 }, user: "bob" },
      { type: 10, privileges: {} },
    ]);
  });

  test("the end that is told of an expired original is that which has passed", async () => {
    const expireTime = async (original: string) => (await refuse(renew(original))).metadata["expire_time"];
    expect(await expireTime(rtc007({ issuedAt: NOW - 3660 }))).toBe("2027-01-15T07:59:00Z");
    expect(await expireTime(token007([[services.rtc(), { 1: 30, 2: 3600 }]]))).toBe("2027-01-15T07:59:30Z");
    expect(await expireTime(token007([[services.streaming(), { 1: 30, 2: 60 }]]))).toBe("2027-01-15T08:00:00Z");
    expect(await expireTime(token007([[services.rtc(), { 2: 30 }]]))).toBe("2027-01-15T07:59:30Z");
  });
});

describe("when the renewed token ends", () => {
  test.each([
    ["now", until(NOW), "EXPIRATION_PASSED", "expire_time"],
    ["over 24 hours from now", until(NOW + 86_401), "REQUEST_INVALID", "expire_time"],
    ["over 24 hours", ttl(86_401), "REQUEST_INVALID", "ttl"],
    ["half a second", ttl(0, 500_000_000), "REQUEST_INVALID", "ttl"],
  ])("%s is refused, and never made to fit", async (_, expiration, reason, field) => {
    expect(await refuse(renew(rtc007(), { expiration }))).toMatchObject({ reason, violations: [{ field }] });
  });

  test("it must be said", async () => {
    const { reason, violations } = await refuse({ project: "live", token: rtc007() });
    expect([reason, violations.map(({ field }) => field)]).toEqual(["REQUEST_INVALID", ["expiration"]]);
  });

  test("may be after the original's end, and before it", async () => {
    for (const lifetime of [1, 3540, 86_400]) {
      const issued = await renewed(renew(rtc007(), { expiration: until(NOW + lifetime, 5) }));
      expect(read007(issued.token)).toMatchObject({ issuedAt: NOW, lifetime });
    }
  });

  test("is within the limit of caller and project", async () => {
    const { reason, metadata } = await refuse(renew(rtc007()), world([{ maxTtl: 1199 }]));
    expect([reason, metadata["max_ttl"]]).toEqual(["LIFETIME_NOT_PERMITTED", "1199s"]);
    const other = rtc007({ appId: APP_IDS.other, digits: DIGITS.other });
    const tooLong = renew(other, { project: "other", expiration: ttl(7201) });
    expect((await refuse(tooLong)).metadata["max_ttl"]).toBe("7200s");
  });
});

describe("the certificate", () => {
  test.each(["primary", "retiring", "standby"] as const)("%s may have signed it; the primary signs", async (id) => {
    const { token, certificateId } = await renewed(renew(rtc007({ digits: DIGITS[id] })));
    expect(certificateId).toBe("primary");
    expect(isSignedWith(token, DIGITS.primary)).toBe(true);
  });

  test("revoked may not, and that is told", async () => {
    const { reason, message } = await refuse(renew(rtc007({ digits: DIGITS.revoked })));
    expect(reason).toBe("TOKEN_NOT_GENUINE");
    expect(message).toContain("CERTIFICATE_REVOKED");
  });

  test("with none to sign with there is no token", async () => {
    const original = rtc007({ appId: APP_IDS.unsigned, digits: DIGITS.retiring });
    expect((await refuse(renew(original, { project: "unsigned" }))).reason).toBe("NO_SIGNING_CERTIFICATE");
  });
});

test("a clock that is a minute ahead is borne with, and no more", async () => {
  const { token } = await renewed(renew(rtc007({ issuedAt: NOW + 60 })));
  expect(read007(token)).toMatchObject({ issuedAt: NOW, lifetime: 1200 });
  expect((await refuse(renew(rtc007({ issuedAt: NOW + 61 })))).reason).toBe("TOKEN_NOT_GENUINE");
});

describe("the order of the checks", () => {
  test("is that of the contract: each fault hides those after it", async () => {
    const other: GrantInit = { service: { case: "rtc", value: { channelName: "room-2", uid: 42 } } };
    const unknown = Buffer.concat([rtcBytes("room-1", "42", [[1, 3600]]), bytes.u16(11), written([])]);
    const faulty = { appId: APP_IDS.other, digits: DIGITS.standby.replace("c", "d"), issuedAt: NOW - 9999 };
    const { appId: _, ...ofLive } = faulty;
    const { digits: __, ...genuine } = ofLive;
    const token = (around: object) => handmade007([unknown], { count: 2, ...around });
    const denied = world([{ services: ["rtm"] }]);
    const steps: readonly (readonly [string, Request<"renewToken">, ReturnType<typeof world>])[] = [
      ["EXPIRATION_PASSED", renew(`${token(faulty)} `, { expectedGrant: other, expiration: until(NOW) }), denied],
      ["NOT_PERMITTED", renew(`${token(faulty)} `, { expectedGrant: other, project: "absent" }), denied],
      ["TOKEN_MALFORMED", renew(`${token(faulty)} `, { expectedGrant: other }), denied],
      ["TOKEN_FOREIGN", renew(token(faulty), { expectedGrant: other }), denied],
      ["TOKEN_NOT_GENUINE", renew(token(ofLive), { expectedGrant: other }), denied],
      ["TOKEN_EXPIRED", renew(token(genuine), { expectedGrant: other }), denied],
      ["EXPECTED_GRANT_MISMATCH", renew(token({}), { expectedGrant: other }), denied],
      ["TOKEN_NOT_RENEWABLE", renew(token({}), { expectedGrant: room1 }), denied],
      ["NOT_PERMITTED", renew(rtc007(), { expectedGrant: room1 }), denied],
    ];
    const reasons: string[] = [];
    for (const [, request, around] of steps) reasons.push((await refuse(request, around)).reason);
    expect(reasons).toEqual(steps.map(([reason]) => reason));
  });

  test("is the same for version 006, which needs expected_grant before its signature is looked at", async () => {
    const other: GrantInit = { service: { case: "rtc", value: { channelName: "room-2", uid: 42 } } };
    const faulty = { digits: "0".repeat(32), expiresAt: NOW - 1, privileges: { 1: NOW - 1, 77: NOW + 9 } };
    const foreign = { ...faulty, appId: APP_IDS.other };
    const steps: readonly (readonly [string, Request<"renewToken">])[] = [
      ["TOKEN_MALFORMED", renew(token006(foreign).slice(0, -1))],
      ["TOKEN_FOREIGN", renew(token006(foreign))],
      ["EXPECTED_GRANT_REQUIRED", renew(token006(faulty))],
      // What is expected contradicts the checksums: nothing can be verified, and nothing of it is told.
      ["EXPECTED_GRANT_MISMATCH", renew(token006(faulty), { expectedGrant: other })],
      ["TOKEN_NOT_GENUINE", renew(token006(faulty), { expectedGrant: room1 })],
      ["TOKEN_EXPIRED", renew(token006({ ...faulty, digits: DIGITS.primary }), { expectedGrant: room1 })],
      ["TOKEN_NOT_RENEWABLE", renew(token006({ privileges: { 1: NOW + 9, 77: NOW + 9 } }), { expectedGrant: room1 })],
    ];
    const reasons: string[] = [];
    for (const [, request] of steps) reasons.push((await refuse(request)).reason);
    expect(reasons).toEqual(steps.map(([reason]) => reason));
  });

  test.each([
    ["token", renew("x"), "token"],
    ["version", renew(`008${rtc007().slice(3)}`), "token"],
    ["expected_grant", renew(token006()), "expected_grant"],
  ])("what is invalid names its field: %s", async (_, request, field) => {
    expect(await refuse(request)).toMatchObject({ code: 3, violations: [{ field }] });
  });

  test("a version that this server does not know is told as such", async () => {
    const { metadata, message } = await refuse(renew(`008${rtc007().slice(3)}`));
    expect([metadata["version"], message]).toEqual([
      "008",
      "the original is of a version that this server does not renew: build version 007",
    ]);
  });
});

describe("the permission", () => {
  test("is that of BuildToken for the same grants, in the same row as that of RenewToken", async () => {
    const rows = (...methods: string[][]) => world(methods.map((each) => ({ methods: each })));
    for (const around of [rows(["RenewToken"]), rows(["BuildToken"]), rows(["RenewToken"], ["BuildToken"])]) {
      expect((await refuse(renew(rtc007()), around)).reason).toBe("NOT_PERMITTED");
    }
    expect((await renewed(renew(rtc007()), rows(["BuildToken", "RenewToken"]))).token).toMatch(/^007/);
  });

  test.each([
    ["service", { services: ["rtm"] }],
    ["channel", { channels: ["hall-*"] }],
    ["user", { users: { uids: false, accounts: ["*"] } }],
    ["role", { roles: ["subscriber"] }],
  ])("looks at the %s", async (_, row) => {
    expect((await refuse(renew(rtc007()), world([row]))).reason).toBe("NOT_PERMITTED");
  });

  test("looks at what is inherited, not at what has passed", async () => {
    const original = token007([[services.rtc(), { 1: 3600, 2: 60 }]]);
    const { token } = await renewed(renew(original), world([{ roles: ["subscriber"] }]));
    expect(read007(token).services).toMatchObject([{ privileges: { 1: 1200 } }]);
  });

  test("looks at the whole token, whatever part of it is expected", async () => {
    const original = token007([
      [services.rtc(), publisher(3600)],
      [services.rtm(), { 1: 3600 }],
    ]);
    const request = renew(original, { expectedGrant: room1 });
    expect((await refuse(request, world([{ services: ["rtc"] }]))).reason).toBe("NOT_PERMITTED");
    expect(read007((await renewed(request)).token).services).toHaveLength(2);
  });
});

describe("what is expected", () => {
  const grant = (value: object): GrantInit => ({
    service: { case: "rtc", value: { channelName: "room-1", ...value } },
  });

  test.each([
    ["the channel and the user", grant({ uid: 42 })],
    ["the uid as an account", grant({ userAccount: "42" })],
    ["a role", grant({ uid: 42, role: RtcRole.PUBLISHER })],
    ["less than a role", grant({ uid: 42, role: RtcRole.SUBSCRIBER })],
    ["privileges, whenever they end", grant({ uid: 42, privileges: { joinChannel: { expiration: ttl(86_400) } } })],
  ])("%s: covered", async (_, expectedGrant) => {
    expect((await renewed(renew(rtc007(), { expectedGrant }))).token).toMatch(/^007/);
  });

  test.each([
    ["a channel of any", grant({ uid: 42 }), token007([[services.rtc("", 42), publisher(3600)]])],
    ["a user of any", grant({ uid: 42 }), token007([[services.rtc("room-1", 0), publisher(3600)]])],
    [
      "any of any",
      { service: { case: "rtc", value: { anyChannel: true, anyUser: true } } } as GrantInit,
      token007([[services.rtc("", 0), publisher(3600)]]),
    ],
  ])("%s: covered, and the token is renewed as wide as it is", async (_, expectedGrant, original) => {
    const { services: after } = read007((await renewed(renew(original, { expectedGrant }))).token);
    const [before] = read007(original).services;
    expect(after).toMatchObject([{ channel: before?.channel || "*", user: before?.user }]);
  });

  test("is not a way to narrow, and not one to widen", async () => {
    const original = token007([[services.rtc(), { 1: 3600, 2: 3600 }]]);
    const { token } = await renewed(renew(original, { expectedGrant: grant({ uid: 42, role: RtcRole.SUBSCRIBER }) }));
    expect(read007(token).services).toMatchObject([{ privileges: { 1: 1200, 2: 1200 } }]);
  });

  test("of more patterns than are compared is not known to be covered", async () => {
    const kinds = Array.from({ length: 10 }, (_, n) => [n % 5, Math.floor(n / 5)] as const);
    const patterns = Array.from({ length: 64 }, (_, n) => `${"*a".repeat(30)}${n}`);
    const texts = Array.from({ length: 64 }, (_, n) => `${"b".repeat(60)}${n}`);
    const granted = kinds.map(([type, access]) => [type, access, patterns] as const);
    const permissions = kinds.map(([type, access]) => ({
      resourceType: type + 1,
      access: access + 1,
      resources: texts,
    }));
    const expectedGrant = {
      service: { case: "rtm2", value: { userId: "u-1", permissions } },
    } as GrantInit;
    const original = token007([[services.rtm2("u-1", granted), { 1: 3600 }]]);
    expect((await refuse(renew(original, { expectedGrant }))).reason).toBe("TOKEN_NOT_RENEWABLE");
  });

  test("must be valid itself", async () => {
    const { reason, violations } = await refuse(renew(rtc007(), { expectedGrant: grant({ uid: 0 }) }));
    expect([reason, violations[0]?.field]).toEqual(["REQUEST_INVALID", "expected_grant.rtc"]);
  });
});

describe("version 006", () => {
  test("inherits what it has only checksums of from what is expected", async () => {
    const issued = await renewed(renew(token006(), { expectedGrant: room1 }));
    expect(issued).toMatchObject({ version: TokenVersion.TOKEN_VERSION_006, certificateId: "primary" });
    const { salt, ...read } = read006(issued.token);
    const { salt: _, ...again } = read006(
      await built(
        build006(
          { service: { case: "rtc", value: { channelName: "room-1", uid: 42, role: RtcRole.PUBLISHER } } },
          { expiration: ttl(1200) },
        ),
      ),
    );
    expect(read).toEqual(again);
    expect(salt).not.toBe(77);
    expect(issued.notes.map(({ reason }) => reason)).toEqual([FindingReason.CHANNEL_NOT_BOUND]);
  });

  test("of Agora's builder, which ends in 24 hours while its privileges end earlier, is renewed for all of them", async () => {
    vi.useFakeTimers({ now: NOW * 1000 });
    const original = rtcBuilder006.buildTokenWithUid(APP_IDS.live, DIGITS.primary, "room-1", 42, 1, NOW + 3600);
    vi.useRealTimers();
    expect(read006(original)).toMatchObject({ expiresAt: NOW + 86_400, privileges: publisher(NOW + 3600) });
    const { token } = await renewed(renew(original, { expectedGrant: room1, expiration: ttl(7200) }));
    expect(read006(token)).toMatchObject({ expiresAt: NOW + 7200, privileges: publisher(NOW + 7200) });
    // It has ended for its users when its privileges have.
    expect((await refuse(renew(original, { expectedGrant: room1 }), later(3600))).reason).toBe("TOKEN_EXPIRED");
  });

  test("keeps the earlier end of a privilege beside that to join", async () => {
    const privileges = { 1: NOW + 3600, 2: NOW + 60, 3: NOW - 1, 4: 0 };
    const request = renew(token006({ privileges }), { expectedGrant: room1 });
    const { token } = await renewed(request);
    expect(read006(token).privileges).toEqual({ 1: NOW + 1200, 2: NOW + 60, 4: NOW + 1200 });
  });

  test("with privileges that state no end takes that of the token", async () => {
    const request = renew(token006({ privileges: publisher(0), expiresAt: NOW + 60 }), { expectedGrant: room1 });
    expect(read006((await renewed(request)).token).privileges).toEqual(publisher(NOW + 1200));
  });

  test("leaves out what Agora has retired", async () => {
    const privileges = { 1: NOW + 99, 2: NOW + 99, 5: NOW + 99, 12: NOW + 99, 101: NOW + 99 };
    const { token } = await renewed(renew(token006({ privileges }), { expectedGrant: room1 }));
    expect(read006(token).privileges).toEqual({ 1: NOW + 1200, 2: NOW + 1200 });
  });

  test("for any user stays for any user, whoever is expected, and needs permission for it", async () => {
    const request = renew(token006({ user: 0 }), { expectedGrant: room1 });
    expect(read006((await renewed(request)).token).userChecksum).toBe(0);
    expect((await refuse(request, world([{ anyUser: false }]))).reason).toBe("NOT_PERMITTED");
  });

  test("of RTM", async () => {
    const original = token006({ channel: "u-1", user: "", privileges: { 1000: NOW + 60 } });
    const expectedGrant: GrantInit = { service: { case: "rtm", value: { userId: "u-1" } } };
    const { token } = await renewed(renew(original, { expectedGrant }));
    const { channelChecksum, userChecksum, privileges } = read006(token);
    const before = read006(original);
    expect([channelChecksum, userChecksum, privileges]).toEqual([before.channelChecksum, 0, { 1000: NOW + 1200 }]);
    expect((await refuse(renew(original, { expectedGrant }), world([{ services: ["rtc"] }]))).reason).toBe(
      "NOT_PERMITTED",
    );
  });

  test("signed with a retiring certificate", async () => {
    const request = renew(token006({ digits: DIGITS.retiring }), { expectedGrant: room1 });
    expect((await renewed(request)).certificateId).toBe("primary");
  });
});

describe("a renewal of a renewal", () => {
  test("goes on for as long as each is renewed in time", async () => {
    let token = await built(
      build({ service: { case: "rtc", value: { channelName: "room-1", uid: 42, role: RtcRole.PUBLISHER } } }),
    );
    const first = read007(token).services;
    for (let hour = 0; hour < 30; hour++) {
      const at = hour * 599;
      token = (await renewed(renew(token, { expiration: ttl(600) }), later(at))).token;
      expect(read007(token)).toMatchObject({ issuedAt: NOW + at, lifetime: 600, services: first });
    }
    expect((await refuse(renew(token), later(29 * 599 + 600))).reason).toBe("TOKEN_EXPIRED");
  });

  test("keeps an earlier end over all of them, and leaves it out once it has passed", async () => {
    const privileges = { joinChannel: {}, publishAudioStream: { expiration: ttl(100) } };
    const grant: GrantInit = { service: { case: "rtc", value: { channelName: "room-1", uid: 42, privileges } } };
    let token = await built(build(grant, { expiration: ttl(1000) }));
    const ends: (number | undefined)[] = [];
    for (const at of [40, 80, 99, 100, 200]) {
      token = (await renewed(renew(token, { expiration: ttl(1000) }), later(at))).token;
      const [service] = read007(token).services;
      expect(service?.privileges[1]).toBe(1000);
      const end = service?.privileges[2];
      ends.push(end === undefined ? undefined : at + end);
    }
    expect(ends).toEqual([100, 100, 100, undefined, undefined]);
  });

  test("never lasts longer than the caller could have built it", async () => {
    // Cut to a shorter token, an earlier end is that of the token, and the next renewal cannot tell the two apart.
    const privileges = { joinChannel: {}, publishAudioStream: { expiration: ttl(100) } };
    const grant: GrantInit = { service: { case: "rtc", value: { channelName: "room-1", uid: 42, privileges } } };
    const cut = await renewed(renew(await built(build(grant)), { expiration: ttl(50) }));
    expect(read007(cut.token).services).toMatchObject([{ privileges: { 1: 50, 2: 50 } }]);
    const request = renew(cut.token, { expiration: ttl(600) });
    const again = await call("renewToken", request, later(10));
    expect(again).toHaveProperty("response");
    // Only for who may build it so: a row without that privilege does not renew it.
    expect((await refuse(request, later(10, [{ roles: ["subscriber"] }]))).reason).toBe("NOT_PERMITTED");
    expect((await refuse(request, later(10, [{ maxTtl: 599 }]))).reason).toBe("LIFETIME_NOT_PERMITTED");
  });
});
