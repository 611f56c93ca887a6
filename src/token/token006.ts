import { timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { decodeBase64 } from "./base64.ts";
import { ByteReader, type ByteSpan, ByteWriter, type Irregularity, MalformedToken } from "./bytes.ts";
import { hmacSha256, messageMemory, writeHmac } from "./hmac.ts";
import { type Privileges, readPrivileges, writePrivileges } from "./services.ts";

/** What is signed. All its times are in seconds since 1970. */
export interface Token006 {
  /** 32 hexadecimal digits; their case is part of them. */
  readonly appId: string;
  /** The channel name; for signaling, the user. */
  readonly channelText: string;
  /** The user as text: a uid in decimal digits, empty for any user and for signaling. */
  readonly userText: string;
  /** 1 to 2^32-1. */
  readonly salt: number;
  /** When the token ends. */
  readonly expiresAt: number;
  /** When each privilege ends; 0 is the end of the token. */
  readonly privileges: Privileges<number>;
}

/** What was parsed and is not trusted yet. The channel and the user are not in the token, only their checksums. */
export interface Claimed006 extends Omit<Token006, "channelText" | "userText"> {
  readonly version: "006";
  readonly channelChecksum: number;
  /** 0 if the token is for any user. */
  readonly userChecksum: number;
  readonly signature: Uint8Array;
  /** The part of the signed bytes that the token holds, as it came. */
  readonly signed: Buffer;
  readonly irregularities: ReadonlySet<Irregularity>;
}

/** The privileges that Agora ever numbered in version 006. */
export const PRIVILEGES_006: ReadonlyMap<number, { readonly name: string; readonly retired: boolean }> = new Map([
  [1, { name: "joinChannel", retired: false }],
  [2, { name: "publishAudioStream", retired: false }],
  [3, { name: "publishVideoStream", retired: false }],
  [4, { name: "publishDataStream", retired: false }],
  [5, { name: "publishAudioCdn", retired: true }],
  [6, { name: "publishVideoCdn", retired: true }],
  [7, { name: "requestPublishAudioStream", retired: true }],
  [8, { name: "requestPublishVideoStream", retired: true }],
  [9, { name: "requestPublishDataStream", retired: true }],
  [10, { name: "invitePublishAudioStream", retired: true }],
  [11, { name: "invitePublishVideoStream", retired: true }],
  [12, { name: "invitePublishDataStream", retired: true }],
  [101, { name: "administrateChannel", retired: true }],
  [1000, { name: "rtmLogin", retired: false }],
]);

/** The privilege to log in to signaling. */
export const RTM_LOGIN_006 = 1000;

const VERSION = "006";
const APP_ID_CHARS = 32;
const APP_ID = /^[0-9a-fA-F]{32}$/;
const SIGNATURE_BYTES = 32;
const SHORTEST = 107;
const PER_PRIVILEGE = 8;
const MESSAGE_BYTES = 4 + 4 + 2;
const PRIVILEGE_BYTES = 2 + 4;
const MAX_KEPT_TEXTS = 4096;
// CRC-32 by bytes: what each value of a byte turns into, 8 steps on.
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => crcOf(byte));
// Kept, as a token is made and checked without a pause.
const content = new ByteWriter();
const covered = new ByteWriter(messageMemory);
const expected = Buffer.alloc(SIGNATURE_BYTES);
const LONGEST = SHORTEST + 64 * PER_PRIVILEGE;

/**
 * Signs a token. The text is that of Agora's builders for the same salt and times.
 *
 * @param certificate the App Certificate: its 32 hexadecimal digits as ASCII, not decoded
 */
export function sign006(token: Token006, certificate: Uint8Array): string {
  const { appId, channelText, userText, privileges } = token;
  content.clear().uint16(SIGNATURE_BYTES).gap(SIGNATURE_BYTES);
  content.uint32(checksum(channelText)).uint32(checksum(userText));
  content.count("length of its message", 0xffff, MESSAGE_BYTES + PRIVILEGE_BYTES * privileges.size);
  const from = content.size;
  writePrivileges(content.uint32(token.salt).uint32(token.expiresAt), privileges);
  const { memory, size } = content;
  writeMac(memory, 2, [appId, channelText, userText], memory, from, size, certificate);
  return VERSION + appId + memory.toString("base64", 0, size);
}

/**
 * Parses a token. Nothing is trusted yet.
 *
 * @param record is told of every value, by its place in the decoded content
 * @throws MalformedToken
 */
