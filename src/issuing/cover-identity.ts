// Whether a token is for the channel and the user that are expected.

import { channelOf, userOf, userTextOf } from "../token/grant.ts";
import type { Claimed } from "../token/parse.ts";
import { matchesPattern } from "../token/pattern.ts";
import type { Grant } from "../token/services.ts";
import { type Claimed006, checksum } from "../token/token006.ts";
import { type Channel, channelToText, MAX_UID, type User, userToText } from "../token/user.ts";
import type { ClaimedGrant, Claims } from "./claims.ts";
import { type Finding, finding } from "./findings.ts";
import { likeness, spelledAs } from "./likeness.ts";
import { channelInWords, quoted, someListed, userInWords } from "./words.ts";

type Expected = Grant<unknown>;

/** The texts that the signature of a version 006 token covers and that are not in it. */
export interface Texts006 {
  readonly channelText: string;
  readonly userText: string;
}

/** Why the signature of a version 006 token was not checked, as a sentence with a space before it. */
export const NOT_CHECKED_006 = " Its signature was not checked, as that takes the right channel and user.";

const EXCHANGED = " The channel and the user are exchanged.";

/** What is wrong with the channel and the user of a grant. `candidates` are the grants of the same service. */
export function whomItIsFor(
  { claimed }: Claims,
  { grant }: ClaimedGrant,
  expected: Expected,
  candidates: readonly ClaimedGrant[],
): Finding[] {
  if (claimed.version === "006") return identity006(claimed, grant, expected);
  const swapped = isSwapped(grant, expected) ? EXCHANGED : "";
  return [...otherChannel(grant, expected, candidates, swapped), ...otherUser(grant, expected, swapped)];
}

/** Whether a grant is for another channel, or another user, than is expected. */
export function differences(claimed: Claimed, grant: Grant<unknown>, expected: Expected) {
  if (claimed.version === "007")
    return { channel: isOtherChannel(grant, expected), user: isOtherUser(grant, expected) };
  const texts = textsOf(claimed, expected);
  const differs = (text: string, sum: number) => texts !== undefined && checksum(text) !== sum;
  return {
    channel: differs(texts?.channelText ?? "", claimed.channelChecksum),
    user: differs(texts?.userText ?? "", claimed.userChecksum),
  };
}

/** The texts that a version 006 token must have been signed with if it is what is expected; undefined if it cannot be. */
export function texts006(claims: Claims, expected: Expected): Texts006 | undefined {
  const { claimed } = claims;
  const grant = claims.grants[0]?.grant;
  if (claimed.version !== "006" || grant?.service !== expected.service) return undefined;
  const differs = differences(claimed, grant, expected);
  // A user of RTC in a token for signaling is nobody's name: the signature does not cover it.
  const isOther = differs.channel || (differs.user && expected.service !== "rtm");
  return isOther ? undefined : textsOf(claimed, expected);
}

function textsOf({ userChecksum }: Claimed006, expected: Expected): Texts006 | undefined {
  if (expected.service === "rtm") return { channelText: expected.userId, userText: "" };
  if (expected.service !== "rtc") return undefined;
  // A token for any user is signed without one, whoever joins with it.
  return {
    channelText: channelToText(expected.channel),
    userText: userChecksum === 0 ? "" : userToText(expected.user),
  };
}

function isOtherChannel(grant: Grant<unknown>, expected: Expected): boolean {
  const wanted = channelOf(expected);
  // An expectation without a room says nothing about rooms; one of any channel says `*`.
  return wanted !== undefined && !isOpen(expected, "roomUuid") && !channelCovers(channelOf(grant), wanted);
}

function isOtherUser(grant: Grant<unknown>, expected: Expected): boolean {
  const [has, wanted] = [userOf(grant), userOf(expected)];
  if (has === undefined || wanted === undefined || isOpen(expected, "userId") || isOpen(expected, "userUuid"))
    return false;
  return isNobodys(grant) || !userCovers(has, wanted);
}

function otherChannel(
  grant: Grant<unknown>,
  expected: Expected,
  candidates: readonly ClaimedGrant[],
  swapped: string,
): Finding[] {
  if (!isOtherChannel(grant, expected)) return [];
  const wanted = channelOf(expected) ?? "any";
  const others = candidates.filter((each) => isOtherChannel(each.grant, expected));
  const channels = others.map((each) => channelOf(each.grant) ?? "any");
  const has = someListed([...new Set(channels.map((channel) => sayPlace(expected, channel)))]);
  const alike = channels.map((channel) => likeness(channelToText(channel), channelToText(wanted))).find(Boolean);
  const found = `The token is for ${has}; the join is to ${sayPlace(expected, wanted)}.${swapped || alike || ""}`;
  return [finding("CHANNEL_MISMATCH", found)];
}

function otherUser(grant: Grant<unknown>, expected: Expected, swapped: string): Finding[] {
  if (!isOtherUser(grant, expected)) return [];
  const [has, wanted] = [userOf(grant) ?? "any", userOf(expected) ?? "any"];
  const alike = likeness(userToText(has), userToText(wanted));
  const found = `The token is for ${sayUser(grant)}; the join is as ${sayUser(expected)}.${swapped || alike}${numberHint(has) || numberHint(wanted)}`;
  return [finding("USER_MISMATCH", found, mendForUid(has, expected))];
}

