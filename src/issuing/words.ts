// How findings say times, names and users, for people.

import { type Instant, isoTime, type Seconds } from "../clock.ts";
import { type Channel, MAX_UID, type User, uidFromText } from "../token/user.ts";

const UNITS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
] as const;
const MOST_QUOTED = 96;
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** A length of time in its two largest units: `3 min 12 s`. */
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

/** A text from a token or a request, so that it cannot be mistaken for ours: quoted, on one line, not too long. */
export function quoted(text: string): string {
  const short = text.length > MOST_QUOTED ? `${text.slice(0, MOST_QUOTED)}…` : text;
  return JSON.stringify(short.toWellFormed()).replace(INVISIBLE, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A user, with its kind. */
export function userInWords(user: User): string {
  if (user === "any") return "any user";
  return "uid" in user ? `uid ${user.uid}` : `account ${quoted(user.account)}`;
}

/** A channel. */
export function channelInWords(channel: Channel): string {
  return channel === "any" ? "any channel" : `channel ${quoted(channel.name)}`;
}

/** What a user that looks like a number and is no uid was meant to be, as a sentence; empty if it does not. */
export function numberHint(user: User): string {
  if (user === "any" || "uid" in user || !/^-?\d{1,24}$/.test(user.account)) return "";
  const number = Number(user.account);
  if (number > MAX_UID) return ` A uid is at most ${MAX_UID}, so this number is an account to Agora.`;
  if (number < 0 && number >= -(2 ** 31))
    return ` As an unsigned number, which a uid is, it would be ${number + 2 ** 32}.`;
  return uidFromText(String(number)) === undefined ? "" : ` It is not spelled as the uid ${number}.`;
}

/** A name of ours in the contract's spelling: `publish_audio_stream`. */
export function wireSpelling(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `a, b and c`. */
export function listed(parts: readonly string[]): string {
  const last = parts.at(-1) ?? "";
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(", ")} and ${last}`;
}
