// What there is to note about grants, whether they are being issued or were read.

import { channelOf, isForAnyChannel, isForAnyUser, userTextOf } from "../token/grant.ts";
import { isPattern } from "../token/pattern.ts";
import { type Grant, SERVICES } from "../token/services.ts";
import { channelToText } from "../token/user.ts";
import { type Finding, finding } from "./findings.ts";
import type { TokenVersion } from "./issue.ts";
import { unsetInWords } from "./unset.ts";
import { listed, quoted, servicesInWords, someListed } from "./words.ts";

type Grants = readonly Grant<unknown>[];

/** The notes on the grants of a token of some version, whose channels and users are known. */
export function notesOnGrants(version: TokenVersion, grants: Grants): Finding[] {
  return version === "007" && grants.every(isOrdinary) ? [] : allNotes(version, grants);
}

/** The same, with every note looked for. */
export function allNotes(version: TokenVersion, grants: Grants): Finding[] {
  return [
    ...(version === "006" ? [channelNotBound()] : []),
    ...anyUser(grants.filter((grant) => isForAnyUser(grant) && !lacksUser(grant))),
    ...anyChannel(grants.filter(isForAnyChannel)),
    ...userLooksUnset(grants),
    ...coHost(grants),
  ];
}

/** Whether there is nothing to note about a grant beyond doubt: it publishes in one channel, as one uid. */
function isOrdinary(grant: Grant<unknown>): boolean {
  if (grant.service !== "rtc" || grant.channel === "any" || grant.user === "any") return false;
  const publishes = grant.privileges.has(SERVICES.rtc.privileges.publishAudioStream);
  return publishes && "uid" in grant.user && grant.user.uid > 0 && !isPattern(grant.channel.name);
}

/** The note on every token of version 006. */
export function channelNotBound(): Finding {
  return finding(
    "CHANNEL_NOT_BOUND",
    "Version 006 signs the channel name and the user without a border between them, so its holder can move characters from one to the other.",
  );
}

/** The note on grants for whoever holds them. */
export function anyUser(grants: Grants): Finding[] {
  if (grants.length === 0) return [];
  return [finding("ANY_USER", `The token admits ${reach(grants, userTextOf, "whoever holds it", "every user")}.`)];
}

/** The note on grants that join and do not publish. */
export function coHost(grants: Grants): Finding[] {
  const { joinChannel, publishAudioStream, publishVideoStream, publishDataStream } = SERVICES.rtc.privileges;
  const publish = [publishAudioStream, publishVideoStream, publishDataStream];
  const joinOnly = grants.some(
    ({ service, privileges }) =>
      service === "rtc" && privileges.has(joinChannel) && !publish.some((number) => privileges.has(number)),
  );
  if (!joinOnly) return [];
  const found =
    "The token grants to join and not to publish, which Agora enforces only in a project with co-host authentication: without it, its holder can publish.";
  return [finding("CO_HOST_AUTHENTICATION", found)];
}

/** That a user is a value which was never set; `how` says what is known of it. */
export function userUnset(services: string, how: string): Finding {
  return finding("USER_LOOKS_UNSET", `The user of ${services} ${how}.`);
}

/** That a user is the account "0"; `has` says where that is seen. */
export function userIsZero(services: string, has: string): Finding {
  const found = `The user of ${services} ${has} the account "0", which is nobody's: uid 0, "any user", is the empty text in a token.`;
  const mend = "Build it for the user's own uid, or with `any_user` if whoever holds it may join.";
  return finding("USER_LOOKS_UNSET", found, { mend });
}

function anyChannel(grants: Grants): Finding[] {
  if (grants.length === 0) return [];
  const channelText = (grant: Grant<unknown>) => channelToText(channelOf(grant) ?? "any");
  return [finding("ANY_CHANNEL", `The token opens ${reach(grants, channelText, "every channel", "every channel")}.`)];
}

/** Whom or what grants reach: all, or what matches their patterns. */
function reach(grants: Grants, textOf: (grant: Grant<unknown>) => string | undefined, all: string, each: string) {
  const isWide = (grant: Grant<unknown>) => ["", "*"].includes(textOf(grant) ?? "");
  const wide = grants.filter(isWide);
  const narrow = grants.filter((grant) => !isWide(grant));
  const patterns = [...new Set(narrow.map((grant) => quoted(textOf(grant) ?? "")))];
  return listed([
    ...(wide.length > 0 ? [`${all} (${servicesInWords(wide)})`] : []),
    ...(narrow.length > 0 ? [`${each} that matches ${someListed(patterns)} (${servicesInWords(narrow)})`] : []),
  ]);
}

// Signaling has no "any user": an empty user ID is one that was forgotten.
function lacksUser(grant: Grant<unknown>): boolean {
  return (grant.service === "rtm" || grant.service === "rtm2") && grant.userId === "";
}

function userLooksUnset(grants: Grants): Finding[] {
  const empty = grants.filter(lacksUser);
  const zero = grants.filter((grant) => "user" in grant && userTextOf(grant) === "0");
  return [
    ...(zero.length > 0 ? [userIsZero(servicesInWords(zero), "is")] : []),
    ...(empty.length > 0 ? [userUnset(servicesInWords(empty), "is empty, and nobody can log in with that")] : []),
    ...unsetTexts(grants),
  ];
}

/** One for each kind of text, so that their number does not depend on that of the grants. */
function unsetTexts(grants: Grants): Finding[] {
  const byKind = new Map<string, Grant<unknown>[]>();
  for (const grant of grants) {
    const kind = unsetInWords(userTextOf(grant) ?? "");
    if (kind !== undefined) byKind.set(kind, [...(byKind.get(kind) ?? []), grant]);
  }
  return [...byKind].map(([kind, unset]) => {
    const texts = [...new Set(unset.map((grant) => quoted(userTextOf(grant) ?? "")))];
    return userUnset(servicesInWords(unset), `is ${someListed(texts)}, which is ${kind}`);
  });
}
