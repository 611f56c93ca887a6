// What a decoded token is found to be, at a time. Pure: all that is known comes in.

import type { Instant } from "../clock.ts";
import { isForAnyUser } from "../token/grant.ts";
import type { Claims } from "./claims.ts";
import { cover, type ExpectedGrant } from "./cover.ts";
import type { Finding } from "./findings.ts";
import { judgeContents } from "./judge-contents.ts";
import { privilegesExpired, privilegesOutlast } from "./judge-privileges.ts";
import { issuedInFuture, lifetimeTooLong, lifetimeUnstated, tokenExpired } from "./judge-times.ts";
import { anyUser, channelNotBound, coHost, notesOnGrants } from "./notes.ts";
import { unsetIn006 } from "./slips.ts";

/** Judges what a token says, apart from its signature: what it grants, for how long, and how it is written. */
export function judge(claims: Claims, expected: ExpectedGrant | undefined, now: Instant): Finding[] {
  const covered = expected && cover(claims, expected, now);
  return [
    ...(claims.end <= now ? [tokenExpired(claims, now)] : privilegesExpired(claims, covered?.nearest, now)),
    ...issuedInFuture(claims, now),
    ...(covered?.findings ?? []),
    ...lifetimeTooLong(claims, now),
    ...lifetimeUnstated(claims, now),
    ...privilegesOutlast(claims),
    ...notes(claims),
    ...judgeContents(claims),
  ];
}

function notes(claims: Claims): Finding[] {
  const { claimed } = claims;
  const grants = claims.grants.map(({ grant }) => grant);
  if (claimed.version === "007") return notesOnGrants("007", grants);
  const open = claimed.userChecksum === 0 ? grants.filter(({ service }) => service === "rtc") : [];
  return [channelNotBound(), ...anyUser(open.filter(isForAnyUser)), ...unsetIn006(claimed, grants), ...coHost(grants)];
}
