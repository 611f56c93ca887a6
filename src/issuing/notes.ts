// What there is to note about grants, whether they are being issued or were read.

import { isForAnyChannel, isForAnyUser, userTextOf } from "../token/grant.ts";
import { type Grant, SERVICES } from "../token/services.ts";
import { type Finding, finding } from "./findings.ts";
import type { TokenVersion } from "./issue.ts";
import { listed, quoted, wireSpelling } from "./words.ts";

// What languages write for a value that was never set.
const UNSET = new Set(["undefined", "null", "NaN", "None", "nil", "(null)", "[object Object]", "System.Byte[]"]);

/** The notes on the grants of a token of some version, whose channels and users are known. */
export function notesOnGrants(version: TokenVersion, grants: readonly Grant<unknown>[]): Finding[] {
  return [
    ...(version === "006" ? [channelNotBound()] : []),
    ...anyUser(grants.filter(isForAnyUser)),
    ...anyChannel(grants.filter(isForAnyChannel)),
    ...userLooksUnset(grants),
    ...coHost(grants),
  ];
}

/** The note on every token of version 006. */
export function channelNotBound(): Finding {
  return finding(
    "CHANNEL_NOT_BOUND",
    "Version 006 signs the channel name and the user without a border, so its holder can move characters between them.",
  );
}

/** The note on grants for whoever holds them. */
export function anyUser(grants: readonly Grant<unknown>[]): Finding[] {
  if (grants.length === 0) return [];
  return [
    finding("ANY_USER", `The token admits whoever holds it, or whoever its user text matches (${servicesOf(grants)}).`),
  ];
}

/** The note on grants that join and do not publish. */
export function coHost(grants: readonly Grant<unknown>[]): Finding[] {
  const { joinChannel, publishAudioStream, publishVideoStream, publishDataStream } = SERVICES.rtc.privileges;
  const publish = [publishAudioStream, publishVideoStream, publishDataStream];
  const joinOnly = grants.some(
    ({ service, privileges }) =>
      service === "rtc" && privileges.has(joinChannel) && !publish.some((number) => privileges.has(number)),
  );
  if (!joinOnly) return [];
  const found =
    "The token grants to join and not to publish, which holds only in a project with co-host authentication.";
  return [finding("CO_HOST_AUTHENTICATION", found)];
}

function anyChannel(grants: readonly Grant<unknown>[]): Finding[] {
  if (grants.length === 0) return [];
  return [
    finding(
      "ANY_CHANNEL",
      `The token opens every channel, or every one that its text matches (${servicesOf(grants)}).`,
    ),
  ];
}

function userLooksUnset(grants: readonly Grant<unknown>[]): Finding[] {
  for (const grant of grants) {
    const user = userTextOf(grant);
    const service = wireSpelling(grant.service);
    if (user === "0" && "user" in grant) {
      const found = `The user of ${service} is the account "0", which is nobody's: uid 0, "any user", is the empty text in a token.`;
      return [
        finding("USER_LOOKS_UNSET", found, {
          mend: "Build it with `any_user` if anyone may hold it, else with the user's uid.",
        }),
      ];
    }
    if (user === "" && (grant.service === "rtm" || grant.service === "rtm2")) {
      return [finding("USER_LOOKS_UNSET", `The user ID of ${service} is empty, and nobody can log in with that.`)];
    }
    if (user !== undefined && UNSET.has(user)) {
      const hint = user === "System.Byte[]" ? ": what C# prints for an array of bytes" : "";
      return [
        finding(
          "USER_LOOKS_UNSET",
          `The user of ${service} is ${quoted(user)}, which looks like a value that was never set${hint}.`,
        ),
      ];
    }
  }
  return [];
}

function servicesOf(grants: readonly Grant<unknown>[]): string {
  return listed([...new Set(grants.map(({ service }) => wireSpelling(service)))]);
}
