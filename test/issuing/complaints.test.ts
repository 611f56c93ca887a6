// What Agora's users ask in public, replayed: for each theme, by the number of its threads, the finding that answers it.
// T is AgoraIO/Tools; of a thread that is named at a case, the case has its own values.

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { FINDINGS, type FindingReason } from "../../src/issuing/findings.ts";
import { publisher, rtc007, services, token006, token007, withChecksums } from "../api/originals.ts";
import { APP_IDS, DIGITS, NOW } from "../api/world.ts";
import { type Asked, ask, rtc, rtm, said } from "./asking.ts";
import { dynamicKey5, official, rtc006, rtm006, signaling } from "./official-builders.ts";

/** A complaint, and what answers it. */
interface Case {
  readonly title: string;
  readonly thread?: string;
  /** How the token came to be. */
  readonly made: string;
  readonly token: () => string;
  readonly asked?: Asked;
  readonly verdict: "ACCEPTED" | "REJECTED" | "INCONCLUSIVE";
  /** Each is found, and says this. Without any, nothing may be found. */
  readonly answers: readonly (readonly [FindingReason, RegExp])[];
}

interface Theme {
  readonly rank: number | "not ranked";
  readonly theme: string;
  readonly threads: string;
  readonly cases: readonly Case[];
}

const HOUR = 3600;
const { PUBLISHER, SUBSCRIBER } = official.RtcRole;
const { live, other } = APP_IDS;
const CERTIFICATE = DIGITS.primary;
const { RtcTokenBuilder, RtmTokenBuilder, ApaasTokenBuilder } = official;
const forUid = (uid: unknown, more: readonly unknown[] = [PUBLISHER, HOUR, HOUR]) =>
  RtcTokenBuilder.buildTokenWithUid(live, CERTIFICATE, "room-1", uid, ...more);
const forRtm = (user = "u-1") => RtmTokenBuilder.buildToken(live, CERTIFICATE, user, HOUR);
const old = (uid: unknown = 42, end = NOW + HOUR, certificate: string = CERTIFICATE) =>
  rtc006.buildTokenWithUid(live, certificate, "room-1", uid, PUBLISHER, end);

