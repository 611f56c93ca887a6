// Agora's own builders, as far as the tests use them. Their packages are CommonJS and have no types for this.

import { createRequire } from "node:module";

/** A service of `agora-token`. */
export interface OfficialService {
  service_type(): number;
  add_privilege(privilege: number, expire: number): void;
  /** What it holds, by names that start with two underscores; texts are Buffers once parsed. */
  readonly [field: `__${string}`]: unknown;
  __role?: number;
}

/** `AccessToken2` of `agora-token`: version 007. */
export interface OfficialToken007 {
  appId: string | Buffer;
  issueTs: number;
  expire: number;
  salt: number;
  services: OfficialService[];
  add_service(service: OfficialService): void;
  build(): string;
  from_string(text: string): boolean;
  verifySignature(appCertificate: string): boolean;
}

export interface OfficialPermissions {
  readonly details: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  add(resourceType: number, permissionType: number, resources: readonly string[]): void;
}

type ServiceClass<A extends unknown[]> = new (...args: A) => OfficialService;

interface Official007 {
  readonly AccessToken2: new (
    appId: string,
    appCertificate: string,
    issueTs?: number,
    expire?: number,
  ) => OfficialToken007;
  readonly Rtm2Permissions: new () => OfficialPermissions;
  readonly ServiceRtc: ServiceClass<[channel: string, uid: unknown]>;
  readonly ServiceRtm: ServiceClass<[userId: string]>;
  readonly ServiceStreaming: ServiceClass<[channel: string, account: string]>;
  readonly ServiceFpa: ServiceClass<[]>;
  readonly ServiceChat: ServiceClass<[userId: string]>;
  readonly ServiceFCdn: ServiceClass<[channel: string, account: string]>;
  readonly ServiceApaas: ServiceClass<[room: string, user: string, role: number]>;
  readonly ServiceRtm2: ServiceClass<[userId: string, permissions: OfficialPermissions]>;
  readonly ServiceConvoAI: ServiceClass<[]>;
  readonly ServiceStt: ServiceClass<[]>;
}

/** `AccessToken` of `agora-token` and of `agora-access-token`: version 006. */
export interface OfficialToken006 {
  appID: string;
  salt: number;
  ts: number;
  messages: Record<string, number>;
  /** Once parsed. */
  readonly crc_channel_name?: number;
  readonly crc_uid?: number;
  readonly signature?: Buffer;
  addPriviledge(privilege: number, expireTimestamp: number): void;
  build(): string;
  fromString(text: string): boolean;
}

interface Official006 {
  readonly AccessToken: new (
    appID: string,
    appCertificate: string,
    channelName: string,
    uid: unknown,
  ) => OfficialToken006;
}

const require = createRequire(import.meta.url);

export const official007 = require("agora-token/src/AccessToken2.js") as Official007;
export const official006 = require("agora-token/src/AccessToken.js") as Official006;
export const deprecated006 = require("agora-access-token/src/AccessToken.js") as Official006;

/** The builder of `agora-token` for rooms, which lacks a privilege. */
export const { ApaasTokenBuilder, RtcTokenBuilder } = require("agora-token") as {
  readonly ApaasTokenBuilder: {
    buildRoomUserToken(
      appId: string,
      cert: string,
      room: string,
      user: string,
      role: number | undefined,
      expire: number,
    ): string;
  };
  readonly RtcTokenBuilder: {
    buildTokenWithUid(
      appId: string,
      cert: string | undefined,
      channel: string,
      uid: unknown,
      role: unknown,
      expire: unknown,
      privilegeExpire?: unknown,
    ): string;
  };
};
