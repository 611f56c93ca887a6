import type { Instant } from "../clock.ts";
import { Failure, type Reason } from "../failure.ts";
import type { Project } from "../keyring/keyring.ts";
import { IRREGULARITIES, MalformedToken } from "../token/bytes.ts";
import { type Claimed, type Parsed, tryParseToken } from "../token/parse.ts";
import { type Grant, serviceRow } from "../token/services.ts";
import { wireSpelling } from "../token/spelling.ts";
import { userToText } from "../token/user.ts";
import { faultFor006, isBuildable } from "./buildable.ts";
import { type ClaimedGrant, type Claims, claimsOf, type End } from "./claims.ts";
import { cover, type ExpectedGrant } from "./cover.ts";
import type { Finding, FindingReason } from "./findings.ts";
import { type Authority, type IssuedToken, issue, permittedProject } from "./issue.ts";
import { judge } from "./judge.ts";
import { type Lifetime, type Span, spanOf } from "./lifetime.ts";
import { checkSignature, judgeCertificate, type Signature } from "./signature.ts";
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
  if (parsed.kind !== "token") throw unsupported(parsed);
  const [irregularity] = parsed.claimed.irregularities;
  if (irregularity) throw malformed(IRREGULARITIES[irregularity]);
  return parsed.claimed;
}

function malformed(fault: string): Failure {
  const description = `is not as a builder writes it: ${fault}`;
  return new Failure("TOKEN_MALFORMED", { at: { place: { part: "token" }, rule: "token.malformed", description } });
}

function unsupported(parsed: Exclude<Parsed, { kind: "token" }>): Failure {
  const kind = parsed.kind === "legacy" ? `a ${parsed.legacy.kind}` : "of a version";
  const description = `is ${kind} that this server does not renew: build version 007`;
  return new Failure("TOKEN_VERSION_UNSUPPORTED", {
    ...(parsed.kind === "unsupported" && { version: parsed.version }),
    at: { place: { part: "token" }, rule: "token.version", description },
  });
}

/** In the order that the contract states: project, expected grant, signature, expiration, cover, contents. */
function checkOriginal(claims: Claims, project: Project, expected: ExpectedGrant | undefined, now: Instant): void {
  if (claims.claimed.appId !== project.appId) throw new Failure("TOKEN_FOREIGN");
  if (claims.claimed.version === "006" && !expected) throw expectedRequired();
  const covered = expected ? cover(claims, expected, now) : { nearest: undefined, findings: [] };
  const uncovered = covered.findings.filter(({ severity }) => severity === "rejects");
  const signature = checkSignature(claims, project, expected);
  // The checksums of version 006 contradict what is expected: nothing that the token says can be verified.
  if (signature.check === "SKIPPED") refuse("EXPECTED_GRANT_MISMATCH", uncovered);
  const judged = judge(claims, expected, now).filter(({ severity }) => severity !== "notes");
  const of = (...reasons: FindingReason[]) => judged.filter(({ reason }) => reasons.includes(reason));
  refuse("TOKEN_NOT_GENUINE", [...unverified(signature), ...of("ISSUED_IN_FUTURE")]);
  if (signature.check !== "VALID") throw new Failure("TOKEN_NOT_GENUINE");
  if (of("EXPIRED", "PRIVILEGE_EXPIRED").length > 0) {
    const expireTime = endedAt(claims, covered.nearest, now);
    throw new Failure("TOKEN_EXPIRED", expireTime === undefined ? {} : { expireTime });
  }
  refuse("EXPECTED_GRANT_MISMATCH", uncovered);
  // Whatever else there is against a token, it must not be renewed.
  refuse("TOKEN_NOT_RENEWABLE", judged);
}

function expectedRequired(): Failure {
  const description = "is required for version 006, which does not tell its channel and user";
  const at = { place: { part: "expected_grant" }, rule: "required", description } as const;
  return new Failure("EXPECTED_GRANT_REQUIRED", { version: "006", at });
}

function unverified(signature: Signature): readonly Finding[] {
  if (signature.check !== "VALID") return signature.findings;
  return judgeCertificate(signature.certificate).filter(({ severity }) => severity !== "notes");
}

function refuse(reason: Reason, found: readonly Finding[]): void {
  if (found.length > 0) throw new Failure(reason, { detail: listed([...new Set(found.map((each) => each.reason))]) });
}

/** When the original ended, or what there was in it to enter by. */
function endedAt({ end, grants }: Claims, nearest: ClaimedGrant | undefined, now: Instant): Instant | undefined {
  if (end <= now) return end;
  const ended = (nearest ? [nearest] : grants).flatMap(({ grant: { service, privileges } }) => {
    const entry = privileges.get(serviceRow(service).entry ?? 0);
    return (entry === undefined ? [...privileges.values()] : [entry]).filter((each) => each !== undefined);
  });
  return ended.filter((each) => each <= now).sort((a, b) => b - a)[0];
}

/** The grants of the original, each within its own end, and of them what grants anything still. */
function inherit(claims: Claims, expected: ExpectedGrant | undefined, span: Span): Grant<End>[] {
  const grants = claims.grants.map(({ grant }) => named(claims, grant, expected));
  const { version } = claims.claimed;
  // What BuildToken would not build, a renewal does not either: no permit was ever given for it.
  const unfit = version === "006" && faultFor006(grants) ? grants : grants.filter((grant) => !isBuildable(grant));
  if (unfit.length > 0) {
    const services = listed([...new Set(unfit.map(({ service }) => wireSpelling(service)))]);
    throw new Failure("TOKEN_NOT_RENEWABLE", { detail: `a grant of ${services} that BuildToken would not build` });
  }
  return grants.map((grant) => ({ ...grant, privileges: inheritEnds(grant, claims.end, span) })).filter(isBuildable);
}

/** A grant with the channel and the user that version 006 does not hold, and with any user told as such. */
function named({ claimed }: Claims, grant: Grant<End>, expected: ExpectedGrant | undefined): Grant<End> {
  if (claimed.version === "006" && grant.service === "rtm" && expected?.service === "rtm") {
    return { ...grant, userId: expected.userId };
  }
  if (claimed.version === "006" && grant.service === "rtc" && expected?.service === "rtc") {
    return { ...grant, channel: expected.channel, user: claimed.userChecksum === 0 ? "any" : expected.user };
  }
  // Agora reads `*` as any user too; this service writes the empty text.
  return "user" in grant && userToText(grant.user) === "*" ? { ...grant, user: "any" } : grant;
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
