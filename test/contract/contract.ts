// The contract as data: its rules, and the comments that generated code leaves out.

import { type DescEnum, type DescField, type DescMessage, fromBinary, getOption, hasOption } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type FieldRules, field as fieldOption } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { DESCRIPTORS } from "../../gen/descriptors_pb.ts";

const FILE = "agora/token/v1/token.proto";
// The numbers of the fields of FileDescriptorProto, DescriptorProto and EnumDescriptorProto that lead to a member.
const PATHS = { message: [4, 2], enum: [5, 2] } as const;

const set = fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTORS, "base64"));
const contract = set.file.find(({ name }) => name === FILE);
if (!contract) throw new Error("the contract is not among the descriptors");
const file: FileDescriptorProto = contract;

/** The comments of the values of an enum, by name, each on one line. */
export function valueComments({ name }: DescEnum): Map<string, string> {
  const at = file.enumType.findIndex((each) => each.name === name);
  const values = file.enumType[at]?.value ?? [];
  return new Map(values.map((value, index) => [value.name, comment([PATHS.enum[0], at, PATHS.enum[1], index])]));
}

/** The comment of an enum, on one line. */
export function enumComment({ name }: DescEnum): string {
  return comment([PATHS.enum[0], file.enumType.findIndex((each) => each.name === name)]);
}

/** The comments of the fields of a message, by name, each on one line. */
export function fieldComments({ name }: DescMessage): Map<string, string> {
  const at = file.messageType.findIndex((each) => each.name === name);
  const fields = file.messageType[at]?.field ?? [];
  return new Map(fields.map((field, index) => [field.name, comment([PATHS.message[0], at, PATHS.message[1], index])]));
}

/** The rules of a field. */
export function rulesOf(field: DescField | undefined): FieldRules | undefined {
  return field && hasOption(field, fieldOption) ? getOption(field, fieldOption) : undefined;
}

/** The rules of a field that is a string, or of the strings that it repeats. */
export function stringRulesOf(field: DescField | undefined) {
  const type = rulesOf(field)?.type;
  const items = type?.case === "repeated" ? type.value.items?.type : type;
  if (items?.case !== "string") throw new Error(`${field?.toString()} has no rules for a string`);
  return items.value;
}

function comment(path: readonly number[]): string {
  const wanted = path.join();
  const found = file.sourceCodeInfo?.location.find((location) => location.path.join() === wanted);
  return (found?.leadingComments ?? "").replace(/\s+/g, " ").trim();
}
