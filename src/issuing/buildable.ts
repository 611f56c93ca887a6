// What BuildToken builds: the rules of the contract, in our words. A renewal builds nothing else.

import { isLegalGrant } from "../token/legal.ts";
import { type Grant, SERVICES, serviceRow } from "../token/services.ts";

// Agora's numbers for what the contract knows of RTM2.
const MAX_RESOURCE_TYPE = 4;
const MAX_ACCESS = 1;

/** Whether BuildToken builds such a grant, for a caller that may have it. Ends of privileges are not looked at. */
export function isBuildable(grant: Grant<unknown>): boolean {
  return isLegalGrant(grant) && hasPrivileges(grant) && namesWhomItServes(grant) && hasKnownResources(grant);
}

/** What keeps grants from being a token of version 006; undefined if nothing does. */
export function faultFor006(grants: readonly Grant<unknown>[]): string | undefined {
  const [grant] = grants;
  if (grants.length !== 1 || !grant) return "version 006 holds exactly one grant";
  if (grant.service !== "rtc" && grant.service !== "rtm") return "version 006 holds a grant of RTC or RTM alone";
  if (grant.service === "rtc" && grant.channel === "any") {
    return "version 006 cannot be for any channel: name one, or build version 007";
  }
  return undefined;
}

/** With one to enter by, it is needed; else any of them will do. */
function hasPrivileges({ service, privileges }: Grant<unknown>): boolean {
  const { entry, privileges: known } = serviceRow(service);
  const numbers = Object.values(known);
  if (![...privileges.keys()].every((number) => numbers.includes(number))) return false;
  if (numbers.length === 0) return true;
  return entry === undefined ? privileges.size > 0 : privileges.has(entry);
}

function namesWhomItServes(grant: Grant<unknown>): boolean {
  if (grant.service === "chat") return !grant.privileges.has(SERVICES.chat.privileges.user) || grant.userId !== "";
  if (grant.service !== "apaas") return true;
  const { roomUser, user } = SERVICES.apaas.privileges;
  const needsUser = grant.privileges.has(roomUser) || grant.privileges.has(user);
  return (!needsUser || grant.userUuid !== "") && (!grant.privileges.has(roomUser) || grant.roomUuid !== "");
}

function hasKnownResources(grant: Grant<unknown>): boolean {
  if (grant.service !== "rtm2") return true;
  const kinds = grant.permissions.map(({ resourceType, access }) => `${resourceType} ${access}`);
  const known = grant.permissions.every(
    ({ resourceType, access }) => resourceType <= MAX_RESOURCE_TYPE && access <= MAX_ACCESS,
  );
  return known && new Set(kinds).size === kinds.length;
}
