// What the golden files are made of: how each token is made, and what is asked of it.

import type { FindingReason, Severity } from "../../src/issuing/findings.ts";
import { handmade007, publisher, rtc007, rtcBytes, services, token006, token007 } from "../api/originals.ts";
import { APP_IDS, DIGITS, NOW } from "../api/world.ts";
import { VECTORS } from "../vectors/vectors.ts";

/** A golden file to be. */
export interface GoldenCase {
  readonly reason: FindingReason;
  readonly severity: Severity;
  /** What tells it from another case of the reason; empty for the only one. */
  readonly variant?: string;
  readonly about: string;
  /** How the token is made, for people who have other builders. */
  readonly made: string;
  readonly token: () => string;
  /** `InspectTokenRequest` in the contract's JSON, without the token. */
  readonly asked?: Readonly<Record<string, unknown>>;
}

const HOUR = 3600;
const BUILDER = "npm agora-token 2.0.6, AccessToken2";
const GOOD = `${BUILDER}: RTC, room-1, uid 42, publisher, issued a minute before, for an hour`;
const BUILDER_006 = "npm agora-token 2.0.6, AccessToken";
const join = { channelName: "room-1", uid: 42 };
const expectRtc = (value: Readonly<Record<string, unknown>> = {}) => ({
  expectedGrant: { rtc: { ...join, ...value } },
});
const legacy = VECTORS.legacy.find(({ id }) => id === "dk5-1-none")?.expected ?? "";

function golden(
  reason: FindingReason,
  severity: Severity,
  about: string,
  made: string,
  token: () => string,
  more: Partial<GoldenCase> = {},
): GoldenCase {
  return { reason, severity, about, made, token, ...more };
}

