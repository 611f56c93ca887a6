// The contract's grants and ours. Field numbers and names of the contract are those of `token/services.ts`, which a
// test holds together, so privileges are translated by their descriptors and not one by one.

import { create, type DescField, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type DecodedGrant,
  DecodedGrantSchema,
  type Grant as GrantMessage,
  GrantSchema,
  type Privilege,
  type RtcGrant,
  type RtcPrivileges,
  RtcRole,
  type Rtm2Grant,
} from "../../gen/agora/token/v1/token_pb.ts";
import { Failure, type Violation } from "../failure.ts";
import type { OrderedGrant } from "../issuing/build.ts";
import type { ClaimedGrant, End } from "../issuing/claims.ts";
import type { ExpectedGrant } from "../issuing/cover.ts";
import { ROLES, type RtcRole as RoleName } from "../token/role.ts";
import { type Grant, type Privileges, type Rtm2Permission, SERVICES, type ServiceName } from "../token/services.ts";
import { type Channel, type User, userFromText } from "../token/user.ts";
import { lifetimeFrom, timestampOf } from "./times.ts";

/** What names a channel and a user in the contract. */
interface ChannelAndUser {
  readonly channelName: string;
  readonly anyChannel: boolean;
  readonly uid: number;
  readonly userAccount: string;
  readonly anyUser: boolean;
}

const ROLE_NAMES: Readonly<Record<number, RoleName>> = {
  [RtcRole.PUBLISHER]: "publisher",
  [RtcRole.SUBSCRIBER]: "subscriber",
};

/** What each role grants, for as long as the token lasts. */
const PRIVILEGES_OF_ROLES = {
  publisher: lastingAsTheToken(ROLES.publisher),
  subscriber: lastingAsTheToken(ROLES.subscriber),
};

/** The message of each service. */
const MESSAGES = new Map(GrantSchema.fields.map((field) => [field.localName, field.message]));

/** The fields of the privileges of each service, by the number that Agora gives the privilege. */
const PRIVILEGE_FIELDS = new Map<string, ReadonlyMap<number, DescField>>(
  GrantSchema.fields.map((service) => {
    const privileges = service.message?.field["privileges"]?.message;
    return [service.localName, new Map((privileges?.fields ?? []).map((field) => [field.number, field]))];
  }),
);

/**
 * A grant that is to be built.
 *
 * @param path of the message in its request
 * @throws Failure REQUEST_INVALID if it says no privileges: rules of the contract leave that open, for inspections
 */
export function orderedGrantFrom(message: GrantMessage, path: string): OrderedGrant {
  const { case: service, value } = message.service;
  const says = (value ?? {}) as { readonly role?: number; readonly privileges?: Message };
  if (service && !says.privileges && !(service === "rtc" && says.role) && PRIVILEGE_FIELDS.get(service)?.size) {
    throw new Failure("REQUEST_INVALID", { violations: [unsaid(service, path)] });
  }
  return grantFrom(message, (privilege) => lifetimeFrom(privilege.expiration));
}

/** A grant that a token should have. Without privileges, that to enter is expected. */
export function expectedGrantFrom(message: GrantMessage): ExpectedGrant {
  return grantFrom(message, () => undefined);
}

/** A grant that was read from a token. */
export function decodedGrantOf({ grant, unknown }: ClaimedGrant): DecodedGrant {
  if (unknown.size === 0) {
    return { $typeName: "agora.token.v1.DecodedGrant", grant: grantOf(grant), unknownPrivileges: [] };
  }
  const unknownPrivileges = [...unknown].map(([number, end]) => ({ number, ...expireTime(end) }));
  return create(DecodedGrantSchema, { grant: grantOf(grant), unknownPrivileges });
}

/** The name of a privilege's field: `publish_audio_stream`. */
export function privilegeField(service: ServiceName, number: number): string {
  return PRIVILEGE_FIELDS.get(service)?.get(number)?.name ?? "";
}

/** The name of a service's field: `convo_ai`. */
export function serviceField(service: ServiceName): string {
  return GrantSchema.field[service].name;
}

function lastingAsTheToken(privileges: readonly number[]): ReadonlyMap<number, undefined> {
  return new Map(privileges.map((number) => [number, undefined]));
}

function unsaid(service: ServiceName, path: string): Violation {
  const field = service === "rtc" ? "role" : "privileges";
  const choice = service === "rtc" ? "role or privileges is required to build" : "privileges are required to build";
  return { field: `${path}.${serviceField(service)}.${field}`, description: choice, rule: "required" };
}

function grantFrom<E>(message: GrantMessage, end: (privilege: Privilege) => E): Grant<E | undefined> {
  const { service } = message;
  switch (service.case) {
    case "rtc": {
      const role = ROLE_NAMES[service.value.role];
      const privileges = role ? PRIVILEGES_OF_ROLES[role] : privilegesFrom("rtc", service.value.privileges, end);
      return { service: "rtc", privileges, ...channelAndUserFrom(service.value) };
    }
    case "streaming":
    case "fcdn": {
      const privileges = privilegesFrom(service.case, service.value.privileges, end);
      return { service: service.case, privileges, ...channelAndUserFrom(service.value) };
    }
    case "rtm":
    case "chat": {
      const privileges = privilegesFrom(service.case, service.value.privileges, end);
      return { service: service.case, privileges, userId: service.value.userId };
    }
    case "fpa":
      return { service: "fpa", privileges: privilegesFrom("fpa", service.value.privileges, end) };
    case "apaas": {
      const { roomUuid, userUuid, role, privileges } = service.value;
      return { service: "apaas", privileges: privilegesFrom("apaas", privileges, end), roomUuid, userUuid, role };
    }
    case "rtm2": {
      const { userId, privileges } = service.value;
      const permissions = permissionsFrom(service.value);
      return { service: "rtm2", privileges: privilegesFrom("rtm2", privileges, end), userId, permissions };
    }
    case "convoAi":
    case "stt":
      return { service: service.case, privileges: new Map() };
    // Not `default`: the compiler asks for a case of each service.
    case undefined:
      throw new Failure("INTERNAL", { detail: "a grant passed validation without a service" });
  }
}

