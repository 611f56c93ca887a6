// The builders of npm `agora-token` 2.0.6, asked to make the mistakes that they allow: each gives a token, and
// InspectToken names the mistake.

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { FindingReason } from "../../src/issuing/findings.ts";
import { APP_IDS, DIGITS, NOW } from "../api/world.ts";
import { type Asked, ask, rtc, said } from "./asking.ts";
import { official, rtc006, rtm006 } from "./official-builders.ts";

/** What is called, what the finding is, and what it says. */
type Slip = readonly [
  call: string,
  token: () => string,
  reason: FindingReason,
  words: RegExp,
  asked?: Asked,
  at?: number,
];

const HOUR = 3600;
const DAY = 86_400;
const { live, other } = APP_IDS;
const CERTIFICATE = DIGITS.primary;
const { RtcTokenBuilder, RtmTokenBuilder, ChatTokenBuilder, ApaasTokenBuilder, EducationTokenBuilder } = official;
const { ConvoAITokenBuilder, Rtm2Permissions } = official;

/** `buildTokenWithUid`, with one argument that is not as it should be. */
function withUid(
  wrong: Partial<Record<"app" | "cert" | "channel" | "uid" | "role" | "token" | "privilege", unknown>>,
): string {
  const good = { app: live, cert: CERTIFICATE, channel: "room-1", uid: 42, role: 1, token: HOUR, privilege: HOUR };
  const { app, cert, channel, uid, role, token, privilege } = { ...good, ...wrong };
  return RtcTokenBuilder.buildTokenWithUid(app, cert, channel, uid, role, token, privilege);
}

function permissions(...resources: readonly string[]) {
  const named = new Rtm2Permissions();
  named.add(0, 1, resources);
  return named;
}

const UNSET = "which is what code writes for a value that was never set";

