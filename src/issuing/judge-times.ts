// What there is to say about when a token was issued and when it ends.

import { type Instant, isoTime, type Seconds } from "../clock.ts";
import { serviceRow } from "../token/services.ts";
import type { Claims } from "./claims.ts";
import { type Finding, finding } from "./findings.ts";
import { nameOfPrivilege } from "./judge-privileges.ts";
import { MAX_LIFETIME } from "./lifetime.ts";
import { meantAs } from "./meant-as.ts";
import { lengthOfTime, timeSeenFrom } from "./words.ts";

/** How far ahead of ours a clock may be before its tokens are of the future. */
const SKEW: Seconds = 60;
// The borders of time zones are whole quarters of an hour, up to 14 hours.
const QUARTER: Seconds = 900;
const FARTHEST_ZONE: Seconds = 14 * 3600;
const ZONE_SKEW: Seconds = 90;
// The numbers of the roles in builders, which stand beside the lifetime in their arguments.
const LARGEST_ROLE = 2;
// Version 006 is of 2018: what ends in 1970 is a length of time.
const A_LENGTH: Seconds = 366 * 86_400;
// When Agora published version 006, on 27 September 2018.
const BORN_006: Instant = 1_538_006_400;

/** That a token has ended. */
export function tokenExpired(claims: Claims, now: Instant): Finding {
  const found = `The token expired ${timeSeenFrom(claims.end, now)}.`;
  return claims.claimed.version === "007" ? expired007(claims, found, now) : expired006(claims, found);
}

function expired007({ claimed, statedEnd, end, issuedAt }: Claims, found: string, now: Instant): Finding {
  const lifetime = claimed.version === "007" ? claimed.lifetime : 0;
  const issued = ` It was issued ${timeSeenFrom(issuedAt ?? end, now)}`;
  if (lifetime === 0) {
    const mend =
      "Build a new one, and say how many seconds it lasts: an argument that is missing or no number is written as 0.";
    return finding("EXPIRED", `${found}${issued}, with a lifetime of 0, which Agora takes for 24 hours.`, { mend });
  }
  if (end < statedEnd) {
    return finding(
      "EXPIRED",
      `${found}${issued}, and Agora accepts 24 hours from then; it states ${isoTime(statedEnd)}.`,
    );
  }
  if (lifetime <= LARGEST_ROLE) {
    const mend = "Build a new one, with its arguments in order: the role stands before the seconds.";
    const says = `, for ${lengthOfTime(lifetime)}, which looks like a role where the seconds belong.`;
    return finding("EXPIRED", `${found}${issued}${says}`, { mend });
  }
  return finding("EXPIRED", `${found}${issued}, for ${lengthOfTime(lifetime)}.`);
}

function expired006(claims: Claims, found: string): Finding {
  const { claimed, end } = claims;
  const tokenEnd = claimed.version === "006" ? claimed.expiresAt : end;
  if (end < A_LENGTH) {
    const mend = "Build a new one: a 006 builder takes the time of the end, in seconds since 1970.";
    return finding("EXPIRED", `${found} An end of ${end} is a length of time and no time.`, { mend });
  }
  if (end < BORN_006) {
    const mend = "Build a new one, and pass the time of its end in seconds since 1970.";
    const says = " Version 006 is younger than that: milliseconds look so when 32 bits of them are left.";
    return finding("EXPIRED", found + says, { mend });
  }
  if (end === tokenEnd) return finding("EXPIRED", found);
  const which = ` That is the end of ${entryOf(claims)}, which is before that of the token, ${isoTime(tokenEnd)}.`;
  const builtAt = tokenEnd - MAX_LIFETIME;
  if (end > builtAt) return finding("EXPIRED", found + which);
  const born = ` Builders write an end 24 hours from the issue, so it seems to have been built at ${isoTime(builtAt)}, when that had passed.`;
  const mend = "Compute the end for each token, and not once when the program starts.";
  return finding("EXPIRED", found + which + born, { mend });
}

function entryOf({ grants }: Claims): string {
  const service = grants[0]?.grant.service ?? "rtc";
  return nameOfPrivilege(service, serviceRow(service).entry ?? 0);
}

/** That a token was issued after the time that it is judged at. */
export function issuedInFuture({ issuedAt }: Claims, now: Instant): Finding[] {
  if (issuedAt === undefined || issuedAt <= now + SKEW) return [];
  const ahead = issuedAt - now;
  const zone = Math.round(ahead / QUARTER) * QUARTER;
  const isZone = zone > 0 && zone <= FARTHEST_ZONE && Math.abs(ahead - zone) <= ZONE_SKEW;
  const hint = isZone ? " That is as far as a time zone: a local time may have been taken for UTC." : "";
  return [finding("ISSUED_IN_FUTURE", `The token says that it was issued ${timeSeenFrom(issuedAt, now)}.${hint}`)];
}

/** That a token states no lifetime, and lasts all the same. */
export function lifetimeUnstated({ claimed, end }: Claims, now: Instant): Finding[] {
  if (claimed.version === "006" || claimed.lifetime !== 0 || end <= now) return [];
  const found = `The token states a lifetime of 0, which Agora takes for 24 hours: it ends ${timeSeenFrom(end, now)}. A builder writes 0 for an argument that is missing or no number.`;
  return [finding("CONTENTS_IRREGULAR", found, { mend: "Say how many seconds it should last." })];
}

/** That a token claims to last longer than Agora accepts, and what its lifetime may have been meant as. */
export function lifetimeTooLong(claims: Claims, now: Instant): Finding[] {
  const { claimed, end, statedEnd, issuedAt } = claims;
  if (claimed.version === "006" || issuedAt === undefined) return tooLong006(claims, now);
  if (claimed.lifetime <= MAX_LIFETIME) return [];
  const claim = `The token claims to last ${lengthOfTime(claimed.lifetime)}, until ${isoTime(statedEnd)}.`;
  const ends = `Agora accepts 24 hours, so it ${end <= now ? "ended" : "ends"} ${timeSeenFrom(end, now)}.`;
  const meant = meantAs(claimed.lifetime, issuedAt);
  const looks = meant && `The lifetime is ${claimed.lifetime} seconds, ${meant.as}.`;
  return [
    finding("LIFETIME_TOO_LONG", `${claim} ${ends}`),
    ...(looks ? [finding("LIFETIME_LOOKS_ABSOLUTE", looks, { mend: meant.mend })] : []),
  ];
}

// When it was issued is not in it; but not after now.
function tooLong006({ claimed }: Claims, now: Instant): Finding[] {
  const left = claimed.version === "006" ? claimed.expiresAt - now : 0;
  if (left <= MAX_LIFETIME) return [];
  const ends = claimed.version === "006" ? claimed.expiresAt : now;
  const found = `The token claims to last at least ${lengthOfTime(left)}, until ${isoTime(ends)}. Agora accepts 24 hours from its issue, which version 006 does not tell.`;
  return [finding("LIFETIME_TOO_LONG", found)];
}
