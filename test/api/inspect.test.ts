// What the contract's comments promise of InspectToken, where its answer is more than findings.

import { toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  type DecodedGrant,
  type InspectTokenResponse,
  SignatureCheck,
  type TokenInfo,
  TokenInfoSchema,
  TokenVersion,
  Verdict,
} from "../../gen/agora/token/v1/token_pb.ts";
import { checksum } from "../../src/token/token006.ts";
import { ask, rtc, rtm } from "../issuing/asking.ts";
import { answered, type Request, refused } from "./harness.ts";
import { bytes, handmade007, publisher, rtc007, rtcBytes, services, token006, token007, written } from "./originals.ts";
import { APP_IDS, DIGITS, NOW, world } from "./world.ts";

const DAY = 86_400;
const at = (seconds: number) => ({ seconds: BigInt(seconds), nanos: 0 });
const time = (seconds: number) => expect.objectContaining(at(seconds));

async function inspect(token: string, asked: Omit<Request<"inspectToken">, "token"> = {}, around = world()) {
  return answered("inspectToken", { token, ...asked } as Request<"inspectToken">, around);
}

function infoOf({ tokenInfo }: InspectTokenResponse): TokenInfo {
  if (!tokenInfo) throw new Error("nothing was decoded");
  return tokenInfo;
}

function grantedBy(grant: DecodedGrant | undefined): unknown {
  return grant?.grant?.service.value;
}

describe("a bad token is a finding, not an error", () => {
  test.each(["hello", "\u0000", "007", "\u{1f600}".repeat(1000), "x".repeat(16_384)])("%j", async (text) => {
    const { verdict, signatureCheck, tokenInfo, project, certificateId } = await inspect(text);
    expect(verdict).toBe(Verdict.REJECTED);
    expect(signatureCheck).toBe(SignatureCheck.SKIPPED);
    expect({ tokenInfo, project, certificateId }).toEqual({ tokenInfo: undefined, project: "", certificateId: "" });
  });

  test.each(["", "x".repeat(16_385)])("a text of no length, or of more than is read, is an error", async (token) => {
    const { reason, violations } = await refused("inspectToken", { token }, world());
    expect(reason).toBe("REQUEST_INVALID");
    expect(violations.map(({ field }) => field)).toEqual(["token"]);
  });

  test("an expected grant that breaks a rule is an error, and its field is named", async () => {
    const expectedGrant = { service: { case: "rtc", value: { channelName: "room/1", uid: 42 } } } as const;
    const { reason, violations } = await refused("inspectToken", { token: rtc007(), expectedGrant }, world());
    expect(reason).toBe("REQUEST_INVALID");
    expect(violations.map(({ field }) => field)).toEqual(["expected_grant.rtc.channel_name"]);
  });
});

describe("the time to judge at", () => {
  test("is now if none is given, and is told", async () => {
    expect((await inspect(rtc007())).inspectTime).toEqual(time(NOW));
    expect((await inspect("hello")).inspectTime).toEqual(time(NOW));
  });

  test("is what was given", async () => {
    const later = await inspect(rtc007(), { inspectTime: at(NOW + DAY) });
    expect(later).toMatchObject({ verdict: Verdict.REJECTED, inspectTime: time(NOW + DAY) });
    expect(await inspect(rtc007(), { inspectTime: at(NOW + 1) })).toMatchObject({ verdict: Verdict.ACCEPTED });
  });

  test.each([
    [60, Verdict.ACCEPTED],
    [61, Verdict.REJECTED],
  ])("%i seconds before the issue", async (before, verdict) => {
    expect((await inspect(rtc007({ issuedAt: NOW + before }))).verdict).toBe(verdict);
  });

  test.each([
    ["the end that is stated", { lifetime: 3600 }, 3600],
    ["24 hours, where more is stated", { lifetime: 7 * DAY }, DAY],
    ["24 hours, where nothing is stated", { lifetime: 0 }, DAY],
  ])("a token ends at %s", async (_, stated, lasts) => {
    const token = rtc007({ issuedAt: NOW, ...stated }, 0);
    expect((await inspect(token, { inspectTime: at(NOW + lasts - 1) })).verdict).toBe(Verdict.ACCEPTED);
    expect((await inspect(token, { inspectTime: at(NOW + lasts) })).verdict).toBe(Verdict.REJECTED);
  });
});

