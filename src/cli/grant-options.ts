// A grant in options: of one service, as far as most callers need. For the rest, there is JSON.

import { type DescMessage, fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { type Command, Option } from "commander";
import { type Grant, GrantSchema } from "../../gen/agora/token/v1/token_pb.ts";
import { usage } from "./exit.ts";
import { collected, jsonFrom, wholeNumber, withoutTokens } from "./values.ts";

/** What was said of a grant. */
export interface GrantOptions {
  readonly service?: string;
  readonly channel?: string;
  readonly anyChannel?: boolean;
  readonly uid?: number;
  readonly account?: string;
  readonly anyUser?: boolean;
  readonly role?: string;
  readonly privilege?: readonly string[];
}

const SERVICES = GrantSchema.fields.map(({ name }) => name);
const MAX_UID = 2 ** 32 - 1;
const ROLES: Readonly<Record<string, string>> = { publisher: "RTC_ROLE_PUBLISHER", subscriber: "RTC_ROLE_SUBSCRIBER" };

/** Options that stand for a field: in the first message of these names that has it. */
const FIELDS = {
  channel: ["channel_name", "room_uuid"],
  anyChannel: ["any_channel"],
  uid: ["uid"],
  account: ["user_account", "user_id", "user_uuid"],
  anyUser: ["any_user"],
  role: ["role"],
} as const;

const SPELLING: Readonly<Record<keyof typeof FIELDS, string>> = {
  channel: "--channel",
  anyChannel: "--any-channel",
  uid: "--uid",
  account: "--account",
  anyUser: "--any-user",
  role: "--role",
};

/** Adds the options of a grant. */
export function addGrantOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--service <name>", "the service; rtc if another part of the grant is given").choices(SERVICES),
    )
    .option("--channel <name>", "the channel; for apaas the room")
    .option("--any-channel", "every channel of the project")
    .option("--uid <number>", "the user, by uid", wholeNumber("--uid", MAX_UID))
    .option("--account <name>", "the user, by account; for other services than rtc the user ID")
    .option("--any-user", "whoever holds the token")
    .option("--role <name>", "for rtc publisher or subscriber; for apaas its number")
    .option("--privilege <name>", "a privilege, such as join_channel or login; may stand several times", collected);
}

/** The grant that the options say, or undefined if they say nothing of one. */
export function grantFrom(options: GrantOptions): Grant | undefined {
  const { service, privilege = [] } = options;
  const given = (Object.keys(FIELDS) as (keyof typeof FIELDS)[]).filter((name) => options[name] !== undefined);
  if (service === undefined && given.length === 0 && privilege.length === 0) return undefined;
  const name = service ?? "rtc";
  const message = messageOf(name);
  const parts = given.map((option) => [fieldOf(message, option, name), jsonValueOf(option, options, name)] as const);
  const privileges = privilege.length === 0 ? {} : { privileges: privilegesOf(message, privilege, name) };
  return fromJson(GrantSchema, { [name]: { ...Object.fromEntries(parts), ...privileges } });
}

/** A grant in JSON, as the contract spells it. */
export function grantFromJson(option: string, text: string): Grant {
  const json = jsonFrom(option, text);
  try {
    return fromJson(GrantSchema, json);
  } catch (error) {
    throw usage(`${option}: it is not the JSON of a Grant: ${withoutTokens(error)}`);
  }
}

function messageOf(service: string): DescMessage {
  const message = GrantSchema.fields.find(({ name }) => name === service)?.message;
  if (!message) throw usage(`--service: it is one of ${SERVICES.join(", ")}`);
  return message;
}

function fieldOf(message: DescMessage, option: keyof typeof FIELDS, service: string): string {
  const names: readonly string[] = FIELDS[option];
  const field = message.fields.find(({ name }) => names.includes(name));
  if (!field) throw usage(`${SPELLING[option]}: ${service} has no such part`);
  return field.name;
}

function jsonValueOf(option: keyof typeof FIELDS, options: GrantOptions, service: string): JsonValue {
  const value = options[option] ?? null;
  if (option !== "role") return value;
  if (service !== "rtc") return wholeNumber("--role", 32_767)(String(value));
  const role = ROLES[String(value)];
  if (role === undefined) throw usage(`--role: it is one of ${Object.keys(ROLES).join(", ")}`);
  return role;
}

function privilegesOf(message: DescMessage, names: readonly string[], service: string): JsonObject {
  const known = message.fields.find(({ name }) => name === "privileges")?.message?.fields.map(({ name }) => name) ?? [];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return Object.fromEntries(names.map((name) => [name, {}]));
  if (known.length === 0) throw usage(`--privilege: ${service} has none`);
  throw usage(`--privilege: for ${service} it is one of ${known.join(", ")}`);
}
