// Whether a token covers what is expected of it.

import type { Instant } from "../clock.ts";
import { channelOf, privilegeName, userOf } from "../token/grant.ts";
import { matchesPattern } from "../token/pattern.ts";
import { type Grant, serviceRow } from "../token/services.ts";
import { type Claimed006, checksum } from "../token/token006.ts";
import { type Channel, channelToText, type User, userToText } from "../token/user.ts";
import type { ClaimedGrant, Claims } from "./claims.ts";
import { type Finding, finding } from "./findings.ts";
import { channelInWords, listed, numberHint, userInWords, wireSpelling } from "./words.ts";

/** What a token should grant, and to whom. When its privileges end is not compared; without any, that to enter is expected. */
export type ExpectedGrant = Grant<unknown>;

/** The grant that comes nearest to what is expected, and what it does not cover. */
export interface Cover {
  readonly nearest: ClaimedGrant | undefined;
  readonly findings: readonly Finding[];
}

/** The texts that the signature of a version 006 token covers and that are not in it. */
export interface Texts006 {
  readonly channelText: string;
  readonly userText: string;
}

/** Compares what a token grants at a time with what is expected. */
export function cover(claims: Claims, expected: ExpectedGrant, now: Instant): Cover {
  const candidates = claims.grants.filter(({ grant }) => grant.service === expected.service);
  if (candidates.length === 0) return { nearest: undefined, findings: [serviceMissing(claims, expected)] };
  const { claimed } = claims;
  const compared = candidates.map((nearest) => ({
    nearest,
    findings: [
      ...(claimed.version === "006" ? identity006(claimed, expected) : identity007(nearest.grant, expected)),
      ...privileges(nearest, expected, now),
    ],
  }));
  return compared.reduce((best, next) => (next.findings.length < best.findings.length ? next : best));
}

/** The texts that a version 006 token must have been signed with if it is what is expected; undefined if it cannot be. */
export function texts006(claims: Claims, expected: ExpectedGrant): Texts006 | undefined {
  const { claimed } = claims;
  if (claimed.version !== "006" || claims.grants[0]?.grant.service !== expected.service) return undefined;
  const texts = textsOf(claimed, expected);
  return texts &&
    checksum(texts.channelText) === claimed.channelChecksum &&
    checksum(texts.userText) === claimed.userChecksum
    ? texts
    : undefined;
}

function textsOf({ userChecksum }: Claimed006, expected: ExpectedGrant): Texts006 | undefined {
  if (expected.service === "rtm") return { channelText: expected.userId, userText: "" };
  if (expected.service !== "rtc") return undefined;
  // A token for any user is signed without one, whoever joins with it.
  return {
    channelText: channelToText(expected.channel),
    userText: userChecksum === 0 ? "" : userToText(expected.user),
  };
}

function serviceMissing(claims: Claims, { service }: ExpectedGrant): Finding {
  const granted = [...new Set(claims.grants.map(({ grant }) => wireSpelling(grant.service)))];
  const has = granted.length === 0 ? "no service that could be decoded" : listed(granted);
  return finding("SERVICE_MISSING", `The token grants ${has}; ${wireSpelling(service)} is expected.`);
}

function identity007(grant: Grant<unknown>, expected: ExpectedGrant): Finding[] {
  const findings: Finding[] = [];
  const channels = [channelOf(grant), channelOf(expected)] as const;
  // An expectation without a room says nothing about rooms; one of any channel says `*`.
  if (channels[0] && channels[1] && !isOpen(expected, "roomUuid") && !channelCovers(channels[0], channels[1])) {
    findings.push(
      finding(
        "CHANNEL_MISMATCH",
        `The token is for ${channelInWords(channels[0])}; the join is to ${channelInWords(channels[1])}.`,
      ),
    );
  }
  const users = [userOf(grant), userOf(expected)] as const;
  if (
    users[0] !== undefined &&
    users[1] !== undefined &&
    !isOpen(expected, "userId") &&
    !isOpen(expected, "userUuid") &&
    !userCovers(users[0], users[1])
  ) {
    const found = `The token is for ${userInWords(users[0])}; the join is as ${userInWords(users[1])}.`;
    findings.push(finding("USER_MISMATCH", found + numberHint(users[0]) + numberHint(users[1])));
  }
  return findings;
}

function isOpen(expected: ExpectedGrant, field: "roomUuid" | "userId" | "userUuid"): boolean {
  return field in expected && (expected as Partial<Record<typeof field, string>>)[field] === "";
}

function channelCovers(token: Channel, join: Channel): boolean {
  if (token === "any") return true;
  return join !== "any" && matchesPattern(token.name, join.name);
}

