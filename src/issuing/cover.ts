// Whether a token covers what is expected of it.

import type { Instant } from "../clock.ts";
import { type Grant, serviceRow } from "../token/services.ts";
import { admits, type ClaimedGrant, type Claims } from "./claims.ts";
import { differences, NOT_CHECKED_006, whomItIsFor } from "./cover-identity.ts";
import { areTooMany, permissionsUnknown, withoutPermissions } from "./cover-permissions.ts";
import { whatItLacks } from "./cover-privileges.ts";
import { type Finding, finding } from "./findings.ts";
import { serviceInWords, servicesInWords } from "./words.ts";

export { texts006 } from "./cover-identity.ts";

/** What a token should grant, and to whom. When its privileges end is not compared; without any, that to enter is expected. */
export type ExpectedGrant = Grant<unknown>;

/** The grant that comes nearest to what is expected, and what it does not cover. */
export interface Cover {
  readonly nearest: ClaimedGrant | undefined;
  readonly findings: readonly Finding[];
}

/** Compares what a token grants at a time with what is expected. */
export function cover(claims: Claims, expected: ExpectedGrant, now: Instant): Cover {
  const candidates = claims.grants.filter(({ grant }) => grant.service === expected.service);
  if (candidates.length === 0) {
    return { nearest: undefined, findings: mayBeUndecoded(claims, expected) ? [] : [serviceMissing(claims, expected)] };
  }
  const tooMany = areTooMany(candidates, expected);
  const asked = tooMany ? withoutPermissions(expected) : expected;
  const measured = candidates.map((candidate) => measure(claims, candidate, asked, now));
  const { candidate, lacks } = measured.reduce((best, next) => (next.distance < best.distance ? next : best));
  const findings = [...whomItIsFor(claims, candidate, expected, candidates), ...lacks];
  return { nearest: candidate, findings: tooMany ? [...findings, permissionsUnknown()] : findings };
}

/** How far a grant is from what is expected: one for the channel is nearer than one for the user, whatever it lacks. */
function measure(claims: Claims, candidate: ClaimedGrant, expected: ExpectedGrant, now: Instant) {
  const { channel, user } = differences(claims.claimed, candidate.grant, expected);
  const lacks = whatItLacks(claims, candidate, expected, now);
  // Of two that cover as much, the one that still admits.
  const distance = (channel ? 8 : 0) + (user ? 4 : 0) + (lacks.length > 0 ? 2 : 0) + (admits(candidate, now) ? 0 : 1);
  return { candidate, lacks, distance };
}

// Services are in the order of their types, unless that one is seen to be broken: then one may follow what is unknown.
function mayBeUndecoded({ claimed }: Claims, { service }: ExpectedGrant): boolean {
  if (claimed.version !== "007" || !claimed.unknownService) return false;
  const { type, undecoded } = claimed.unknownService;
  const ordered = type > serviceRow(service).type && !claimed.irregularities.has("SERVICES_UNSORTED");
  return undecoded > 1 && !ordered;
}

function serviceMissing({ claimed, grants }: Claims, { service }: ExpectedGrant): Finding {
  const wanted = serviceInWords(service);
  const found = `The token grants ${servicesInWords(grants.map(({ grant }) => grant)) || "no service that this server knows"}; ${wanted} is expected.`;
  if (claimed.version === "007") {
    const mend = `Build it with a grant of ${wanted}: one token can hold several.`;
    return finding("SERVICE_MISSING", found, { mend });
  }
  const shape = " Version 006 holds one service: RTM if its only privilege is to log in, else RTC.";
  const mend = `Build one for ${wanted}, or one of version 007, which can hold several.`;
  return finding("SERVICE_MISSING", found + shape + NOT_CHECKED_006, { mend });
}
