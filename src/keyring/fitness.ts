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

/**
 * What is wrong with who else may read or write the file, and what mends it; undefined if nothing is.
 *
 * @param allowReadable whether others may read it
 */
export function exposure({ mode, projected }: SecretFile, allowReadable: boolean): string | undefined {
  if ((mode & OTHERS_WRITE) !== 0)
    return "writable file: every user of this machine may write it; make its mode 0400 with chmod";
  if ((mode & OTHERS_ANY) === 0 || projected || allowReadable) return undefined;
  const octal = `0${(mode & 0o777).toString(8)}`;
  return `readable file: others than its owner may use it (mode ${octal}); make its mode 0400 with chmod, or state allow_readable_files: true for the project`;
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
