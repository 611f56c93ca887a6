import { type DescField, type DescMessage, getOption, hasOption } from "@bufbuild/protobuf";
import { type FieldRules, field as rulesOption } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { describe, expect, test } from "vitest";
import { file_agora_token_config_v1_config as file } from "../../gen/agora/token/config/v1/config_pb.ts";
import { GrantSchema, RtcPrivilegesSchema, RtcRoleSchema, TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import { METHODS, ROLES, SERVICES } from "../../src/config/names.ts";
import { EXPECTED, expectedOf } from "../../src/config/words.ts";

function fieldsOf(message: DescMessage): DescField[] {
  return [...message.fields, ...message.nestedMessages.flatMap(fieldsOf)];
}

const FIELDS = file.messages.flatMap(fieldsOf);

/** The numbers and the names that the rules of a field state. */
function stated(rules: FieldRules): string[] {
  const { case: kind, value } = rules.type;
  if (kind === "uint32")
    return [value.greaterThan.value, value.lessThan.value].filter((n) => n !== undefined).map(String);
  if (kind === "repeated") return [value.minItems, value.maxItems].filter((n) => n > 0n).map(String);
  if (kind === "string") return value.in;
  if (kind !== "duration") return [];
  return [value.greaterThan.value, value.lessThan.value].flatMap((d) => (d && "seconds" in d ? [`${d.seconds}s`] : []));
}

describe("the words", () => {
  test("are there for each key of the schema, and for nothing else", () => {
    const keys = FIELDS.map((field) => `${field.parent.name}.${field.name}`);
    expect(Object.keys(EXPECTED).toSorted()).toEqual(keys.toSorted());
  });

  const ruled = FIELDS.filter((field) => hasOption(field, rulesOption)).map((field) => ({
    name: `${field.parent.name}.${field.name}`,
    words: expectedOf(field).split(/[ ,]+/),
    rules: stated(getOption(field, rulesOption)),
  }));

  test.each(ruled.filter(({ rules }) => rules.length > 0))("say what the rules of $name say", ({ words, rules }) => {
    expect(words).toEqual(expect.arrayContaining(rules));
  });

  test("which is of many keys", () => {
    expect(ruled.filter(({ rules }) => rules.length > 0).length).toBeGreaterThan(12);
  });
});

describe("the names that a permit may have are those of the contract", () => {
  test("methods", () => {
    expect(METHODS).toEqual(TokenService.methods.map(({ name }) => name));
  });

  test("services", () => {
    expect(SERVICES).toEqual(GrantSchema.fields.map(({ name }) => name));
  });

  test("roles and privileges", () => {
    const roles = RtcRoleSchema.values.slice(1).map(({ name }) => name.replace("RTC_ROLE_", "").toLowerCase());
    expect(ROLES).toEqual([...roles, ...RtcPrivilegesSchema.fields.map(({ name }) => name)]);
  });
});
