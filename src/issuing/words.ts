// How findings say times, names and users, for people.

import { type Instant, isoTime, type Seconds } from "../clock.ts";
import { isPattern } from "../token/pattern.ts";
import type { ServiceName } from "../token/services.ts";
import type { Channel, User } from "../token/user.ts";

const UNITS = [
  [31_536_000, "y"],
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
] as const;
const MOST_SHOWN = 80;
const MOST_LISTED = 5;
const SAYS_SERVICE: Readonly<Record<ServiceName, string>> = {
  rtc: "RTC",
  rtm: "RTM",
  streaming: "Streaming",
  fpa: "FPA",
  chat: "Chat",
  fcdn: "FCDN",
  apaas: "APaaS",
  rtm2: "RTM2",
  convoAi: "ConvoAI",
  stt: "STT",
};
// Control and format characters, direction marks among them; what is no character; every space but the plain one.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|[^\S ]/u;

/** A length of time in its two largest units, rounded down: `3 min 12 s`. A year is 365 days. */
export function lengthOfTime(seconds: Seconds): string {
  const parts: string[] = [];
  let left = seconds;
  for (const [size, unit] of UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
    if (parts.length === 2) break;
  }
  return parts.join(" ") || "0 s";
}

/** A time, seen from another: `3 min 12 s ago, at 2026-11-24T10:00:00Z`. */
export function timeSeenFrom(at: Instant, now: Instant): string {
  const distance = at > now ? `in ${lengthOfTime(at - now)}` : at < now ? `${lengthOfTime(now - at)} ago` : "just now";
  return `${distance}, at ${isoTime(at)}`;
}

/**
 * A text from a token or a request, so that it cannot be mistaken for ours: in quotes, on one line, at most about 80
 * characters of it, and what cannot be seen as `\u{200b}`.
 */
export function quoted(text: string): string {
  let shown = "";
  for (const character of text) {
    const next = shownAs(character);
    if (shown.length + next.length > MOST_SHOWN) return `"${shown}…" (${text.length} characters)`;
    shown += next;
  }
  return `"${shown}"`;
}

/** A user, with its kind. */
export function userInWords(user: User): string {
  if (user === "any" || ("account" in user && user.account === "*")) return "any user";
  if ("uid" in user) return `uid ${user.uid}`;
  return isPattern(user.account) ? `accounts that match ${quoted(user.account)}` : `account ${quoted(user.account)}`;
}

/** A channel. */
export function channelInWords(channel: Channel): string {
  if (channel === "any") return "any channel";
  return isPattern(channel.name) ? `channels that match ${quoted(channel.name)}` : `channel ${quoted(channel.name)}`;
}

/** A service by the name that Agora's people use: `ConvoAI`. */
export function serviceInWords(service: ServiceName): string {
  return SAYS_SERVICE[service];
}

/** Services, each once: `RTC and RTM`. */
export function servicesInWords(grants: readonly { readonly service: ServiceName }[]): string {
  return listed([...new Set(grants.map(({ service }) => serviceInWords(service)))]);
}

/** `a, b and c`. */
export function listed(parts: readonly string[]): string {
  const last = parts.at(-1) ?? "";
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(", ")} and ${last}`;
}

/** `a, b, c, d, e and 3 more`. */
export function someListed(parts: readonly string[]): string {
  if (parts.length <= MOST_LISTED) return listed(parts);
  return listed([...parts.slice(0, MOST_LISTED), `${parts.length - MOST_LISTED} more`]);
}

function shownAs(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  return UNSEEN.test(character) ? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}` : character;
}
