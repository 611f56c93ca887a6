import { type ByteSpan, checkTextLength, MalformedToken } from "./bytes.ts";
import { type LegacyToken, recognizeLegacy } from "./legacy.ts";
import { type Claimed006, parse006 } from "./token006.ts";
import { type Claimed007, parse007 } from "./token007.ts";

/** A token of a version that is read here, not trusted yet. */
export type Claimed = Claimed006 | Claimed007;

/** What a text is. */
export type Parsed =
  | { readonly kind: "token"; readonly claimed: Claimed }
  | { readonly kind: "legacy"; readonly legacy: LegacyToken }
  | { readonly kind: "unsupported"; readonly version: string };

// A version, and a body long enough that three digits are no accident. An App ID or an App Certificate begins with
// three digits at times: 32 hexadecimal digits are too few for any token.
const VERSIONED = /^(?![0-9A-Fa-f]{32}$)[0-9]{3}[A-Za-z0-9+/]{16,}={0,2}$/;

/**
 * Finds out what a text is, exactly as it stands: what something did to it on its way is for {@link repairToken}.
 *
 * @param record is told of every value in the content of a token
 * @throws MalformedToken if it is no token, or its bytes do not parse
 */
export function parseToken(text: string, record?: (span: ByteSpan) => void): Parsed {
  checkTextLength(text);
  const legacy = recognizeLegacy(text);
  if (legacy) return { kind: "legacy", legacy };
  if (text.startsWith("007")) return { kind: "token", claimed: parse007(text, record) };
  if (text.startsWith("006")) return { kind: "token", claimed: parse006(text, record) };
  if (VERSIONED.test(text)) return { kind: "unsupported", version: text.slice(0, 3) };
  throw new MalformedToken("it does not start with the version of a token, such as 007");
}

/** {@link parseToken}, with the fault as a value. */
export function tryParseToken(text: string): Parsed | MalformedToken {
  try {
    return parseToken(text);
  } catch (error) {
    if (error instanceof MalformedToken) return error;
    throw error;
  }
}
