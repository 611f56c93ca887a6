// Which grants a row permits beyond doubt, told without a list or a set. Whatever is not among them is for `refusals` of
// policy.ts to judge: to say no here is never wrong, only slow. A test holds each yes to that.

import { isPattern } from "../token/pattern.ts";
import type { Grant } from "../token/services.ts";
import { MAX_UID, type User, uidFromText } from "../token/user.ts";
import type { Ask, Permit } from "./policy.ts";
import { type Row, rowOf } from "./row.ts";

/** Whether a row permits for certain what is asked. */
export function permitsPlainly(permit: Permit, { grants, ttl }: Ask): boolean {
  if (grants.length === 0 || ttl > permit.maxTtl) return false;
  const row = rowOf(permit);
  for (const grant of grants) if (!permitsGrant(permit, row, grant)) return false;
  return true;
}

// Grants of RTC, for one channel and one user, are nearly all there are.
function permitsGrant(permit: Permit, row: Row, grant: Grant<unknown>): boolean {
  if (grant.service !== "rtc" || grant.channel === "any") return false;
  const { name } = grant.channel;
  return (
    permitsUser(permit, row, grant.user) &&
    row.permitsService(grant.service) &&
    !isPattern(name) &&
    row.permitsChannel(name) &&
    row.permitsPrivileges(grant.privileges.keys())
  );
}

function permitsUser({ users }: Permit, row: Row, user: User): boolean {
  if (user === "any") return false;
  if ("uid" in user) return users.uids && user.uid >= 1 && user.uid <= MAX_UID;
  const { account } = user;
  const isAccount = account !== "" && !isPattern(account) && uidFromText(account) === undefined;
  return isAccount && row.permitsAccount(account);
}
