/** What a finding does to the verdict. */
export type Severity = "rejects" | "open" | "notes";

/** What is known about a reason without looking at a token. */
interface Row {
  readonly severity: Severity;
  /** The error of Agora's native SDKs, 0 if there is none. Source: Agora's error code reference. */
  readonly code: number;
  /** What its people see before they ask. For the README, in Markdown. */
  readonly symptom: string;
  /** What would mend it, where a case does not know better. For the README too. */
  readonly mend: string;
  /** The severity of its lesser cases, if it has such. */
  readonly lesser: Severity | undefined;
}

function row(severity: Severity, code: number, symptom: string, mend: string, lesser?: Severity): Row {
  return { severity, code, symptom, mend, lesser };
}

const INVALID = 110;
const EXPIRED = 109;

/** THE TABLE: what can be found, the gravest first. Keys are the values of `FindingReason` in the contract. */
export const FINDINGS = {
  MALFORMED: row(
    "rejects",
    INVALID,
    'Error 110 for every user, at once; or "dynamic use static key"; the token is short, empty or `undefined`',
    "Pass the whole text that the builder gave, and nothing else.",
  ),
  TEXT_ALTERED: row(
    "rejects",
    INVALID,
    "The token works when it is pasted by hand, and not through the app; or some tokens work and others do not",
    "Carry the text unchanged: no quotes, no decoding of `+`, no column that is too short.",
  ),
  LEGACY_FORMAT: row(
    "rejects",
    INVALID,
    "The keys of an old backend are refused by current SDKs",
    "Build a token of version 007 in its place.",
  ),
  VERSION_UNSUPPORTED: row(
    "rejects",
    INVALID,
    "The token does not start with 006 or 007",
    "Build version 007, or update this server if Agora has published another.",
  ),
  APP_ID_UNKNOWN: row(
    "rejects",
    0,
    "Nobody here knows the project; or the App ID was changed to lower case, or exchanged with the certificate",
    "Check the App ID that the token was built with, or ask for permission to inspect its project.",
  ),
  APP_ID_MISMATCH: row(
    "rejects",
    INVALID,
    "The app joins with the App ID of one project and its backend builds for another",
    "Build the token for the project whose App ID the app joins with.",
  ),
  SIGNATURE_INVALID: row(
    "rejects",
    INVALID,
    'Error 110 although App ID, channel and user are right; or "signature verification failed"',
    "Build it with a current App Certificate of this project, as Agora's console shows it.",
  ),
  CERTIFICATE_REVOKED: row(
    "rejects",
    INVALID,
    "All tokens of one backend stopped working at once, after a rotation",
    "Build a new token, with a certificate that is in use: renewing this one cannot help.",
  ),
  EXPIRED: row(
    "rejects",
    EXPIRED,
    "Error 109; or the user is dropped after a while, and cannot join again",
    "Build a new token, and from then on renew it at its `renew_time`.",
  ),
  ISSUED_IN_FUTURE: row(
    "rejects",
    INVALID,
    "The token does not work yet, and does later",
    "Set the clock of the machine that built it, and its times to UTC.",
  ),
  SERVICE_MISSING: row(
    "rejects",
    INVALID,
    "An RTC token is used to log in to signaling, or the other way round: RTM login error 5",
    "Build it with a grant of the service that is used: one token of version 007 can hold several.",
  ),
  CHANNEL_MISMATCH: row(
    "rejects",
    INVALID,
    "Error 110 in one channel and not in another",
    "Join the channel that the token is for, or build one for this channel.",
  ),
  USER_MISMATCH: row(
    "rejects",
    INVALID,
    "Error 110 for one user and not for another; with uid 0; or after a renewal for another uid",
    "Join as the user that the token is for, or build one for this user.",
  ),
  PRIVILEGE_MISSING: row(
    "rejects",
    INVALID,
    "The user can join and not publish (error 119), or cannot join at all",
    "Build it with the role or the privileges that are needed.",
  ),
  PRIVILEGE_EXPIRED: row(
    "rejects",
    EXPIRED,
    "The user is dropped, or falls silent, while the token still lasts",
    "Let privileges last as long as the token; renewing does not bring back one that has ended.",
    "notes",
  ),
  EXPECTED_GRANT_REQUIRED: row(
    "open",
    0,
    "A token of version 006 is neither accepted nor rejected",
    "Give `expected_grant`: the channel and the user that the token should be for.",
  ),
  CONTENTS_UNKNOWN: row(
    "open",
    0,
    "The token was built by something newer than this server",
    "Update this server.",
    "notes",
  ),
  LIFETIME_LOOKS_ABSOLUTE: row(
    "notes",
    0,
    "The token claims to last for decades, and ends after 24 hours",
    "Pass a 007 builder seconds from now, and neither a time nor milliseconds.",
  ),
  LIFETIME_TOO_LONG: row(
    "notes",
    0,
    "The token ends after 24 hours although it was built for longer",
    "Build it for at most 24 hours, and renew it.",
  ),
  USER_LOOKS_UNSET: row(
    "notes",
    INVALID,
    "Error 110 for everyone but the developer; the user is `undefined`, `null` or the account `0`",
    "Look for the variable that was not set where the token was built.",
  ),
  PRIVILEGE_OUTLASTS_TOKEN: row(
    "notes",
    0,
    "The user stays connected without a warning, and then cannot join again",
    "Let privileges end with the token: after it, they are of no use, and nobody is told that it ended.",
  ),
  ANY_USER: row(
    "notes",
    0,
    "Whoever gets hold of the token can join",
    "Build it for one user, unless it is meant to be shared.",
  ),
  ANY_CHANNEL: row(
    "notes",
    0,
    "The token opens other channels too",
    "Build it for one channel, unless it is meant to open more.",
  ),
  CHANNEL_NOT_BOUND: row(
    "notes",
    0,
    "Any token of version 006",
    "Build version 007 where the SDK allows it: RTC from 4.0 on.",
  ),
  CERTIFICATE_NOT_PRIMARY: row(
    "notes",
    0,
    "A rotation is under way",
    "Renew it before that certificate is revoked: a renewal is signed with the primary one.",
  ),
  CO_HOST_AUTHENTICATION: row(
    "notes",
    119,
    "A subscriber can publish all the same; or a host cannot",
    "To enforce it, enable co-host authentication for the project; to publish, build it for a publisher.",
  ),
  CONTENTS_IRREGULAR: row(
    "notes",
    0,
    "The token was built by hand, or by a builder with a slip of its own",
    "Build it with this service.",
  ),
} as const satisfies Record<string, Row>;

