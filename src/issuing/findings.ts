/** What a finding does to the verdict. */
export type Severity = "rejects" | "open" | "notes";

/** What is known about a reason without looking at a token. */
interface Row {
  readonly severity: Severity;
  /** The error of Agora's native SDKs, 0 if there is none. Source: Agora's error code reference. */
  readonly code: number;
  /** What its people see. */
  readonly symptom: string;
  /** What would mend it. */
  readonly mend: string;
}

function row(severity: Severity, code: number, symptom: string, mend: string): Row {
  return { severity, code, symptom, mend };
}

const INVALID = 110;
const EXPIRED = 109;

/** THE TABLE: what can be found, the gravest first. Keys are the values of `FindingReason` in the contract. */
export const FINDINGS = {
  MALFORMED: row(
    "rejects",
    INVALID,
    "The SDK says that the token is invalid, at once",
    "Pass the whole text that BuildToken gave, and nothing else.",
  ),
  TEXT_ALTERED: row(
    "rejects",
    INVALID,
    "The token works when pasted by hand and not through the app",
    "Carry the text unchanged.",
  ),
  LEGACY_FORMAT: row(
    "rejects",
    INVALID,
    "An old backend's keys are refused by current SDKs",
    "Build version 007: SDKs from 2.1 on refuse this format.",
  ),
  VERSION_UNSUPPORTED: row(
    "rejects",
    INVALID,
    "The token has a version that nobody knows",
    "Build version 007, or update this server.",
  ),
  APP_ID_UNKNOWN: row(
    "rejects",
    0,
    "The token is of a project that is not in the key ring",
    "Check the App ID that the token was built with, or ask for permission to inspect its project.",
  ),
  APP_ID_MISMATCH: row(
    "rejects",
    INVALID,
    "The app uses one App ID and the backend another",
    "Build the token for the project whose App ID the app joins with.",
  ),
  SIGNATURE_INVALID: row(
    "rejects",
    INVALID,
    "Error 110 although channel and user are right",
    "Build it with a current App Certificate of this project; check that the certificate is whole and in its own case.",
  ),
  CERTIFICATE_REVOKED: row(
    "rejects",
    INVALID,
    "All tokens of an old certificate stopped working",
    "Build a new one: renewing cannot help.",
  ),
  EXPIRED: row(
    "rejects",
    EXPIRED,
    "Error 109, or the user is dropped after a while",
    "Build a new one, and renew before `renew_time`.",
  ),
  ISSUED_IN_FUTURE: row(
    "rejects",
    INVALID,
    "The token does not work yet, and does later",
    "Set the clock of the machine that built it.",
  ),
  SERVICE_MISSING: row(
    "rejects",
    INVALID,
    "A token for RTC is used for signaling, or the other way round",
    "Build it with a grant of the service that is used; one token can hold several.",
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
    "Error 110 for one user and not for another",
    "Join as the user that the token is for, by the same kind of ID, or build one for this user.",
  ),
  PRIVILEGE_MISSING: row(
    "rejects",
    INVALID,
    "The user can join and not publish, or cannot join",
    "Build it with the role or privileges that are needed.",
  ),
  PRIVILEGE_EXPIRED: row(
    "rejects",
    EXPIRED,
    "The user is dropped, or muted, while the token still lasts",
    "Renew the token with privileges that last as long as it.",
  ),
  EXPECTED_GRANT_REQUIRED: row(
    "open",
    0,
    "A version 006 token cannot be checked",
    "Give `expected_grant`: the channel and the user that it should be for.",
  ),
  CONTENTS_UNKNOWN: row("open", 0, "The token was built by something newer than this server", "Update this server."),
  LIFETIME_LOOKS_ABSOLUTE: row(
    "notes",
    0,
    "The token claims to last for decades",
    "Pass seconds from now to a 007 builder, not a time and not milliseconds.",
  ),
  LIFETIME_TOO_LONG: row(
    "notes",
    0,
    "The token dies after 24 hours although it was built for longer",
    "Build it for at most 24 hours, and renew it.",
  ),
  USER_LOOKS_UNSET: row(
    "notes",
    INVALID,
    'The user is `undefined`, `null` or "0"',
    "Look for a variable that was not set where the token was built.",
  ),
  PRIVILEGE_OUTLASTS_TOKEN: row(
    "notes",
    0,
    "A privilege ends after its token",
    "Let privileges end with the token: after it ends, they are of no use.",
  ),
  ANY_USER: row("notes", 0, "Anyone who holds the token can join", "Build it for one user, where it is for one."),
  ANY_CHANNEL: row(
    "notes",
    0,
    "The token opens more channels than one",
    "Build it for one channel, where it is for one.",
  ),
  CHANNEL_NOT_BOUND: row("notes", 0, "Version 006 does not bind the channel tightly", "Build version 007."),
  CERTIFICATE_NOT_PRIMARY: row(
    "notes",
    0,
    "A rotation is under way",
    "Renew it, which signs with the primary certificate.",
  ),
  CO_HOST_AUTHENTICATION: row(
    "notes",
    119,
    "A subscriber can publish all the same, or a host cannot",
    "To enforce it, enable co-host authentication for the project; to publish, build it for a publisher.",
  ),
  CONTENTS_IRREGULAR: row(
    "notes",
    0,
    "The token is not written as Agora's builders write it",
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
