// What a text is found to be that is not a token as it stands.

import type { Instant } from "../clock.ts";
import { ALTERATIONS, type Repair } from "../token/altered.ts";
import { MAX_TOKEN_CHARS, type MalformedToken } from "../token/bytes.ts";
import type { LegacyToken } from "../token/legacy.ts";
import { type Parsed, tryParseToken } from "../token/parse.ts";
import { type Finding, finding, verdictOf } from "./findings.ts";
import type { Signature } from "./signature.ts";
import { unsetInWords } from "./unset.ts";
import { listed, timeSeenFrom } from "./words.ts";

/** What the text is with an alteration undone. */
export interface Repaired {
  readonly findings: readonly Finding[];
  readonly signatureCheck: Signature["check"];
}

const WHOLE = "Pass the whole text that the builder gave, and nothing else.";
// What is often sent in the place of a token.
const OTHERS: readonly (readonly [RegExp, string, string])[] = [
  [/^\s*$/, "is empty", WHOLE],
  [
    /^eyJ[\w-]+\.[\w-]+\./,
    "is a JSON Web Token, such as a login of your own",
    "Pass the token that an Agora builder gave.",
  ],
  [/^\s*[[{]/, "is JSON", "Pass the value of its token alone."],
  [/^\s*(?:https?|wss?):\/\//i, "is an address", "Pass the token alone, decoded once."],
  [/^\s*</, "is HTML or XML, such as the page of an error", "Look at what the token's server answers."],
  [
    /^00[67][a-z0-9+/]{60,}=*$/,
    "was changed to lower case, as no token is without a capital letter",
    "Keep its case wherever it is stored, compared or passed on.",
  ],
  [
    /^00[67][A-Z0-9+/]{60,}=*$/,
    "was changed to upper case, as no token is without a small letter",
    "Keep its case wherever it is stored, compared or passed on.",
  ],
  [
    /^[0-9a-f]{32}$/i,
    "is an App ID or an App Certificate and no token",
    "Build a token with it. If it is the certificate, never hand it out.",
  ],
];

/** That a text is no token, with what it is in its place if that can be told. */
export function notAToken(text: string, { message, isOurLimit }: MalformedToken): Finding {
  // The limits are ours and not Agora's, so no error of Agora's goes with them.
  if (text.length > MAX_TOKEN_CHARS) {
    const found = `The text has ${text.length} characters, and this server reads at most ${MAX_TOKEN_CHARS}: Agora's tokens have a few hundred.`;
    return finding("MALFORMED", found, { code: 0 });
  }
  if (isOurLimit) {
    const found = `The text may be a token, but this server does not read it: ${message}. That limit is this server's, and Agora's builders stay far below it.`;
    return finding("MALFORMED", found, { code: 0, mend: "Build a token of fewer grants, privileges or resources." });
  }
  const unset = unsetInWords(text.trim());
  if (unset) {
    const mend = "Look for the variable that was not set on its way from the builder to here.";
    return finding("MALFORMED", `The text is not a token: it is ${unset}.`, { mend });
  }
  const other = OTHERS.find(([shape]) => shape.test(text));
  if (other) return finding("MALFORMED", `The text is not a token: it ${other[1]}.`, { mend: other[2] });
  if (isBare(text)) {
    return finding("MALFORMED", "The text is a token without the version at its start, or without all of it.", {
      mend: "Start it with 007 again.",
    });
  }
  return finding("MALFORMED", `The text is not a token: ${message}.`);
}

/** That a text was changed, how, and what it is with that undone. */
export function altered({ alterations, parsed, text }: Repair, repaired: Repaired): Finding {
  const isDoubled = alterations.includes("DOUBLED");
  const says = listed(alterations.filter((each) => each !== "DOUBLED").map((each) => ALTERATIONS[each].says));
  const mend = listed(alterations.map((alteration) => ALTERATIONS[alteration].mend));
  const what = isDoubled ? "two tokens pasted together" : "a token";
  const then = parsed
    ? `${isDoubled ? "The first of them" : "Repaired, it"} ${afterRepair(parsed, repaired)}`
    : `It ends after ${text.length} characters.`;
  const found = `The text is ${what}${says && `, but it ${says}`}. ${then}`;
  return finding("TEXT_ALTERED", found, { mend: `To mend it, ${mend}.` });
}

function afterRepair(parsed: Parsed, { findings, signatureCheck }: Repaired): string {
  if (parsed.kind !== "token") return "is what the rest is about.";
  if (signatureCheck === "INVALID") return "decodes, but its signature is not valid: see the rest.";
  const signed = signatureCheck === "VALID" ? "its signature is valid" : "its signature was not checked";
  const isGood = verdictOf(findings) === "ACCEPTED" && signatureCheck === "VALID";
  return `decodes and ${signed}${isGood ? ", and nothing else is wrong with it" : ": see the rest"}.`;
}

/** That a text is a token of another kind than the two that are read. `owner` is the project of its App ID. */
export function otherKind(
  parsed: Exclude<Parsed, { kind: "token" }>,
  owner: string | undefined,
  now: Instant,
): Finding {
  if (parsed.kind === "legacy") return legacyFormat(parsed.legacy, owner, now);
  const found = `The token is of version ${parsed.version}. This server reads 006 and 007, and knows of none after them.`;
  return finding("VERSION_UNSUPPORTED", found);
}

function legacyFormat(
  { kind, appId, issuedAt, expiresAt, use }: LegacyToken,
  owner: string | undefined,
  now: Instant,
): Finding {
  const times = [
    ...(issuedAt === undefined ? [] : [`issued ${timeSeenFrom(issuedAt, now)}`]),
    ...(expiresAt === undefined
      ? []
      : [expiresAt === 0 ? "without an end" : `with its end ${timeSeenFrom(expiresAt, now)}`]),
  ];
  const purpose = use === undefined ? "" : ` (${use})`;
  const project = owner === undefined ? "" : ` (${owner})`;
  const found = `The text is a ${kind}${purpose}, for the App ID ${appId}${project}, ${listed(times)}: a format from before version 006, for SDKs before 2.1.`;
  const instead = kind === "Signaling token" ? "RTM for the user who logs in" : "RTC for the channel and the user";
  return finding("LEGACY_FORMAT", found, {
    mend: `In its place, build a token of version 007 with a grant of ${instead}.`,
  });
}

function isBare(text: string): boolean {
  // Version 007 is zlib behind its digits, and version 006 an App ID.
  const rest = /^(?:07|7)?(eJ[A-Za-z0-9+/]{40,}={0,2})$/.exec(text)?.[1];
  if (rest === undefined) return false;
  const parsed = tryParseToken(`007${rest}`);
  return "kind" in parsed && parsed.kind === "token";
}