describe("the project", () => {
  test("is found by the App ID, and the certificate by its signature", async () => {
    expect(await inspect(rtc007())).toMatchObject({ project: "live", certificateId: "primary" });
    const { other: appId } = APP_IDS;
    const token = rtc007({ appId, digits: DIGITS.other });
    expect(await inspect(token)).toMatchObject({ project: "other", certificateId: "other" });
  });

  test("is none that the caller may not inspect, and a token of it is like one of nobody's", async () => {
    const around = world([{ projects: ["other"] }]);
    const told = await inspect(rtc007(), {}, around);
    expect(told).toMatchObject({ project: "", certificateId: "", signatureCheck: SignatureCheck.SKIPPED });
    const nobody = await inspect(rtc007({ appId: "ab".repeat(16) }), {}, around);
    expect(told.findings.map(({ reason }) => reason)).toEqual(nobody.findings.map(({ reason }) => reason));
  });

  test("that is named must be permitted, and one that is not there is like one that is not permitted", async () => {
    const around = world([{ projects: ["other"] }]);
    const denied = await refused("inspectToken", { token: rtc007(), project: "live" }, around);
    const absent = await refused("inspectToken", { token: rtc007(), project: "absent" }, around);
    expect(denied.reason).toBe("NOT_PERMITTED");
    expect(absent.details).toEqual(denied.details);
  });

  test("no certificate is named unless the signature is valid", async () => {
    const told = await inspect(rtc007({ digits: "0".repeat(32) }));
    expect(told).toMatchObject({ project: "live", certificateId: "", signatureCheck: SignatureCheck.INVALID });
  });
});

describe("what the token says", () => {
  test("of version 007: its times, its salt, its grants in its order", async () => {
    const token = token007(
      [
        [services.stt(), {}],
        [services.rtm("u-1"), { 1: 60 }],
        [services.rtc("room-2", "bob"), publisher(0)],
        [services.rtc("room-1", 42), { 1: 3600 }],
      ],
      { salt: 4_294_967_295, lifetime: 7 * DAY },
    );
    const info = infoOf(await inspect(token));
    expect(info).toMatchObject({
      version: TokenVersion.TOKEN_VERSION_007,
      appId: APP_IDS.live,
      salt: 4_294_967_295,
      issueTime: time(NOW - 60),
      expireTime: time(NOW - 60 + 7 * DAY),
      unknownServiceType: 0,
      undecodedGrantCount: 0,
    });
    expect(info.checksums).toBeUndefined();
    const { grants } = toJson(TokenInfoSchema, info) as { grants: { grant: Record<string, unknown> }[] };
    const end = (seconds: number) => ({
      expireTime: new Date((NOW - 60 + seconds) * 1000).toISOString().replace(".000", ""),
    });
    const open = { joinChannel: {}, publishAudioStream: {}, publishVideoStream: {}, publishDataStream: {} };
    expect(grants.map(({ grant }) => grant)).toEqual([
      { rtc: { channelName: "room-2", userAccount: "bob", privileges: open } },
      { rtc: { channelName: "room-1", uid: 42, privileges: { joinChannel: end(3600) } } },
      { rtm: { userId: "u-1", privileges: { login: end(60) } } },
      { stt: {} },
    ]);
  });

  test.each([
    ["*", ""],
    ["", "*"],
  ])("a channel %j and a user %j are any channel and any user", async (channel, user) => {
    const info = infoOf(await inspect(handmade007([rtcBytes(channel, user)])));
    const value = grantedBy(info.grants[0]) as Record<string, unknown>;
    expect(value).toMatchObject({ anyChannel: true, channelName: "", uid: 0 });
    expect(value["anyUser"] === true || value["userAccount"] === "*").toBe(true);
  });

  test("of version 006: no issue, the earlier end, and checksums in place of channel and user", async () => {
    const info = infoOf(await inspect(token006({ privileges: publisher(NOW + 100) })));
    expect(info.version).toBe(TokenVersion.TOKEN_VERSION_006);
    expect(info.issueTime).toBeUndefined();
    expect(info.expireTime).toEqual(time(NOW + 100));
    expect(info.checksums).toMatchObject({ channelNameCrc32: checksum("room-1"), userCrc32: checksum("42") });
    expect(grantedBy(info.grants[0])).toMatchObject({ channelName: "", uid: 0, userAccount: "", anyUser: false });
    const late = infoOf(await inspect(token006({ privileges: publisher(NOW + 2 * DAY), expiresAt: NOW + DAY })));
    expect(late.expireTime).toEqual(time(NOW + DAY));
    expect(infoOf(await inspect(token006({ user: 0 }))).checksums?.userCrc32).toBe(0);
  });

  test("of version 006: RTM if to log in is its only privilege, else RTC with that among the unknown", async () => {
    const login = NOW + 500;
    const rtmToken = infoOf(await inspect(token006({ channel: "u-1", user: "", privileges: { 1000: login } })));
    expect(rtmToken.grants[0]?.grant?.service.case).toBe("rtm");
    const both = infoOf(await inspect(token006({ privileges: { 1: login, 1000: login } })));
    expect(both.grants[0]?.grant?.service.case).toBe("rtc");
    expect(both.grants[0]?.unknownPrivileges).toMatchObject([{ number: 1000, expireTime: time(login) }]);
  });

  test("an unknown privilege has its number, and its end if it has one", async () => {
    const grant = rtcBytes("room-1", "42", [
      [1, 3600],
      [9, 0],
      [10, 60],
    ]);
    const told = await inspect(handmade007([grant]));
    expect(infoOf(told).grants[0]?.unknownPrivileges).toMatchObject([
      { number: 9 },
      { number: 10, expireTime: time(NOW) },
    ]);
    expect(infoOf(told).grants[0]?.unknownPrivileges[0]?.expireTime).toBeUndefined();
    expect(told.verdict).toBe(Verdict.INCONCLUSIVE);
  });

  test("at a service that is not known decoding stops, and what is left is counted", async () => {
    const unknown = Buffer.concat([bytes.u16(99), written([[1, 60]]), bytes.text("what only its builder knows")]);
    const told = await inspect(handmade007([rtcBytes(), unknown, rtcBytes("room-2")]));
    expect(infoOf(told)).toMatchObject({ unknownServiceType: 99, undecodedGrantCount: 2 });
    expect(infoOf(told).grants).toHaveLength(1);
    expect(told).toMatchObject({ signatureCheck: SignatureCheck.VALID, verdict: Verdict.INCONCLUSIVE });
  });

  test("text that is not UTF-8 is shown with U+FFFD, and still verifies", async () => {
    const told = await inspect(handmade007([rtcBytes(Buffer.from([0x72, 0xff, 0x31]), "42")]));
    expect(grantedBy(infoOf(told).grants[0])).toMatchObject({ channelName: "r\ufffd1" });
    expect(told.signatureCheck).toBe(SignatureCheck.VALID);
  });

  test("is what the repaired text says where the text was altered", async () => {
    const told = await inspect(`"${rtc007()}"`);
    expect(told).toMatchObject({ verdict: Verdict.REJECTED, signatureCheck: SignatureCheck.VALID, project: "live" });
    expect(infoOf(told).appId).toBe(APP_IDS.live);
  });

  test("is told although the signature is not valid, or cannot be checked", async () => {
    expect(infoOf(await inspect(rtc007({ digits: "0".repeat(32) }))).appId).toBe(APP_IDS.live);
    const told = await inspect(token006());
    expect(told).toMatchObject({ verdict: Verdict.INCONCLUSIVE, signatureCheck: SignatureCheck.SKIPPED });
    expect(infoOf(told).salt).toBe(77);
  });
});