const USERS: readonly Slip[] = [
  [
    'uid "0" where 0 was meant',
    () => withUid({ uid: "0" }),
    "USER_LOOKS_UNSET",
    /account "0", which is nobody's: uid 0, "any user", is the empty text in a token\. .*`any_user`/,
  ],
  [
    "uid undefined",
    () => withUid({ uid: undefined }),
    "USER_LOOKS_UNSET",
    new RegExp(`The user of RTC is "undefined", ${UNSET}`),
  ],
  ["uid null", () => withUid({ uid: null }), "USER_LOOKS_UNSET", new RegExp(`The user of RTC is "null", ${UNSET}`)],
  ["uid NaN", () => withUid({ uid: Number.NaN }), "USER_LOOKS_UNSET", new RegExp(`The user of RTC is "NaN", ${UNSET}`)],
  [
    "uid {}",
    () => withUid({ uid: {} }),
    "USER_LOOKS_UNSET",
    /"\[object Object\]", which is what JavaScript writes for an object/,
  ],
  [
    "uid of a promise that was not awaited",
    () => withUid({ uid: Promise.resolve(1) }),
    "USER_LOOKS_UNSET",
    /"\[object Promise\]", .* a promise that was not awaited/,
  ],
  [
    "uid -1",
    () => withUid({ uid: -1 }),
    "CONTENTS_IRREGULAR",
    /the account "-1", a number that is no uid: a uid is whole, and from 1 to 4294967295/,
  ],
  ["uid 1.5", () => withUid({ uid: 1.5 }), "CONTENTS_IRREGULAR", /the account "1\.5", a number that is no uid/],
  ["uid 1e21", () => withUid({ uid: 1e21 }), "CONTENTS_IRREGULAR", /the account "1e\+21", a number that is no uid/],
  [
    "uid 2^32",
    () => withUid({ uid: 2 ** 32 }),
    "CONTENTS_IRREGULAR",
    /the account "4294967296", a number that is no uid/,
  ],
  [
    "uid of a template that was not filled in",
    () => withUid({ uid: "{{uid}}" }),
    "USER_LOOKS_UNSET",
    /"\{\{uid\}\}", which is a placeholder that was never filled in/,
  ],
  [
    "an account with characters that are not allowed",
    () => withUid({ uid: "bob/频道" }),
    "CONTENTS_IRREGULAR",
    /The account "bob\/频道" of RTC has characters that Agora does not allow/,
  ],
  [
    "RTM without a user",
    () => RtmTokenBuilder.buildToken(live, CERTIFICATE, undefined, HOUR),
    "USER_LOOKS_UNSET",
    /The user of RTM is empty, and nobody can log in with that/,
  ],
  [
    "RTM with the text of null",
    () => RtmTokenBuilder.buildToken(live, CERTIFICATE, `${null}`, HOUR),
    "USER_LOOKS_UNSET",
    /The user of RTM is "null"/,
  ],
  [
    "RTC and RTM for undefined",
    () => RtcTokenBuilder.buildTokenWithRtm(live, CERTIFICATE, "room-1", "undefined", 1, HOUR, HOUR),
    "USER_LOOKS_UNSET",
    /The user of RTC and RTM is "undefined"/,
  ],
  [
    "RTM2 without a user",
    () => RtmTokenBuilder.buildTokenWithPermissions(live, CERTIFICATE, null, permissions("a"), HOUR),
    "USER_LOOKS_UNSET",
    /The user of RTM2 is empty/,
  ],
  [
    "Chat for what C# writes",
    () => ChatTokenBuilder.buildUserToken(live, CERTIFICATE, "System.Byte[]", HOUR),
    "USER_LOOKS_UNSET",
    /The user of Chat is "System\.Byte\[\]", which is what C# writes/,
  ],
  [
    "Chat for 31 digits of an MD5",
    () => ChatTokenBuilder.buildUserToken(live, CERTIFICATE, "2b95d1f09b8b66c5c43622a4d9ec9e1", HOUR),
    "CONTENTS_IRREGULAR",
    /The Chat user ID "2b95d1f09b8b66c5c43622a4d9ec9e1" has 31 hexadecimal digits/,
  ],
  [
    "Chat for upper-case letters",
    () => ChatTokenBuilder.buildUserToken(live, CERTIFICATE, "Bob", HOUR),
    "CONTENTS_IRREGULAR",
    /The Chat user ID "Bob" has upper-case letters/,
  ],
  [
    "uid of version 006 undefined",
    () => rtc006.buildTokenWithUid(live, CERTIFICATE, "room-1", undefined, 1, NOW + HOUR),
    "USER_LOOKS_UNSET",
    /The user of RTC has the checksum of "undefined"/,
  ],
  [
    'uid of version 006 "0"',
    () => rtc006.buildTokenWithUid(live, CERTIFICATE, "room-1", "0", 1, NOW + HOUR),
    "USER_LOOKS_UNSET",
    /The user of RTC has the checksum of the account "0"/,
  ],
  [
    "RTM of version 006 without a user",
    () => rtm006.buildToken(live, CERTIFICATE, "", 1, NOW + HOUR),
    "USER_LOOKS_UNSET",
    /The user of RTM is empty/,
  ],
  [
    "RTM of version 006 for null",
    () => rtm006.buildToken(live, CERTIFICATE, "null", 1, NOW + HOUR),
    "USER_LOOKS_UNSET",
    /The user of RTM has the checksum of "null"/,
  ],
];

