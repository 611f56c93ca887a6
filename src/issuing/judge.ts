// What a decoded token is found to be, at a time. Pure: all that is known comes in.

import type { Instant } from "../clock.ts";
import { isForAnyUser, privilegeName } from "../token/grant.ts";
import type { Claims } from "./claims.ts";
import { admits } from "./claims.ts";
import { cover, type ExpectedGrant } from "./cover.ts";
import { type Finding, finding } from "./findings.ts";
import { judgeContents } from "./judge-contents.ts";
import { MAX_LIFETIME } from "./lifetime.ts";
import { anyUser, channelNotBound, coHost, notesOnGrants } from "./notes.ts";
import { lengthOfTime, listed, timeSeenFrom, wireSpelling } from "./words.ts";

/** How far ahead of ours a clock may be before its tokens are of the future. */
const SKEW = 60;
// Past this many seconds since 1970, a number of seconds is a time: it was passed in September 2001.
const A_TIME = 1_000_000_000;

/** Judges what a token says, apart from its signature: what it grants, for how long, and how it is written. */
export function judge(claims: Claims, expected: ExpectedGrant | undefined, now: Instant): Finding[] {
  const covered = expected && cover(claims, expected, now);
  const nearest = covered?.nearest ? [covered.nearest] : claims.grants;
  const expired = claims.end <= now;
  return [
    ...(expired ? [tokenExpired(claims, now)] : privilegesExpired(claims, nearest, now)),
    ...issuedInFuture(claims, now),
    ...(covered?.findings ?? []),
    ...lifetime(claims, now),
    ...privilegesOutlast(claims),
    ...notes(claims),
    ...judgeContents(claims),
  ];
}

function tokenExpired({ claimed, end, statedEnd, issuedAt }: Claims, now: Instant): Finding {
  const capped = end < statedEnd ? " Agora counts at most 24 hours from the issue." : "";
  const zero =
    claimed.version === "007" && claimed.lifetime === 0 ? " It states no lifetime, and Agora takes 24 hours." : "";
  const tiny =
    claimed.version === "006" && end <= MAX_LIFETIME
      ? " Such an end is a length of time: a 006 builder takes the time of the end."
      : "";
  const since = issuedAt === undefined ? "" : ` It was issued ${timeSeenFrom(issuedAt, now)}.`;
  return finding("EXPIRED", `The token expired ${timeSeenFrom(end, now)}.${since}${capped}${zero}${tiny}`);
}

function issuedInFuture({ issuedAt }: Claims, now: Instant): Finding[] {
  if (issuedAt === undefined || issuedAt <= now + SKEW) return [];
  return [finding("ISSUED_IN_FUTURE", `The token says that it was issued ${timeSeenFrom(issuedAt, now)}.`)];
}

function privilegesExpired(claims: Claims, considered: Claims["grants"], now: Instant): Finding[] {
  const ended = claims.grants.flatMap(({ grant }) =>
    [...grant.privileges].flatMap(([number, end]) =>
      end !== undefined && end <= now ? [`${nameOf(grant.service, number)} (${timeSeenFrom(end, now)})`] : [],
    ),
  );
  if (ended.length === 0) return [];
  // Without the privilege to enter, the others are of no use.
  const shut = considered.every((claimed) => !admits(claimed, now) && hasEnded(claimed, now));
  const found = `${ended.length === 1 ? "A privilege has" : "Privileges have"} ended while the token has not: ${listed(ended.slice(0, 8))}.`;
  return [finding("PRIVILEGE_EXPIRED", found, shut ? {} : { severity: "notes", code: 0 })];
}

function hasEnded({ grant }: Claims["grants"][number], now: Instant): boolean {
  return [...grant.privileges.values()].some((end) => end !== undefined && end <= now);
}

function lifetime({ claimed, issuedAt, end, statedEnd }: Claims, now: Instant): Finding[] {
  const claimedLifetime = claimed.version === "007" ? claimed.lifetime : claimed.expiresAt - now;
  if (claimedLifetime <= MAX_LIFETIME) return [];
  const says = claimed.version === "007" ? "claims to last" : "claims to last at least";
  const stated = claimed.version === "007" ? statedEnd : claimed.expiresAt;
  const capped = issuedAt === undefined ? "" : ` It ends ${timeSeenFrom(end, now)}.`;
  const found = `The token ${says} ${lengthOfTime(claimedLifetime)}, until ${timeSeenFrom(stated, now)}, and Agora accepts at most 24 hours.${capped}`;
  return [finding("LIFETIME_TOO_LONG", found), ...(claimed.version === "007" ? looksAbsolute(claimedLifetime) : [])];
}

function looksAbsolute(seconds: number): Finding[] {
  if (seconds >= A_TIME) {
    const found = `The lifetime is ${seconds} seconds, which read as a time is ${new Date(seconds * 1000).toISOString().slice(0, 10)}: an end was passed where a length was meant.`;
    return [finding("LIFETIME_LOOKS_ABSOLUTE", found)];
  }
  if (seconds % 1000 === 0 && seconds / 1000 <= MAX_LIFETIME) {
    const found = `The lifetime is ${seconds} seconds, which read as milliseconds is ${lengthOfTime(seconds / 1000)}.`;
    return [finding("LIFETIME_LOOKS_ABSOLUTE", found)];
  }
  return [];
}

function privilegesOutlast({ claimed, grants, end, statedEnd }: Claims): Finding[] {
  const tokenEnd = claimed.version === "006" ? claimed.expiresAt : claimed.lifetime === 0 ? end : statedEnd;
  const longer = grants.flatMap(({ grant }) =>
    [...grant.privileges].flatMap(([number, ends]) =>
      ends !== undefined && ends > tokenEnd
        ? [`${nameOf(grant.service, number)} (by ${lengthOfTime(ends - tokenEnd)})`]
        : [],
    ),
  );
  if (longer.length === 0) return [];
  return [finding("PRIVILEGE_OUTLASTS_TOKEN", `These end after the token does: ${listed(longer.slice(0, 8))}.`)];
}

function notes(claims: Claims): Finding[] {
  const { claimed } = claims;
  const grants = claims.grants.map(({ grant }) => grant);
  if (claimed.version === "007") return notesOnGrants("007", grants);
  const open = claimed.userChecksum === 0 ? grants.filter(({ service }) => service === "rtc") : [];
  return [channelNotBound(), ...anyUser(open.filter(isForAnyUser)), ...coHost(grants)];
}

function nameOf(service: Claims["grants"][number]["grant"]["service"], number: number): string {
  return `${wireSpelling(service)}.${wireSpelling(privilegeName(service, number) ?? String(number))}`;
}
