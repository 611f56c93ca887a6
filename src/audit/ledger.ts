import type { Instant, Seconds } from "../clock.ts";
import type { Grant } from "../token/services.ts";

/** What a caller asks for, once it is known to be valid. */
export interface Asked {
  /** The ID of a project that exists; undefined if that which is asked for does not. */
  readonly project: string | undefined;
  readonly version: string | undefined;
  readonly lifetime: { readonly until: Instant } | { readonly for: Seconds } | undefined;
  /** What is to be granted; undefined where the request does not say, as to renew. */
  readonly grants: readonly Grant<unknown>[] | undefined;
  /** The token to renew. A secret: its fingerprint alone is recorded, and only once it is known to be genuine. */
  readonly original: string | undefined;
}

/** A token that was signed. */
export interface Signed {
  /** A secret: its fingerprint alone is recorded. */
  readonly text: string;
  /** The 32 bytes of its signature, where they are at hand: its text takes 5 us to find them in. */
  readonly signature?: Uint8Array | undefined;
  readonly version: string;
  readonly span: { readonly issuedAt: Instant; readonly expiresAt: Instant };
  readonly certificateId: string;
  /** A privilege without an end ends with the token. */
  readonly grants: readonly Grant<Instant | undefined>[];
}

/** What an inspection concluded. */
export interface Inspected {
  readonly verdict: string;
  /** The ID of the project of the token, if there is one to tell of. */
  readonly project: string | undefined;
}

/** What one call asked for and was given, noted on the way for its record. */
export class Ledger {
  readonly asked: Asked[] = [];
  readonly signed: Signed[] = [];
  inspected: Inspected | undefined;
}
