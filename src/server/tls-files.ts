// What a listener proves itself with, and whom it lets prove themselves: certificate, key, and client authorities.

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { type Clock, type Instant, isoTime } from "../clock.ts";
import { exposure, type SecretFile, tampering } from "../keyring/fitness.ts";

/** The files of TLS. */
export interface TlsFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** With it, clients must present a certificate of one of its authorities. */
  readonly clientCaFile: string | undefined;
  /** Whether others than its owner may read the file of the key. */
  readonly allowReadableKeyFile: boolean;
}

/** What the files of TLS hold, PEM. */
export interface TlsMaterial {
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly clientCa: Buffer | undefined;
  /** The last second in which the certificate is valid. */
  readonly notAfter: Instant;
}

/** A file of TLS. */
export type TlsFile = Exclude<keyof TlsFiles, "allowReadableKeyFile">;

/** A file of TLS that cannot be used: which, and what would mend it. Never a part of it. */
export class TlsInvalid extends Error {
  override readonly name = "TlsInvalid";
  readonly file: TlsFile;

  constructor(file: TlsFile, message: string) {
    super(message);
    this.file = file;
  }
}

const BLOCKS = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * Checks that nobody else can exchange the files or read the key, and that they fit together, so that every handshake
 * with them succeeds.
 *
 * @param read gives a file
 * @throws TlsInvalid
 */
export function readTls(files: TlsFiles, read: (file: TlsFile) => SecretFile, clock: Clock): TlsMaterial {
  const certificate = publicFile("certificateFile", read);
  const key = keyFile(files, read);
  const clientCa = files.clientCaFile === undefined ? undefined : publicFile("clientCaFile", read);
  const [leaf, ...issuers] = certificatesIn(certificate, "certificateFile");
  if (!leaf?.checkPrivateKey(privateKeyIn(key))) {
    throw new TlsInvalid("keyFile", "the key is not that of the certificate: write both files anew, from one source");
  }
  const notAfter = checkTime(leaf, clock());
  checkChain(leaf, issuers);
  if (clientCa) checkAuthorities(certificatesIn(clientCa, "clientCaFile"));
  // What a handshake would stumble over, such as a key that is too short, comes to light here.
  try {
    createSecureContext({ cert: certificate, key, ca: clientCa, minVersion: "TLSv1.3" });
  } catch {
    throw new TlsInvalid(
      "certificateFile",
      "TLS cannot use the certificate: make one with a longer key, or by SHA-256",
    );
  }
  return { certificate, key, clientCa, notAfter };
}

function publicFile(file: TlsFile, read: (file: TlsFile) => SecretFile): Buffer {
  const content = read(file);
  // Whoever can write it says whom clients trust here, or who is a client.
  const fault = tampering(content, "0644");
  if (fault !== undefined) throw new TlsInvalid(file, fault);
  return Buffer.from(content.bytes);
}

function keyFile({ allowReadableKeyFile }: TlsFiles, read: (file: TlsFile) => SecretFile): Buffer {
  const content = read("keyFile");
  const statement = "allow_readable_key_file: true beside it";
  const fault = exposure(content, { allowed: allowReadableKeyFile, statement });
  if (fault !== undefined) throw new TlsInvalid("keyFile", fault);
  return Buffer.from(content.bytes);
}

function certificatesIn(pem: Buffer, file: TlsFile): X509Certificate[] {
  const blocks = pem.toString("latin1").match(BLOCKS) ?? [];
  if (blocks.length === 0) throw new TlsInvalid(file, "there is no certificate in the file: it must be PEM");
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new TlsInvalid(file, `certificate ${at + 1} of the file cannot be read: write the file anew`);
    }
  });
}

function privateKeyIn(pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new TlsInvalid("keyFile", "there is no private key in the file: it must be PEM, and not encrypted");
  }
}

function checkTime({ validFrom, validTo }: X509Certificate, now: Instant): Instant {
  const [from, to] = [validFrom, validTo].map((text) => Math.floor(Date.parse(text) / 1000));
  if (from === undefined || to === undefined || Number.isNaN(from + to)) {
    throw new TlsInvalid("certificateFile", "the certificate does not say when it is valid: make a new one");
  }
  if (to < now) throw new TlsInvalid("certificateFile", `the certificate expired at ${isoTime(to)}: renew it`);
  if (from > now) {
    throw new TlsInvalid("certificateFile", `the certificate is not valid before ${isoTime(from)}: check the clock`);
  }
  return to;
}

// Clients find the way from the leaf to an authority that they trust, or the handshake fails.
function checkChain(leaf: X509Certificate, issuers: readonly X509Certificate[]): void {
  const isIssuer = (issuer: X509Certificate) => leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey);
  if (issuers.length === 0 || issuers.some(isIssuer)) return;
  throw new TlsInvalid(
    "certificateFile",
    "none of the other certificates of the file has issued the first: write the chain anew, its own issuer after it",
  );
}

function checkAuthorities(certificates: readonly X509Certificate[]): void {
  const at = certificates.findIndex(({ ca }) => !ca);
  if (at >= 0) throw new TlsInvalid("clientCaFile", `certificate ${at + 1} of the file is no authority: leave it out`);
}
