import { create, createFileRegistry, fromBinary, getOption, type MessageInitShape } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createValidator } from "@bufbuild/protovalidate";
import { field as fieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { createClient, createServer, Status } from "nice-grpc";
import { describe, expect, test } from "vitest";
import { TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import * as v1 from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import * as v1alpha from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { reflectionApi } from "../../src/api/reflection-api.ts";
import { define } from "../../src/rpc/definition.ts";
import { endOfCall, serve } from "../rpc/serve.ts";

type Version = typeof v1.ServerReflection;
type Question = NonNullable<MessageInitShape<typeof v1.ServerReflectionRequestSchema>["messageRequest"]>;

// The versions differ in their names alone, so the types of one do for both.
const VERSIONS: [string, Version][] = [
  ["v1", v1.ServerReflection],
  ["v1alpha", v1alpha.ServerReflection as unknown as Version],
];

const api = reflectionApi([TokenService, v1.ServerReflection]);

const TOKEN = "agora/token/v1/token.proto";
const VALIDATE = "buf/validate/validate.proto";

describe.each(VERSIONS)("reflection %s", (_, version) => {
  async function ask(...questions: Question[]): Promise<v1.ServerReflectionResponse[]> {
    const { channel } = await serve(define(version), api);
    async function* requests() {
      for (const messageRequest of questions) yield { host: "here", messageRequest };
    }
    const responses: v1.ServerReflectionResponse[] = [];
    const stream = createClient(define(version), channel).serverReflectionInfo(requests());
    for await (const response of stream) responses.push(response);
    return responses;
  }

  async function filesOf(...questions: Question[]): Promise<FileDescriptorProto[][]> {
    return (await ask(...questions)).map(({ messageResponse: { case: kind, value } }) => {
      if (kind !== "fileDescriptorResponse") throw new Error(`answered with ${kind}`);
      return value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
    });
  }

  async function filesDefining(...names: string[]) {
    const answers = await filesOf(...names.map((value) => ({ case: "fileContainingSymbol", value }) as const));
    return Object.fromEntries(answers.map((files, at) => [names[at], files[0]?.name]));
  }

  test("lists the services that it is given", async () => {
    const [response] = await ask({ case: "listServices", value: "" });
    expect(response).toMatchObject({
      validHost: "here",
      originalRequest: { host: "here", messageRequest: { case: "listServices" } },
      messageResponse: {
        value: { service: [{ name: "agora.token.v1.TokenService" }, { name: "grpc.reflection.v1.ServerReflection" }] },
      },
    });
  });

  test("gives a file and all that it imports, each before its imports", async () => {
    const [files = []] = await filesOf({ case: "fileByFilename", value: TOKEN });
    const paths = files.map(({ name }) => name);
    expect(paths[0]).toBe(TOKEN);
    expect(paths).toEqual(expect.arrayContaining([VALIDATE, "google/protobuf/descriptor.proto"]));
    expect(new Set(paths).size).toBe(paths.length);
    for (const [at, { dependency }] of files.entries()) {
      for (const imported of dependency) expect(paths.indexOf(imported)).toBeGreaterThan(at);
    }
  });

  test("keeps our comments", async () => {
    const [files = []] = await filesOf({
      case: "fileContainingSymbol",
      value: "agora.token.v1.TokenService.BuildToken",
    });
    const comments = files[0]?.sourceCodeInfo?.location.map(({ leadingComments }) => leadingComments) ?? [];
    expect(comments.some((comment) => comment.startsWith(" Builds one token.\n"))).toBe(true);
  });

  test("gives files that make our types again, their rules included", async () => {
    const [files = []] = await filesOf({ case: "fileByFilename", value: TOKEN });
    const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: files.reverse() }));
    const request = registry.getMessage("agora.token.v1.BuildTokenRequest");
    const project = request?.fields.find(({ name }) => name === "project");
    if (!request || !project) throw new Error("the request is not described");
    expect(getOption(project, fieldRules).type.case).toBe("string");
    expect(createValidator({ registry }).validate(request, create(request)).kind).toBe("invalid");
  });

  test("finds the file of every kind of symbol", async () => {
    const ours = [
      "agora.token.v1.TokenService",
      "agora.token.v1.TokenService.RenewToken",
      "agora.token.v1.BuildTokenRequest",
      "agora.token.v1.BuildTokenRequest.project",
      "agora.token.v1.BuildTokenRequest.ttl",
      "agora.token.v1.BuildTokenRequest.expiration",
      "agora.token.v1.Verdict",
      "agora.token.v1.VERDICT_ACCEPTED",
    ];
    expect(await filesDefining(...ours)).toEqual(Object.fromEntries(ours.map((name) => [name, TOKEN])));
    expect(
      await filesDefining(
        "buf.validate.field",
        "buf.validate.KnownRegex",
        "google.protobuf.FieldOptions.JS_STRING",
        "google.protobuf.FieldDescriptorProto.Type",
        "google.rpc.BadRequest.FieldViolation.reason",
        "google.rpc.ErrorInfo.MetadataEntry",
      ),
    ).toEqual({
      "buf.validate.field": VALIDATE,
      "buf.validate.KnownRegex": VALIDATE,
      "google.protobuf.FieldOptions.JS_STRING": "google/protobuf/descriptor.proto",
      "google.protobuf.FieldDescriptorProto.Type": "google/protobuf/descriptor.proto",
      "google.rpc.BadRequest.FieldViolation.reason": "google/rpc/error_details.proto",
      "google.rpc.ErrorInfo.MetadataEntry": "google/rpc/error_details.proto",
    });
  });

  test("finds extensions by their number, and their numbers", async () => {
    const containingType = "google.protobuf.FieldOptions";
    const extension = { containingType, extensionNumber: fieldRules.number };
    const [files = []] = await filesOf({ case: "fileContainingExtension", value: extension });
    expect(files[0]?.name).toBe(VALIDATE);
    const responses = await ask(
      { case: "allExtensionNumbersOfType", value: containingType },
      { case: "allExtensionNumbersOfType", value: "agora.token.v1.Grant" },
    );
    expect(responses.map(({ messageResponse }) => messageResponse)).toMatchObject([
      { case: "allExtensionNumbersResponse", value: { baseTypeName: containingType, extensionNumber: [1159, 1160] } },
      { case: "allExtensionNumbersResponse", value: { baseTypeName: "agora.token.v1.Grant", extensionNumber: [] } },
    ]);
  });

  test("answers what it does not know with an error that names no name, and goes on", async () => {
    const unknown: Question[] = [
      { case: "fileByFilename", value: "agora/token/config/v1/config.proto" },
      { case: "fileByFilename", value: "/etc/passwd" },
      { case: "fileContainingSymbol", value: "grpc.health.v1.Health" },
      { case: "fileContainingSymbol", value: "agora.token.config.v1.Config" },
      { case: "fileContainingSymbol", value: "agora.token.v1.Verdict.VERDICT_ACCEPTED" },
      { case: "fileContainingSymbol", value: "__proto__" },
      { case: "fileContainingSymbol", value: "" },
      {
        case: "fileContainingExtension",
        value: { containingType: "google.protobuf.FieldOptions", extensionNumber: -1 },
      },
      { case: "fileContainingExtension", value: { containingType: "constructor", extensionNumber: 1 } },
      { case: "allExtensionNumbersOfType", value: "agora.token.v1.TokenService" },
    ];
    const responses = await ask(...unknown, { case: "listServices", value: "" });
    expect(responses.pop()?.messageResponse.case).toBe("listServicesResponse");
    expect(responses).toMatchObject(
      unknown.map((messageRequest) => ({
        validHost: "here",
        originalRequest: { host: "here", messageRequest },
        messageResponse: { case: "errorResponse", value: { errorCode: Status.NOT_FOUND } },
      })),
    );
    for (const { messageResponse } of responses) {
      if (messageResponse.case !== "errorResponse") continue;
      expect(messageResponse.value.errorMessage).toMatch(
        /^there is no (file of this path|symbol of this name|message of this name|extension of this number) /,
      );
    }
  });

  test("answers no question with an error, and goes on", async () => {
    const responses = await ask({ case: undefined }, { case: "listServices", value: "" });
    expect(responses.map(({ messageResponse }) => messageResponse)).toMatchObject([
      { case: "errorResponse", value: { errorCode: Status.INVALID_ARGUMENT } },
      { case: "listServicesResponse" },
    ]);
  });

  test("ends when the client leaves", async () => {
    const { middleware, ended } = endOfCall();
    const { channel } = await serve(define(version), api, createServer().use(middleware));
    const leaving = new AbortController();
    async function* requests() {
      yield { messageRequest: { case: "listServices", value: "" } } as const;
      // Then nothing more is asked.
      await new Promise((resolve) => leaving.signal.addEventListener("abort", resolve));
    }
    const { signal } = leaving;
    const responses = createClient(define(version), channel).serverReflectionInfo(requests(), { signal });
    const stream = responses[Symbol.asyncIterator]();
    await stream.next();
    leaving.abort();
    await expect(stream.next()).rejects.toMatchObject({ name: "AbortError" });
    // Either it is told so, or it finds no more questions.
    expect([undefined, "AbortError"]).toContain(((await ended) as Error | undefined)?.name);
  });
});
