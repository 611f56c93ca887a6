// Callers with a JWT of an issuer that the configuration names. Source: RFC 8725, Best Current Practices.

import { hash } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import type { Clock, Instant, Seconds } from "../clock.ts";
import { type Caller, matchMark } from "./caller.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import type { KeySet } from "./key-set.ts";

/** A caller, and what its JWT says. */
export interface JwtEntry {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

/** Gives the keys of an issuer of the configuration. */
export type KeysOf = (issuer: string) => IssuerKeys | undefined;

/** All others, `none` and those by a shared secret above all, are refused, whatever the keys are. */
const ALGORITHMS = ["RS256", "ES256", "EdDSA"];

/** The longest JWT, in bytes. */
const LONGEST = 8192;

/** The longest time from `iat` to `exp`, and from `iat` to now. */
const LONGEST_LIFE: Seconds = 86_400;

/** How far clocks may be apart. */
const TOLERANCE: Seconds = 30;

/** How many verified JWTs are remembered, so that each is verified once and not at each call. */
const MOST_REMEMBERED = 10_000;

const REQUIRED = ["exp", "iat", "sub"];

/** Headers that say where to get the key from: whoever made the JWT must not say so. */
const KEY_HEADERS = ["jku", "jwk", "x5u", "x5c"];

/** What a JWT for access may say that it is. One for another purpose is none. Sources: RFC 9068, JWT-SVID. */
const TYPES: ReadonlySet<unknown> = new Set([undefined, "jwt", "at+jwt", "jose"]);

const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

interface Known {
  readonly caller: Caller;
  readonly until: Instant;
  /** The keys that it was verified with, and where they came from. */
  readonly set: KeySet;
  readonly keys: IssuerKeys;
}

/** What a JWT says of itself before it is verified: nothing of it is trusted yet. */
interface Claimed {
  readonly issuer: string;
  /** The key that it was signed with, by name. */
  readonly kid: string | undefined;
}

/** Callers by their JWT: its issuer, its subject, and the audience that it is for. */
export class JwtCallers {
  readonly #entries: readonly (JwtEntry & { readonly match: string })[];
  readonly #keysOf: KeysOf;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  /** @param entries with unique triples of issuer, subject and audience */
  constructor(entries: readonly JwtEntry[], keysOf: KeysOf, clock: Clock) {
    this.#entries = entries.map((entry) => ({ ...entry, match: jwtMark(entry) }));
    this.#keysOf = keysOf;
    this.#clock = clock;
  }

  /** Whose JWT it is, at once where it was verified before. It rejects for nothing that a JWT can be. */
  recognize(jwt: string): Caller | undefined | Promise<Caller | undefined> {
    if (jwt.length > LONGEST || !COMPACT.test(jwt)) return undefined;
    // The JWT itself is not kept: whoever reads the memory would have it.
    const digest = hash("sha256", jwt, "base64");
    const known = this.#known.get(digest);
    if (known && this.#clock() < known.until && known.keys.set === known.set) return known.caller;
    this.#known.delete(digest);
    const claimed = claimedBy(jwt);
    const keys = claimed && this.#keysOf(claimed.issuer);
    return keys && this.#verify(jwt, digest, claimed, keys);
  }

  async #verify(jwt: string, digest: string, claimed: Claimed, keys: IssuerKeys): Promise<Caller | undefined> {
    const set = await setNaming(claimed, keys);
    const payload = set && (await this.#payloadOf(jwt, claimed, set));
    if (!payload) return undefined;
    const caller = this.#callerOf(claimed, payload);
    if (caller) this.#remember(digest, { caller, until: (payload.exp ?? 0) + TOLERANCE, set, keys });
    return caller;
  }

  async #payloadOf(jwt: string, { issuer }: Claimed, set: KeySet): Promise<JWTPayload | undefined> {
    try {
      const { payload } = await jwtVerify(jwt, set.keyOf, {
        algorithms: ALGORITHMS,
        issuer,
        audience: this.#entries.filter((entry) => entry.issuer === issuer).map(({ audience }) => audience),
        requiredClaims: REQUIRED,
        maxTokenAge: LONGEST_LIFE,
        clockTolerance: TOLERANCE,
        currentDate: new Date(this.#clock() * 1000),
      });
      const { exp = Number.POSITIVE_INFINITY, iat = 0 } = payload;
      // One that is good for ten years would do for a day, and nobody would know why it did not on the next.
      return exp - iat <= LONGEST_LIFE ? payload : undefined;
    } catch (error) {
      if (isRefusal(error)) return undefined;
      throw error;
    }
  }

  #callerOf({ issuer }: Claimed, { sub, aud, jti }: JWTPayload): Caller | undefined {
    const audiences = [aud].flat();
    const entry = this.#entries.find(
      (each) => each.issuer === issuer && each.subject === sub && audiences.includes(each.audience),
    );
    if (!entry) return undefined;
    const { id, match, subject } = entry;
    return { id, match, proof: "jwt", issuer, subject, jwtId: typeof jti === "string" ? jti : undefined };
  }

  #remember(digest: string, known: Known): void {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MOST_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(digest, known);
  }
}

/** What a caller is recognized by, in short. */
export function jwtMark({ issuer, subject, audience }: JwtEntry): string {
  return matchMark("jwt", issuer, subject, audience);
}

/** What a JWT says of itself, if its form is right. */
function claimedBy(jwt: string): Claimed | undefined {
  try {
    const header: Readonly<Record<string, unknown>> = decodeProtectedHeader(jwt);
    if (KEY_HEADERS.some((name) => Object.hasOwn(header, name)) || !TYPES.has(typeOf(header))) return undefined;
    const { iss: issuer } = decodeJwt(jwt);
    const { kid } = header;
    const isNamed = kid === undefined || typeof kid === "string";
    return typeof issuer === "string" && isNamed ? { issuer, kid } : undefined;
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

function typeOf({ typ }: Readonly<Record<string, unknown>>): unknown {
  return typeof typ === "string" ? typ.toLowerCase().replace(/^application\//, "") : typ;
}

/** The keys of an issuer. If the one that a JWT names is not among them, it may be new, so they are read again. */
async function setNaming({ kid }: Claimed, keys: IssuerKeys): Promise<KeySet | undefined> {
  const { set } = keys;
  if (!set || (kid !== undefined && !set.ids.has(kid))) await keys.refresh();
  return keys.set;
}

// Beside the errors of the library, Web Crypto has its own for keys that are none.
function isRefusal(error: unknown): boolean {
  return error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException;
}