/** One for each value of `FindingReason`, and for each severity of those that have two. */
export const GOLDEN_CASES: readonly GoldenCase[] = [
  golden("MALFORMED", "rejects", "A variable that was never set is sent as the token.", "by hand", () => "undefined"),
  golden(
    "TEXT_ALTERED",
    "rejects",
    "A good token is sent as a log shows it.",
    `${GOOD}; in quotes`,
    () => `"${rtc007()}"`,
    {
      asked: expectRtc(),
    },
  ),
  golden(
    "TEXT_ALTERED",
    "rejects",
    "A column of 128 characters cut the token.",
    `${GOOD}; 128 characters of it`,
    () => rtc007().slice(0, 128),
    {
      variant: "cut",
    },
  ),
  golden(
    "LEGACY_FORMAT",
    "rejects",
    "The key of a backend from before version 006.",
    "dk5-1-none of test/vectors/vectors.json",
    () => legacy,
  ),
  golden("VERSION_UNSUPPORTED", "rejects", "A version to come.", `${GOOD}; with 008 for 007`, () =>
    rtc007().replace(/^007/, "008"),
  ),
  golden("APP_ID_UNKNOWN", "rejects", "The project is not in the key ring.", `${GOOD}; App ID abab…`, () =>
    rtc007({ appId: "ab".repeat(16), digits: "9".repeat(32) }),
  ),
  golden("APP_ID_MISMATCH", "rejects", "The app and the backend have two projects.", GOOD, () => rtc007(), {
    asked: { project: "other", ...expectRtc() },
  }),
  golden(
    "APP_ID_MISMATCH",
    "rejects",
    "The App ID was lower-cased on its way to the builder.",
    `${GOOD}; App ID in lower case`,
    () => rtc007({ appId: APP_IDS.live.toLowerCase() }),
    { variant: "lower_case", asked: { project: "live" } },
  ),
  golden(
    "SIGNATURE_INVALID",
    "rejects",
    "A certificate that nobody here has.",
    `${GOOD}; another certificate`,
    () => rtc007({ digits: "9".repeat(32) }),
    { asked: expectRtc() },
  ),
  golden(
    "SIGNATURE_INVALID",
    "rejects",
    "The certificate was lower-cased on its way to the builder.",
    `${GOOD}; certificate in lower case`,
    () => rtc007({ digits: DIGITS.primary.toLowerCase() }),
    { variant: "lower_case", asked: expectRtc() },
  ),
  golden(
    "CERTIFICATE_REVOKED",
    "rejects",
    "The backend still has the old certificate.",
    `${GOOD}; certificate revoked`,
    () => rtc007({ digits: DIGITS.revoked }),
    { asked: expectRtc() },
  ),
  golden(
    "EXPIRED",
    "rejects",
    "The token ended 3 min 12 s ago.",
    `${GOOD}; issued 1 h 3 min 12 s before`,
    () => rtc007({ issuedAt: NOW - HOUR - 192 }),
    { asked: expectRtc({ role: "RTC_ROLE_PUBLISHER" }) },
  ),
  golden(
    "ISSUED_IN_FUTURE",
    "rejects",
    "The builder took a local time for UTC.",
    `${GOOD}; issued 8 hours after`,
    () => rtc007({ issuedAt: NOW + 8 * HOUR }),
    { asked: expectRtc() },
  ),
  golden(
    "SERVICE_MISSING",
    "rejects",
    "An RTM token is used to join a channel.",
    `${BUILDER}: RTM, user u-1`,
    () => token007([[services.rtm(), { 1: HOUR }]]),
    { asked: expectRtc() },
  ),
  golden("CHANNEL_MISMATCH", "rejects", "The app joins another channel.", GOOD, () => rtc007(), {
    asked: expectRtc({ channelName: "Room-1" }),
  }),
  golden("USER_MISMATCH", "rejects", "The app joins as another user.", GOOD, () => rtc007(), {
    asked: { expectedGrant: { rtc: { channelName: "room-1", userAccount: "abc" } } },
  }),
  golden(
    "PRIVILEGE_MISSING",
    "rejects",
    "A host has the token of the audience.",
    `${GOOD}, but a subscriber`,
    () => token007([[services.rtc(), { 1: HOUR }]]),
    { asked: expectRtc({ role: "RTC_ROLE_PUBLISHER" }) },
  ),
  golden(
    "PRIVILEGE_EXPIRED",
    "rejects",
    "The privilege to join has ended before the token.",
    `${GOOD}; privileges for 30 s`,
    () => rtc007({}, 30),
    {
      variant: "to_join",
      asked: expectRtc(),
    },
  ),
  golden(
    "PRIVILEGE_EXPIRED",
    "notes",
    "The privileges to publish have ended, and that to join has not.",
    `${GOOD}; those to publish for 30 s`,
    () => token007([[services.rtc(), { ...publisher(30), 1: HOUR }]]),
    { variant: "to_publish", asked: expectRtc() },
  ),
  golden(
    "EXPECTED_GRANT_REQUIRED",
    "open",
    "A token of version 006, and nothing to check it with.",
    `${BUILDER_006}: room-1, uid 42, publisher`,
    () => token006(),
  ),
  golden(
    "CONTENTS_UNKNOWN",
    "open",
    "Agora has a new service.",
    "by hand: a service of type 11 after RTC",
    () => handmade007([rtcBytes(), Buffer.from([11, 0, 0, 0])]),
    { variant: "service", asked: expectRtc() },
  ),
  golden(
    "CONTENTS_UNKNOWN",
    "notes",
    "A token of version 006 from a first builder.",
    `${BUILDER_006}: room-1, uid 42, privileges 1 to 6 and 101`,
    () => token006({ privileges: { ...publisher(NOW + HOUR), 5: NOW + HOUR, 6: NOW + HOUR, 101: NOW + HOUR } }),
    { variant: "retired", asked: expectRtc() },
  ),
  golden(
    "LIFETIME_TOO_LONG",
    "notes",
    "Thirty days were wanted.",
    `${GOOD}, but for 30 days`,
    () => rtc007({ lifetime: 30 * 24 * HOUR }),
    {
      asked: expectRtc(),
    },
  ),
  golden(
    "LIFETIME_LOOKS_ABSOLUTE",
    "notes",
    "The time of the end was passed for the lifetime.",
    `${GOOD}, but with the time in an hour as its lifetime`,
    () => rtc007({ lifetime: NOW + HOUR }),
    { variant: "time", asked: expectRtc() },
  ),
  golden(
    "LIFETIME_LOOKS_ABSOLUTE",
    "notes",
    "Milliseconds were passed for the lifetime.",
    `${GOOD}, but with 3600000 as its lifetime`,
    () => rtc007({ lifetime: HOUR * 1000 }),
    { variant: "milliseconds", asked: expectRtc() },
  ),
  golden(
    "PRIVILEGE_OUTLASTS_TOKEN",
    "notes",
    "Privileges last an hour longer than the token.",
    `${GOOD}; privileges for two hours`,
    () => rtc007({}, 2 * HOUR),
    { asked: expectRtc() },
  ),
  golden(
    "ANY_USER",
    "notes",
    "A token for uid 0.",
    `${GOOD}, but uid 0`,
    () => token007([[services.rtc("room-1", 0), publisher(HOUR)]]),
    {
      asked: expectRtc(),
    },
  ),
  golden(
    "ANY_CHANNEL",
    "notes",
    "A token for every channel that a pattern matches.",
    `${GOOD}, but room-*`,
    () => token007([[services.rtc("room-*"), publisher(HOUR)]]),
    { asked: expectRtc() },
  ),
  golden(
    "USER_LOOKS_UNSET",
    "notes",
    "The user is a variable that was never set.",
    `${GOOD}, but the account "undefined"`,
    () => token007([[services.rtc("room-1", "undefined"), publisher(HOUR)]]),
  ),
  golden(
    "USER_LOOKS_UNSET",
    "notes",
    "uid 0 became text on its way, and so an account.",
    `${GOOD}, but the account "0"`,
    () => token007([[services.rtc("room-1", "0"), publisher(HOUR)]]),
    { variant: "zero" },
  ),
  golden(
    "CO_HOST_AUTHENTICATION",
    "notes",
    "The token of an audience.",
    `${GOOD}, but a subscriber`,
    () => token007([[services.rtc(), { 1: HOUR }]]),
    { asked: expectRtc({ role: "RTC_ROLE_SUBSCRIBER" }) },
  ),
  golden(
    "CERTIFICATE_NOT_PRIMARY",
    "notes",
    "A rotation is under way.",
    `${GOOD}; certificate retiring`,
    () => rtc007({ digits: DIGITS.retiring }),
    { asked: expectRtc() },
  ),
  golden(
    "CHANNEL_NOT_BOUND",
    "notes",
    "A good token of version 006.",
    `${BUILDER_006}: room-1, uid 42, publisher`,
    () => token006(),
    {
      asked: expectRtc(),
    },
  ),
  golden(
    "CONTENTS_IRREGULAR",
    "notes",
    "A port writes its services unsorted, and bytes after them.",
    "by hand: RTM, then RTC, then 2 bytes",
    () =>
      handmade007([Buffer.from([2, 0, 1, 0, 1, 0, 16, 14, 0, 0, 1, 0, 117]), rtcBytes()], { tail: Buffer.from("ok") }),
    { asked: expectRtc() },
  ),
];

/** The name of the file of a case. */
export function fileOf({ reason, variant }: GoldenCase): string {
  return `${reason.toLowerCase()}${variant === undefined ? "" : `.${variant}`}.json`;
}
