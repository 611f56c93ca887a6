// Questions about a grant that do not depend on when its privileges end.

import { isPattern } from "./pattern.ts";
import { type Grant, SERVICE_NAMES, type ServiceName, serviceRow } from "./services.ts";
import { type Channel, channelFromText, type User, userFromText, userToText } from "./user.ts";

/** The channel or room of a grant, or undefined if its service has none. A room that is not named is every room. */
export function channelOf(grant: Grant<unknown>): Channel | undefined {
  if ("channel" in grant) return grant.channel;
  return "roomUuid" in grant ? channelFromText(grant.roomUuid) : undefined;
}

/** The user of a grant as text, empty for any; undefined if its service has none. */
export function userTextOf(grant: Grant<unknown>): string | undefined {
  if ("user" in grant) return userToText(grant.user);
  if ("userId" in grant) return grant.userId;
  return "userUuid" in grant ? grant.userUuid : undefined;
}

/** The user of a grant, or undefined if its service has none. */
export function userOf(grant: Grant<unknown>): User | undefined {
  const text = userTextOf(grant);
  return text === undefined ? undefined : userFromText(text);
}

/** Whether a grant is for more channels than one. */
export function isForAnyChannel(grant: Grant<unknown>): boolean {
  const channel = channelOf(grant);
  return channel !== undefined && (channel === "any" || isPattern(channel.name));
}

/** Whether a grant is for more users than one. */
export function isForAnyUser(grant: Grant<unknown>): boolean {
  const user = userTextOf(grant);
  return user !== undefined && (user === "" || isPattern(user));
}

/** The name of a privilege, or undefined if it is not known here. */
export function privilegeName(service: Grant<unknown>["service"], number: number): string | undefined {
  return PRIVILEGE_NAMES.get(service)?.get(number);
}

const PRIVILEGE_NAMES: ReadonlyMap<ServiceName, ReadonlyMap<number, string>> = new Map(
  SERVICE_NAMES.map((service) => {
    const named = Object.entries(serviceRow(service).privileges);
    return [service, new Map(named.map(([name, number]) => [number, name]))];
  }),
);
