// What happens to the text of a token on its way, and how to undo it.

import { MAX_TOKEN_CHARS, MalformedToken } from "./bytes.ts";
import { looksCut } from "./cut.ts";
import { type Parsed, tryParseToken } from "./parse.ts";

/** What something did to a text. `says` completes "the text …"; `mend` is what to do about it. */
export const ALTERATIONS = {
  PREFIX: { says: "has a header's words before it", mend: "pass the token alone, without `Bearer` or `agora token=`" },
  QUOTES: {
    says: "has quotes or other marks around it",
    mend: "pass the value without the quotes of the log, JSON or shell it came from",
  },
  WHITE_SPACE: { says: "has white space before or after it", mend: "trim it" },
  LINE_BREAKS: { says: "has line breaks or other invisible characters in it", mend: "pass it as one line" },
  HTML: { says: "has escapes of HTML in it", mend: "give it to a script of the page as JSON, or decode the HTML" },
  ESCAPES: { says: "has backslashes of JSON in it", mend: "decode the JSON that it came in" },
  PERCENT: { says: "is percent-encoded", mend: "decode the URL that it came in, once" },
  PLUS_TO_SPACE: { says: "has spaces where `+` was", mend: "percent-encode it where it goes into a URL or a form" },
  URL_SAFE: { says: "uses `-` and `_` of the URL-safe alphabet", mend: "do not convert it: tokens use `+` and `/`" },
  NO_PADDING: { says: "has lost the `=` at its end", mend: "pass it whole; `=` is part of it" },
  DOUBLED: { says: "is two tokens pasted together", mend: "pass one of them" },
  CUT: {
    says: "is cut: its end is missing",
    mend: "look for a field or column that is too short for it, and pass it whole",
  },
} as const;

/** A key of {@link ALTERATIONS}. */
export type Alteration = keyof typeof ALTERATIONS;

/** What was done to a text, and what it is with that undone; `parsed` is undefined for a cut, which cannot be undone. */
export interface Repair {
  readonly alterations: readonly Alteration[];
  readonly text: string;
  readonly parsed: Parsed | undefined;
}

