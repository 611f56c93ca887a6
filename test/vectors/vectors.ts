// The vectors and tables, typed, and their values in our words.

import { readFileSync } from "node:fs";
import { type Grant, serviceOfType } from "../../src/token/services.ts";
import { channelFromText, userFromText } from "../../src/token/user.ts";

/** A service as a vector spells it; `permissions` are triples of resource type, access and resources. */
export interface VectorService {
  readonly name: string;
  readonly type: number;
  readonly privileges: Readonly<Record<string, number>>;
  readonly channel?: string;
  readonly account?: string;
  readonly userId?: string;
  readonly room?: string;
  readonly user?: string;
  readonly role?: number;
  readonly permissions?: readonly (readonly [number, number, readonly string[]])[];
  readonly unknown?: boolean;
}

export interface Vector007 {
  readonly id: string;
  readonly appId: string;
  readonly issueTs: number;
  readonly expire: number;
  readonly salt: number;
  /** Null where nobody but the maker of the token knows it. */
  readonly appCertificate: string | null;
  readonly services: readonly VectorService[];
  readonly inflatedHex: string;
  readonly signatureHex: string;
  /** What Agora's builders of all languages write: one content, several texts. */
  readonly tokens?: readonly { readonly token: string; readonly files: readonly string[] }[];
  readonly nodeToken?: string;
  readonly token?: string;
  /** Whether the first of `tokens`, or `token`, is what zlib in Node 20 on x64 makes of the content. */
  readonly nodeDeflateSame: boolean;
}

export interface Vector006 {
  readonly id: string;
  readonly appId: string;
  readonly appCertificate: string;
  readonly channelName: string;
  readonly uidInput?: number | string;
  readonly uidString: string;
  readonly salt: number;
  readonly ts: number;
  readonly privileges: Readonly<Record<string, number>>;
  readonly crcChannel: number;
  readonly crcUid: number;
  readonly messageHex: string;
  readonly signatureHex: string;
  readonly expected: string;
}

export interface LegacyVector {
  readonly id: string;
  readonly kind: string;
  readonly serviceType?: number | string;
  readonly appId: string;
  readonly unixTs?: number;
  readonly expiredTs: number;
  readonly expected: string;
}

export interface NegativeVector {
  readonly id: string;
  readonly why: string;
  readonly token: string;
}

interface Vectors {
  readonly defaults: {
    readonly appId: string;
    readonly appCertificate: string;
    readonly channelName: string;
    readonly uid: number;
  };
  readonly official007: readonly Vector007[];
  readonly official006: readonly Vector006[];
  readonly legacy: readonly LegacyVector[];
  readonly generated007: readonly Vector007[];
  readonly generated006: readonly Vector006[];
  readonly negative: readonly NegativeVector[];
}

interface Tables {
  readonly charset89: string;
  readonly limits: {
    readonly channelMaxBytes: number;
    readonly uidMax: number;
    readonly accountMaxBytes: number;
    readonly rtmUserIdMaxBytes: number;
  };
  readonly privileges006: readonly { readonly n: number; readonly name: string; readonly status: string }[];
  readonly roles006SimpleTokenBuilder: {
    readonly values: Readonly<Record<string, Readonly<Record<string, number>>>>;
    readonly privileges: Readonly<Record<string, readonly number[]>>;
  };
  readonly roles007: Readonly<Record<string, { readonly name: string; readonly privileges: readonly number[] }>>;
  readonly services007: readonly {
    readonly type: number;
    readonly name: string;
    readonly fields: readonly (readonly [string, string])[];
    readonly privileges: Readonly<Record<string, string>>;
    readonly defaultRole?: number;
  }[];
  readonly legacy: readonly { readonly kind: string; readonly prefix: string | null; readonly length?: number }[];
}

/** Known answers and bad inputs, with their sources. */
export const VECTORS: Vectors = read("vectors.json");

/** Services, privileges, roles and limits. */
export const TABLES: Tables = read("tables.json");

/** All of version 007 and all of version 006, wherever they come from. */
export const VECTORS_007 = [...VECTORS.official007, ...VECTORS.generated007];
export const VECTORS_006 = [...VECTORS.official006, ...VECTORS.generated006];

/** Numbers as keys of JSON, as a map. */
export function privilegesOf(privileges: Readonly<Record<string, number>>): Map<number, number> {
  return new Map(Object.entries(privileges).map(([number, end]) => [Number(number), end]));
}

/** A service of a vector as a grant; undefined for a service that nobody knows. */
export function grantOf(service: VectorService): Grant | undefined {
  const name = serviceOfType(service.type);
  if (name === undefined) return undefined;
  const values = { service: name, privileges: privilegesOf(service.privileges), ...fieldsOf(service) };
  // A vector has the fields of its service; where it has not, the comparison fails.
  return values as unknown as Grant;
}

function fieldsOf(service: VectorService): Record<string, unknown> {
  const { channel, account, userId, room, user, role, permissions } = service;
  return {
    ...(channel !== undefined && { channel: channelFromText(channel) }),
    ...(account !== undefined && { user: userFromText(account) }),
    ...(userId !== undefined && { userId }),
    ...(room !== undefined && { roomUuid: room }),
    ...(user !== undefined && { userUuid: user }),
    ...(role !== undefined && { role: role === -1 ? undefined : role }),
    ...(permissions && {
      permissions: permissions.map(([resourceType, access, resources]) => ({ resourceType, access, resources })),
    }),
  };
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8")) as T;
}