const THEMES: readonly Theme[] = [
  {
    rank: 1,
    theme: "uid mismatch",
    threads:
      "T #32 #88 #109 #119 #131 #160 #178 #180 #297 #320 #322 #417; API-Examples-Web #15 #66 #85; WebSDK-NG #7 #59; Flutter-SDK #174 #223 #1240; VideoUIKit-Flutter #10 #11; Basic-Video-Call #127 #282",
    cases: [
      {
        title: "the join is as another uid",
        made: "buildTokenWithUid for uid 42",
        token: () => forUid(42),
        asked: rtc({ uid: 43 }),
        verdict: "REJECTED",
        answers: [
          ["USER_MISMATCH", /The token is for uid 42; the join is as uid 43\. Join as uid 42 or, .*account "42"/],
        ],
      },
      {
        title: "the join is by account, the token by uid",
        made: "buildTokenWithUid for uid 42",
        token: () => forUid(42),
        asked: rtc({ userAccount: "abc" }),
        verdict: "REJECTED",
        answers: [["USER_MISMATCH", /The token is for uid 42; the join is as account "abc"\./]],
      },
      {
        title: "a number as text is the same user",
        made: 'buildTokenWithUserAccount for "42"',
        token: () =>
          RtcTokenBuilder.buildTokenWithUserAccount(live, CERTIFICATE, "room-1", "42", PUBLISHER, HOUR, HOUR),
        asked: rtc({ uid: 42 }),
        verdict: "ACCEPTED",
        answers: [],
      },
      {
        title: "a uid over 2^32, which the SDK cuts to its last 32 bits",
        thread: "T #109",
        made: "buildTokenWithUid for 9854785632",
        token: () => forUid(9_854_785_632),
        asked: rtc({ uid: 9_854_785_632 % 2 ** 32 }),
        verdict: "REJECTED",
        answers: [
          ["USER_MISMATCH", /account "9854785632"; the join is as uid 1264851040\. The join has it cut to the 32 bits/],
          ["USER_MISMATCH", /A uid is at most 4294967295, so 9854785632 is an account/],
          ["CONTENTS_IRREGULAR", /a number that is no uid/],
        ],
      },
      {
        title: "another of those, without anything that is expected",
        thread: "T #119",
        made: "buildTokenWithUid for 7894561230",
        token: () => forUid(7_894_561_230),
        verdict: "ACCEPTED",
        answers: [["CONTENTS_IRREGULAR", /the account "7894561230", a number that is no uid: .* from 1 to 4294967295/]],
      },
      {
        title: "a uid that Java shows as negative",
        made: "buildTokenWithUid for -5",
        token: () => forUid(-5),
        asked: rtc({ uid: 2 ** 32 - 5 }),
        verdict: "REJECTED",
        answers: [
          ["USER_MISMATCH", /The token has it as a signed number of 32 bits\./],
          ["CONTENTS_IRREGULAR", /the account "-5", a number that is no uid/],
        ],
      },
      {
        title: "joined with 0 or null, the SDK takes any uid, and the token is for one",
        made: "buildTokenWithUid for uid 42",
        token: () => forUid(42),
        asked: rtc({ anyUser: true }),
        verdict: "REJECTED",
        answers: [["USER_MISMATCH", /The token is for uid 42; the join is as any user\./]],
      },
      {
        title: "a token for uid 0 is for whoever joins",
        made: "buildTokenWithUid for uid 0",
        token: () => forUid(0),
        asked: rtc({ uid: 43 }),
        verdict: "ACCEPTED",
        answers: [["ANY_USER", /admits whoever holds it/]],
      },
      {
        title: "uid 0 came out of a query string as text",
        made: 'buildTokenWithUid for "0"',
        token: () => forUid("0"),
        asked: rtc({ uid: 43 }),
        verdict: "REJECTED",
        answers: [
          ["USER_MISMATCH", /The token is for account "0"; the join is as uid 43/],
          ["USER_LOOKS_UNSET", /account "0", which is nobody's: uid 0, "any user", is the empty text/],
        ],
      },
      {
        title: "the uid was never set",
        made: "buildTokenWithUid for undefined",
        token: () => forUid(undefined),
        asked: rtc({ uid: 43 }),
        verdict: "REJECTED",
        answers: [
          ["USER_MISMATCH", /The token is for account "undefined"/],
          ["USER_LOOKS_UNSET", /"undefined", which is what code writes for a value that was never set/],
        ],
      },
      {
        title: "in version 006, where the token tells its user by a checksum alone",
        made: "buildTokenWithUid of version 006 for uid 42",
        token: () => old(42),
        asked: rtc({ uid: 43 }),
        verdict: "REJECTED",
        answers: [["USER_MISMATCH", /The token is not for uid 43: it has the checksum of another/]],
      },
      {
        title: 'in version 006, for "undefined"',
        made: 'buildTokenWithUid of version 006 for "undefined"',
        token: () => old("undefined"),
        asked: rtc({ uid: 43 }),
        verdict: "REJECTED",
        answers: [
          ["USER_MISMATCH", /not for uid 43/],
          ["USER_LOOKS_UNSET", /has the checksum of "undefined"/],
        ],
      },
      {
        title: "the channel was given for the user, and the user for the channel",
        made: 'buildTokenWithUserAccount for the channel "bob" and the user "room-1"',
        token: () =>
          RtcTokenBuilder.buildTokenWithUserAccount(live, CERTIFICATE, "bob", "room-1", PUBLISHER, HOUR, HOUR),
        asked: rtc({ userAccount: "bob" }),
        verdict: "REJECTED",
        answers: [
          ["CHANNEL_MISMATCH", /The channel and the user are exchanged\./],
          ["USER_MISMATCH", /The channel and the user are exchanged\./],
        ],
      },
    ],
  },
  {
    rank: 2,
    theme: "an RTM token for RTC, or the other way round",
    threads:
      "RTM #28 #49 #70 #83 #95 #131 #135 #137 #161 #182; Flutter-RTM #62 #100 #102 #124; T #52 #82 #135 #204 #228 #234",
    cases: [
      {
        title: "RTM login error 5 with a token for RTC",
        made: "buildTokenWithUid",
        token: () => forUid(42),
        asked: rtm("42"),
        verdict: "REJECTED",
        answers: [
          [
            "SERVICE_MISSING",
            /The token grants RTC; RTM is expected\. Build it with a grant of RTM: one token can hold several/,
          ],
        ],
      },
      {
        title: "a join with a token for RTM",
        made: "RtmTokenBuilder.buildToken",
        token: () => forRtm(),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [["SERVICE_MISSING", /The token grants RTM; RTC is expected/]],
      },
      {
        title: "a join with a token for RTM of version 006",
        made: "RtmTokenBuilder.buildToken of version 006",
        token: () => rtm006.buildToken(live, CERTIFICATE, "u-1", 1, NOW + HOUR),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [
          [
            "SERVICE_MISSING",
            /RTC is expected\. Version 006 holds one service: RTM if its only privilege is to log in/,
          ],
        ],
      },
      {
        title: "RTM login of version 006 with a token for RTC",
        made: "RtcTokenBuilder.buildTokenWithUid of version 006",
        token: () => old(),
        asked: rtm(),
        verdict: "REJECTED",
        answers: [["SERVICE_MISSING", /The token grants RTC; RTM is expected/]],
      },
      {
        title: "one token can hold both",
        made: "buildTokenWithRtm",
        token: () => RtcTokenBuilder.buildTokenWithRtm(live, CERTIFICATE, "room-1", "u-1", PUBLISHER, HOUR, HOUR),
        asked: rtm(),
        verdict: "ACCEPTED",
        answers: [],
      },
      {
        title: "an RTM user in another case",
        made: 'RtmTokenBuilder.buildToken for "U-1"',
        token: () => forRtm("U-1"),
        asked: rtm("u-1"),
        verdict: "REJECTED",
        answers: [
          ["USER_MISMATCH", /The token is for user "U-1"; the join is as user "u-1"\. The token has it in upper case/],
        ],
      },
    ],
  },
  {
    rank: 3,
    theme: "expiry: 24 hours, relative or absolute, milliseconds, computed once, arguments exchanged",
    threads:
      "T #117 #172 #175 #188 #201 #211 #245 #265 #278; API-Examples-Web #86; AgoraDynamicKey #49; easemob #40; flat-server #165; Basic-Video-Call #132",
    cases: [
      {
        title: "it ended",
        made: "buildTokenWithUid for an hour, two hours before",
        token: () => rtc007({ issuedAt: NOW - 2 * HOUR }),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [["EXPIRED", /expired 1 h ago, at 2027-01-15T07:00:00Z\. It was issued 2 h ago, .* for 1 h\./]],
      },
      {
        title: "it was built for a month, and ended after a day",
        made: "buildTokenWithUid for 30 days, 25 hours before",
        token: () => rtc007({ issuedAt: NOW - 25 * HOUR, lifetime: 30 * 24 * HOUR }),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [
          ["EXPIRED", /expired 1 h ago, .* and Agora accepts 24 hours from then; it states 2027-02-13T07:00:00Z/],
          ["LIFETIME_TOO_LONG", /claims to last 30 d/],
        ],
      },
      {
        title: "the time of the end was passed to a builder of version 007",
        made: "buildTokenWithUid, tokenExpire = now + 3600",
        token: () => forUid(42, [PUBLISHER, NOW + HOUR, NOW + HOUR]),
        asked: rtc(),
        verdict: "ACCEPTED",
        answers: [
          ["LIFETIME_LOOKS_ABSOLUTE", /1800003600 seconds, which read as a time is 2027-01-15T09:00:00Z\. Pass 3600/],
          ["LIFETIME_TOO_LONG", /claims to last 57 y/],
        ],
      },
      {
        title: "milliseconds were passed",
        made: "buildTokenWithUid, tokenExpire = 3600 * 1000",
        token: () => forUid(42, [PUBLISHER, HOUR * 1000, HOUR * 1000]),
        asked: rtc(),
        verdict: "ACCEPTED",
        answers: [
          ["LIFETIME_LOOKS_ABSOLUTE", /which read as milliseconds is 1 h\. Pass 3600/],
          ["LIFETIME_TOO_LONG", /claims to last 41 d/],
        ],
      },
      {
        title: "a length of time was passed to a builder of version 006",
        made: "buildTokenWithUid of version 006, privilegeExpiredTs = 3600",
        token: () => old(42, HOUR),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [
          [
            "EXPIRED",
            /1970-01-01T01:00:00Z\. An end of 3600 is a length of time and no time\..* takes the time of the end/,
          ],
        ],
      },
      {
        title: "the end was computed once, when the program started",
        made: "buildTokenWithUid of version 006, with an end an hour before it was built",
        token: () => old(42, NOW - HOUR),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [
          [
            "EXPIRED",
            /it seems to have been built at 2027-01-15T08:00:00Z, when that had passed\. Compute the end for each token/,
          ],
        ],
      },
      {
        title: "the role and the seconds were exchanged",
        made: "buildTokenWithUid, role = 3600, tokenExpire = 1, a minute before",
        token: () => rtc007({ lifetime: PUBLISHER }),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [
          [
            "EXPIRED",
            /for 1 s, which looks like a role where the seconds belong\..*the role stands before the seconds/,
          ],
        ],
      },
      {
        title: "the lifetime was no number",
        made: "buildTokenWithUid, tokenExpire = NaN, 25 hours before",
        token: () => rtc007({ issuedAt: NOW - 25 * HOUR, lifetime: 0 }, 0),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [["EXPIRED", /with a lifetime of 0, which Agora takes for 24 hours/]],
      },
      {
        title: "RTM tokens of version 006 end after 24 hours whatever is asked",
        thread: "T #265",
        made: "RtmTokenBuilder.buildToken of version 006, for a month",
        token: () => rtm006.buildToken(live, CERTIFICATE, "u-1", 1, NOW + 30 * 24 * HOUR),
        asked: rtm(),
        verdict: "ACCEPTED",
        answers: [
          ["PRIVILEGE_OUTLASTS_TOKEN", /The token ends at 2027-01-16T08:00:00Z\. login of RTM ends 29 d later/],
        ],
      },
      {
        title: "the privileges end before the token",
        made: "buildTokenWithUid for an hour, privilegeExpire = 30, a minute before",
        token: () => rtc007({}, 30),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [["PRIVILEGE_EXPIRED", /of RTC ended 30 s ago, .* The token lasts until 2027-01-15T08:59:00Z/]],
      },
    ],
  },
  {
    rank: 4,
    theme: "slips of ports: tokens of one language are refused",
    threads: "T #23 #66 #82 #95 #131 #167 #169 #410",
    cases: [
      {
        title: "a port decodes the certificate from its digits",
        made: "AccessToken of version 006, with 16 bytes for the certificate",
        token: () => old(42, NOW + HOUR, Buffer.from(CERTIFICATE, "hex") as unknown as string),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [["SIGNATURE_INVALID", /but certificate primary decoded from its digits to 16 bytes did/]],
      },
      {
        title: "C# writes the name of a type for the Chat user",
        made: 'ServiceChat for "System.Byte[]"',
        token: () => token007([[services.chat("System.Byte[]"), { 1: HOUR }]]),
        verdict: "ACCEPTED",
        answers: [["USER_LOOKS_UNSET", /"System\.Byte\[\]", which is what C# writes/]],
      },
      {
        title: "Java drops a zero of the Chat user",
        made: "ServiceChat for 31 digits of an MD5",
        token: () => token007([[services.chat("9".repeat(31)), { 1: HOUR }]]),
        verdict: "ACCEPTED",
        answers: [["CONTENTS_IRREGULAR", /31 hexadecimal digits: Java's builders for rooms drop a leading zero/]],
      },
      {
        title: "Node leaves out the privilege of a room user, and makes -1 of the role 0",
        made: "ApaasTokenBuilder.buildRoomUserToken, role 0",
        token: () => ApaasTokenBuilder.buildRoomUserToken(live, CERTIFICATE, "room-1", "bob", 0, HOUR),
        verdict: "ACCEPTED",
        answers: [
          ["CONTENTS_IRREGULAR", /a grant of APaaS without any privilege\. .*npm agora-token for rooms leave out/],
          ["CONTENTS_IRREGULAR", /role in the room is -1, which is none/],
        ],
      },
      {
        title: "roles of a first builder, which servers refused",
        thread: "T #23",
        made: "AccessToken of version 006 with the privileges of an admin",
        token: () => token006({ privileges: { ...publisher(NOW + HOUR), 101: NOW + HOUR } }),
        asked: rtc(),
        verdict: "ACCEPTED",
        answers: [
          ["CONTENTS_UNKNOWN", /privileges that Agora has retired, and that have no effect: administrate_channel/],
        ],
      },
    ],
  },
  {
    rank: 5,
    theme: "the certificate is another, off, or of another project",
    threads: "RTM #182; C_Sharp #81; API-Examples-Web #82; OpenAgoraWeb-React #15; Flutter-Quickstart #178; Unity #94",
    cases: [
      {
        title: "the certificate of another project",
        made: "buildTokenWithUid with the certificate of `other`",
        token: () => RtcTokenBuilder.buildTokenWithUid(live, DIGITS.other, "room-1", 42, PUBLISHER, HOUR, HOUR),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [
          ["SIGNATURE_INVALID", /No certificate of live made the signature, but certificate other of other did/],
        ],
      },
      {
        title: "a certificate that was deleted",
        made: "buildTokenWithUid with a certificate that has been revoked",
        token: () => RtcTokenBuilder.buildTokenWithUid(live, DIGITS.revoked, "room-1", 42, PUBLISHER, HOUR, HOUR),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [["CERTIFICATE_REVOKED", /made the signature, and it has been revoked: live signs with primary/]],
      },
      {
        title: "a certificate that nobody here has",
        made: "buildTokenWithUid with a certificate of 32 nines",
        token: () => RtcTokenBuilder.buildTokenWithUid(live, "9".repeat(32), "room-1", 42, PUBLISHER, HOUR, HOUR),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [["SIGNATURE_INVALID", /No certificate of live made the signature; 4 were tried/]],
      },
      {
        title: "the secondary certificate, which is good",
        made: "buildTokenWithUid with the standby certificate",
        token: () => RtcTokenBuilder.buildTokenWithUid(live, DIGITS.standby, "room-1", 42, PUBLISHER, HOUR, HOUR),
        asked: rtc(),
        verdict: "ACCEPTED",
        answers: [["CERTIFICATE_NOT_PRIMARY", /standby: live signs with primary still/]],
      },
      {
        title: "the App ID of a project that is not here",
        made: "buildTokenWithUid with another App ID",
        token: () =>
          RtcTokenBuilder.buildTokenWithUid("ab".repeat(16), "9".repeat(32), "room-1", 42, PUBLISHER, HOUR, HOUR),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [["APP_ID_UNKNOWN", /that of no project that you may inspect, so its signature was not checked/]],
      },
      {
        title: "the App ID of another project",
        made: "buildTokenWithUid for `other`",
        token: () => RtcTokenBuilder.buildTokenWithUid(other, DIGITS.other, "room-1", 42, PUBLISHER, HOUR, HOUR),
        asked: { project: "live", ...rtc() },
        verdict: "REJECTED",
        answers: [["APP_ID_MISMATCH", /that of other; live is expected/]],
      },
    ],
  },
  {
    rank: 6,
    theme: "renewal",
    threads:
      "rtc-web-archive #9; Basic-Video-Broadcasting #124; agora-rtc-react #184; react-native-agora #840; WebSDK-NG #134",
    cases: [
      {
        title: "renewed for another uid than the one who joined",
        thread: "agora-rtc-react #184",
        made: "buildTokenWithUid for uid 43, and the join was as uid 42",
        token: () => forUid(43),
        asked: rtc({ uid: 42 }),
        verdict: "REJECTED",
        answers: [["USER_MISMATCH", /The token is for uid 43; the join is as uid 42/]],
      },
      {
        title: "it ended without a warning: the privilege outlasts the token",
        made: "buildTokenWithUid for an hour, privilegeExpire = 7200",
        token: () => forUid(42, [PUBLISHER, HOUR, 2 * HOUR]),
        asked: rtc(),
        verdict: "ACCEPTED",
        answers: [["PRIVILEGE_OUTLASTS_TOKEN", /end 1 h later\. Let privileges end with the token: .*nobody is told/]],
      },
    ],
  },
  {
    rank: 7,
    theme: "a subscriber can publish all the same",
    threads: "T #83 #204; API-Examples-Web #84; react-native-agora #195; Docs-Source #1033",
    cases: [
      {
        title: "the project has no co-host authentication",
        made: "buildTokenWithUid for a subscriber",
        token: () => forUid(42, [SUBSCRIBER, HOUR, HOUR]),
        asked: rtc(),
        verdict: "ACCEPTED",
        answers: [
          [
            "CO_HOST_AUTHENTICATION",
            /enforces only in a project with co-host authentication: without it, its holder can publish/,
          ],
        ],
      },
      {
        title: "the project has it, and a host has the token of a subscriber: error 119",
        made: "buildTokenWithUid for a subscriber",
        token: () => forUid(42, [SUBSCRIBER, HOUR, HOUR]),
        asked: rtc({ role: 1 }),
        verdict: "REJECTED",
        answers: [
          ["PRIVILEGE_MISSING", /publish_audio_stream, .*; it grants join_channel, as for a subscriber/],
          ["CO_HOST_AUTHENTICATION", /to publish, build it for a publisher/],
        ],
      },
    ],
  },
  {
    rank: 8,
    theme: "which version",
    threads: "T #68 #324 #349 #362; Docs-Source #1558",
    cases: [
      {
        title: "version 006, which needs the channel and the user to be checked",
        made: "buildTokenWithUid of version 006",
        token: () => old(),
        verdict: "INCONCLUSIVE",
        answers: [
          ["EXPECTED_GRANT_REQUIRED", /Give `expected_grant`/],
          ["CHANNEL_NOT_BOUND", /Build version 007 where the SDK allows it: RTC from 4\.0 on/],
        ],
      },
      {
        title: "a Dynamic Key",
        made: "DynamicKey5.generateMediaChannelKey",
        token: () => dynamicKey5.generateMediaChannelKey(live, CERTIFICATE, "room-1", NOW, 1, 42, NOW + HOUR),
        verdict: "REJECTED",
        answers: [
          [
            "LEGACY_FORMAT",
            /Dynamic Key 5 \(media channel\), for the App ID 0123456789abcdef0123456789abcdef \(live\), issued just now, .* with its end in 1 h, .*grant of RTC/,
          ],
        ],
      },
      {
        title: "a Signaling token",
        made: "SignalingToken.get",
        token: () => signaling.get(live, CERTIFICATE, "bob", HOUR),
        verdict: "REJECTED",
        answers: [
          [
            "LEGACY_FORMAT",
            /Signaling token, for the App ID 0123456789abcdef0123456789ABCDEF \(live\), with its end in 1 h, .*grant of RTM/,
          ],
        ],
      },
      {
        title: "a version to come",
        made: "buildTokenWithUid, with 008 for 007",
        token: () => forUid(42).replace(/^007/, "008"),
        verdict: "REJECTED",
        answers: [["VERSION_UNSUPPORTED", /of version 008/]],
      },
    ],
  },
  {
    rank: 9,
    theme: "decode it for us",
    threads: "T #350; API-Examples #250 #258",
    cases: [
      {
        title: "a good token is decoded, and nothing is said against it",
        made: "buildTokenWithUid",
        token: () => forUid(42),
        verdict: "ACCEPTED",
        answers: [],
      },
      {
        title: "a damaged one is called so",
        made: "buildTokenWithUid, with a plus that became a space",
        token: () => withPlus().replaceAll("+", " "),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [
          [
            "TEXT_ALTERED",
            /spaces where `\+` was\. Repaired, it decodes and its signature is valid, and nothing else is wrong/,
          ],
        ],
      },
    ],
  },
  {
    rank: 11,
    theme: "tokens that are shared, and wildcards",
    threads: "T #141; Flutter-SDK #451",
    cases: [
      {
        title: "one token for everyone",
        made: 'buildTokenWithUid for the channel "*" and uid 0',
        token: () => RtcTokenBuilder.buildTokenWithUid(live, CERTIFICATE, "*", 0, PUBLISHER, HOUR, HOUR),
        asked: rtc(),
        verdict: "ACCEPTED",
        answers: [
          ["ANY_USER", /whoever holds it/],
          ["ANY_CHANNEL", /every channel/],
        ],
      },
      {
        title: "a pattern that does not match",
        made: 'buildTokenWithUserAccount for the user "1*a*2"',
        token: () =>
          RtcTokenBuilder.buildTokenWithUserAccount(live, CERTIFICATE, "room-1", "1*a*2", PUBLISHER, HOUR, HOUR),
        asked: rtc({ userAccount: "1b2" }),
        verdict: "REJECTED",
        answers: [
          ["USER_MISMATCH", /for accounts that match "1\*a\*2"; the join is as account "1b2"/],
          ["ANY_USER", /every user that matches "1\*a\*2"/],
        ],
      },
    ],
  },
  {
    rank: 13,
    theme: "the recorder's own uid and token",
    threads: "Documentation #44 #49; Basic-Video-Call #249",
    cases: [
      {
        title: "the recorder joins with the token of a user",
        made: "buildTokenWithUid for uid 42, and the recorder joins as uid 900000",
        token: () => forUid(42),
        asked: rtc({ uid: 900_000 }),
        verdict: "REJECTED",
        answers: [["USER_MISMATCH", /for uid 42; the join is as uid 900000\. .*or build one for uid 900000/]],
      },
      {
        title: "the recorder has a token for an account, and joins by uid",
        made: 'buildTokenWithUserAccount for "recorder"',
        token: () =>
          RtcTokenBuilder.buildTokenWithUserAccount(live, CERTIFICATE, "room-1", "recorder", PUBLISHER, HOUR, HOUR),
        asked: rtc({ uid: 900_000 }),
        verdict: "REJECTED",
        answers: [["USER_MISMATCH", /for account "recorder"; the join is as uid 900000/]],
      },
    ],
  },
  {
    rank: "not ranked",
    theme: "clocks and time zones",
    threads: "T #265, in passing",
    cases: [
      {
        title: "the builder takes a local time for UTC",
        made: "AccessToken2, issued eight hours after",
        token: () => rtc007({ issuedAt: NOW + 8 * HOUR }),
        asked: rtc(),
        verdict: "REJECTED",
        answers: [["ISSUED_IN_FUTURE", /issued in 8 h, .* as far as a time zone/]],
      },
      {
        title: "a clock that is a minute ahead is none the worse",
        made: "AccessToken2, issued a minute after",
        token: () => rtc007({ issuedAt: NOW + 60 }),
        asked: rtc(),
        verdict: "ACCEPTED",
        answers: [],
      },
    ],
  },
];

/** What no token shows. */
const NOT_IN_A_TOKEN: Readonly<Record<number, string>> = {
  10: "a certificate that was leaked is not seen in the tokens that it signs",
  12: "a variable that is not set where a server starts is seen there",
};

beforeAll(() => void vi.useFakeTimers({ now: NOW * 1000, toFake: ["Date"] }));
afterAll(() => void vi.useRealTimers());

// Every token of version 006 has that note: it answers those alone that ask for it.
function toThePoint(reasons: readonly FindingReason[], answers: Case["answers"]): FindingReason[] {
  const isAnswer = answers.some(([reason]) => reason === "CHANNEL_NOT_BOUND");
  return reasons.filter((reason) => isAnswer || reason !== "CHANNEL_NOT_BOUND");
}

describe.each(THEMES.map((each) => [each.rank, each.theme, each.threads, each.cases] as const))(
  "%s: %s (%s)",
  (...theme) => {
    test.each(
      theme[3].map((each) => [each.thread ? `${each.title} (${each.thread})` : each.title, each.made, each] as const),
    )("%s: %s", async (_, __, complaint) => {
      const { token, asked, verdict, answers } = complaint;
      const told = await ask(token(), asked);
      for (const [reason, words] of answers) expect(said(told, reason)).toMatch(words);
      expect(new Set(toThePoint(told.reasons, answers))).toEqual(new Set(answers.map(([reason]) => reason)));
      expect(told.verdict).toBe(verdict);
    });
  },
);

test("every theme has cases, or it is said why not", () => {
  const answered = THEMES.map(({ rank }) => rank).filter((rank) => rank !== "not ranked");
  const ranks = [...answered, ...Object.keys(NOT_IN_A_TOKEN).map(Number)].sort((a, b) => a - b);
  expect(ranks).toEqual(Array.from({ length: 13 }, (_, at) => at + 1));
  for (const { cases } of THEMES) expect(cases.length).toBeGreaterThan(0);
});

test("what is said is of the table's reasons", () => {
  for (const { cases } of THEMES) {
    for (const [reason] of cases.flatMap(({ answers }) => answers)) expect(FINDINGS).toHaveProperty(reason);
  }
});

function withPlus(): string {
  for (let salt = 1; ; salt++) {
    const token = rtc007({ salt });
    if (/\+.*[^+]$/.test(token)) return token;
  }
}

test("a checksum that was changed with its text is no signature", async () => {
  const moved = withChecksums(old(), "room", "-142");
  const told = await ask(moved, rtc({ channelName: "room", userAccount: "-142" }));
  expect(told.signature).toBe("VALID");
  expect(told.reasons).toContain("CHANNEL_NOT_BOUND");
});