function privilegesFrom<E>(
  service: ServiceName,
  message: Message | undefined,
  end: (privilege: Privilege) => E,
): Map<number, E> {
  const privileges = new Map<number, E>();
  if (!message) return privileges;
  for (const [number, field] of PRIVILEGE_FIELDS.get(service) ?? []) {
    const privilege = (message as unknown as Record<string, Privilege | undefined>)[field.localName];
    if (privilege) privileges.set(number, end(privilege));
  }
  return privileges;
}

function channelAndUserFrom(value: ChannelAndUser): { channel: Channel; user: User } {
  const channel: Channel = value.anyChannel ? "any" : { name: value.channelName };
  const user: User = value.anyUser ? "any" : value.uid > 0 ? { uid: value.uid } : userFromText(value.userAccount);
  return { channel, user };
}

function permissionsFrom({ permissions }: Rtm2Grant): Rtm2Permission[] {
  return permissions.map(({ resourceType, access, resources }) => ({
    resourceType: resourceType - 1,
    access: access - 1,
    resources,
  }));
}

function grantOf(grant: Grant<End>): GrantMessage {
  if (grant.service === "rtc") return rtcGrantOf(grant);
  const { service } = grant;
  const value: Record<string, unknown> = {};
  const privileges = privilegesOf(service, grant);
  if (privileges) value["privileges"] = privileges;
  if ("channel" in grant) Object.assign(value, channelAndUserOf(grant.channel, grant.user));
  if ("userId" in grant) value["userId"] = grant.userId;
  if (grant.service === "apaas") {
    Object.assign(value, { roomUuid: grant.roomUuid, userUuid: grant.userUuid });
    if (grant.role !== undefined) value["role"] = grant.role;
  }
  if (grant.service === "rtm2") value["permissions"] = grant.permissions.map(permissionOf);
  // The field names are those of the service's message: a test reads every service back.
  return create(GrantSchema, {
    service: { case: service, value } as NonNullable<MessageInitShape<typeof GrantSchema>["service"]>,
  });
}

// Nearly all that there are, and so as `create` makes them, in a fraction of the time.
function rtcGrantOf({ channel, user, privileges }: Extract<Grant<End>, { service: "rtc" }>): GrantMessage {
  const isAny = user === "any" || ("account" in user && user.account === "*");
  const value: RtcGrant = {
    $typeName: "agora.token.v1.RtcGrant",
    channelName: channel === "any" ? "" : channel.name,
    anyChannel: channel === "any",
    uid: !isAny && "uid" in user ? user.uid : 0,
    userAccount: !isAny && "account" in user ? user.account : "",
    anyUser: isAny,
    role: RtcRole.UNSPECIFIED,
  };
  if (privileges.size > 0) value.privileges = rtcPrivilegesOf(privileges);
  return { $typeName: "agora.token.v1.Grant", service: { case: "rtc", value } };
}

function rtcPrivilegesOf(privileges: Privileges<End>): RtcPrivileges {
  const { joinChannel, publishAudioStream, publishVideoStream, publishDataStream } = SERVICES.rtc.privileges;
  const message: RtcPrivileges = { $typeName: "agora.token.v1.RtcPrivileges" };
  for (const number of privileges.keys()) {
    const privilege = privilegeOf(privileges.get(number));
    if (number === joinChannel) message.joinChannel = privilege;
    else if (number === publishAudioStream) message.publishAudioStream = privilege;
    else if (number === publishVideoStream) message.publishVideoStream = privilege;
    else if (number === publishDataStream) message.publishDataStream = privilege;
  }
  return message;
}

function privilegesOf(service: ServiceName, { privileges }: Grant<End>): Message | undefined {
  const schema = MESSAGES.get(service)?.field["privileges"]?.message;
  if (!schema || privileges.size === 0) return undefined;
  const fields = [...privileges].flatMap(([number, end]) => {
    const field = PRIVILEGE_FIELDS.get(service)?.get(number);
    return field ? [[field.localName, privilegeOf(end)] as const] : [];
  });
  return create(schema, Object.fromEntries(fields));
}

function privilegeOf(end: End): Privilege {
  const $typeName = "agora.token.v1.Privilege";
  if (end === undefined) return { $typeName, expiration: { case: undefined } };
  return { $typeName, expiration: { case: "expireTime", value: timestampOf(end) } };
}

function channelAndUserOf(channel: Channel, user: User): Partial<ChannelAndUser> {
  const named = channel === "any" ? { anyChannel: true } : { channelName: channel.name };
  if (user === "any" || ("account" in user && user.account === "*")) return { ...named, anyUser: true };
  return { ...named, ...("uid" in user ? { uid: user.uid } : { userAccount: user.account }) };
}

function permissionOf({ resourceType, access, resources }: Rtm2Permission) {
  return { resourceType: resourceType + 1, access: access + 1, resources: [...resources] };
}

function expireTime(end: End) {
  return end === undefined ? {} : { expireTime: timestampOf(end) };
}
