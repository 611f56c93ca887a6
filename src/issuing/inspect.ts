import type { Instant } from "../clock.ts";
import { Failure } from "../failure.ts";
import { type Repair, repairToken } from "../token/altered.ts";
import { MalformedToken } from "../token/bytes.ts";
import { type Claimed, type Parsed, tryParseToken } from "../token/parse.ts";
import { type Claims, claimsOf } from "./claims.ts";
import type { ExpectedGrant } from "./cover.ts";
import { byGravity, type Finding, type Verdict, verdictOf } from "./findings.ts";
import type { Authority } from "./issue.ts";
import { judge } from "./judge.ts";
import { findProject, type Projects, projectsIn } from "./judge-project.ts";
import { altered, notAToken, otherKind } from "./judge-text.ts";
import { checkSignature, judgeCertificate, type Signature, verifierOf } from "./signature.ts";

export { type Projects, projectsIn } from "./judge-project.ts";

/** What is asked. */
export interface InspectOrder {
  readonly token: string;
  /** The ID of the project that the token should belong to, or undefined for whichever. */
  readonly project: string | undefined;
  readonly expected: ExpectedGrant | undefined;
  /** The time to judge at. */
  readonly at: Instant;
}

/** What was found. */
export interface Inspection {
  readonly verdict: Verdict;
  /** The gravest first. */
  readonly findings: readonly Finding[];
  readonly signatureCheck: Signature["check"];
  /** The project that the token belongs to, if there is one to tell of. */
  readonly project: string | undefined;
  /** The certificate that made the signature, if one did. */
  readonly certificateId: string | undefined;
  /** What the token says, or what its text says when repaired. */
  readonly claims: Claims | undefined;
  readonly at: Instant;
}

type Question = Pick<InspectOrder, "token" | "expected" | "at">;
type Examined = Omit<Inspection, "verdict" | "at">;

const NOTHING: Examined = {
  findings: [],
  signatureCheck: "SKIPPED",
  project: undefined,
  certificateId: undefined,
  claims: undefined,
};

/**
 * Inspects a token for a caller. A bad token is a finding, not a failure.
 *
 * @throws Failure NOT_PERMITTED if a project is named that the caller may not inspect
 */
export function inspect({ keyRing, permits }: Authority, order: InspectOrder): Inspection {
  const may = (id: string) => permits.has(id);
  const named = order.project !== undefined && may(order.project) ? keyRing.project(order.project) : undefined;
  if (order.project !== undefined && !named) throw new Failure("NOT_PERMITTED");
  return examine(projectsIn(keyRing, named, may), order);
}

/** Inspects a token with the projects that there are to look in. With undefined there is no key ring: nothing is verified. */
export function examine(projects: Projects | undefined, order: Question): Inspection {
  const { parsed, repair, fault } = read(order.token);
  const examined = parsed ? examineParsed(parsed, projects, order) : NOTHING;
  const findings = byGravity([
    ...(fault ? [notAToken(order.token, fault)] : []),
    ...(repair ? [altered(repair, examined)] : []),
    ...examined.findings,
  ]);
  const verdict = verdictOf(findings);
  // Without a key ring there is no finding for what was not checked, and nothing is accepted all the same.
  const isSure = verdict !== "ACCEPTED" || examined.signatureCheck === "VALID";
  return {
    verdict: isSure ? verdict : "INCONCLUSIVE",
    findings,
    signatureCheck: examined.signatureCheck,
    project: examined.project,
    certificateId: examined.certificateId,
    claims: examined.claims,
    at: order.at,
  };
}

interface Reading {
  readonly parsed?: Parsed | undefined;
  readonly repair?: Repair;
  readonly fault?: MalformedToken;
}

function read(text: string): Reading {
  const direct = tryParseToken(text);
  if (!(direct instanceof MalformedToken)) return { parsed: direct };
  const repair = repairToken(text);
  return repair ? { parsed: repair.parsed, repair } : { fault: direct };
}

function examineParsed(parsed: Parsed, projects: Projects | undefined, order: Question): Examined {
  if (parsed.kind === "token") return examineToken(claimsOf(parsed.claimed), projects, order);
  const appId = parsed.kind === "legacy" ? parsed.legacy.appId : "";
  // A Dynamic Key 5 holds its App ID as bytes, which have no case.
  const owner = projects?.byAppId(appId) ?? projects?.byAppIdInOtherCase(appId);
  return { ...NOTHING, findings: [otherKind(parsed, owner?.id, order.at)] };
}

function examineToken(claims: Claims, projects: Projects | undefined, { expected, at }: Question): Examined {
  const belonging = projects && findProject(projects, claims, verifierOf(claims, expected));
  const signature = checkSignature(claims, belonging?.signer, expected, projects?.all?.());
  const certificate = signature.check === "VALID" ? signature.certificate : undefined;
  return {
    findings: [
      ...(belonging?.findings ?? []),
      ...(certificate ? judgeCertificate(certificate, belonging?.signer) : []),
      ...(signature.check === "VALID" ? [] : signature.findings),
      ...judge(claims, expected, at),
    ],
    signatureCheck: signature.check,
    project: belonging?.project?.id,
    certificateId: certificate?.id,
    claims: belonging?.exposes ? withoutAppId(claims) : claims,
  };
}

// No field of an answer carries an App Certificate.
function withoutAppId(claims: Claims): Claims {
  return { ...claims, claimed: { ...claims.claimed, appId: "" } satisfies Claimed };
}
