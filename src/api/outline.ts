// What may be logged of a message: which fields it has, and not what a caller wrote in them.

import { type DescField, type DescMessage, isMessage, type Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { TokenService } from "../../gen/agora/token/v1/token_pb.ts";

/** A field, as far as it is shown. */
export type Outline = string | number | boolean | readonly Outline[] | { readonly [field: string]: Outline };

const REDACTED = "[redacted]";
/** Elements of a list that are shown. */
const MOST_ELEMENTS = 4;

/**
 * The outline of a request: names of fields, numbers, enums, and how long texts are. What the contract marks
 * `debug_redact` is not even told the length of. Undefined for what is no request of the token service.
 */
export function outlineOf(request: unknown): Outline | undefined {
  const schema = TokenService.methods.find(({ input }) => isMessage(request, input))?.input;
  return schema && outlineOfMessage(schema, request as Message);
}

/** {@link outlineOf}, of any message. */
export function outlineOfMessage(schema: DescMessage, message: Message): Outline {
  return shown(reflect(schema, message));
}

function shown(message: ReflectMessage): Outline {
  const set = message.desc.fields.filter((field) => message.isSet(field));
  return Object.fromEntries(set.map((field) => [field.name, fieldOf(message, field)]));
}

function fieldOf(message: ReflectMessage, field: DescField): Outline {
  if (field.proto.options?.debugRedact === true) return REDACTED;
  const value: unknown = message.get(field);
  switch (field.fieldKind) {
    case "message":
      return shown(value as ReflectMessage);
    case "enum":
      return field.enum.values.find(({ number }) => number === value)?.name ?? Number(value);
    case "scalar":
      return scalar(value);
    case "list":
      return elements(field, value as Iterable<unknown>);
    case "map":
      return `${(value as { readonly size: number }).size} entries`;
  }
}

function elements(field: DescField & { readonly fieldKind: "list" }, list: Iterable<unknown>): Outline {
  const all = [...list];
  const few = all.slice(0, MOST_ELEMENTS);
  const told = few.map((each) => (field.listKind === "message" ? shown(each as ReflectMessage) : scalar(each)));
  return all.length > few.length ? [...told, `${all.length - few.length} more`] : told;
}

function scalar(value: unknown): Outline {
  if (typeof value === "string") return `${value.length} characters`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === "boolean" ? value : Number(value);
}