const PLACES: readonly Slip[] = [
  ["an empty channel", () => withUid({ channel: "" }), "ANY_CHANNEL", /The token opens every channel \(RTC\)/],
  ['the channel "*"', () => withUid({ channel: "*" }), "ANY_CHANNEL", /The token opens every channel \(RTC\)/],
  [
    "a pattern for the channel",
    () => withUid({ channel: "room-*" }),
    "ANY_CHANNEL",
    /every channel that matches "room-\*" \(RTC\)/,
  ],
  ["a pattern for the user", () => withUid({ uid: "1*a*2" }), "ANY_USER", /every user that matches "1\*a\*2" \(RTC\)/],
  ['the user "*"', () => withUid({ uid: "*" }), "ANY_USER", /whoever holds it \(RTC\)/],
  ["uid 0", () => withUid({ uid: 0 }), "ANY_USER", /whoever holds it \(RTC\)/],
  [
    "the channel undefined, as text",
    () => withUid({ channel: `${undefined}` }),
    "CONTENTS_IRREGULAR",
    /The channel of RTC is "undefined", which looks like a value that was never set/,
  ],
  [
    "a channel with a slash",
    () => withUid({ channel: "a/b" }),
    "CONTENTS_IRREGULAR",
    /The channel name "a\/b" of RTC has characters that Agora does not allow/,
  ],
  ["a channel of 65 bytes", () => withUid({ channel: "a".repeat(65) }), "CONTENTS_IRREGULAR", /or over 64 bytes/],
  [
    "an empty channel in version 006",
    () => rtc006.buildTokenWithUid(live, CERTIFICATE, "", 42, 1, NOW + HOUR),
    "CONTENTS_IRREGULAR",
    /The channel name has the checksum of "": none was set, and in version 006 no name stands for every channel/,
  ],
  [
    "the channel undefined in version 006",
    () => rtc006.buildTokenWithUid(live, CERTIFICATE, "undefined", 42, 1, NOW + HOUR),
    "CONTENTS_IRREGULAR",
    /The channel name has the checksum of "undefined"/,
  ],
  [
    "the channel and the user exchanged",
    () => withUid({ channel: "bob", uid: "room-1" }),
    "CHANNEL_MISMATCH",
    /The channel and the user are exchanged/,
    rtc({ userAccount: "bob" }),
  ],
  [
    "the channel and the user exchanged in version 006",
    () => rtc006.buildTokenWithAccount(live, CERTIFICATE, "bob", "room-1", 1, NOW + HOUR),
    "USER_MISMATCH",
    /The channel and the user are exchanged/,
    rtc({ userAccount: "bob" }),
  ],
];

