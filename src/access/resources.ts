import { isPattern } from "../token/pattern.ts";
import type { Grant } from "../token/services.ts";

/** The RTM2 resource type of users; all others are channels or groups. */
export const RTM2_USERS = 4;

/** What an RTM2 grant names beside its user, patterns too. Empty for all other services. */
export function resourcesOf(grant: Grant<unknown>): { channels: string[]; users: string[] } {
  const permissions = grant.service === "rtm2" ? grant.permissions : [];
  const named = (users: boolean) =>
    permissions
      .filter(({ resourceType }) => (resourceType === RTM2_USERS) === users)
      .flatMap(({ resources }) => resources);
  return { channels: named(false), users: named(true) };
}

/** Whether a resource of an RTM2 grant stands for more than itself. */
export function hasPatternResource(grant: Grant<unknown>, kind: "channels" | "users"): boolean {
  return resourcesOf(grant)[kind].some(isPattern);
}

/** Whether an RTM2 grant names no resources, which leaves all of them open. */
export function leavesResourcesOpen(grant: Grant<unknown>): boolean {
  return grant.service === "rtm2" && grant.permissions.length === 0;
}
