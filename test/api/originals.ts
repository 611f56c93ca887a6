// Tokens that this service did not build: by Agora's own builders, and by hand, byte by byte.

import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { crc32, deflateSync } from "node:zlib";
import { type OfficialService, official006, official007 } from "../token/official.ts";
import { APP_IDS, DIGITS, NOW } from "./world.ts";

/** A service and its privileges: number and end, in seconds after the issue. */
export type ServiceOf007 = readonly [service: OfficialService, privileges: Readonly<Record<number, number>>];

/** What a token of version 007 is built of, if not of what most tests need. */
export interface Around007 {
  readonly appId?: string;
  readonly digits?: string;
  readonly issuedAt?: number;
  readonly lifetime?: number;
  readonly salt?: number;
}

/** Some services, as npm `agora-token` makes them. */
export const services = {
  rtc: (channel = "room-1", user: number | string = 42) => new official007.ServiceRtc(channel, user),
  rtm: (user = "u-1") => new official007.ServiceRtm(user),
  streaming: (channel = "room-1", user = "42") => new official007.ServiceStreaming(channel, user),
  fpa: () => new official007.ServiceFpa(),
  chat: (user = "bob") => new official007.ServiceChat(user),
  fcdn: (channel = "room-1", user = "42") => new official007.ServiceFCdn(channel, user),
  apaas: (room = "room-1", user = "bob", role = 1) => new official007.ServiceApaas(room, user, role),
  rtm2: (user = "u-1", permissions: readonly (readonly [number, number, readonly string[]])[] = []) => {
    const named = new official007.Rtm2Permissions();
    for (const permission of permissions) named.add(...permission);
    return new official007.ServiceRtm2(user, named);
  },
  convoAi: () => new official007.ServiceConvoAI(),
  stt: () => new official007.ServiceStt(),
} as const;

/** What a publisher's privileges are, each with one end. */
export function publisher(end: number): Record<number, number> {
  return { 1: end, 2: end, 3: end, 4: end };
}

/** A token by npm `agora-token`, issued a minute ago for an hour unless it says otherwise. */
export function token007(granted: readonly ServiceOf007[], around: Around007 = {}): string {
  const { appId = APP_IDS.live, digits = DIGITS.primary, issuedAt = NOW - 60, lifetime = 3600, salt = 77 } = around;
  const token = new official007.AccessToken2(appId, digits, issuedAt, lifetime);
  token.issueTs = issuedAt;
  token.salt = salt;
  for (const [service, privileges] of granted) {
    for (const [number, end] of Object.entries(privileges)) service.add_privilege(Number(number), end);
    token.add_service(service);
  }
  return token.build();
}

/** A token for one service of one kind, most often a publisher in `room-1`. */
export function rtc007(around: Around007 = {}, end = around.lifetime ?? 3600): string {
  return token007([[services.rtc(), publisher(end)]], around);
}

/** What a token of version 006 is built of. */
export interface Around006 {
  readonly appId?: string;
  readonly digits?: string;
  readonly channel?: string;
  readonly user?: number | string;
  readonly salt?: number;
  /** The end of the token. Agora's builders write that of 24 hours from now. */
  readonly expiresAt?: number;
  readonly privileges?: Readonly<Record<number, number>>;
}

/** A token by npm `agora-token`, with what its builder for RTC writes. */
export function token006(around: Around006 = {}): string {
  const { appId = APP_IDS.live, digits = DIGITS.primary, channel = "room-1", user = 42, salt = 77 } = around;
  const { expiresAt = NOW + 86_400 - 60, privileges = publisher(NOW + 3540) } = around;
  const token = new official006.AccessToken(appId, digits, channel, user);
  token.salt = salt;
  token.ts = expiresAt;
  token.messages = { ...privileges };
  return token.build();
}

/** The builder of npm `agora-access-token`, which takes the time from the clock. */
export const { RtcTokenBuilder: rtcBuilder006 } = createRequire(import.meta.url)("agora-access-token") as {
  readonly RtcTokenBuilder: {
    buildTokenWithUid(
      appId: string,
      digits: string,
      channel: string,
      uid: number,
      role: number,
      privilegesEnd: number,
    ): string;
  };
};

/** Little-endian numbers and texts behind their length. */
export const bytes = {
  u16: (...values: number[]) => Buffer.concat(values.map((value) => littleEndian(value, 2))),
  u32: (...values: number[]) => Buffer.concat(values.map((value) => littleEndian(value, 4))),
  text: (text: string | Buffer) => Buffer.concat([littleEndian(Buffer.from(text).length, 2), Buffer.from(text)]),
} as const;

/** Privileges as they are written. */
export function written(privileges: readonly (readonly [number, number])[]): Buffer {
  return Buffer.concat([
    bytes.u16(privileges.length),
    ...privileges.map(([number, end]) => Buffer.concat([bytes.u16(number), bytes.u32(end)])),
  ]);
}

/** A service of RTC as it is written. */
export function rtcBytes(
  channel: string | Buffer = "room-1",
  user: string | Buffer = "42",
  privileges: readonly (readonly [number, number])[] = [[1, 3600]],
): Buffer {
  return Buffer.concat([bytes.u16(1), written(privileges), bytes.text(channel), bytes.text(user)]);
}

/** The signed part of a token of version 007 whose services are written by hand. */
export function signedPart(granted: readonly Buffer[], around: Around007 & { readonly count?: number } = {}): Buffer {
  const { appId = APP_IDS.live, issuedAt = NOW - 60, lifetime = 3600, salt = 77, count = granted.length } = around;
  return Buffer.concat([bytes.text(appId), bytes.u32(issuedAt, lifetime, salt), bytes.u16(count), ...granted]);
}

/** Signs a signed part as Agora does. What is not of it, such as another time in it, stays as it is. */
export function signed007(part: Buffer, around: Around007 = {}): Buffer {
  const { digits = DIGITS.primary, issuedAt = NOW - 60, salt = 77 } = around;
  const issueKey = hmac(bytes.u32(issuedAt), Buffer.from(digits));
  return Buffer.concat([bytes.text(hmac(hmac(bytes.u32(salt), issueKey), part)), part]);
}

/** The text of a content. */
export function text007(content: Buffer): string {
  return `007${deflateSync(content).toString("base64")}`;
}

/** A genuine token of version 007 whose services are written by hand. */
export function handmade007(
  granted: readonly Buffer[],
  around: Around007 & { readonly count?: number; readonly tail?: Buffer } = {},
): string {
  return text007(signed007(Buffer.concat([signedPart(granted, around), around.tail ?? Buffer.alloc(0)]), around));
}

/** A token of version 006 with its checksums written anew for another channel and user, and nothing else changed. */
export function withChecksums(token: string, channel: string, user: string): string {
  const content = Buffer.from(token.slice(35), "base64");
  content.writeUInt32LE(crc32(channel), 34);
  content.writeUInt32LE(crc32(user), 38);
  return token.slice(0, 35) + content.toString("base64");
}

function littleEndian(value: number, size: number): Buffer {
  const buffer = Buffer.alloc(size);
  buffer.writeUIntLE(value, 0, size);
  return buffer;
}

function hmac(key: Buffer, message: Buffer): Buffer {
  return createHmac("sha256", key).update(message).digest();
}
