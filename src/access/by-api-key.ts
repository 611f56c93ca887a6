// Callers with an API key: 256 random bits, of which the configuration has the SHA-256. No slow hash is needed for what
// cannot be guessed, and a slow one would let strangers keep the service busy.

import { hash, randomBytes } from "node:crypto";
import { type Caller, matchMark } from "./caller.ts";

/** A key that was just made. It is kept nowhere. */
export interface NewApiKey {
  /** `agk_NAME_` and 43 characters: what the caller sends. */
  readonly key: string;
  /** 64 hexadecimal digits: what the configuration has. */
  readonly sha256: string;
}

/** A caller, and the SHA-256 of each of its keys: 64 hexadecimal digits in lower case. */
export interface ApiKeyEntry {
  readonly id: string;
  readonly digests: readonly string[];
}

/** How every key begins, so that scanners of leaked secrets find them. */
const PREFIX = "agk_";
const KEY_BYTES = 32;

// 43 characters of base64url are 258 bits, so the last one is one of 16.
const API_KEY = /^agk_[a-z][a-z0-9-]{0,62}_[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/**
 * Makes a key.
 *
 * @param name what the key begins with, after `agk_`: the ID of its caller
 */
export function makeApiKey(name: string): NewApiKey {
  const key = `${PREFIX}${name}_${randomBytes(KEY_BYTES).toString("base64url")}`;
  if (!API_KEY.test(key)) throw new RangeError("the name of a key is that of a caller: a-z, 0-9 and -");
  return { key, sha256: sha256Of(key) };
}

/** Whether a bearer is meant to be an API key. */
export function looksLikeApiKey(bearer: string): boolean {
  return bearer.startsWith(PREFIX);
}

/** Callers by the SHA-256 of their keys. A caller may have two, so that one can take over from the other. */
export class ApiKeyCallers {
  readonly #byDigest: ReadonlyMap<string, Caller & { readonly match: string }>;

  /** @param entries with unique digests */
  constructor(entries: readonly ApiKeyEntry[]) {
    const known = entries.flatMap(({ id, digests }) =>
      digests.map((digest) => [digest, { id, match: matchMark("api_key", digest), proof: "api_key" }] as const),
    );
    this.#byDigest = new Map(known);
  }

  /** What the callers are recognized by: their IDs and marks. */
  get marks(): Iterable<{ readonly id: string; readonly match: string }> {
    return this.#byDigest.values();
  }

  /** Whose key it is. What is compared are digests, so that time tells nothing of a key. */
  recognize(key: string): Caller | undefined {
    return API_KEY.test(key) ? this.#byDigest.get(sha256Of(key)) : undefined;
  }
}

function sha256Of(key: string): string {
  return hash("sha256", key, "hex");
}
