import { type DescFile, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { DESCRIPTORS } from "../../gen/descriptors_pb.ts";

/** A file as reflection sends it: itself and then all that it imports, each a `FileDescriptorProto`. */
export type FileWithImports = readonly Uint8Array[];

/** What can be told of some files and of all that they import. Names are full names, with no dot before them. */
export interface Descriptors {
  /** By path: `agora/token/v1/token.proto`. */
  readonly files: ReadonlyMap<string, FileWithImports>;
  /** The file that defines a service, method, message, field, oneof, enum, enum value or extension, by its name. */
  readonly symbols: ReadonlyMap<string, FileWithImports>;
  /** For every message, by its name: the files that define its extensions, by their numbers. */
  readonly extensions: ReadonlyMap<string, ReadonlyMap<number, FileWithImports>>;
}

/** Describes these files. Ours keep their comments, which the code that is generated from them does not. */
export function describeFiles(roots: readonly DescFile[]): Descriptors {
  const protos = reachable(roots);
  const files = new Map<string, FileWithImports>();
  const symbols = new Map<string, FileWithImports>();
  const extensions = new Map<string, Map<number, FileWithImports>>();
  for (const [message] of protos.flatMap(messagesOf)) extensions.set(message, new Map());
  for (const [proto, file] of withImports(protos)) {
    files.set(proto.name, file);
    for (const symbol of symbolsOf(proto)) symbols.set(symbol, file);
    for (const { extendee, number } of extensionsOf(proto)) extensions.get(extendee.slice(1))?.set(number, file);
  }
  return { files, symbols, extensions };
}

/** These files and all that they import, in the version with comments where there is one. */
function reachable(roots: readonly DescFile[]): FileDescriptorProto[] {
  const { file: commented } = fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTORS, "base64"));
  const ours = new Map(commented.map((proto) => [proto.name, proto]));
  const found = new Map<string, FileDescriptorProto>();
  const visit = ({ proto, dependencies }: DescFile) => {
    if (found.has(proto.name)) return;
    found.set(proto.name, ours.get(proto.name) ?? proto);
    dependencies.forEach(visit);
  };
  roots.forEach(visit);
  return [...found.values()];
}

/** Each file, and it with all that it imports: a file stands before those that it imports. */
function withImports(protos: readonly FileDescriptorProto[]): [FileDescriptorProto, FileWithImports][] {
  const files = new Map(
    protos.map((proto) => [proto.name, { proto, bytes: toBinary(FileDescriptorProtoSchema, proto) }]),
  );
  const importsFirst = (path: string, seen: Set<string>): Uint8Array[] => {
    const file = files.get(path);
    if (file === undefined || seen.has(path)) return [];
    seen.add(path);
    return [...file.proto.dependency.flatMap((imported) => importsFirst(imported, seen)), file.bytes];
  };
  return protos.map((proto) => [proto, importsFirst(proto.name, new Set()).reverse()]);
}

function symbolsOf(file: FileDescriptorProto): string[] {
  const services = file.service.flatMap(({ name, method }) => [name, ...method.map((each) => `${name}.${each.name}`)]);
  const messages = messagesOf(file).flatMap(([name, message]) => [
    name,
    ...[...message.field, ...message.oneofDecl].map((member) => `${name}.${member.name}`),
    ...declarationsIn(name, message),
  ]);
  return [...services.map((name) => fullName(file.package, name)), ...declarationsIn(file.package, file), ...messages];
}

/** The names of what a file and a message declare alike, besides messages. */
function declarationsIn(scope: string, { enumType, extension }: Pick<DescriptorProto, "enumType" | "extension">) {
  // A value is named after what its enum is in, like a sibling of the enum: C++'s rule.
  const named = [...enumType, ...enumType.flatMap(({ value }) => value), ...extension];
  return named.map(({ name }) => fullName(scope, name));
}

function extensionsOf(file: FileDescriptorProto): FieldDescriptorProto[] {
  return [...file.extension, ...messagesOf(file).flatMap(([, { extension }]) => extension)];
}

/** Every message of a file, those inside others too, with its full name. */
function messagesOf(file: FileDescriptorProto): [name: string, message: DescriptorProto][] {
  const listed = (scope: string, messages: readonly DescriptorProto[]): [string, DescriptorProto][] =>
    messages.flatMap((message) => {
      const name = fullName(scope, message.name);
      return [[name, message], ...listed(name, message.nestedType)];
    });
  return listed(file.package, file.messageType);
}

function fullName(scope: string, name: string): string {
  return scope === "" ? name : `${scope}.${name}`;
}
