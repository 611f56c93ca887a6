import type { ByteReader, ByteWriter } from "./bytes.ts";
import { type Channel, channelFromText, channelToText, type User, userFromText, userToText } from "./user.ts";

/** How a value is written and read, side by side, so that the two cannot drift apart. */
interface Field<T> {
  write(writer: ByteWriter, value: T): void;
  read(reader: ByteReader): T;
}

/** Permission to use resources of one kind in one way. Numbers are Agora's: see `Rtm2ResourceType` in the contract, minus one. */
export interface Rtm2Permission {
  readonly resourceType: number;
  readonly access: number;
  readonly resources: readonly string[];
}

// What is read is bounded, so that a hostile count costs nothing; what is written is bounded by the same.
const PRIVILEGES = "number of privileges";
const MAX_PRIVILEGES = 64;
const TYPES = ["number of resource types", 32] as const;
const ACCESSES = ["number of accesses", 32] as const;
const RESOURCES = ["number of resources", 1024] as const;
const NO_ROLE = -1;

const text = (name: string): Field<string> => ({
  write: (writer, value) => writer.text(value),
  read: (reader) => reader.text(name),
});

const channel: Field<Channel> = {
  write: (writer, value) => writer.text(channelToText(value)),
  read: (reader) => channelFromText(reader.text("channel name")),
};

const user: Field<User> = {
  write: (writer, value) => writer.text(userToText(value)),
  read: (reader) => userFromText(reader.text("user")),
};

// Signed, which npm's parser is not: it shows "none" as 65535.
const role: Field<number | undefined> = {
  write: (writer, value) => writer.int16(value ?? NO_ROLE),
  read: (reader) => {
    const value = reader.int16("role");
    return value === NO_ROLE ? undefined : value;
  },
};

const permissions: Field<readonly Rtm2Permission[]> = {
  write(writer, value) {
    const types = new Map<number, Rtm2Permission[]>();
    for (const permission of [...value].sort((a, b) => a.resourceType - b.resourceType || a.access - b.access)) {
      const same = types.get(permission.resourceType);
      if (same) same.push(permission);
      else types.set(permission.resourceType, [permission]);
    }
    writer.count(...TYPES, types.size);
    for (const [type, accesses] of types) {
      writer.uint16(type).count(...ACCESSES, accesses.length);
      for (const { access, resources } of accesses) {
        writer.uint16(access).count(...RESOURCES, resources.length);
        for (const resource of resources) writer.text(resource);
      }
    }
  },
  read(reader) {
    const read: Rtm2Permission[] = [];
    let before = -1;
    for (let types = reader.count(...TYPES); types > 0; types--) {
      const resourceType = reader.uint16("resource type");
      for (let accesses = reader.count(...ACCESSES); accesses > 0; accesses--) {
        const access = reader.uint16("access");
        const kind = resourceType * 0x1_0000 + access;
        if (kind <= before) reader.note("RESOURCES_UNSORTED");
        before = kind;
        const resources: string[] = [];
        for (let n = reader.count(...RESOURCES); n > 0; n--) {
          resources.push(reader.text("resource"));
        }
        read.push({ resourceType, access, resources });
      }
    }
    return read;
  },
};

// biome-ignore lint/suspicious/noExplicitAny: a bound for inference alone; every row is typed by its own fields
type Fields = Record<string, Field<any>>;

/** A row of {@link SERVICES}. */
export interface Service<P extends Record<string, number> = Record<string, number>, F extends Fields = Fields> {
  /** Agora's service type: the number on the wire. */
  readonly type: number;
  /** The numbers of the privileges, by name. */
  readonly privileges: P;
  /** The privilege to join or to log in, without which the others are of no use. */
  readonly entry: number | undefined;
  /** What follows the privileges, in this order. */
  readonly fields: F;
}

function service<const P extends Record<string, number>, const F extends Fields>(
  type: number,
  privileges: P,
  fields: F,
  entry?: keyof P,
): Service<P, F> {
  return { type, privileges, fields, entry: entry === undefined ? undefined : privileges[entry] };
}

const rtcPrivileges = { joinChannel: 1, publishAudioStream: 2, publishVideoStream: 3, publishDataStream: 4 };
const userId = text("user ID");
const roomUuid = text("room UUID");
const userUuid = text("user UUID");

