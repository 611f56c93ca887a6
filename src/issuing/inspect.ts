import type { Permits } from "../access/policy.ts";
import type { Instant } from "../clock.ts";
import { Failure } from "../failure.ts";
import type { Project } from "../keyring/keyring.ts";
import { ALTERATIONS, type Repair, repairToken } from "../token/altered.ts";
import { MalformedToken } from "../token/bytes.ts";
import type { LegacyToken } from "../token/legacy.ts";
import { type Parsed, tryParseToken } from "../token/parse.ts";
import { type Claims, claimsOf } from "./claims.ts";
import type { ExpectedGrant } from "./cover.ts";
import { byGravity, type Finding, finding, type Verdict, verdictOf } from "./findings.ts";
import type { Authority } from "./issue.ts";
import { judge } from "./judge.ts";
import { checkSignature, judgeCertificate, type Signature } from "./signature.ts";
import { listed, timeSeenFrom } from "./words.ts";

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

/** Where to look for the project of a token. */
export interface Projects {
  /** The project that the token should belong to, if one was named. */
  readonly named: Project | undefined;
  byAppId(appId: string): Project | undefined;
  /** The project whose App ID differs in case alone. */
  byAppIdInOtherCase(appId: string): Project | undefined;
}

/**
 * Inspects a token for a caller. A bad token is a finding, not a failure.
 *
 * @throws Failure NOT_PERMITTED if a project is named that the caller may not inspect
 */
export function inspect(authority: Authority, order: InspectOrder): Inspection {
  const named = order.project === undefined ? undefined : inspectable(authority, order.project);
  if (order.project !== undefined && !named) throw new Failure("NOT_PERMITTED");
  return examine({ named, ...projectsOf(authority) }, order);
}

/** Inspects a token with the projects that there are to look in. With undefined there is no key ring: nothing is verified. */
export function examine(
  projects: Projects | undefined,
  order: Pick<InspectOrder, "token" | "expected" | "at">,
): Inspection {
  const { parsed, findings } = read(order.token);
  const nothing = { project: undefined, certificateId: undefined, claims: undefined, at: order.at } as const;
  if (parsed?.kind !== "token") {
    const all = byGravity([...findings, ...(parsed ? [otherKind(parsed, order.at)] : [])]);
    return { ...nothing, verdict: verdictOf(all), findings: all, signatureCheck: "SKIPPED" };
  }
  const claims = claimsOf(parsed.claimed);
  const {
    project,
    signer,
    findings: aboutProject,
  } = projects ? findProject(projects, claims) : { project: undefined, signer: undefined, findings: [] };
  const signature = checkSignature(claims, signer, order.expected);
  const all = byGravity([
    ...findings,
    ...aboutProject,
    ...(signature.check === "VALID" ? judgeCertificate(signature.certificate) : signature.findings),
    ...judge(claims, order.expected, order.at),
  ]);
  const verdict = verdictOf(all);
  return {
    // What nothing rejects and nothing verified is not known to be good, whatever the reason.
    verdict: verdict === "ACCEPTED" && signature.check !== "VALID" ? "INCONCLUSIVE" : verdict,
    findings: all,
    signatureCheck: signature.check,
    project: project?.id,
    certificateId: signature.check === "VALID" ? signature.certificate.id : undefined,
    claims,
    at: order.at,
  };
}

function read(original: string): { parsed: Parsed | undefined; findings: Finding[] } {
  const direct = tryParseToken(original);
  if (!(direct instanceof MalformedToken)) return { parsed: direct, findings: [] };
  const repair = repairToken(original);
  if (repair) return { parsed: repair.parsed, findings: [altered(repair)] };
  return { parsed: undefined, findings: [finding("MALFORMED", `The text is not a token: ${direct.message}.`)] };
}

function altered({ alterations, parsed }: Repair): Finding {
  const says = listed(alterations.map((alteration) => ALTERATIONS[alteration].says));
  const mend = listed(alterations.map((alteration) => ALTERATIONS[alteration].mend));
  const then = parsed ? " Repaired, it decodes: what follows is about the repaired text." : "";
  return finding("TEXT_ALTERED", `The text was a token and ${says}.${then}`, { mend: `To mend it, ${mend}.` });
}

function otherKind(parsed: Exclude<Parsed, { kind: "token" }>, now: Instant): Finding {
  if (parsed.kind === "unsupported") {
    return finding("VERSION_UNSUPPORTED", `The token is of version ${parsed.version}; this server reads 006 and 007.`);
  }
  return finding("LEGACY_FORMAT", legacyInWords(parsed.legacy, now));
}

function legacyInWords({ kind, appId, issuedAt, expiresAt, use }: LegacyToken, now: Instant): string {
  const times = [
    ...(issuedAt === undefined ? [] : [`issued ${timeSeenFrom(issuedAt, now)}`]),
    ...(expiresAt === undefined
      ? []
      : [expiresAt === 0 ? "without an end" : `with its end ${timeSeenFrom(expiresAt, now)}`]),
  ];
  const purpose = use === undefined ? "" : ` for ${use}`;
  return `The text is a ${kind}${purpose}, from before version 006, for the App ID ${appId}, ${listed(times)}.`;
}

function inspectable({ keyRing, permits }: Authority, id: string): Project | undefined {
  return permits.has(id) ? keyRing.project(id) : undefined;
}

function projectsOf({
  keyRing,
  permits,
}: {
  keyRing: Authority["keyRing"];
  permits: Permits;
}): Omit<Projects, "named"> {
  const ifPermitted = (project: Project | undefined) => (project && permits.has(project.id) ? project : undefined);
  return {
    byAppId: (appId) => ifPermitted(keyRing.projectOfAppId(appId)),
    byAppIdInOtherCase: (appId) => ifPermitted(keyRing.projectOfAppIdInOtherCase(appId)),
  };
}

/** The project that a token belongs to, and the one whose certificates may have made its signature. */
function findProject(projects: Projects, { claimed: { appId } }: Claims) {
  const project = projects.byAppId(appId);
  const alike = project ? undefined : projects.byAppIdInOtherCase(appId);
  const { named } = projects;
  const findings: Finding[] = [];
  if (named && named !== project) {
    const whose = project
      ? `: it is that of ${project.id}`
      : alike === named
        ? ": it differs in the case of its letters alone"
        : "";
    findings.push(
      finding(
        "APP_ID_MISMATCH",
        `The App ID of the token is not that of ${named.id}${whose}.`,
        alike === named ? caseMend : {},
      ),
    );
  } else if (!project) {
    const found = alike
      ? `The App ID of the token is that of ${alike.id} but for the case of its letters.`
      : "The App ID of the token is of no project that you may inspect.";
    findings.push(finding("APP_ID_UNKNOWN", found, alike ? caseMend : {}));
  }
  return { project, signer: project ?? alike, findings };
}

// Native error 101: the App ID itself is not valid.
const caseMend = { code: 101, mend: "Pass the App ID as Agora's console shows it: its case is part of it." } as const;
