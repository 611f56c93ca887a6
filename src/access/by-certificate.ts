// Callers with a client certificate that names them: an X.509-SVID.
// Source: SPIFFE ID and X.509-SVID, https://github.com/spiffe/spiffe/tree/main/standards

import { X509Certificate } from "node:crypto";
import type { Instant } from "../clock.ts";
import { type Caller, matchMark } from "./caller.ts";

/** What the certificate at the other end of a connection says. That it is genuine was found out by TLS. */
export interface PeerCertificate {
  /** Whom it names; undefined where it names nobody, or not in the one way that counts. */
  readonly spiffeId: string | undefined;
  /** In hexadecimal digits. */
  readonly serial: string;
  /** The last second in which it is valid. */
  readonly notAfter: Instant;
}

/** A caller, and the SPIFFE ID in its certificate. */
export interface CertificateEntry {
  readonly id: string;
  readonly spiffeId: string;
}

/** A name in a certificate, such as `URI` and `spiffe://prod.example/lobby`. */
export interface AltName {
  readonly type: string;
  readonly value: string;
}

/** The longest SPIFFE ID, in bytes. */
const LONGEST_SPIFFE_ID = 2048;

// A trust domain and one segment or more, none of them dots alone; no port, query, user, escape or slash at the end.
const SPIFFE_ID = /^spiffe:\/\/[a-z0-9._-]{1,255}(\/(?!\.{1,2}(\/|$))[a-zA-Z0-9._-]+)+$/;

const CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2";

// Node.js writes a value that could be taken for several as a JSON string.
const ALT_NAME = /([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;

/** Whether a text is a SPIFFE ID that a workload can have. */
export function isSpiffeId(text: string): boolean {
  return text.length <= LONGEST_SPIFFE_ID && SPIFFE_ID.test(text);
}

/**
 * Reads a certificate that TLS has verified.
 *
 * @param der the certificate, DER
 */
export function readPeerCertificate(der: Uint8Array): PeerCertificate {
  const certificate = new X509Certificate(der);
  const ends = Date.parse(certificate.validTo);
  return {
    spiffeId: isForClients(certificate) ? spiffeIdIn(altNames(certificate.subjectAltName ?? "")) : undefined,
    serial: certificate.serialNumber,
    // A time that cannot be read has passed.
    notAfter: Number.isNaN(ends) ? 0 : Math.floor(ends / 1000),
  };
}

/** Reads a subject alternative name as Node.js writes it. Undefined where it is not written so. */
export function altNames(text: string): readonly AltName[] | undefined {
  const names: AltName[] = [];
  ALT_NAME.lastIndex = 0;
  while (ALT_NAME.lastIndex < text.length) {
    const [, type, written] = ALT_NAME.exec(text) ?? [];
    const value = written?.startsWith('"') ? unquoted(written) : written;
    if (type === undefined || value === undefined) return undefined;
    names.push({ type, value });
  }
  return names;
}

/** Callers by the SPIFFE ID in their certificate. The trust domain is a part of it, so it is pinned as well. */
export class CertificateCallers {
  readonly #bySpiffeId: ReadonlyMap<string, { readonly id: string; readonly match: string }>;

  /** @param entries with unique SPIFFE IDs */
  constructor(entries: readonly CertificateEntry[]) {
    this.#bySpiffeId = new Map(
      entries.map(({ id, spiffeId }) => [spiffeId, { id, match: matchMark("spiffe", spiffeId) }]),
    );
  }

  /** What the callers are recognized by: their IDs and marks. */
  get marks(): Iterable<{ readonly id: string; readonly match: string }> {
    return this.#bySpiffeId.values();
  }

  /** Whom a certificate names, if it is one of the callers. That it has not expired is for the caller to check. */
  recognize({ spiffeId, serial }: PeerCertificate): Caller | undefined {
    const known = spiffeId === undefined ? undefined : this.#bySpiffeId.get(spiffeId);
    return known && spiffeId !== undefined ? { ...known, proof: "mtls", spiffeId, serial } : undefined;
  }
}

// An authority signs for others, and a server's certificate is no client's: neither names a caller.
function isForClients({ ca, keyUsage }: X509Certificate): boolean {
  return !ca && keyUsage?.includes(CLIENT_AUTHENTICATION) === true;
}

// With two, the one that is checked may not be the one that is meant: the standard wants such a certificate refused.
function spiffeIdIn(names: readonly AltName[] | undefined): string | undefined {
  const [uri, ...more] = names?.filter(({ type }) => type === "URI") ?? [];
  return uri && more.length === 0 && isSpiffeId(uri.value) ? uri.value : undefined;
}

function unquoted(text: string): string | undefined {
  try {
    return String(JSON.parse(text));
  } catch {
    return undefined;
  }
}