export function parse006(text: string, record?: (span: ByteSpan) => void): Claimed006 {
  checkLength(text);
  const appId = text.slice(VERSION.length, VERSION.length + APP_ID_CHARS);
  if (!APP_ID.test(appId)) {
    throw new MalformedToken("the 32 characters after 006 are no App ID, which has hexadecimal digits alone");
  }
  const { bytes } = decodeBase64(text.slice(VERSION.length + APP_ID_CHARS));
  const reader = new ByteReader(bytes, record);
  const signature = reader.bytes("signature");
  if (signature.length !== SIGNATURE_BYTES) {
    throw new MalformedToken(`its signature has ${signature.length} bytes, and a signature has ${SIGNATURE_BYTES}`);
  }
  const channelChecksum = reader.uint32("checksum of the channel name");
  const userChecksum = reader.uint32("checksum of the user");
  const signed = reader.rest().subarray(2);
  const length = reader.uint16("length of the message");
  if (length !== reader.left) {
    throw new MalformedToken(`its message should have ${length} bytes, and ${reader.left} are there`);
  }
  const salt = reader.uint32("salt");
  const expiresAt = reader.uint32("end of the token");
  const privileges = readPrivileges(reader);
  if (reader.left > 0) throw new MalformedToken(`${reader.left} bytes follow its last privilege`);
  const { irregularities } = reader;
  return {
    version: VERSION,
    appId,
    salt,
    expiresAt,
    privileges,
    channelChecksum,
    userChecksum,
    signature,
    signed,
    irregularities,
  };
}

/**
 * Whether a certificate made the signature for this channel and user, over the bytes received, in constant time.
 * The checksums are part of it: without them, characters could move between channel and user.
 */
export function verify006(
  claimed: Claimed006,
  channelText: string,
  userText: string,
  certificate: Uint8Array,
): boolean {
  const { appId, signed } = claimed;
  writeMac(expected, 0, [appId, channelText, userText], signed, 0, signed.length, certificate);
  const genuine = timingSafeEqual(expected, claimed.signature);
  return genuine && checksum(channelText) === claimed.channelChecksum && checksum(userText) === claimed.userChecksum;
}

/** The CRC-32 of a text as UTF-8; of the empty text it is 0. */
export function checksum(text: string): number {
  const table = CRC_TABLE;
  let crc = -1;
  for (let n = 0; n < text.length; n++) {
    const code = text.charCodeAt(n);
    // A byte a character, up to here.
    if (code > 0x7f) return crc32(text);
    crc = (crc >>> 8) ^ (table[(crc ^ code) & 0xff] ?? 0);
  }
  return ~crc >>> 0;
}

// The reversed polynomial of IEEE 802.3.
function crcOf(byte: number): number {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  return crc;
}

/** Writes the signature over the identity and a message, whose bytes are from `from` up to `to`, into `out` at `at`. */
// No border between the texts: that is the format, and why a holder can move characters across.
function writeMac(
  out: Buffer,
  at: number,
  [appId, channelText, userText]: readonly [string, string, string],
  message: Buffer,
  from: number,
  to: number,
  certificate: Uint8Array,
): void {
  const isShort = channelText.length + userText.length <= MAX_KEPT_TEXTS;
  if (isShort && covered.clear().ascii(appId) && covered.ascii(channelText) && covered.ascii(userText)) {
    covered.part(message, from, to);
    writeHmac(out, at, certificate, covered.memory, 0, covered.size);
    return;
  }
  // Encoded as one: half of a character at the end of one text and half at the beginning of the next are a character.
  const texts = Buffer.from(appId + channelText + userText, "utf8");
  out.set(hmacSha256(certificate, Buffer.concat([texts, message.subarray(from, to)])), at);
}

function checkLength(text: string): void {
  if (!text.startsWith(VERSION)) throw new MalformedToken("it does not start with 006");
  const over = text.length - SHORTEST;
  if (over < 0)
    throw new MalformedToken(
      `a token of version 006 has at least ${SHORTEST} characters, and it has ${text.length}: it is cut`,
    );
  if (over % PER_PRIVILEGE !== 0) {
    throw new MalformedToken(
      `a token of version 006 has ${SHORTEST} characters and ${PER_PRIVILEGE} more for each privilege; ${text.length} is no such number: something is missing or added`,
    );
  }
  if (text.length > LONGEST) {
    const found = `a token of version 006 has at most ${LONGEST} characters, and it has ${text.length}`;
    throw new MalformedToken(found, { isOurLimit: true });
  }
}
