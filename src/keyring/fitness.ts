// Whether what a file holds is fit to sign with, and the file to hold it.

import type { AppCertificate } from "./certificate.ts";

/** A file that holds a secret, as it was read. */
export interface SecretFile {
  /** Its content. Wiped after use. */
  readonly bytes: Uint8Array;
  /** Its permission bits: `0o400`. */
  readonly mode: number;
  /** Whether it belongs to root and is on a file system in memory, as what Kubernetes mounts for a pod alone. */
  readonly projected: boolean;
}

const OTHERS_WRITE = 0o002;
const OTHERS_ANY = 0o077;
/** Of 32 random digits, fewer differ less than once in a hundred million. */
const LEAST_DISTINCT = 8;

// The credentials of Agora's own samples and tests, which everybody knows. Source: AgoraIO/Tools, DynamicKey.
const SAMPLE_APP_ID = "970ca35de60c44645bbae8a215061b33";
const SAMPLE_CERTIFICATE = "5cfd2fd1755d40ecb72977518be15d3b";

/** How the configuration lets others read a file. */
export interface Readable {
  readonly allowed: boolean;
  /** What it says to let them: completes "or state ...". */
  readonly statement: string;
}

/** What is wrong with who else may read or write the file, and what mends it; undefined if nothing is. */
export function exposure(file: SecretFile, { allowed, statement }: Readable): string | undefined {
  const { mode, projected } = file;
  const fault = tampering(file, "0400");
  if (fault !== undefined || (mode & OTHERS_ANY) === 0 || projected || allowed) return fault;
  const octal = `0${(mode & 0o777).toString(8)}`;
  return `readable file: others than its owner may use it (mode ${octal}); make its mode 0400 with chmod, or state ${statement}`;
}

/**
 * What is wrong with who else may write the file, and what mends it; undefined if nothing is.
 *
 * @param right the permissions that it should have, octal
 */
export function tampering({ mode }: Pick<SecretFile, "mode">, right: string): string | undefined {
  if ((mode & OTHERS_WRITE) === 0) return undefined;
  return `writable file: every user of this machine may write it; make its mode ${right} with chmod`;
}

/** What makes a certificate one to guess; undefined if nothing does. */
export function weakness(secret: AppCertificate): string | undefined {
  const distinct = new Set(secret.reveal().map(toLower)).size;
  if (distinct >= LEAST_DISTINCT) return undefined;
  return `weak certificate: it has ${distinct} different digits, and none that Agora makes has so few; copy it anew from Agora's console`;
}

/** Whether an App ID is that of Agora's samples, in any case. */
export function isSampleAppId(appId: string): boolean {
  return appId.toLowerCase() === SAMPLE_APP_ID;
}

/** Whether a certificate is that of Agora's samples, in any case. */
export function isSampleCertificate(secret: AppCertificate): boolean {
  return secret.reveal().every((byte, at) => toLower(byte) === SAMPLE_CERTIFICATE.charCodeAt(at));
}

function toLower(byte: number): number {
  return byte >= 0x41 && byte <= 0x46 ? byte + 0x20 : byte;
}
