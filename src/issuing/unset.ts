// Texts that are what is left of a value that was never set, or never turned into text.

import { checksum } from "../token/token006.ts";

// What languages write for "nothing", and the zero that uid 0 becomes where it is turned into text.
const NOTHING = ["undefined", "null", "NaN", "None", "nil", "NULL", "Null", "(null)", "<null>", "<nil>"] as const;
const OF_OBJECTS = ["[object Object]", "[object Promise]", "System.Byte[]"] as const;
// Each is anchored and takes time in proportion to the text.
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/^\[object \w+\]$/, "what JavaScript writes for an object, such as a promise that was not awaited"],
  [/^System\.\w+(?:\.\w+)*(?:\[\])?$/, "what C# writes for an array or an object in place of its content"],
  [/^\[[BCDFIJSZ]@[0-9a-f]+$/, "what Java writes for an array in place of its content"],
  [/^b'[^']*'$/, "what Python writes for bytes"],
  [/^Optional\(.*\)$/, "what Swift writes for an optional value"],
  [/^(?:\$\{.*\}|\{\{.*\}\}|%[sdv])$/, "a placeholder that was never filled in"],
];
const byChecksum = new Map(["0", ...NOTHING, ...OF_OBJECTS].map((text) => [checksum(text), text]));

/** What a text is that looks as if it was never set, to complete "which is …"; undefined if it does not. */
export function unsetInWords(text: string): string | undefined {
  if (NOTHING.some((nothing) => nothing === text)) return "what code writes for a value that was never set";
  return SHAPES.find(([shape]) => shape.test(text))?.[1];
}

/** The text that has a checksum, if it is "0" or one that looks as if it was never set. */
export function unsetOfChecksum(wanted: number): string | undefined {
  return byChecksum.get(wanted);
}
