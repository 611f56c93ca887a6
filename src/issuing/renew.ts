import type { Instant } from "../clock.ts";
import { Failure, type Reason } from "../failure.ts";
import type { Project } from "../keyring/keyring.ts";
import { IRREGULARITIES, MalformedToken } from "../token/bytes.ts";
import { isLegalGrant } from "../token/legal.ts";
import { type Claimed, type Parsed, tryParseToken } from "../token/parse.ts";
import { type Grant, serviceRow } from "../token/services.ts";
import { type ClaimedGrant, type Claims, claimsOf, type End } from "./claims.ts";
import type { ExpectedGrant } from "./cover.ts";
import { type Finding, type FindingReason, verdictOf } from "./findings.ts";
import { type Authority, type IssuedToken, issue, permittedProject } from "./issue.ts";
import { judge } from "./judge.ts";
import { type Lifetime, type Span, spanOf } from "./lifetime.ts";
import { checkSignature, judgeCertificate } from "./signature.ts";
import { listed } from "./words.ts";

/** What is asked for. */
export interface RenewOrder {
  /** The ID of the project that the original belongs to. */
  readonly project: string;
  /** The original. */
  readonly token: string;
  readonly lifetime: Lifetime;
  /** What the original should grant; required for version 006. */
  readonly expected: ExpectedGrant | undefined;
}

/**
 * Renews a token: verifies the original, and builds one that grants no more than it does.
 *
 * @throws Failure for the first that is wrong: the lifetime, the permission for the project, the original, the
 *   permission for its grants
 */
export function renew(authority: Authority, order: RenewOrder): IssuedToken {
  const span = spanOf(order.lifetime, authority.now);
  const project = permittedProject(authority, order.project);
  const claims = claimsOf(readOriginal(order.token));
  checkOriginal(claims, project, order.expected, authority.now);
  const grants = inherit(claims, order.expected, span);
  return issue(authority, project, { version: claims.claimed.version, span, grants });
}

function readOriginal(token: string): Claimed {
  const parsed = tryParseToken(token);
  if (parsed instanceof MalformedToken) throw malformed(parsed.message);
  if (parsed.kind !== "token") throw new Failure("TOKEN_VERSION_UNSUPPORTED", { detail: kindOf(parsed) });
  const [irregularity] = parsed.claimed.irregularities;
  if (irregularity) throw malformed(IRREGULARITIES[irregularity]);
  return parsed.claimed;
}

function malformed(detail: string): Failure {
  return new Failure("TOKEN_MALFORMED", {
    at: { place: { part: "token" }, rule: "token.malformed", description: `is not as a builder writes it: ${detail}` },
  });
}

function kindOf(parsed: Exclude<Parsed, { kind: "token" }>): string {
  return parsed.kind === "legacy" ? `a ${parsed.legacy.kind}` : `version ${parsed.version}`;
}

/** In the order that the contract states: project, expected grant, signature, expiration, cover, contents. */
function checkOriginal(claims: Claims, project: Project, expected: ExpectedGrant | undefined, now: Instant): void {
  if (claims.claimed.appId !== project.appId) throw new Failure("TOKEN_FOREIGN");
  const signature = checkSignature(claims, project, expected);
  const findings = [
    ...(signature.check === "VALID" ? judgeCertificate(signature.certificate) : signature.findings),
    ...judge(claims, expected, now),
  ];
  for (const [reason, causes] of REFUSALS) {
    const found = findings.filter((each) => causes.includes(each.reason) && each.severity !== "notes");
    if (found.length > 0) throw new Failure(reason, factsOf(reason, found, claims));
  }
  // Whatever else rejects a token must not be renewed either.
  if (signature.check !== "VALID" || verdictOf(findings) !== "ACCEPTED") throw new Failure("TOKEN_NOT_GENUINE");
}

const REFUSALS: readonly (readonly [Reason, readonly FindingReason[]])[] = [
  ["EXPECTED_GRANT_REQUIRED", ["EXPECTED_GRANT_REQUIRED"]],
  ["TOKEN_NOT_GENUINE", ["SIGNATURE_INVALID", "CERTIFICATE_REVOKED", "ISSUED_IN_FUTURE"]],
  ["TOKEN_EXPIRED", ["EXPIRED", "PRIVILEGE_EXPIRED"]],
  ["EXPECTED_GRANT_MISMATCH", ["SERVICE_MISSING", "CHANNEL_MISMATCH", "USER_MISMATCH", "PRIVILEGE_MISSING"]],
  ["TOKEN_NOT_RENEWABLE", ["CONTENTS_UNKNOWN"]],
];

function factsOf(reason: Reason, found: readonly Finding[], claims: Claims) {
  if (reason === "TOKEN_EXPIRED") return { expireTime: claims.end };
  if (reason === "EXPECTED_GRANT_REQUIRED") return { version: claims.claimed.version };
  const causes = listed([...new Set(found.map((each) => each.reason))]);
  return { detail: causes };
}

/** The grants of the original, with the channel and the user that version 006 does not hold, each within its own end. */
function inherit(claims: Claims, expected: ExpectedGrant | undefined, span: Span): Grant<End>[] {
  const grants = claims.grants.map((claimed) => ({ ...claimed, grant: named(claims, claimed, expected) }));
  if (!grants.every(({ grant }) => isLegalGrant(grant))) {
    throw new Failure("TOKEN_NOT_RENEWABLE", { detail: "a channel or user that this service does not build for" });
  }
  const inherited = grants.map(({ grant }) => ({ ...grant, privileges: inheritEnds(grant, claims.end, span) }));
  return inherited.filter((grant, index) => isOfUse(grant, grants[index]?.grant));
}

function named({ claimed }: Claims, { grant }: ClaimedGrant, expected: ExpectedGrant | undefined): Grant<End> {
  if (claimed.version === "007" || !expected) return grant;
  if (grant.service === "rtm" && expected.service === "rtm") return { ...grant, userId: expected.userId };
  if (grant.service !== "rtc" || expected.service !== "rtc") return grant;
  return { ...grant, channel: expected.channel, user: claimed.userChecksum === 0 ? "any" : expected.user };
}

/** A privilege that lasted as long as the original lasts as long as the renewal; one that had an earlier end keeps it. */
function inheritEnds(
  { privileges }: Grant<End>,
  originalEnd: Instant,
  { issuedAt, expiresAt }: Span,
): Map<number, End> {
  const inherited = new Map<number, End>();
  for (const [number, end] of privileges) {
    if (end === undefined || end >= originalEnd) inherited.set(number, undefined);
    else if (end > issuedAt) inherited.set(number, Math.min(end, expiresAt));
  }
  return inherited;
}

// What has lost its last privilege, or the one to enter by, grants nothing any more.
function isOfUse(grant: Grant<End>, original: Grant<End> | undefined): boolean {
  const { entry } = serviceRow(grant.service);
  return (
    original?.privileges.size === 0 ||
    (grant.privileges.size > 0 && (entry === undefined || grant.privileges.has(entry)))
  );
}
