// The steps that building and renewing share: from what was decided to a signed token.

import type { Permits } from "../access/policy.ts";
import type { Instant } from "../clock.ts";
import { Failure } from "../failure.ts";
import { type KeyRing, type Project, signer } from "../keyring/keyring.ts";
import { TokenTooLarge } from "../token/bytes.ts";
import { type Grant, type Privileges, SERVICES } from "../token/services.ts";
import { RTM_LOGIN_006, sign006 } from "../token/token006.ts";
import { sign007 } from "../token/token007.ts";
import { channelToText, userToText } from "../token/user.ts";
import type { End } from "./claims.ts";
import type { Finding } from "./findings.ts";
import { renewalOf, type Span } from "./lifetime.ts";
import { notesOnGrants } from "./notes.ts";

/** A version of the token format. */
export type TokenVersion = "006" | "007";

/** On whose behalf and with what a call is carried out: one snapshot from its beginning to its end. */
export interface Authority {
  readonly keyRing: KeyRing;
  readonly permits: Permits;
  readonly now: Instant;
  /** Gives a number from 1 to 2^32-1, a new one each time. */
  readonly salt: () => number;
}

/** What is decided about a token before it is signed. Every end is within the span. */
export interface Decision {
  readonly version: TokenVersion;
  readonly span: Span;
  readonly grants: readonly Grant<End>[];
}

/** A token that was signed. */
export interface IssuedToken {
  /** A secret. */
  readonly text: string;
  /** The 32 bytes of its signature, where they were at hand. */
  readonly signature: Uint8Array | undefined;
  readonly appId: string;
  readonly version: TokenVersion;
  readonly span: Span;
  readonly renewAt: Instant;
  readonly certificateId: string;
  /** What it grants. A privilege without an end ends with it. */
  readonly grants: readonly Grant<End>[];
  readonly notes: readonly Finding[];
}

/**
 * The project, if any row of the caller names it. That it does not exist and that no row names it are told alike.
 *
 * @throws Failure NOT_PERMITTED
 */
export function permittedProject({ keyRing, permits }: Authority, id: string): Project {
  const project = permits.has(id) ? keyRing.project(id) : undefined;
  if (!project) throw new Failure("NOT_PERMITTED");
  return project;
}

/**
 * Checks that a row permits a decision, and signs it with the project's primary certificate.
 *
 * @throws Failure NOT_PERMITTED, LIFETIME_NOT_PERMITTED, VERSION_NOT_ALLOWED, NO_SIGNING_CERTIFICATE or TOKEN_TOO_LARGE
 */
export function issue(authority: Authority, project: Project, decision: Decision): IssuedToken {
  checkPermitted(authority, project, decision);
  const { version, span, grants } = decision;
  if (version === "006" && !project.allowToken006) throw new Failure("VERSION_NOT_ALLOWED", { version });
  const certificate = signer(project);
  if (!certificate) throw new Failure("NO_SIGNING_CERTIFICATE");
  const { text, signature } = sign(decision, project.appId, authority.salt(), certificate.secret.reveal());
  return {
    text,
    signature,
    appId: project.appId,
    version,
    span,
    renewAt: renewalOf(span),
    certificateId: certificate.id,
    grants,
    notes: notesOnGrants(version, grants),
  };
}

function checkPermitted({ permits }: Authority, project: Project, { span, grants }: Decision): void {
  const ttl = span.expiresAt - span.issuedAt;
  const ruling = permits.rule(project.id, { grants, ttl });
  if (!ruling.permitted && ruling.maxTtl === undefined) throw new Failure("NOT_PERMITTED");
  const maxTtl = Math.min(project.maxTtl, ruling.permitted ? ruling.permit.maxTtl : (ruling.maxTtl ?? 0));
  if (ttl > maxTtl) throw new Failure("LIFETIME_NOT_PERMITTED", { maxTtl });
}

function sign(
  { version, span, grants }: Decision,
  appId: string,
  salt: number,
  certificate: Uint8Array,
): Pick<IssuedToken, "text" | "signature"> {
  try {
    if (version === "006") {
      const text = sign006({ appId, salt, expiresAt: span.expiresAt, ...parts006(span, grants) }, certificate);
      return { text, signature: undefined };
    }
    const lifetime = span.expiresAt - span.issuedAt;
    let signature: Uint8Array | undefined;
    const keep = (bytes: Uint8Array) => {
      signature = new Uint8Array(bytes);
    };
    const relative = grants.map((grant) => ({ ...grant, privileges: endsBy(grant.privileges, span, span.issuedAt) }));
    const text = sign007({ appId, salt, issuedAt: span.issuedAt, lifetime, grants: relative }, certificate, keep);
    return { text, signature };
  } catch (error) {
    if (!(error instanceof TokenTooLarge)) throw error;
    const description = "make a token larger than this server reads back: ask for fewer grants or resources";
    const at = { place: { part: "grants" }, rule: "token.too_large", description } as const;
    throw new Failure("TOKEN_TOO_LARGE", { at }, { cause: error });
  }
}

// An end is always written, never as 0: some of Agora's tools read 0 as "has ended".
function endsBy(privileges: Privileges<End>, { expiresAt }: Span, zero: Instant): Map<number, number> {
  const ends = new Map<number, number>();
  for (const number of privileges.keys()) ends.set(number, (privileges.get(number) ?? expiresAt) - zero);
  return ends;
}

function parts006(span: Span, [grant]: readonly Grant<End>[]) {
  if (grant?.service === "rtm") {
    const login = grant.privileges.get(SERVICES.rtm.privileges.login);
    const privileges = endsBy(new Map([[RTM_LOGIN_006, login]]), span, 0);
    return { channelText: grant.userId, userText: "", privileges };
  }
  if (grant?.service !== "rtc")
    throw new Failure("INTERNAL", { detail: "a token of version 006 holds RTC or RTM alone" });
  const { channel, user } = grant;
  return {
    channelText: channelToText(channel),
    userText: userToText(user),
    privileges: endsBy(grant.privileges, span, 0),
  };
}
