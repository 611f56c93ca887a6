import { createHmac, hash } from "node:crypto";

/** How many bytes an HMAC-SHA256 has. */
export const HMAC_BYTES = 32;

// RFC 2104: the key fills a block, which goes before the message and before the hash of the two.
const BLOCK = 64;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
// Above it, hashing itself is the cost. A token's message has 100 to 300 bytes.
const MAX_KEPT_BYTES = 1024;

const inner = Buffer.alloc(BLOCK + MAX_KEPT_BYTES);
const outer = Buffer.alloc(BLOCK + HMAC_BYTES);
// The beginning of `inner` by length, each made when first needed.
const beginnings: (Buffer | undefined)[] = [];

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
  setPads(key);
  for (let n = from; n < to; n++) inner[BLOCK + n - from] = message[n] ?? 0;
  outer.write(hash("sha256", beginning(BLOCK + to - from), "binary"), BLOCK, "latin1");
  out.write(hash("sha256", outer, "binary"), at, "latin1");
  // The pads are the key but for a constant.
  inner.fill(0, 0, BLOCK);
  outer.fill(0, 0, BLOCK);
}

function setPads(key: Uint8Array): void {
  const size = key.length;
  for (let n = 0; n < size; n++) {
    const byte = key[n] ?? 0;
    inner[n] = byte ^ INNER_PAD;
    outer[n] = byte ^ OUTER_PAD;
  }
  for (let n = size; n < BLOCK; n++) {
    inner[n] = INNER_PAD;
    outer[n] = OUTER_PAD;
  }
}

function beginning(size: number): Buffer {
  const made = beginnings[size];
  if (made) return made;
  const view = inner.subarray(0, size);
  beginnings[size] = view;
  return view;
}