function mendForUid(has: User, expected: Expected) {
  if (typeof has !== "object" || !("uid" in has) || !("user" in expected)) return {};
  const mend = `Join as uid ${has.uid} or, which is the same user to Agora, account "${has.uid}"; or build one for ${sayUser(expected)}.`;
  return { mend };
}

function isSwapped(grant: Grant<unknown>, expected: Expected): boolean {
  const [place, wantedPlace] = [channelOf(grant), channelOf(expected)];
  const [user, wantedUser] = [userTextOf(grant), userTextOf(expected)];
  if (!place || !wantedPlace || !user || !wantedUser || place === "any" || wantedPlace === "any") return false;
  return place.name === wantedUser && user === wantedPlace.name && user !== wantedUser;
}

function isOpen(expected: Expected, field: "roomUuid" | "userId" | "userUuid"): boolean {
  return field in expected && (expected as Partial<Record<typeof field, string>>)[field] === "";
}

// Signaling has no "any user": an empty user ID is one that was forgotten.
function isNobodys(grant: Grant<unknown>): boolean {
  return (grant.service === "rtm" || grant.service === "rtm2") && grant.userId === "";
}

function channelCovers(token: Channel | undefined, join: Channel): boolean {
  if (token === undefined || token === "any") return true;
  return join !== "any" && matchesPattern(token.name, join.name);
}

function userCovers(token: User, join: User): boolean {
  if (token === "any" || (typeof token === "object" && "account" in token && token.account === "*")) return true;
  return join !== "any" && matchesPattern(userToText(token), userToText(join));
}

function sayPlace({ service }: Expected, channel: Channel): string {
  if (service !== "apaas") return channelInWords(channel);
  return channel === "any" ? "any room" : `room ${quoted(channel.name)}`;
}

function sayUser(grant: Grant<unknown>): string {
  if ("user" in grant) return userInWords(grant.user);
  const text = userTextOf(grant) ?? "";
  return text === "" ? (isNobodys(grant) ? "no user" : "any user") : `user ${quoted(text)}`;
}

/** Why a number is not the uid that it looks like, as a sentence with a space before it; empty if it is one. */
function numberHint(user: User): string {
  if (user === "any" || "uid" in user || !/^-?\d{1,24}$/.test(user.account)) return "";
  const number = Number(user.account);
  if (number > MAX_UID) return ` A uid is at most ${MAX_UID}, so ${user.account} is an account to Agora.`;
  return number < 0 ? ` A uid has no sign, so ${user.account} is an account to Agora.` : "";
}

function identity006(claimed: Claimed006, grant: Grant<unknown>, expected: Expected): Finding[] {
  const texts = textsOf(claimed, expected);
  const differs = differences(claimed, grant, expected);
  if (!texts) return [];
  // In version 006 the user of signaling stands in the channel's place.
  if (expected.service !== "rtc") return differs.channel ? [otherUserId006(claimed, texts.channelText)] : [];
  const swapped = isSwapped006(claimed, texts) ? EXCHANGED : "";
  return [
    ...(differs.channel ? [otherChannel006(claimed, expected.channel, swapped)] : []),
    ...(differs.user ? [otherUser006(claimed, expected.user, swapped)] : []),
  ];
}

function isSwapped006({ channelChecksum, userChecksum }: Claimed006, { channelText, userText }: Texts006): boolean {
  const swapped = checksum(channelText) === userChecksum && checksum(userText) === channelChecksum;
  return swapped && channelChecksum !== userChecksum;
}

function otherUserId006({ channelChecksum }: Claimed006, userId: string): Finding {
  const found = `The token is not for user ${quoted(userId)}: it has the checksum of another.`;
  return finding("USER_MISMATCH", found + spelled006(userId, channelChecksum) + NOT_CHECKED_006);
}

function otherChannel006({ channelChecksum }: Claimed006, channel: Channel, swapped: string): Finding {
  if (channel === "any") {
    const found = "The token is for one channel, as every one of version 006 is; any channel is expected.";
    return finding("CHANNEL_MISMATCH", found + NOT_CHECKED_006);
  }
  const found = `The token is not for ${channelInWords(channel)}: it has the checksum of another name.`;
  const slip = swapped || spelled006(channel.name, channelChecksum);
  return finding("CHANNEL_MISMATCH", found + slip + NOT_CHECKED_006);
}

function otherUser006({ userChecksum }: Claimed006, user: User, swapped: string): Finding {
  if (user === "any") {
    const found = "The token is for one user; any user is expected.";
    return finding("USER_MISMATCH", found + NOT_CHECKED_006);
  }
  const found = `The token is not for ${userInWords(user)}: it has the checksum of another.`;
  const slip = swapped || spelled006(userToText(user), userChecksum);
  return finding("USER_MISMATCH", found + slip + numberHint(user) + NOT_CHECKED_006);
}

function spelled006(text: string, wanted: number): string {
  const how = spelledAs(text, (spelling) => checksum(spelling) === wanted);
  return how ? ` The token has it ${how}.` : "";
}
