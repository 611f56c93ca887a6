import { timingSafeEqual } from "node:crypto";
import { decodeBase64Briefly } from "./base64.ts";
import {
  ByteReader,
  type ByteSpan,
  ByteWriter,
  checkTextLength,
  type Irregularity,
  MAX_TOKEN_CHARS,
  MalformedToken,
  TokenTooLarge,
} from "./bytes.ts";
import { deflateToBase64 } from "./deflate.ts";
import { inflate } from "./inflate.ts";
import { type Grant, readGrant, serviceOfType, serviceRow, writeGrant } from "./services.ts";
import { writeSignature007 } from "./signature007.ts";

/** What is signed. The ends of its privileges are in seconds after the issue. */
export interface Token007 {
  /** 32 hexadecimal digits; their case is part of them. */
  readonly appId: string;
  /** In seconds since 1970. */
  readonly issuedAt: number;
  /** In seconds. */
  readonly lifetime: number;
  /** 1 to 2^32-1. */
  readonly salt: number;
  readonly grants: readonly Grant[];
}

/** What was parsed and is not trusted yet. */
export interface Claimed007 extends Token007 {
  readonly version: "007";
  readonly signature: Uint8Array;
  /** The bytes that the signature is over, as they came. */
  readonly signed: Uint8Array;
  /** The type at which decoding had to stop, and how many services were left with it. */
  readonly unknownService: { readonly type: number; readonly undecoded: number } | undefined;
  readonly irregularities: ReadonlySet<Irregularity>;
}

const VERSION = "007";
const SIGNATURE_BYTES = 32;
const SERVICES = "number of services";
const MAX_SERVICES = 32;
// Kept, as a token is made and checked without a pause.
const writer = new ByteWriter();
const expected = Buffer.alloc(SIGNATURE_BYTES);

/**
 * Signs a token. For the same salt and time the text is that of npm `agora-token` on the same Node.
 *
 * @param certificate the App Certificate: its 32 hexadecimal digits as ASCII, not decoded
 * @param keep is given the signature, in memory that is used again
 * @throws TokenTooLarge if this service could not read it back
 */
export function sign007(token: Token007, certificate: Uint8Array, keep?: (signature: Uint8Array) => void): string {
  writer.clear().uint16(SIGNATURE_BYTES).gap(SIGNATURE_BYTES);
  const signedAt = writer.size;
  writeToken(writer, token);
  const { memory, size } = writer;
  writeSignature007(memory, signedAt - SIGNATURE_BYTES, token, certificate, memory, signedAt, size);
  const text = VERSION + deflateToBase64(memory, 0, size);
  if (text.length > MAX_TOKEN_CHARS) throw new TokenTooLarge(`a text of ${text.length} characters`);
  keep?.(memory.subarray(signedAt - SIGNATURE_BYTES, signedAt));
  return text;
}

/**
 * Parses a token. Nothing is trusted yet.
 *
 * @param record is told of every value, by its place in the inflated content
 * @throws MalformedToken
 */
export function parse007(text: string, record?: (span: ByteSpan) => void): Claimed007 {
  checkTextLength(text);
  if (!text.startsWith(VERSION)) throw new MalformedToken("it does not start with 007");
  const { bytes, canonical } = decodeBase64Briefly(text.slice(VERSION.length));
  const { content, consumed } = inflate(bytes);
  const reader = new ByteReader(content, record);
  if (!canonical) reader.note("BASE64_BITS");
  if (consumed < bytes.length) reader.note("BYTES_AFTER_STREAM");
  return decode(reader);
}

/** Whether a certificate made the signature, over the bytes received, in constant time. */
export function verify007(claimed: Claimed007, certificate: Uint8Array): boolean {
  const { signed, signature } = claimed;
  writeSignature007(expected, 0, claimed, certificate, signed, 0, signed.length);
  return timingSafeEqual(expected, signature);
}

function writeToken(to: ByteWriter, token: Token007): void {
  to.text(token.appId)
    .uint32(token.issuedAt)
    .uint32(token.lifetime)
    .uint32(token.salt)
    .count(SERVICES, MAX_SERVICES, token.grants.length);
  for (const grant of byType(token.grants)) writeGrant(to, grant);
}

// Stable: several grants of one service keep their order.
function byType(grants: readonly Grant[]): readonly Grant[] {
  if (grants.length < 2) return grants;
  return [...grants].sort((a, b) => serviceRow(a.service).type - serviceRow(b.service).type);
}

function decode(reader: ByteReader): Claimed007 {
  const signature = reader.bytes("signature");
  if (signature.length !== SIGNATURE_BYTES) {
    throw new MalformedToken(`its signature has ${signature.length} bytes, and a signature has ${SIGNATURE_BYTES}`);
  }
  const signed = reader.rest();
  const appId = reader.text("App ID");
  const issuedAt = reader.uint32("issue time");
  const lifetime = reader.uint32("lifetime");
  const salt = reader.uint32("salt");
  const { grants, unknownService } = decodeServices(reader);
  const { irregularities } = reader;
  return {
    version: VERSION,
    appId,
    issuedAt,
    lifetime,
    salt,
    grants,
    unknownService,
    signature,
    signed,
    irregularities,
  };
}

function decodeServices(reader: ByteReader): Pick<Claimed007, "grants" | "unknownService"> {
  const count = reader.count(SERVICES, MAX_SERVICES);
  if (count === 0) reader.note("NO_SERVICES");
  const grants: Grant[] = [];
  let before = 0;
  while (grants.length < count) {
    const type = reader.uint16("service type");
    const name = serviceOfType(type);
    // The length of an unknown service is not written, so nothing after it can be found.
    if (name === undefined) return { grants, unknownService: { type, undecoded: count - grants.length } };
    if (type < before) reader.note("SERVICES_UNSORTED");
    before = type;
    grants.push(readGrant(reader, name));
  }
  if (reader.left > 0) {
    reader.note("BYTES_AT_END");
    reader.raw(reader.left, "bytes after the last service");
  }
  return { grants, unknownService: undefined };
}
