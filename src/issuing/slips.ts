// The slips of other builders, and of those who call them, that can be seen in what a token says.

import { channelOf, userTextOf } from "../token/grant.ts";
import { isLegalChannel, isLegalUser } from "../token/legal.ts";
import { isPattern } from "../token/pattern.ts";
import type { Grant } from "../token/services.ts";
import { type Claimed006, checksum } from "../token/token006.ts";
import { MAX_ACCOUNT_BYTES, MAX_CHANNEL_NAME_BYTES, MAX_UID } from "../token/user.ts";
import type { Claims, End } from "./claims.ts";
import { type Finding, finding } from "./findings.ts";
import { userIsZero, userUnset } from "./notes.ts";
import { unsetInWords, unsetOfChecksum } from "./unset.ts";
import { quoted, servicesInWords, someListed } from "./words.ts";

type Grants = readonly Grant<End>[];

/** A slip that is seen in a grant alone: who has it, and what to say of those who do. */
interface Slip {
  readonly isIn: (grant: Grant<End>) => boolean;
  /** The text that shows it, for the list of those. */
  readonly shows: (grant: Grant<End>) => string;
  readonly says: (services: string, shown: string) => string;
  readonly mend: string;
  readonly code?: number;
}

const NO_FINDINGS: readonly Finding[] = [];
const LOOK_FOR_IT = "Look for the variable that was not set where the token was built.";

// Native errors 102 and 134: the SDK refuses such a name, whatever the token says.
const SLIPS: readonly Slip[] = [
  {
    isIn: (grant) => grant.service === "chat" && /^[0-9a-f]{31}$/.test(grant.userId),
    shows: userText,
    says: (_, shown) =>
      `The Chat user ID ${shown} has 31 hexadecimal digits: Java's builders for rooms drop a leading zero of the 32 digits of an MD5.`,
    mend: "Put the zero back, or build it with this service.",
  },
  {
    isIn: (grant) => grant.service === "chat" && /[A-Z]/.test(grant.userId) && !isUnset(grant.userId),
    shows: userText,
    says: (_, shown) => `The Chat user ID ${shown} has upper-case letters, and those of Chat users are lower case.`,
    mend: "Build it in lower case.",
  },
  {
    isIn: (grant) => grant.service === "apaas" && grant.roomUuid !== "" && grant.role === undefined,
    shows: () => "",
    says: () =>
      "The role in the room is -1, which is none: some parsers show it as 65535, and npm agora-token writes it for the role 0.",
    mend: "Build it with the role that is meant.",
  },
  {
    isIn: (grant) => isUnset(channelText(grant)),
    shows: channelText,
    says: (services, shown) => `The channel of ${services} is ${shown}, which looks like a value that was never set.`,
    mend: LOOK_FOR_IT,
  },
  {
    isIn: (grant) => "channel" in grant && !isPattern(channelText(grant)) && !isLegalChannel(grant.channel),
    shows: channelText,
    says: (services, shown) =>
      `The channel name ${shown} of ${services} has characters that Agora does not allow, or over ${MAX_CHANNEL_NAME_BYTES} bytes.`,
    mend: "Name the channel in ASCII letters, digits and the marks that Agora lists.",
    code: 102,
  },
  {
    isIn: (grant) => "user" in grant && isOddNumber(userText(grant)),
    shows: userText,
    says: (services, shown) =>
      `The user of ${services} is the account ${shown}, a number that is no uid: a uid is whole, and from 1 to ${MAX_UID}.`,
    mend: "If a uid is meant, use one of that range; if it is an account, join with it as an account.",
  },
  {
    isIn: (grant) => "user" in grant && isIllegalAccount(grant),
    shows: userText,
    says: (services, shown) =>
      `The account ${shown} of ${services} has characters that Agora does not allow, or over ${MAX_ACCOUNT_BYTES} bytes.`,
    mend: "Name the user in ASCII letters, digits and the marks that Agora lists.",
    code: 134,
  },
];

/** The slips that a token shows: each once, whichever of its grants have it. */
export function slipsOfBuilders(claims: Claims): Finding[] {
  const grants = claims.grants.map(({ grant }) => grant);
  // Version 006 does not tell its channel and its user.
  if (claims.claimed.version === "006") return channelUnsetIn006(claims.claimed, grants);
  return SLIPS.flatMap(({ isIn, shows, says, mend, code }) => {
    if (!grants.some(isIn)) return NO_FINDINGS;
    const those = grants.filter(isIn);
    const shown = someListed([...new Set(those.map((grant) => quoted(shows(grant))))]);
    return [finding("CONTENTS_IRREGULAR", says(servicesInWords(those), shown), { mend, ...(code && { code }) })];
  });
}

/** That the user of a version 006 token looks unset: such a text is known by its checksum. */
export function unsetIn006({ channelChecksum, userChecksum }: Claimed006, grants: Grants): Finding[] {
  const services = servicesInWords(grants);
  const isRtm = grants.some(({ service }) => service === "rtm");
  if (isRtm && channelChecksum === 0) return [userUnset(services, "is empty, and nobody can log in with that")];
  const text = unsetOfChecksum(isRtm ? channelChecksum : userChecksum);
  if (text === undefined) return [];
  if (text === "0") return isRtm ? [] : [userIsZero(services, "has the checksum of")];
  return [userUnset(services, `has the checksum of ${quoted(text)}, which is ${unsetInWords(text)}`)];
}

function channelUnsetIn006({ channelChecksum }: Claimed006, grants: Grants): Finding[] {
  if (grants.some(({ service }) => service !== "rtc")) return [];
  const text = channelChecksum === checksum("") ? "" : unsetOfChecksum(channelChecksum);
  if (text === undefined || text === "0") return [];
  const found = `The channel name has the checksum of ${quoted(text)}: none was set, and in version 006 no name stands for every channel.`;
  return [finding("CONTENTS_IRREGULAR", found, { mend: LOOK_FOR_IT })];
}

function isUnset(text: string): boolean {
  return unsetInWords(text) !== undefined;
}

function userText(grant: Grant<End>): string {
  return userTextOf(grant) ?? "";
}

function channelText(grant: Grant<End>): string {
  const channel = channelOf(grant);
  return channel === undefined || channel === "any" ? "" : channel.name;
}

function isOddNumber(text: string): boolean {
  if (!/^-?\d{1,24}(?:\.\d{1,24})?(?:e\+?\d{1,3})?$/.test(text)) return false;
  const number = Number(text);
  return number < 0 || number > MAX_UID || /[.e]/.test(text);
}

function isIllegalAccount({ user }: Extract<Grant<End>, { user: unknown }>): boolean {
  return (
    !isLegalUser(user) &&
    typeof user === "object" &&
    "account" in user &&
    user.account !== "0" &&
    !isPattern(user.account)
  );
}