/** A value of `FindingReason` in the contract, without its prefix. */
export type FindingReason = keyof typeof FINDINGS;

/** The reasons, the gravest first. */
export const FINDING_REASONS = Object.keys(FINDINGS) as readonly FindingReason[];

/** What an inspection found. */
export interface Finding {
  readonly reason: FindingReason;
  readonly severity: Severity;
  /** What was found, what was expected, what would mend it: for people. May quote the token and the request. */
  readonly description: string;
  readonly agoraErrorCode: number;
}

/** What an inspection concludes. */
export type Verdict = "ACCEPTED" | "REJECTED" | "INCONCLUSIVE";

/**
 * Makes a finding.
 *
 * @param found one or two sentences: what was found, and what was expected
 * @param special where this case differs from its row
 */
export function finding(
  reason: FindingReason,
  found: string,
  special: Partial<Pick<Row, "severity" | "code" | "mend">> = {},
): Finding {
  const { severity, code, mend } = { ...FINDINGS[reason], ...special };
  return { reason, severity, description: `${found} ${mend}`, agoraErrorCode: code };
}

const GRAVITY: Readonly<Record<Severity, number>> = { rejects: 0, open: 1, notes: 2 };

/** The findings, the gravest first. */
export function byGravity(findings: readonly Finding[]): Finding[] {
  const rank = ({ severity, reason }: Finding) =>
    GRAVITY[severity] * FINDING_REASONS.length + FINDING_REASONS.indexOf(reason);
  return [...findings].sort((a, b) => rank(a) - rank(b));
}

/** The one rule of the verdict. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  if (findings.some(({ severity }) => severity === "rejects")) return "REJECTED";
  return findings.some(({ severity }) => severity === "open") ? "INCONCLUSIVE" : "ACCEPTED";
}
