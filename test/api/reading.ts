// Tokens as the parsers of npm `agora-token` read them: nothing of ours looks at them here.

import { official006, official007 } from "../token/official.ts";

/** A service as Agora's parser reads it, with one name for each thing. */
export interface ReadService {
  readonly type: number;
  readonly privileges: Readonly<Record<number, number>>;
  readonly channel?: string;
  readonly user?: string;
  readonly role?: number;
  readonly permissions?: Readonly<Record<number, Readonly<Record<number, readonly string[]>>>>;
}

/** A token of version 007. */
export interface Read007 {
  readonly appId: string;
  readonly issuedAt: number;
  readonly lifetime: number;
  readonly salt: number;
  readonly services: readonly ReadService[];
}

/** A token of version 006. */
export interface Read006 {
  readonly appId: string;
  readonly salt: number;
  readonly expiresAt: number;
  readonly privileges: Readonly<Record<number, number>>;
  readonly channelChecksum: number | undefined;
  readonly userChecksum: number | undefined;
}

// Their names of what we call channel and user.
const CHANNELS = ["__channel_name", "__room_uuid"] as const;
const USERS = ["__uid", "__account", "__user_id", "__user_uuid"] as const;

/** Reads a token of version 007. Throws if Agora's parser does not. */
export function read007(text: string): Read007 {
  const token = new official007.AccessToken2("", "");
  if (!token.from_string(text)) throw new Error("Agora's parser does not read the token");
  const { issueTs: issuedAt, expire: lifetime, salt } = token;
  const services = token.services.map((service): ReadService => {
    const channel = CHANNELS.flatMap((name) => textsOf(service[name]))[0];
    const user = USERS.flatMap((name) => textsOf(service[name]))[0];
    const permissions = service["__permissions"] as { details: NonNullable<ReadService["permissions"]> } | undefined;
    return {
      type: service.service_type(),
      privileges: service["__privileges"] as Record<number, number>,
      ...(channel !== undefined && { channel }),
      ...(user !== undefined && { user }),
      ...(service.__role !== undefined && { role: service.__role }),
      ...(permissions && { permissions: permissions.details }),
    };
  });
  return { appId: String(token.appId), issuedAt, lifetime, salt, services };
}

/** Reads a token of version 006. Throws if Agora's parser does not. */
export function read006(text: string): Read006 {
  const token = new official006.AccessToken("", "", "", "");
  if (!token.fromString(text)) throw new Error("Agora's parser does not read the token");
  return {
    appId: token.appID,
    salt: token.salt,
    expiresAt: token.ts,
    privileges: token.messages,
    channelChecksum: token.crc_channel_name,
    userChecksum: token.crc_uid,
  };
}

/** Whether a certificate signed a token of version 007, by Agora's own check. */
export function isSignedWith(text: string, digits: string): boolean {
  const token = new official007.AccessToken2("", "");
  return token.from_string(text) && token.verifySignature(digits);
}

function textsOf(value: unknown): string[] {
  return value === undefined ? [] : [String(value)];
}
