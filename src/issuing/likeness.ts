// What becomes of a name on its way, so that a mismatch can be told from a slip.

const DIGITS = /^-?\d{1,24}$/;
const BITS = 32;

/** Spellings that a name often ends up in, each with how it is spelled so. */
function spellingsOf(name: string): readonly (readonly [spelling: string, how: string])[] {
  return [
    [name.toLowerCase(), "in lower case"],
    [name.toUpperCase(), "in upper case"],
    [name.trim(), "without the white space around it"],
    [`"${name}"`, "in quotes"],
    [encodeURIComponent(name.toWellFormed()), "percent-encoded"],
    ...numbersOf(name),
  ];
}

/** How a name is spelled that fits, if it is one of the usual slips: `in lower case`. */
export function spelledAs(name: string, fits: (spelling: string) => boolean): string | undefined {
  return spellingsOf(name).find(([spelling]) => spelling !== name && fits(spelling))?.[1];
}

/** How the token's name and the one that is expected are alike, as a sentence with a space before it; else empty. */
export function likeness(token: string, expected: string): string {
  const inToken = spelledAs(expected, (spelling) => spelling === token);
  if (inToken) return ` The token has it ${inToken}.`;
  const inJoin = spelledAs(token, (spelling) => spelling === expected);
  return inJoin ? ` The join has it ${inJoin}.` : "";
}

function numbersOf(name: string): readonly (readonly [string, string])[] {
  if (!DIGITS.test(name)) return [];
  const number = BigInt(name);
  return [
    [String(number), "without its leading zeros"],
    [String(BigInt.asUintN(BITS, number)), "cut to the 32 bits that a uid has"],
    [String(BigInt.asIntN(BITS, number)), "as a signed number of 32 bits"],
    [`${number}.0`, "with a decimal point"],
  ];
}
