// A row of the policy, made ready once for all that will be asked of it.

import { type Matches, patternMatcher } from "../token/pattern.ts";
import { ROLES, type RtcRole } from "../token/role.ts";
import { SERVICES } from "../token/services.ts";
import { wireSpelling } from "../token/spelling.ts";
import type { Permit } from "./policy.ts";

/** What a row permits, to be asked many times. */
export interface Row {
  permitsService(name: string): boolean;
  permitsChannel(name: string): boolean;
  permitsAccount(name: string): boolean;
  /** Whether RTC privileges, by their numbers, are permitted, all of them. */
  permitsPrivileges(numbers: Iterable<number>): boolean;
}

const rows = new WeakMap<Permit, Row>();

/** What a permit permits. It is made ready when it is first asked. */
export function rowOf(permit: Permit): Row {
  const known = rows.get(permit);
  if (known) return known;
  const row: Row = {
    permitsService: memberOf(permit.services),
    permitsChannel: anyOf(permit.channels),
    permitsAccount: anyOf(permit.users.accounts),
    permitsPrivileges: privilegesOf(permit.roles),
  };
  rows.set(permit, row);
  return row;
}

function memberOf(list: readonly string[]): Matches {
  if (list.includes("*")) return () => true;
  const names = new Set(list);
  return (name) => names.has(name);
}

function anyOf(patterns: readonly string[]): Matches {
  const [first, ...others] = patterns.map(patternMatcher);
  if (!first) return () => false;
  if (others.length === 0) return first;
  return (text) => first(text) || others.some((matches) => matches(text));
}

function privilegesOf(roles: readonly string[]): Row["permitsPrivileges"] {
  if (roles.includes("*")) return () => true;
  const permitted = new Set(roles.flatMap(privilegesNamed));
  return (numbers) => {
    let count = 0;
    for (const number of numbers) {
      if (!permitted.has(number)) return false;
      count++;
    }
    return count > 0;
  };
}

function privilegesNamed(name: string): readonly number[] {
  if (Object.hasOwn(ROLES, name)) return ROLES[name as RtcRole];
  const named = Object.entries(SERVICES.rtc.privileges).filter(([privilege]) => wireSpelling(privilege) === name);
  return named.map(([, number]) => number);
}