const TIMES: readonly Slip[] = [
  [
    "the time of the end for the lifetime",
    () => withUid({ token: NOW + HOUR }),
    "LIFETIME_LOOKS_ABSOLUTE",
    /1800003600 seconds, which read as a time is 2027-01-15T09:00:00Z\. Pass 3600,/,
  ],
  [
    "milliseconds for the lifetime",
    () => withUid({ token: HOUR * 1000 }),
    "LIFETIME_LOOKS_ABSOLUTE",
    /3600000 seconds, which read as milliseconds is 1 h\. Pass 3600/,
  ],
  [
    "24 hours in milliseconds",
    () => withUid({ token: DAY * 1000 }),
    "LIFETIME_LOOKS_ABSOLUTE",
    /which read as milliseconds is 1 d\. Pass 86400/,
  ],
  [
    "a lifetime over 24 hours",
    () => withUid({ token: 7 * DAY }),
    "LIFETIME_TOO_LONG",
    /claims to last 7 d, until 2027-01-22T08:00:00Z\. Agora accepts 24 hours, so it ends in 1 d, at 2027-01-16T08:00:00Z/,
  ],
  [
    "a privilege that outlasts its token",
    () => withUid({ privilege: 2 * HOUR }),
    "PRIVILEGE_OUTLASTS_TOKEN",
    /join_channel, publish_audio_stream, publish_video_stream and publish_data_stream of RTC end 1 h later/,
  ],
  [
    "the time of the end for the privileges",
    () => withUid({ privilege: NOW + HOUR }),
    "PRIVILEGE_OUTLASTS_TOKEN",
    /An end is written as 1800003600 seconds, which read as a time is 2027-01-15T09:00:00Z\. Pass 3600,/,
  ],
  [
    "a login of RTM that outlasts the token",
    () =>
      RtcTokenBuilder.buildTokenWithRtm2(
        live,
        CERTIFICATE,
        "room-1",
        42,
        1,
        HOUR,
        HOUR,
        HOUR,
        HOUR,
        HOUR,
        "u",
        2 * HOUR,
      ),
    "PRIVILEGE_OUTLASTS_TOKEN",
    /login of RTM ends 1 h later/,
  ],
  [
    "a privilege that ends before its token",
    () => withUid({ privilege: 60 }),
    "PRIVILEGE_EXPIRED",
    /of RTC ended 5 min ago, at 2027-01-15T08:01:00Z\. The token lasts until 2027-01-15T09:00:00Z/,
    rtc(),
    NOW + 360,
  ],
  [
    "a lifetime of NaN",
    () => withUid({ token: Number.NaN, privilege: Number.NaN }),
    "EXPIRED",
    /with a lifetime of 0, which Agora takes for 24 hours/,
    rtc(),
    NOW + DAY,
  ],
  [
    "no lifetime, while it lasts",
    () => withUid({ token: undefined, privilege: 0 }),
    "CONTENTS_IRREGULAR",
    /states a lifetime of 0, which Agora takes for 24 hours: it ends in 1 d, at .* an argument that is missing/,
    rtc(),
  ],
  [
    'a lifetime of "1h"',
    () => withUid({ token: "1h" }),
    "EXPIRED",
    /say how many seconds it lasts: an argument that is missing or no number is written as 0/,
    rtc(),
    NOW + DAY,
  ],
  [
    "the role and the lifetime exchanged",
    () => withUid({ role: HOUR, token: 1 }),
    "EXPIRED",
    /for 1 s, which looks like a role/,
    rtc(),
    NOW + 5,
  ],
  [
    "32 bits of milliseconds to a builder of version 006",
    () => rtc006.buildTokenWithUid(live, CERTIFICATE, "room-1", 42, 1, ((NOW + HOUR) * 1000) % 2 ** 32),
    "EXPIRED",
    /Version 006 is younger than that: milliseconds look so when 32 bits of them are left\. .*in seconds since 1970/,
  ],
  [
    "a length of time to a builder of version 006",
    () => rtc006.buildTokenWithUid(live, CERTIFICATE, "room-1", 42, 1, HOUR),
    "EXPIRED",
    /An end of 3600 is a length of time and no time/,
  ],
  [
    "an end that had passed when the token was built, in version 006",
    () => rtc006.buildTokenWithUid(live, CERTIFICATE, "room-1", 42, 1, NOW - 10),
    "EXPIRED",
    /it seems to have been built at 2027-01-15T08:00:00Z, when that had passed/,
  ],
  [
    "a month to a builder of version 006",
    () => rtc006.buildTokenWithUid(live, CERTIFICATE, "room-1", 42, 1, NOW + 30 * DAY),
    "PRIVILEGE_OUTLASTS_TOKEN",
    /The token ends at 2027-01-16T08:00:00Z\. .* of RTC end 29 d later/,
  ],
];

