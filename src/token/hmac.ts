import { createHmac, hash } from "node:crypto";
import { beginningsOf } from "./beginnings.ts";

/** How many bytes an HMAC-SHA256 has. */
export const HMAC_BYTES = 32;

// RFC 2104: the key fills a block, which goes before the message and before the hash of the two.
const BLOCK = 64;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
// Above it, hashing itself is the cost. A token's message has 100 to 300 bytes.
const MAX_KEPT_BYTES = 1024;

// Each is all pad between two calls, as behind a key of no bytes: only the bytes of a key are written and taken back.
const inner = Buffer.alloc(BLOCK + MAX_KEPT_BYTES, INNER_PAD);
const outer = Buffer.alloc(BLOCK + HMAC_BYTES, OUTER_PAD);
/** Where a message that is written anew may be written: {@link writeHmac} takes it from there without a copy. */
export const messageMemory = inner.subarray(BLOCK);

const beginning = beginningsOf(inner);

/** HMAC-SHA256, 32 bytes: the plain way. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Buffer {
  return createHmac("sha256", key).update(message).digest();
}

/**
 * HMAC-SHA256 of the bytes of a message from `from` up to `to`, written into `out` at `at`.
 *
 * By two hashes of Node's in memory that is kept, which takes a third of the time of making an HMAC object. Their
 * results are strings of a character a byte, since making a Buffer would cost more than the hash. So a hash is in V8's
 * heap until it is collected: that of a message behind a key, never the key or a certificate.
 */
export function writeHmac(
  out: Buffer,
  at: number,
  key: Uint8Array,
  message: Uint8Array,
  from: number,
  to: number,
): void {
  if (key.length > BLOCK || to - from > MAX_KEPT_BYTES) {
    out.set(hmacSha256(key, message.subarray(from, to)), at);
    return;
  }
  setKey(key);
  setMessage(message, from, to);
  put(outer, BLOCK, hash("sha256", beginning(BLOCK + to - from), "binary"));
  put(out, at, hash("sha256", outer, "binary"));
  forgetKey(key.length);
}

// The loops of this file are by hand and over local variables: for so few bytes a call into Node costs more.
function setKey(key: Uint8Array): void {
  const first = inner;
  const second = outer;
  const size = key.length;
  for (let n = 0; n < size; n++) {
    const byte = key[n] ?? 0;
    first[n] = byte ^ INNER_PAD;
    second[n] = byte ^ OUTER_PAD;
  }
}

function forgetKey(size: number): void {
  const first = inner;
  const second = outer;
  for (let n = 0; n < size; n++) {
    first[n] = INNER_PAD;
    second[n] = OUTER_PAD;
  }
}

function setMessage(message: Uint8Array, from: number, to: number): void {
  if (message === messageMemory && from === 0) return;
  const block = inner;
  if (from === 0 && to === message.length) {
    block.set(message, BLOCK);
    return;
  }
  const offset = BLOCK - from;
  for (let n = from; n < to; n++) block[offset + n] = message[n] ?? 0;
}

function put(out: Buffer, at: number, digest: string): void {
  for (let n = 0; n < HMAC_BYTES; n++) out[at + n] = digest.charCodeAt(n);
}
