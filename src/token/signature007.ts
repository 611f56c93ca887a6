// The signature of version 007: three HMACs, of which the first depends on the certificate and the second of issue alone.

import { HMAC_BYTES, writeHmac } from "./hmac.ts";

const CERTIFICATE_BYTES = 32;
// As many certificates as sign in turn on a busy server. A power of two.
const SLOTS = 64;
const SLOT_BYTES = CERTIFICATE_BYTES + HMAC_BYTES;

// By certificate, the issue key of the second that it last signed in: the certificate's bytes and then the key, in
// memory that is written over and over, so that a busy server leaves no copies in the heap.
const slots = Buffer.alloc(SLOTS * SLOT_BYTES);
const seconds = new Float64Array(SLOTS).fill(-1);
const number = Buffer.alloc(4);
const key = Buffer.alloc(HMAC_BYTES);
const other = Buffer.alloc(HMAC_BYTES);

/**
 * Writes the signature of a message, the bytes from `from` up to `to`, into `out` at `at`.
 *
 * @param issuedAt the second of issue, and `salt`: both as in the message
 */
export function writeSignature007(
  out: Buffer,
  at: number,
  { issuedAt, salt }: { readonly issuedAt: number; readonly salt: number },
  certificate: Uint8Array,
  message: Uint8Array,
  from: number,
  to: number,
): void {
  if (certificate.length === CERTIFICATE_BYTES) {
    const issueKey = keptIssueKey(issuedAt, certificate);
    writeHmac(key, 0, uint32(salt), slots, issueKey, issueKey + HMAC_BYTES);
  } else {
    writeIssueKey(other, 0, issuedAt, certificate);
    writeHmac(key, 0, uint32(salt), other, 0, HMAC_BYTES);
  }
  writeHmac(out, at, key, message, from, to);
}

/** Where in the slots the issue key is. It is made if the one that is there is another. */
function keptIssueKey(issuedAt: number, certificate: Uint8Array): number {
  const slot = slotOf(certificate);
  const at = slot * SLOT_BYTES;
  if (seconds[slot] !== issuedAt || !isCertificate(at, certificate)) {
    seconds[slot] = -1;
    writeIssueKey(slots, at + CERTIFICATE_BYTES, issuedAt, certificate);
    slots.set(certificate, at);
    seconds[slot] = issuedAt;
  }
  return at + CERTIFICATE_BYTES;
}

// The certificate is the message here and the issue time the key: Agora's order, not a slip.
function writeIssueKey(out: Buffer, at: number, issuedAt: number, certificate: Uint8Array): void {
  writeHmac(out, at, uint32(issuedAt), certificate, 0, certificate.length);
}

function slotOf(certificate: Uint8Array): number {
  let mixed = 0;
  for (let n = 0; n < CERTIFICATE_BYTES; n += 4) mixed = Math.imul(mixed, 31) + (certificate[n] ?? 0);
  return mixed & (SLOTS - 1);
}

// All bytes, since the caller may have written another certificate into the same memory.
function isCertificate(at: number, certificate: Uint8Array): boolean {
  for (let n = 0; n < CERTIFICATE_BYTES; n++) if (slots[at + n] !== certificate[n]) return false;
  return true;
}

function uint32(value: number): Buffer {
  number.writeUInt32LE(value, 0);
  return number;
}