const GRANTS: readonly Slip[] = [
  [
    'the role "publisher"',
    () => withUid({ role: "publisher" }),
    "CO_HOST_AUTHENTICATION",
    /grants to join and not to publish/,
  ],
  [
    "the role 99",
    () => withUid({ role: 99 }),
    "PRIVILEGE_MISSING",
    /does not grant publish_audio_stream, publish_video_stream and publish_data_stream; it grants join_channel, as for a subscriber/,
    rtc({ role: 1 }),
  ],
  [
    "a subscriber for a publisher",
    () => withUid({ role: 2 }),
    "PRIVILEGE_MISSING",
    /as for a subscriber/,
    rtc({ role: 1 }),
  ],
  [
    "RTM for RTC",
    () => RtmTokenBuilder.buildToken(live, CERTIFICATE, "u-1", HOUR),
    "SERVICE_MISSING",
    /The token grants RTM; RTC is expected/,
    rtc(),
  ],
  [
    "RTC for RTM2",
    () => withUid({}),
    "SERVICE_MISSING",
    /The token grants RTC; RTM2 is expected/,
    { expectedGrant: { service: { case: "rtm2", value: { userId: "u-1" } } } },
  ],
  [
    "an APaaS room without its privilege",
    () => ApaasTokenBuilder.buildRoomUserToken(live, CERTIFICATE, "room-1", "bob", 1, HOUR),
    "CONTENTS_IRREGULAR",
    /a grant of APaaS without any privilege\. The builders of npm agora-token for rooms leave out the privilege of a room user/,
  ],
  [
    "an education room without its privilege",
    () => EducationTokenBuilder.buildRoomUserToken(live, CERTIFICATE, "room-1", "bob", 1, HOUR),
    "PRIVILEGE_MISSING",
    /For APaaS, the token does not grant room_user; it grants no privilege/,
    {
      expectedGrant: {
        service: { case: "apaas", value: { roomUuid: "room-1", userUuid: "bob", privileges: { roomUser: {} } } },
      },
    },
  ],
  [
    "an APaaS room, whatever is granted in it",
    () => ApaasTokenBuilder.buildRoomUserToken(live, CERTIFICATE, "room-1", "bob", 1, HOUR),
    "PRIVILEGE_MISSING",
    /For APaaS, the token grants no privilege\. Build/,
    { expectedGrant: { service: { case: "apaas", value: { roomUuid: "room-1", userUuid: "bob" } } } },
  ],
  [
    "the role 0 in an APaaS room",
    () => ApaasTokenBuilder.buildRoomUserToken(live, CERTIFICATE, "room-1", "bob", 0, HOUR),
    "CONTENTS_IRREGULAR",
    /role in the room is -1, which is none: some parsers show it as 65535, and npm agora-token writes it for the role 0/,
  ],
  [
    "another role in an APaaS room",
    () => ApaasTokenBuilder.buildRoomUserToken(live, CERTIFICATE, "room-1", "bob", 2, HOUR),
    "PRIVILEGE_MISSING",
    /role 1 \(its role is 2\)/,
    { expectedGrant: { service: { case: "apaas", value: { roomUuid: "room-1", userUuid: "bob", role: 1 } } } },
  ],
  [
    "a role as text to the builder of ConvoAI",
    () => ConvoAITokenBuilder.buildToken(live, CERTIFICATE, "room-1", 42, "1", HOUR, HOUR, HOUR, HOUR, HOUR, "u", HOUR),
    "CO_HOST_AUTHENTICATION",
    /grants to join and not to publish/,
  ],
  [
    "RTM2 for other resources",
    () => RtmTokenBuilder.buildTokenWithPermissions(live, CERTIFICATE, "u-1", permissions("room-*", "hall"), HOUR),
    "PRIVILEGE_MISSING",
    /write of message channel "lobby"/,
    {
      expectedGrant: {
        service: {
          case: "rtm2",
          value: {
            userId: "u-1",
            permissions: [{ resourceType: 1, access: 2, resources: ["room-7", "hall", "lobby"] }],
          },
        },
      },
    },
  ],
];

