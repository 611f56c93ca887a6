// The public keys of an issuer of JWTs: a JWK Set (RFC 7517).

import { createLocalJWKSet, type JSONWebKeySet, type JWK, type JWTVerifyGetKey } from "jose";

/** What should be a JWK Set is something else, or nothing that can be used. Never a part of it. */
export class KeySetInvalid extends Error {
  override readonly name = "KeySetInvalid";
}

/** The public keys of an issuer, as they were read. */
export interface KeySet {
  /** Gives the key that a JWT names. */
  readonly keyOf: JWTVerifyGetKey;
  /** The names of the keys. */
  readonly ids: ReadonlySet<string>;
}

/** The kinds of keys that verify what is accepted, each with its curve. */
const KINDS: ReadonlyMap<unknown, string | undefined> = new Map([
  ["RSA", undefined],
  ["EC", "P-256"],
  ["OKP", "Ed25519"],
]);

// An issuer that has more than that has lost count.
const MOST_KEYS = 100;

/** Members that only a private or a secret key has. Source: RFC 7518, section 6. */
const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/**
 * Reads a JWK Set.
 *
 * @param bytes JSON in UTF-8
 * @throws KeySetInvalid
 */
export function readKeySet(bytes: Uint8Array): KeySet {
  const keys = keysIn(bytes);
  if (keys.length > MOST_KEYS) throw new KeySetInvalid(`the JWK Set has more than ${MOST_KEYS} keys`);
  if (keys.some((key) => PRIVATE.some((member) => Object.hasOwn(key, member)))) {
    throw new KeySetInvalid(
      "the JWK Set holds a private or secret key: publish the public keys alone, and renew this one",
    );
  }
  const usable = keys.filter(isUsable);
  if (usable.length === 0) {
    throw new KeySetInvalid(
      "the JWK Set has no key for signatures by RS256, ES256 or EdDSA; to end an issuer, leave it out",
    );
  }
  const names = usable.map(({ kty, kid }) => `${kty} ${kid}`);
  if (new Set(names).size < names.length) {
    throw new KeySetInvalid("the JWK Set has two keys with the same kid, or without one: give each its own");
  }
  const ids = new Set(usable.flatMap(({ kid }) => (kid === undefined ? [] : [kid])));
  return { keyOf: createLocalJWKSet({ keys: usable }), ids };
}

function keysIn(bytes: Uint8Array): readonly JWK[] {
  const content = parsed(bytes);
  const keys = isObject(content) ? (content as Partial<JSONWebKeySet>).keys : undefined;
  if (!Array.isArray(keys) || !keys.every(isObject)) {
    throw new KeySetInvalid('it is no JWK Set: it must be {"keys": [...]} with a mapping for each key');
  }
  return keys as readonly JWK[];
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new KeySetInvalid("it is no JSON: it must be a JWK Set");
  }
}

function isUsable({ kty, crv, use, kid }: JWK): boolean {
  const named = kid === undefined || typeof kid === "string";
  return named && KINDS.has(kty) && KINDS.get(kty) === crv && (use === undefined || use === "sig");
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
