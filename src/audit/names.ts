import { createHmac } from "node:crypto";

/** How channels and users are recorded. */
export type Names = Plain | Pseudonyms;

/** As they are. */
export interface Plain {
  readonly kind: "plain";
}

/** As an HMAC, which only who has the key can make again. */
export interface Pseudonyms {
  readonly kind: "pseudonym";
  /** At least {@link LEAST_KEY_BYTES} bytes. */
  readonly key: Uint8Array;
}

/** What is named. */
export type Named = "channel" | "user";

/** The least bytes of a key for pseudonyms. */
export const LEAST_KEY_BYTES = 32;

const DIGITS = 32;

/** The key of a record under which names of a kind stand. It tells whether they are pseudonyms. */
export function keyFor({ kind }: Names, named: Named): string {
  return kind === "plain" ? named : `${named}_hmac`;
}

/** A name as it is recorded: as it is, or the first 32 hexadecimal digits of an HMAC-SHA256 of its kind and it. */
export function recorded(names: Names, named: Named, name: string): string {
  if (names.kind === "plain") return name;
  // A room and a user of one name have pseudonyms that differ.
  return createHmac("sha256", names.key).update(`${named}\0${name}`).digest("hex").slice(0, DIGITS);
}
