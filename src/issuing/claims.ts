// What a token says, alike for both versions: ends are absolute, and no end is undefined.

import type { Instant } from "../clock.ts";
import { privilegeName } from "../token/grant.ts";
import type { Claimed } from "../token/parse.ts";
import { type Grant, SERVICES, serviceRow } from "../token/services.ts";
import { type Claimed006, PRIVILEGES_006, RTM_LOGIN_006 } from "../token/token006.ts";
import type { Claimed007 } from "../token/token007.ts";
import { MAX_LIFETIME } from "./lifetime.ts";

/** When a privilege ends; undefined is the end of the token. */
export type End = Instant | undefined;

/** A grant as it was read. */
export interface ClaimedGrant {
  /** With the privileges that are known alone. In version 006 its channel and user are empty. */
  readonly grant: Grant<End>;
  /** The others, by number. */
  readonly unknown: ReadonlyMap<number, End>;
  /** Those of `unknown` that Agora has retired. */
  readonly retired: ReadonlySet<number>;
}

/** What a token says. Nothing of it is trusted. */
export interface Claims {
  readonly claimed: Claimed;
  /** Undefined for version 006, which does not tell. */
  readonly issuedAt: Instant | undefined;
  /** The end that it states. For version 006 the earlier of the token's and that of the privilege to enter. */
  readonly statedEnd: Instant;
  /** The end that Agora sees: at most 24 hours after the issue, and 24 hours if it states none. */
  readonly end: Instant;
  readonly grants: readonly ClaimedGrant[];
}

/** Reads the claims of a token. */
export function claimsOf(claimed: Claimed): Claims {
  return claimed.version === "007" ? claims007(claimed) : claims006(claimed);
}

/** Whether the privilege to join or to log in is there and has not ended. Without one to enter by, any privilege will do. */
export function admits({ grant, unknown }: ClaimedGrant, at: Instant): boolean {
  const { entry } = serviceRow(grant.service);
  const lasts = (end: End) => end === undefined || end > at;
  if (entry !== undefined) return grant.privileges.has(entry) && lasts(grant.privileges.get(entry));
  return grant.privileges.size + unknown.size === 0 || [...grant.privileges.values(), ...unknown.values()].some(lasts);
}

function claims007(claimed: Claimed007): Claims {
  const { issuedAt, lifetime } = claimed;
  const endAt = (seconds: number): End => (seconds === 0 ? undefined : issuedAt + seconds);
  return {
    claimed,
    issuedAt,
    statedEnd: issuedAt + lifetime,
    end: issuedAt + Math.min(lifetime || MAX_LIFETIME, MAX_LIFETIME),
    grants: claimed.grants.map((grant) => splitPrivileges(grant, endAt, () => false)),
  };
}

function claims006(claimed: Claimed006): Claims {
  const endAt = (time: number): End => time || undefined;
  const isRtm = claimed.privileges.size === 1 && claimed.privileges.has(RTM_LOGIN_006);
  const login = claimed.privileges.get(RTM_LOGIN_006) ?? 0;
  const grant: Grant = isRtm
    ? { service: "rtm", privileges: new Map([[SERVICES.rtm.privileges.login, login]]), userId: "" }
    : { service: "rtc", privileges: claimed.privileges, channel: { name: "" }, user: { account: "" } };
  const split = splitPrivileges(grant, endAt, (number) => PRIVILEGES_006.get(number)?.retired === true);
  const entry = split.grant.privileges.get(serviceRow(grant.service).entry ?? 0);
  const end = Math.min(claimed.expiresAt, entry ?? claimed.expiresAt);
  return { claimed, issuedAt: undefined, statedEnd: end, end, grants: [split] };
}

const NONE: ReadonlySet<number> = new Set();

function splitPrivileges(
  grant: Grant,
  endAt: (end: number) => End,
  isRetired: (number: number) => boolean,
): ClaimedGrant {
  const known = new Map<number, End>();
  const unknown = new Map<number, End>();
  for (const number of grant.privileges.keys()) {
    const side = privilegeName(grant.service, number) === undefined ? unknown : known;
    side.set(number, endAt(grant.privileges.get(number) ?? 0));
  }
  const retired = unknown.size === 0 ? NONE : new Set([...unknown.keys()].filter(isRetired));
  return { grant: { ...grant, privileges: known }, unknown, retired };
}
