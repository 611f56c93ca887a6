// What a grant reaches, in the terms of a row: what it names, and whether it goes beyond that.

import { channelOf, isForAnyChannel, isForAnyUser, userTextOf } from "../token/grant.ts";
import { isPattern } from "../token/pattern.ts";
import { type Grant, SERVICES } from "../token/services.ts";
import { hasPatternResource, leavesResourcesOpen, resourcesOf } from "./resources.ts";

const APP_PRIVILEGES: Readonly<Partial<Record<Grant["service"], number>>> = {
  chat: SERVICES.chat.privileges.app,
  apaas: SERVICES.apaas.privileges.app,
};

/** Whether a grant is of use beyond the channels that it names. */
export function reachesAnyChannel(grant: Grant<unknown>): boolean {
  const own = isForAnyChannel(grant) || hasPatternResource(grant, "channels") || leavesResourcesOpen(grant);
  // To act as the user, or for the whole application, is not bound to the room that stands beside it.
  return (
    own || (grant.service === "apaas" && (actsForApp(grant) || grant.privileges.has(SERVICES.apaas.privileges.user)))
  );
}

/** Whether a grant is of use for others than the users that it names. */
export function reachesAnyUser(grant: Grant<unknown>): boolean {
  return isForAnyUser(grant) || actsForApp(grant) || hasPatternResource(grant, "users") || leavesResourcesOpen(grant);
}

/** The channels that a grant names. */
export function channelsNamed(grant: Grant<unknown>): string[] {
  const channel = channelOf(grant);
  const own = channel === undefined || channel === "any" ? [] : [channel.name];
  return [...own, ...resourcesOf(grant).channels].filter((name) => !isPattern(name));
}

/** The users that a grant names; `mayBeUid` where its service tells uids from accounts. */
export function usersNamed(grant: Grant<unknown>): { readonly text: string; readonly mayBeUid: boolean }[] {
  const own = { text: userTextOf(grant) ?? "", mayBeUid: "user" in grant };
  const others = resourcesOf(grant).users.map((text) => ({ text, mayBeUid: false }));
  return [own, ...others].filter(({ text }) => text !== "" && !isPattern(text));
}

function actsForApp({ service, privileges }: Grant<unknown>): boolean {
  const app = APP_PRIVILEGES[service];
  return app !== undefined && privileges.has(app);
}