describe("what is expected", () => {
  const any = () => token007([[services.rtc("*", ""), publisher(3600)]]);

  test("is covered by any channel and any user, which are covered by such a token alone", async () => {
    expect((await ask(any(), rtc())).verdict).toBe("ACCEPTED");
    const anyone = rtc({ anyChannel: true, anyUser: true });
    expect((await ask(any(), anyone)).verdict).toBe("ACCEPTED");
    expect((await ask(rtc007(), anyone)).reasons).toEqual(["CHANNEL_MISMATCH", "USER_MISMATCH"]);
  });

  test.each([
    [42, { userAccount: "42" }],
    ["42", { uid: 42 }],
  ])("a token for %j is for the same user as %j", async (user, expected) => {
    expect((await ask(token007([[services.rtc("room-1", user), publisher(3600)]]), rtc(expected))).verdict).toBe(
      "ACCEPTED",
    );
  });

  test("is compared without the ends of its privileges", async () => {
    const wanted = { privileges: { joinChannel: { expiration: { case: "ttl", value: at(DAY) } } } };
    expect((await ask(rtc007(), rtc(wanted))).verdict).toBe("ACCEPTED");
  });

  test("each part that is not covered is a finding of its own", async () => {
    const other = token007([[services.rtc("room-2", 43), { 1: 3600 }]]);
    const told = await ask(other, rtc({ privileges: { joinChannel: {}, publishAudioStream: {} } }));
    expect(told.reasons).toEqual(expect.arrayContaining(["CHANNEL_MISMATCH", "USER_MISMATCH", "PRIVILEGE_MISSING"]));
    expect((await ask(other, rtm())).reasons).toContain("SERVICE_MISSING");
  });

  test("lets the signature of version 006 be checked", async () => {
    expect(await ask(token006(), rtc())).toMatchObject({ verdict: "ACCEPTED", signature: "VALID" });
    expect(await ask(token006())).toMatchObject({ verdict: "INCONCLUSIVE", signature: "SKIPPED" });
  });
});