function userCovers(token: User, join: User): boolean {
  if (token === "any" || (typeof token === "object" && "account" in token && token.account === "*")) return true;
  return join !== "any" && matchesPattern(userToText(token), userToText(join));
}

function identity006(claimed: Claimed006, expected: ExpectedGrant): Finding[] {
  const texts = textsOf(claimed, expected);
  if (!texts) return [];
  const findings: Finding[] = [];
  const channelDiffers = checksum(texts.channelText) !== claimed.channelChecksum;
  if (expected.service === "rtm") {
    // The user of signaling stands in the channel's place, and its own is empty: another user is signed too.
    if (!channelDiffers && claimed.userChecksum !== 0) {
      return [
        finding("USER_MISMATCH", "The token has the checksum of a second user, and a token for signaling has none."),
      ];
    }
    if (!channelDiffers) return [];
    return [
      finding(
        "USER_MISMATCH",
        `The token has not the checksum of the user ID that is expected, ${userInWords({ account: texts.channelText })}.`,
      ),
    ];
  }
  if (expected.service !== "rtc") return [];
  if (channelDiffers) {
    const found =
      expected.channel === "any"
        ? "Any channel is expected, and a token of version 006 is always for one."
        : `The token has not the checksum of ${channelInWords(expected.channel)}${otherSpelling(texts.channelText, claimed.channelChecksum)}.`;
    findings.push(finding("CHANNEL_MISMATCH", found));
  }
  if (checksum(texts.userText) !== claimed.userChecksum) {
    const found = `The token has not the checksum of ${userInWords(expected.user)}${otherSpelling(texts.userText, claimed.userChecksum)}.`;
    findings.push(finding("USER_MISMATCH", found + numberHint(expected.user)));
  }
  return findings;
}

/** How the text would have to be spelled to have the checksum, if it is one of the usual slips. */
function otherSpelling(text: string, wanted: number): string {
  const spellings: readonly (readonly [string, string])[] = [
    [text.toLowerCase(), "in lower case"],
    [text.toUpperCase(), "in upper case"],
    [text.trim(), "without the white space around it"],
    ["0", 'of "0", which uid 0 became in some builders'],
    ["undefined", 'of "undefined", a value that was never set'],
    ["null", 'of "null", a value that was never set'],
  ];
  const slip = spellings.find(([spelling]) => spelling !== text && checksum(spelling) === wanted);
  return slip ? `; it has that ${slip[1]}` : "";
}

function privileges({ grant }: ClaimedGrant, expected: ExpectedGrant, now: Instant): Finding[] {
  const { entry } = serviceRow(expected.service);
  const wanted = expected.privileges.size > 0 || entry === undefined ? [...expected.privileges.keys()] : [entry];
  const name = (number: number) => wireSpelling(privilegeName(expected.service, number) ?? String(number));
  const missing = wanted.filter((number) => !grant.privileges.has(number)).map(name);
  const ended = [...expected.privileges.keys()]
    .filter((number) => (grant.privileges.get(number) ?? Number.POSITIVE_INFINITY) <= now)
    .map((number) => `${name(number)} (ended)`);
  const extra = missingExtras(grant, expected);
  const lacking = [...missing, ...ended, ...extra];
  if (lacking.length === 0) return [];
  const has = [...grant.privileges.keys()].map(name);
  const found = `The token does not grant ${listed(lacking)} of ${wireSpelling(expected.service)}; it grants ${listed(has) || "no privilege"}.`;
  const publishes = expected.service === "rtc" && !missing.includes(name(entry ?? 0));
  return [finding("PRIVILEGE_MISSING", found, publishes ? { code: 119 } : {})];
}

/** What of a role in a room or of RTM2 permissions is not covered. */
function missingExtras(grant: Grant<unknown>, expected: ExpectedGrant): string[] {
  if (expected.service === "apaas" && grant.service === "apaas") {
    return expected.role !== undefined && expected.role !== grant.role ? [`role ${expected.role}`] : [];
  }
  if (expected.service !== "rtm2" || grant.service !== "rtm2" || grant.permissions.length === 0) return [];
  const allowed = grant.permissions;
  const covered = (type: number, access: number, resource: string) =>
    allowed.some(
      (p) =>
        p.resourceType === type &&
        p.access === access &&
        p.resources.some((pattern) => matchesPattern(pattern, resource)),
    );
  const lacking = expected.permissions.filter(
    (p) => !p.resources.every((resource) => covered(p.resourceType, p.access, resource)),
  );
  return lacking.length > 0 ? [`${lacking.length} of the expected permissions`] : [];
}
