// Makes `gen/` from `proto/`, with no network: `npm run generate`.
//
// 1. `buf/validate/validate.proto` is needed to compile our files, and no npm package ships
//    its source. @bufbuild/protovalidate ships its descriptor, so it is printed from that.
// 2. buf runs protoc-gen-es over our files.
// 3. The descriptors with their comments go to `gen/descriptors_pb.ts`, for reflection: those
//    inside `*_pb.ts` have none.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fromBinary, getExtension, hasExtension, toBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import {
  predefined,
  file_buf_validate_validate as validateFile,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

const MAX_FIELD_NUMBER = 2 ** 29 - 1;
const VALIDATE = "proto/.validate/buf/validate/validate.proto";

mkdirSync("proto/.validate/buf/validate", { recursive: true });
writeFileSync(VALIDATE, printValidate());
rmSync("gen", { recursive: true, force: true });
buf("generate", "--template", "proto/buf.gen.yaml");
writeFileSync("gen/descriptors_pb.ts", descriptors());

function buf(...args: string[]): Buffer {
  return execFileSync(process.execPath, ["node_modules/@bufbuild/buf/bin/buf", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 24,
  });
}

/** Our own files, comments included; what they import comes from packages that hold it. */
function descriptors(): string {
  const set = fromBinary(FileDescriptorSetSchema, buf("build", "--as-file-descriptor-set", "-o", "-#format=binpb"));
  set.file = set.file.filter((file) => !/^(buf|google\/protobuf)\//.test(file.name));
  const lines =
    Buffer.from(toBinary(FileDescriptorSetSchema, set))
      .toString("base64")
      .match(/.{1,100}/g) ?? [];
  return [
    "// Made by `npm run generate` from proto/. A google.protobuf.FileDescriptorSet, base64.",
    "/* biome-ignore-all lint: generated */",
    "export const DESCRIPTORS =",
    ...lines.map((line, at) => `  "${line}"${at + 1 < lines.length ? " +" : ";"}`),
    "",
  ].join("\n");
}

function printValidate(): string {
  const file = validateFile.proto;
  return [
    'syntax = "proto2";',
    `package ${file.package};`,
    ...file.dependency.map((path) => `import "${path}";`),
    `option go_package = "${file.options?.goPackage}";`,
    `option java_multiple_files = ${file.options?.javaMultipleFiles};`,
    `option java_outer_classname = "${file.options?.javaOuterClassname}";`,
    `option java_package = "${file.options?.javaPackage}";`,
    ...file.extension.map((field) => `extend ${field.extendee} { ${printField(field)} }`),
    ...file.messageType.map(printMessage),
    ...file.enumType.map(printEnum),
    "",
  ].join("\n");
}

function printMessage(message: DescriptorProto): string {
  const plain = message.field.filter((field) => !inOneof(field));
  const oneofs = message.oneofDecl.map((oneof, index) => {
    const members = message.field.filter((field) => inOneof(field) && field.oneofIndex === index);
    return `oneof ${oneof.name} { ${members.map((field) => printField(field, false)).join(" ")} }`;
  });
  return [
    `message ${message.name} {`,
    ...plain.map((field) => printField(field)),
    ...oneofs,
    ...message.reservedRange.map((range) => `reserved ${range.start} to ${range.end - 1};`),
    ...message.reservedName.map((name) => `reserved "${name}";`),
    ...message.extensionRange.map(
      (range) => `extensions ${range.start} to ${range.end === MAX_FIELD_NUMBER + 1 ? "max" : range.end - 1};`,
    ),
    ...message.nestedType.map(printMessage),
    ...message.enumType.map(printEnum),
    "}",
  ].join("\n");
}

// An unset proto2 field reads as its default, and 0 is an index.
function inOneof(field: FieldDescriptorProto): boolean {
  return Object.hasOwn(field, "oneofIndex");
}

function printField(field: FieldDescriptorProto, labelled = true): string {
  const label = labelled ? `${Label[field.label]?.toLowerCase()} ` : "";
  const type = field.typeName || Type[field.type]?.toLowerCase();
  const options: string[] = [];
  if (field.options?.packed) options.push("packed = true");
  if (field.options?.deprecated) options.push("deprecated = true");
  if (field.options && hasExtension(field.options, predefined)) {
    for (const rule of getExtension(field.options, predefined).cel) {
      const parts = Object.entries({ id: rule.id, message: rule.message, expression: rule.expression });
      const set = parts.filter(([, text]) => text !== "").map(([name, text]) => `${name}: ${JSON.stringify(text)}`);
      options.push(`(predefined).cel = { ${set.join(", ")} }`);
    }
  }
  return `${label}${type} ${field.name} = ${field.number}${options.length ? ` [${options.join(", ")}]` : ""};`;
}

function printEnum(enumeration: EnumDescriptorProto): string {
  const values = enumeration.value.map((value) => `${value.name} = ${value.number};`);
  return `enum ${enumeration.name} { ${values.join(" ")} }`;
}
