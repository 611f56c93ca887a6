// THE ORDER: who calls, by what a call presents. The first proof that recognizes a caller decides.

import type { Clock } from "../clock.ts";
import { ApiKeyCallers, type ApiKeyEntry, looksLikeApiKey } from "./by-api-key.ts";
import { CertificateCallers, type CertificateEntry, type PeerCertificate } from "./by-certificate.ts";
import { JwtCallers, type JwtEntry, jwtMark, type KeysOf } from "./by-jwt.ts";
import { type Caller, matchMark } from "./caller.ts";

/** A caller as it is configured: how it is recognized. */
export interface CallerSource {
  readonly id: string;
  readonly match:
    | { readonly kind: "loopback" }
    | { readonly kind: "spiffe"; readonly id: string }
    | { readonly kind: "apiKey"; readonly sha256: string; readonly next: string | undefined }
    | { readonly kind: "jwt"; readonly issuer: string; readonly subject: string; readonly audience: string };
}

/** What a call presents of itself. */
export interface Presented {
  /** How a process of this machine came, where the listener is only for those. */
  readonly local: "loopback" | "unix" | undefined;
  /** The certificate that TLS has verified. */
  readonly certificate: PeerCertificate | undefined;
  /** All values of the `authorization` header. */
  readonly authorization: readonly string[];
}

/** Tells who calls; undefined for a stranger. Nothing that can be presented makes it throw or reject. */
export type Recognize = (presented: Presented) => Caller | undefined | Promise<Caller | undefined>;

// RFC 6750, with the scheme in any case, as RFC 9110 has it.
const BEARER = /^bearer ([\w.~+/-]+=*)$/i;

/** All callers of a configuration. */
export class Callers {
  readonly #certificates: CertificateCallers;
  readonly #apiKeys: ApiKeyCallers;
  readonly #jwts: readonly JwtEntry[];
  readonly #local: { readonly id: string; readonly match: string } | undefined;
  readonly #marks: ReadonlySet<string>;
  // A connection has one object for its caller, and neither that nor the marks ever change.
  readonly #still = new WeakSet<Caller>();

  /** @param sources with unique IDs, and no two that are recognized by the same */
  constructor(sources: readonly CallerSource[]) {
    const { certificates, apiKeys, jwts, local } = sorted(sources);
    this.#certificates = new CertificateCallers(certificates);
    this.#apiKeys = new ApiKeyCallers(apiKeys);
    this.#jwts = jwts;
    this.#local = local === undefined ? undefined : { id: local, match: matchMark("loopback") };
    const marks = [...this.#certificates.marks, ...this.#apiKeys.marks, ...(this.#local ? [this.#local] : [])];
    this.#marks = new Set([...marks, ...jwts.map((entry) => ({ ...entry, match: jwtMark(entry) }))].map(markOf));
  }

  /** Whether a caller, recognized earlier and maybe by others, is recognized by the same still. */
  isStill(caller: Caller): boolean {
    if (this.#still.has(caller)) return true;
    const isStill = this.#marks.has(markOf(caller));
    if (isStill) this.#still.add(caller);
    return isStill;
  }

  /** Recognizes callers, with the keys of the issuers as they are at the time. */
  recognizer(keysOf: KeysOf, clock: Clock): Recognize {
    const jwts = new JwtCallers(this.#jwts, keysOf, clock);
    const byBearer = (bearer: string) =>
      looksLikeApiKey(bearer) ? this.#apiKeys.recognize(bearer) : jwts.recognize(bearer);
    return ({ local, certificate, authorization }) => {
      // The connection outlives the certificate that it was made with: nobody is behind it any more.
      if (certificate && certificate.notAfter < clock()) return undefined;
      const certified = certificate && this.#certificates.recognize(certificate);
      if (certified) return certified;
      const [header, ...more] = authorization;
      // Who presents a credential is whom it names, or nobody: a bad one does not make a stranger a neighbour.
      if (header !== undefined) return more.length === 0 ? byBearer(BEARER.exec(header)?.[1] ?? "") : undefined;
      return local && !certificate && this.#local ? { ...this.#local, proof: local } : undefined;
    };
  }
}

function sorted(sources: readonly CallerSource[]) {
  const certificates: CertificateEntry[] = [];
  const apiKeys: ApiKeyEntry[] = [];
  const jwts: JwtEntry[] = [];
  let local: string | undefined;
  for (const { id, match } of sources) {
    if (match.kind === "spiffe") certificates.push({ id, spiffeId: match.id });
    else if (match.kind === "apiKey") apiKeys.push({ id, digests: [match.sha256, match.next].filter(isSet) });
    else if (match.kind === "jwt") jwts.push({ ...match, id });
    else local = id;
  }
  return { certificates, apiKeys, jwts, local };
}

function markOf({ id, match }: { readonly id: string; readonly match?: string | undefined }): string {
  return `${id} ${match}`;
}

function isSet(text: string | undefined): text is string {
  return text !== undefined;
}