// More than these are no accident, but an attempt to make it slow.
const MAX_HALVES = 8;
const PREFIX =
  /^[[{(<]?\s*(?:authorization\s*:\s*)?(?:bearer[\s+]+|agora[\s+]+token\s*=\s*|["']?(?:rtc_?|access_?)?token["']?\s*[=:]\s*)/i;
const MARKS = "\"'`\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb";
const MARKS_AFTER = `${MARKS},;.})]>`;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const INVISIBLE = /[\u0000-\u001f\u007f\u00a0\u00ad\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff]/g;
const ENTITIES = new Map([
  ["plus", "+"],
  ["sol", "/"],
  ["equals", "="],
  ["quot", '"'],
  ["apos", "'"],
]);
const SEPARATORS = `${MARKS_AFTER} `;

/** One way to undo something: the text without it, or the same text. Each takes time in proportion to the text. */
type Undo = readonly [Alteration, (text: string) => string];

// What a text is wrapped in. One layer may hide another: a quoted header, a URL encoded twice.
const UNWRAP: readonly Undo[] = [
  ["WHITE_SPACE", (text) => text.trim()],
  // Before the quotes, which may be escaped, and which a semicolon may stand behind.
  ["HTML", decodeHtml],
  ["QUOTES", (text) => stripEnds(text, MARKS, MARKS_AFTER)],
  ["PREFIX", (text) => text.replace(PREFIX, "")],
  ["WHITE_SPACE", (text) => text.trim()],
  ["LINE_BREAKS", joinLines],
  ["ESCAPES", decodeEscapes],
  ["PERCENT", decodePercent],
];
const LAYERS = 5;

// What was done to the characters of the token itself, under all of that.
const RESPELL: readonly Undo[] = [
  ["PLUS_TO_SPACE", (text) => text.replaceAll(" ", "+")],
  ["URL_SAFE", (text) => text.replaceAll("-", "+").replaceAll("_", "/")],
  ["NO_PADDING", pad],
];

/** A text on its way back to a token, and what was undone so far. */
interface Attempt {
  readonly text: string;
  readonly found: readonly Alteration[];
  readonly parsed: Parsed | undefined;
}

/**
 * Undoes what may have been done to a text that does not parse as it stands.
 *
 * The work is bounded: each step is linear in the text, and parsing is tried about a hundred times at most.
 *
 * @returns undefined if it still is no token with all of that undone
 */
export function repairToken(original: string): Repair | undefined {
  if (original.length > MAX_TOKEN_CHARS) return undefined;
  const bare = undoForm(original) ?? unwrap(original);
  const token = bare.parsed ? bare : undoAll(bare, RESPELL, wholeOf);
  if (token.parsed) return { alterations: token.found, text: token.text, parsed: token.parsed };
  return halve(bare) ?? cut(token);
}

// A `+` at the end has become a space that is not to be trimmed.
function undoForm(text: string): Attempt | undefined {
  if (!text.endsWith(" ") || !text.startsWith("00")) return undefined;
  const undone = text.replaceAll(" ", "+");
  const parsed = wholeOf(undone);
  return parsed && { text: undone, found: ["PLUS_TO_SPACE"], parsed };
}

function unwrap(original: string): Attempt {
  let attempt: Attempt = { text: original, found: [], parsed: undefined };
  for (let layer = 0; layer < LAYERS; layer++) {
    const before = attempt.text;
    attempt = undoAll(attempt, UNWRAP, parsedOf);
    if (attempt.parsed || attempt.text === before) break;
  }
  return attempt;
}

function undoAll({ text: original, found: before }: Attempt, steps: readonly Undo[], parse: typeof parsedOf): Attempt {
  const found = new Set(before);
  let text = original;
  for (const [alteration, undo] of steps) {
    const undone = undo(text);
    if (undone === text) continue;
    text = undone;
    found.add(alteration);
    const parsed = parse(text);
    if (parsed) return { text, found: [...found], parsed };
  }
  return { text, found: [...found], parsed: undefined };
}

function halve({ text, found }: Attempt): Repair | undefined {
  let at = 0;
  for (let tries = 0; tries < MAX_HALVES; tries++) {
    at = nextVersion(text, at + 1);
    if (at < 0) return undefined;
    const first = half(text.slice(0, at));
    if (!first.parsed || !half(text.slice(at)).parsed) continue;
    const alterations = [...new Set([...found, ...first.found]), "DOUBLED" as const];
    return { alterations, text: first.text, parsed: first.parsed };
  }
  return undefined;
}

function half(pasted: string): Attempt {
  const text = stripEnds(pasted, SEPARATORS, SEPARATORS);
  const parsed = parsedOf(text);
  return parsed ? { text, found: [], parsed } : undoAll({ text, found: [], parsed: undefined }, RESPELL, wholeOf);
}

// A token of version 007 is zlib, so its base64 starts with `eJ` in every builder.
function nextVersion(text: string, from: number): number {
  const at = text.slice(from).search(/007eJ|006[0-9a-fA-F]{32}/);
  return at < 0 ? at : at + from;
}

function cut({ text: padded, found }: Attempt): Repair | undefined {
  // Padding that was put on for want of it says nothing about a text whose end is missing.
  const text = stripEnds(padded, "", "=");
  const rest = found.filter((alteration) => alteration !== "NO_PADDING");
  return looksCut(text) ? { alterations: [...rest, "CUT"], text, parsed: undefined } : undefined;
}

function parsedOf(text: string): Parsed | undefined {
  const parsed = tryParseToken(text);
  return parsed instanceof MalformedToken ? undefined : parsed;
}

// With characters exchanged or added, text that is no part of a token may decode to bytes after its end.
function wholeOf(text: string): Parsed | undefined {
  const parsed = parsedOf(text);
  const junk = parsed?.kind === "token" && parsed.claimed.irregularities.has("BYTES_AFTER_STREAM");
  return junk ? undefined : parsed;
}

// By hand: a regular expression for the end takes time in the square of a run of marks in the middle.
function stripEnds(text: string, before: string, after: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && before.includes(text.charAt(from))) from++;
  while (to > from && after.includes(text.charAt(to - 1))) to--;
  return text.slice(from, to);
}

function decodeEscapes(text: string): string {
  return text
    .replace(/\\u00(2b|2f|3d|22|27)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\u[0-9a-f]{0,3}$/i, "")
    .replace(/\\+[nrt]?/g, "");
}

function decodeHtml(text: string): string {
  return text
    .replace(/&(?:amp;)+/gi, "&")
    .replace(/&(?:#(?:x([0-9a-f]{1,4})|([0-9]{1,4}))|([a-z]{2,6}));/gi, (whole, hex, decimal, name) => {
      if (name !== undefined) return ENTITIES.get(name.toLowerCase()) ?? whole;
      return String.fromCharCode(Number.parseInt(hex ?? decimal, hex === undefined ? 10 : 16));
    })
    .replace(/&(?:#(?:x?[0-9a-f]{0,4})?|[a-z]{0,6})$/i, "");
}

function decodePercent(text: string): string {
  return text
    .replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"))
    .replace(/%[0-9a-f]?$/i, "");
}

// Indented lines too. A space at the end of a line may have been a `+`, which nothing tells.
function joinLines(text: string): string {
  const lines = text.split(/[\r\n]+/);
  return lines.map((line) => (lines.length > 1 ? line.trim() : line).replace(INVISIBLE, "")).join("");
}

function pad(text: string): string {
  // Version 006 has 35 characters before its base64, and never any padding.
  if (!/^007[A-Za-z0-9+/]+=?$/.test(text)) return text;
  const over = (text.length - 3) % 4;
  return over < 2 ? text : text + "=".repeat(4 - over);
}
