// Whether a grant grants what is expected.

import type { Instant } from "../clock.ts";
import { privilegeName } from "../token/grant.ts";
import { type Grant, serviceRow } from "../token/services.ts";
import { wireSpelling } from "../token/spelling.ts";
import type { ClaimedGrant, Claims } from "./claims.ts";
import { missingPermissions } from "./cover-permissions.ts";
import { type Finding, finding } from "./findings.ts";
import { serviceInWords, someListed } from "./words.ts";

type Expected = Grant<unknown>;

const MEND_ENDED = "Build a new one whose privileges last as long as it does.";

/** What of the privileges, the role and the permissions that are expected a grant does not grant at a time. */
export function whatItLacks(claims: Claims, claimed: ClaimedGrant, expected: Expected, now: Instant): Finding[] {
  const { grant } = claimed;
  const name = (number: number) => wireSpelling(privilegeName(expected.service, number) ?? String(number));
  const missing = missingPrivileges(claimed, expected);
  const hasEnded = endedPrivileges(claims, grant, now);
  const ended = [...expected.privileges.keys()].filter((number) => hasEnded.includes(number));
  const others = [...otherRole(grant, expected), ...missingPermissions(grant, expected)];
  const lacking = [...missing.map(name), ...ended.map((number) => `${name(number)} (which has ended)`), ...others];
  const isEmpty = grantsNothing(claimed, expected);
  if (lacking.length === 0 && !isEmpty) return [];
  const has = [...grant.privileges.keys()].filter((number) => !hasEnded.includes(number)).map(name);
  const not = lacking.length > 0 ? `does not grant ${someListed(lacking)}; it ` : "";
  const found = `For ${serviceInWords(expected.service)}, the token ${not}grants ${someListed(has) || "no privilege"}${role(grant)}.`;
  const code = codeOf(expected, missing, ended);
  const onlyEnded = ended.length === lacking.length && !isEmpty;
  return [finding("PRIVILEGE_MISSING", found, { code, ...(onlyEnded && { mend: MEND_ENDED }) })];
}

/** The privileges that are expected: without any, the one to enter by. */
function wantedOf({ service, privileges }: Expected): number[] {
  const { entry } = serviceRow(service);
  return privileges.size > 0 || entry === undefined ? [...privileges.keys()] : [entry];
}

function missingPrivileges({ grant }: ClaimedGrant, expected: Expected): number[] {
  return wantedOf(expected).filter((number) => !grant.privileges.has(number));
}

// That the token has ended is said once, and not again of each privilege.
function endedPrivileges(claims: Claims, { privileges }: ClaimedGrant["grant"], now: Instant): number[] {
  if (claims.end <= now) return [];
  return [...privileges].flatMap(([number, end]) => (end !== undefined && end <= now ? [number] : []));
}

// Where there is no privilege to enter by, any will do, and none will not.
function grantsNothing({ grant, unknown }: ClaimedGrant, { service, privileges }: Expected): boolean {
  const { entry, privileges: known } = serviceRow(service);
  if (entry !== undefined || Object.keys(known).length === 0) return false;
  return privileges.size === 0 && grant.privileges.size + unknown.size === 0;
}

// To join is needed for error 110; to publish is asked for later, when the role is switched.
function codeOf({ service }: Expected, missing: readonly number[], ended: readonly number[]): number {
  const entry = serviceRow(service).entry ?? 0;
  if (service !== "rtc" || missing.includes(entry)) return 110;
  return ended.includes(entry) ? 109 : 119;
}

function role(grant: Grant<unknown>): string {
  const isSubscriber = grant.service === "rtc" && grant.privileges.size === 1 && grant.privileges.has(1);
  return isSubscriber ? ", as for a subscriber" : "";
}

function otherRole(grant: Grant<unknown>, expected: Expected): string[] {
  if (expected.service !== "apaas" || grant.service !== "apaas") return [];
  if (expected.role === undefined || expected.role === grant.role) return [];
  return [`role ${expected.role} (its role is ${grant.role ?? "-1, none"})`];
}