const CREDENTIALS: readonly Slip[] = [
  [
    "the App ID in lower case",
    () => withUid({ app: live.toLowerCase() }),
    "APP_ID_UNKNOWN",
    /The App ID was lower-cased: the token has 0123456789abcdef0123456789abcdef, and live has 0123456789abcdef0123456789ABCDEF/,
  ],
  [
    "the App ID in upper case",
    () => withUid({ app: live.toUpperCase() }),
    "APP_ID_UNKNOWN",
    /The App ID was upper-cased/,
  ],
  [
    "the App ID in lower case, where the project is named",
    () => withUid({ app: live.toLowerCase() }),
    "APP_ID_MISMATCH",
    /The App ID was lower-cased/,
    { project: "live" },
  ],
  [
    "the certificate in lower case",
    () => withUid({ cert: CERTIFICATE.toLowerCase() }),
    "SIGNATURE_INVALID",
    /but certificate primary with its letters in another case did/,
  ],
  [
    "the certificate in upper case",
    () => withUid({ cert: CERTIFICATE.toUpperCase() }),
    "SIGNATURE_INVALID",
    /but certificate primary with its letters in another case did/,
  ],
  [
    "the App ID and the certificate exchanged",
    () => withUid({ app: CERTIFICATE, cert: live }),
    "APP_ID_UNKNOWN",
    /An App Certificate of live stands where the App ID belongs, .*replace that certificate/,
  ],
  [
    "the App ID twice",
    () => withUid({ cert: live }),
    "SIGNATURE_INVALID",
    /but the App ID in the certificate's place did\. Pass the builder the App ID first/,
  ],
  [
    "the certificate of another project",
    () => withUid({ cert: DIGITS.other }),
    "SIGNATURE_INVALID",
    /but certificate other of other did/,
  ],
  [
    "the App ID of another project",
    () => withUid({ app: other }),
    "SIGNATURE_INVALID",
    /No certificate of other made the signature, but certificate primary of live did/,
  ],
  [
    "the App ID of a project that is not here",
    () => withUid({ app: "ab".repeat(16) }),
    "APP_ID_UNKNOWN",
    /that of no project that you may inspect\. Its signature is that of certificate primary of live/,
  ],
  [
    "the certificate with a line break, in version 006",
    () => rtc006.buildTokenWithUid(live, `${CERTIFICATE}\n`, "room-1", 42, 1, NOW + HOUR),
    "SIGNATURE_INVALID",
    /but certificate primary with a line break after it did/,
    rtc(),
  ],
  [
    "the certificate in quotes, in version 006",
    () => rtc006.buildTokenWithUid(live, `"${CERTIFICATE}"`, "room-1", 42, 1, NOW + HOUR),
    "SIGNATURE_INVALID",
    /but certificate primary in quotes did/,
    rtc(),
  ],
  [
    "a certificate of 16 bytes, in version 006",
    () => rtc006.buildTokenWithUid(live, Buffer.from(CERTIFICATE, "hex"), "room-1", 42, 1, NOW + HOUR),
    "SIGNATURE_INVALID",
    /decoded from its digits to 16 bytes did/,
    rtc(),
  ],
];

beforeAll(() => void vi.useFakeTimers({ now: NOW * 1000, toFake: ["Date"] }));
afterAll(() => void vi.useRealTimers());

describe.each([
  ["users", USERS],
  ["channels and patterns", PLACES],
  ["times", TIMES],
  ["services, roles and privileges", GRANTS],
  ["App IDs and certificates", CREDENTIALS],
] as const)("%s", (_, slips) => {
  test.each(slips.map((slip) => [slip[0], slip] as const))("%s", async (_, slip) => {
    const [, token, reason, words, asked = {}, at = NOW] = slip;
    const text = token();
    expect(text).toMatch(/^00[67]/);
    const told = await ask(text, asked, undefined, at);
    expect(said(told, reason)).toMatch(words);
  });
});

test("a certificate that stands in a token is in nothing that is said of it", async () => {
  const told = await ask(withUid({ app: CERTIFICATE, cert: live }));
  expect(told.verdict).toBe("REJECTED");
  expect(told.response.tokenInfo?.grants).toHaveLength(1);
  expect(
    JSON.stringify(told.findings) + JSON.stringify(told.response.tokenInfo, (_, value) => String(value)),
  ).not.toContain(CERTIFICATE);
  expect(told.response.tokenInfo?.appId).toBe("");
});

test("with none of these slips, nothing is said", async () => {
  for (const asked of [{}, rtc(), rtc({ role: 1 }), { project: "live", ...rtc() }]) {
    const told = await ask(withUid({}), asked);
    expect(told).toMatchObject({ verdict: "ACCEPTED", signature: "VALID", reasons: [] });
  }
});

test("what these builders refuse to build is an empty text, which is no token", async () => {
  expect(withUid({ cert: "" })).toBe("");
  const told = await ask(" ");
  expect(said(told, "MALFORMED")).toBe(
    "The text is not a token: it is empty. Pass the whole text that the builder gave, and nothing else.",
  );
});