/** Every service of version 007, a line each: type, privileges, fields, the privilege to enter. */
export const SERVICES = {
  rtc: service(1, rtcPrivileges, { channel, user }, "joinChannel"),
  rtm: service(2, { login: 1 }, { userId }, "login"),
  streaming: service(3, { publishMixStream: 1, publishRawStream: 2 }, { channel, user }),
  fpa: service(4, { login: 1 }, {}, "login"),
  chat: service(5, { user: 1, app: 2 }, { userId }),
  fcdn: service(6, { publish: 1, play: 2 }, { channel, user }),
  apaas: service(7, { roomUser: 1, user: 2, app: 3 }, { roomUuid, userUuid, role }),
  rtm2: service(8, { login: 1 }, { userId, permissions }, "login"),
  convoAi: service(9, {}, {}),
  stt: service(10, {}, {}),
} as const;

/** Our key of a service: `rtc`. */
export type ServiceName = keyof typeof SERVICES;

/** The names of all services, in the order of their types. */
export const SERVICE_NAMES = Object.keys(SERVICES) as readonly ServiceName[];

type ValuesOf<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** The privileges that are granted, by number, and when each ends. */
export type Privileges<End> = ReadonlyMap<number, End>;

/**
 * What a token says about one service.
 *
 * @typeParam End when a privilege ends. In a token of version 007 it is in seconds after the issue, and 0 is the
 *   end of the token; in one of version 006 it is an Instant, and 0 likewise.
 */
export type Grant<End = number> = {
  [S in ServiceName]: { readonly service: S; readonly privileges: Privileges<End> } & ValuesOf<
    (typeof SERVICES)[S]["fields"]
  >;
}[ServiceName];

const byType = new Map<number, ServiceName>(SERVICE_NAMES.map((name) => [SERVICES[name].type, name]));
const rows: Record<ServiceName, Service> = SERVICES;
const fields = Object.fromEntries(
  SERVICE_NAMES.map((service) => [
    service,
    Object.entries(rows[service].fields).map(([name, field]) => ({ name, field })),
  ]),
) as unknown as Record<ServiceName, readonly { readonly name: string; readonly field: Fields[string] }[]>;

/** The service of a type, or undefined if it is not known here. */
export function serviceOfType(type: number): ServiceName | undefined {
  return byType.get(type);
}

/** The row of a service, without the types of its fields. */
export function serviceRow(name: ServiceName): Service {
  return rows[name];
}

/** Writes privileges in ascending order, as Agora's builders do. */
export function writePrivileges(writer: ByteWriter, privileges: Privileges<number>): void {
  writer.count(PRIVILEGES, MAX_PRIVILEGES, privileges.size);
  const ordered = isAscending(privileges) ? privileges : new Map([...privileges].sort(([a], [b]) => a - b));
  // By key: an iterator over entries makes an array for each.
  for (const number of ordered.keys()) writer.uint16(number).uint32(ordered.get(number) as number);
}

function isAscending(privileges: Privileges<number>): boolean {
  let before = -1;
  for (const number of privileges.keys()) {
    if (number < before) return false;
    before = number;
  }
  return true;
}

/** Reads privileges in any order. Of a repeated one the last counts, as in Agora's parsers. */
export function readPrivileges(reader: ByteReader): Map<number, number> {
  const privileges = new Map<number, number>();
  let before = -1;
  for (let n = reader.count(PRIVILEGES, MAX_PRIVILEGES); n > 0; n--) {
    const number = reader.uint16("privilege");
    if (privileges.has(number)) reader.note("PRIVILEGE_REPEATED");
    else if (number < before) reader.note("PRIVILEGES_UNSORTED");
    before = number;
    privileges.set(number, reader.uint32("end of the privilege"));
  }
  return privileges;
}

/** Writes a grant: its type, its privileges, its fields. */
export function writeGrant(writer: ByteWriter, grant: Grant): void {
  const row = rows[grant.service];
  writePrivileges(writer.uint16(row.type), grant.privileges);
  const values = grant as unknown as Record<string, unknown>;
  for (const { name, field } of fields[grant.service]) field.write(writer, values[name]);
}

/** Reads what follows the type of a service. */
export function readGrant(reader: ByteReader, name: ServiceName): Grant {
  const grant: Record<string, unknown> = { service: name, privileges: readPrivileges(reader) };
  for (const each of fields[name]) grant[each.name] = each.field.read(reader);
  return grant as unknown as Grant;
}
