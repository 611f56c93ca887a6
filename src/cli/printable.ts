// What may be shown on a terminal: text from a token could steer it otherwise.

// Controls, what changes the direction of writing, private and unassigned characters, and half surrogate pairs.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** A line with every character visible: what is not is spelled `\u{1b}`. */
export function printable(line: string): string {
  return line.toWellFormed().replace(INVISIBLE, (character) => `\\u{${hex(character.codePointAt(0) ?? 0)}}`);
}

/** All of a text that is not ours, in quotes, with every character visible. */
export function inQuotes(text: string): string {
  return `"${printable(text.replace(/["\\]/g, "\\$&"))}"`;
}

/** JSON of a value, indented, in which every character is visible and that reads back as the same. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2)
    .split("\n")
    .map((line) => line.replace(INVISIBLE, jsonEscape))
    .join("\n");
}

function jsonEscape(character: string): string {
  return Array.from(
    { length: character.length },
    (_, at) => `\\u${hex(character.charCodeAt(at)).padStart(4, "0")}`,
  ).join("");
}

function hex(code: number): string {
  return code.toString(16);
}

// By hand: the function of Node.js decides by itself, in some versions and not in others, whether to paint.
const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const;

/** The colours of this program. */
export type Colour = keyof typeof CODES;

/** Paints text, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

/** @param colours whether the reader sees any */
export function painter(colours: boolean): Paint {
  if (!colours) return (_, text) => text;
  return (colour, text) => {
    const [on, off] = CODES[colour];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}
