// What there is to say about when privileges end.

import { type Instant, isoTime } from "../clock.ts";
import { privilegeName } from "../token/grant.ts";
import { type ServiceName, serviceRow } from "../token/services.ts";
import { wireSpelling } from "../token/spelling.ts";
import { admits, type ClaimedGrant, type Claims } from "./claims.ts";
import { type Finding, finding } from "./findings.ts";
import { meantAs } from "./meant-as.ts";
import { lengthOfTime, listed, serviceInWords, timeSeenFrom } from "./words.ts";

const MOST_SAID = 4;

/** A privilege and when it ends. */
interface Ending {
  readonly service: ServiceName;
  readonly number: number;
  readonly end: Instant;
}

/** That privileges have ended while the token has not. With `nearest`, what counts is whether that grant still admits. */
export function privilegesExpired(claims: Claims, nearest: ClaimedGrant | undefined, now: Instant): Finding[] {
  const ended = endingsOf(claims, (end) => end <= now);
  if (ended.length === 0) return [];
  const found = `${inWords(ended, (end) => timeSeenFrom(end, now), "ended")} The token lasts until ${isoTime(claims.end)}.`;
  return [finding("PRIVILEGE_EXPIRED", found, isShut(claims, nearest, now) ? {} : { severity: "notes", code: 0 })];
}

/** That privileges end after the token does. */
export function privilegesOutlast(claims: Claims): Finding[] {
  const { claimed, end, statedEnd, issuedAt } = claims;
  const tokenEnd = claimed.version === "006" ? claimed.expiresAt : claimed.lifetime === 0 ? end : statedEnd;
  const longer = endingsOf(claims, (each) => each > tokenEnd);
  if (longer.length === 0) return [];
  const found = `The token ends at ${isoTime(tokenEnd)}. ${inWords(longer, (each) => `${lengthOfTime(each - tokenEnd)} later`, "ends", "end")}`;
  const [first] = longer;
  const meant = first && issuedAt !== undefined ? meantAs(first.end - issuedAt, issuedAt) : undefined;
  if (!first || !meant) return [finding("PRIVILEGE_OUTLASTS_TOKEN", found)];
  const seconds = first.end - (issuedAt ?? 0);
  return [
    finding("PRIVILEGE_OUTLASTS_TOKEN", `${found} An end is written as ${seconds} seconds, ${meant.as}.`, {
      mend: meant.mend,
    }),
  ];
}

/** A privilege of a service: `join_channel of RTC`. */
export function nameOfPrivilege(service: ServiceName, number: number): string {
  return `${wireSpelling(privilegeName(service, number) ?? String(number))} of ${serviceInWords(service)}`;
}

/** The privileges that end at a time of which something holds. Mostly there is none. */
function endingsOf({ grants }: Claims, holds: (end: Instant) => boolean): Ending[] {
  const endings: Ending[] = [];
  for (const { grant } of grants) {
    for (const number of grant.privileges.keys()) {
      const end = grant.privileges.get(number);
      if (end !== undefined && holds(end)) endings.push({ service: grant.service, number, end });
    }
  }
  return endings;
}

/** `join_channel and publish_data_stream of RTC ended 3 min ago, at …`: those of one service and end are named together. */
function inWords(endings: readonly Ending[], when: (end: Instant) => string, one: string, many = one): string {
  const groups = new Map<string, Ending & { names: Set<string> }>();
  for (const ending of endings) {
    const key = `${ending.service} ${ending.end}`;
    const group = groups.get(key) ?? { ...ending, names: new Set() };
    groups.set(key, group);
    group.names.add(wireSpelling(privilegeName(ending.service, ending.number) ?? String(ending.number)));
  }
  const said = [...groups.values()].map(
    ({ service, end, names }) =>
      `${listed([...names])} of ${serviceInWords(service)} ${names.size > 1 ? many : one} ${when(end)}`,
  );
  const more = said.length > MOST_SAID ? `; and ${said.length - MOST_SAID} more` : "";
  return `${said.slice(0, MOST_SAID).join("; ")}${more}.`;
}

/** Whether there is nothing left to enter by. */
function isShut({ claimed, grants }: Claims, nearest: ClaimedGrant | undefined, now: Instant): boolean {
  // What could not be decoded may still admit.
  if (!nearest && claimed.version === "007" && claimed.unknownService) return false;
  const doors = nearest ? [nearest] : grants;
  return doors.some((door) => hasClosed(door, now)) && doors.every((door) => !admits(door, now));
}

function hasClosed({ grant: { service, privileges } }: ClaimedGrant, now: Instant): boolean {
  const entry = privileges.get(serviceRow(service).entry ?? 0);
  const ends = entry === undefined ? [...privileges.values()] : [entry];
  return ends.some((end) => end !== undefined && end <= now);
}
