import { decodeBase64 } from "./base64.ts";
import { ByteReader, MalformedToken } from "./bytes.ts";

/** A token from before version 006. It is recognized, to say what it is; it is neither verified nor made. */
export interface LegacyToken {
  readonly kind:
    | "Dynamic Key 1"
    | "Dynamic Key 2"
    | "Dynamic Key 3"
    | "Dynamic Key 4"
    | "Dynamic Key 5"
    | "Signaling token";
  readonly appId: string;
  /** In seconds since 1970. Undefined where the format has none. */
  readonly issuedAt: number | undefined;
  /** In seconds since 1970. Undefined where the format has none. */
  readonly expiresAt: number | undefined;
  /** What a Dynamic Key 5 is for. */
  readonly use: string | undefined;
}

// signature, App ID, issue time, salt, then what the format adds
const KEY = "[0-9a-f]{40}(?<appId>[0-9a-fA-F]{32})(?<issuedAt>[0-9]{10})[0-9a-f]{8}";
const UID_AND_END = "[0-9]{10}(?<expiresAt>[0-9]{10})";
const SHAPES: readonly (readonly [LegacyToken["kind"], RegExp])[] = [
  ["Dynamic Key 1", new RegExp(`^${KEY}$`)],
  ["Dynamic Key 2", new RegExp(`^${KEY}${UID_AND_END}$`)],
  ["Dynamic Key 3", new RegExp(`^003${KEY}${UID_AND_END}$`)],
  ["Dynamic Key 4", new RegExp(`^004${KEY}(?<expiresAt>[0-9]{10})$`)],
  ["Signaling token", /^1:(?<appId>[0-9a-fA-F]{32}):(?<expiresAt>[0-9]{1,10}):[0-9a-f]{32}$/],
];
const USES_5: Readonly<Record<number, string>> = {
  1: "media channel",
  2: "recording",
  3: "public sharing",
  4: "in-channel permission",
};
const APP_ID_BYTES = 16;
const SIGNATURE_5 = /^[0-9a-fA-F]{40}$/;
// Agora's builders write one at most.
const MAX_EXTRAS = 16;

/** The legacy token that a text is, or undefined if it is none. A key without a version may start like one: shape comes first. */
export function recognizeLegacy(text: string): LegacyToken | undefined {
  for (const [kind, shape] of SHAPES) {
    const parts = shape.exec(text)?.groups;
    if (parts) return { kind, appId: parts["appId"] ?? "", ...times(parts), use: undefined };
  }
  return text.startsWith("005") ? recognizeKey5(text) : undefined;
}

function times(parts: Record<string, string | undefined>): Pick<LegacyToken, "issuedAt" | "expiresAt"> {
  const time = (digits: string | undefined): number | undefined => (digits === undefined ? undefined : Number(digits));
  return { issuedAt: time(parts["issuedAt"]), expiresAt: time(parts["expiresAt"]) };
}

function recognizeKey5(text: string): LegacyToken | undefined {
  try {
    const reader = new ByteReader(decodeBase64(text.slice(3)).bytes);
    const service = reader.uint16("service");
    const signature = reader.text("signature");
    const appId = reader.bytes("App ID");
    if (!SIGNATURE_5.test(signature) || appId.length !== APP_ID_BYTES) return undefined;
    const issuedAt = reader.uint32("issue time");
    reader.uint32("salt");
    const expiresAt = reader.uint32("end");
    for (let n = reader.count("number of extras", MAX_EXTRAS); n > 0; n--) {
      reader.uint16("extra");
      reader.bytes("value of the extra");
    }
    if (reader.left > 0) return undefined;
    return { kind: "Dynamic Key 5", appId: appId.toString("hex"), issuedAt, expiresAt, use: USES_5[service] };
  } catch (error) {
    if (error instanceof MalformedToken) return undefined;
    throw error;
  }
}
