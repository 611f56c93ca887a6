import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type CallContext,
  createClient,
  createServer,
  type MethodDescriptor,
  ServerError,
  type ServerMiddlewareCall,
  Status,
} from "nice-grpc";
import { expect, test } from "vitest";
import {
  BuildTokenRequestSchema,
  BuildTokenResponseSchema,
  InspectTokenRequestSchema,
  RtcRole,
  TokenService,
  TokenVersion,
  Verdict,
} from "../../gen/agora/token/v1/token_pb.ts";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { Failure } from "../../src/failure.ts";
import {
  define,
  type Implementation,
  methodsByPath,
  refuseUndecodable,
  Undecodable,
} from "../../src/rpc/definition.ts";
import { serve } from "./serve.ts";

const definition = define(TokenService);

/** Answers what it is asked, so that both directions can be seen; the others are not called. */
const tokens: Implementation<typeof TokenService> = {
  async buildToken({ project, expiration, grants }) {
    const seconds = expiration.case === "ttl" ? expiration.value.seconds : 0n;
    const [grant] = grants;
    const uid = grant?.service.case === "rtc" ? grant.service.value.uid : 0;
    return {
      issuedToken: { token: `${project} ${uid}`, version: TokenVersion.TOKEN_VERSION_007, expireTime: { seconds } },
    };
  },
  batchBuildTokens: async () => ({}),
  renewToken: async () => ({}),
  inspectToken: async ({ token }) => ({ verdict: token === "" ? Verdict.REJECTED : Verdict.ACCEPTED }),
};

/** Bytes as they are, to and from a method of ours. */
const bytes = {
  encode: (message: Uint8Array) => ({ finish: () => message }),
  decode: (message: Uint8Array) => message,
};
const untyped = {
  name: "TokenService",
  fullName: TokenService.typeName,
  methods: { buildToken: { ...definition.methods.buildToken, requestType: bytes, responseType: bytes } },
};

test("carries requests and responses, with oneofs, enums and times", async () => {
  const { channel } = await serve(definition, tokens);
  const client = createClient(definition, channel);
  const response = await client.buildToken({
    project: "live",
    expiration: { case: "ttl", value: { seconds: 600n } },
    grants: [{ service: { case: "rtc", value: { channelName: "room", uid: 7, role: RtcRole.PUBLISHER } } }],
  });
  expect(response).toEqual(
    create(BuildTokenResponseSchema, {
      issuedToken: { token: "live 7", version: TokenVersion.TOKEN_VERSION_007, expireTime: { seconds: 600n } },
    }),
  );
  expect((await client.inspectToken({ token: "007" })).verdict).toBe(Verdict.ACCEPTED);
});

test("takes whole messages as well as what makes them", async () => {
  const { channel } = await serve(definition, {
    ...tokens,
    buildToken: async () => create(BuildTokenResponseSchema, { issuedToken: { token: "whole" } }),
  });
  const client = createClient(definition, channel);
  const response = await client.buildToken(create(BuildTokenRequestSchema, { project: "live" }));
  expect(response.issuedToken?.token).toBe("whole");
});

test("middleware sees each method's path and idempotency", async () => {
  const seen: MethodDescriptor[] = [];
  async function* see<Q, R>(call: ServerMiddlewareCall<Q, R>, context: CallContext) {
    seen.push(call.method);
    return yield* call.next(call.request, context);
  }
  const { channel } = await serve(definition, tokens, createServer().use(see));
  const client = createClient(definition, channel);
  await client.buildToken({});
  await client.inspectToken({});
  const unary = { requestStream: false, responseStream: false };
  expect(seen).toEqual([
    { ...unary, path: "/agora.token.v1.TokenService/BuildToken", options: { idempotencyLevel: "IDEMPOTENT" } },
    { ...unary, path: "/agora.token.v1.TokenService/InspectToken", options: { idempotencyLevel: "NO_SIDE_EFFECTS" } },
  ]);
});

test("states no idempotency where the contract states none, and streams as they are", () => {
  expect(define(Health).methods.watch).toMatchObject({ requestStream: false, responseStream: true, options: {} });
  expect(define(ServerReflection).methods.serverReflectionInfo).toMatchObject({
    requestStream: true,
    responseStream: true,
  });
});

test("finds a method, and so the schema of its request, by its path", () => {
  const methods = methodsByPath([TokenService, Health]);
  expect(methods.size).toBe(7);
  expect(methods.get("/agora.token.v1.TokenService/InspectToken")?.input).toBe(InspectTokenRequestSchema);
  expect(methods.get("/grpc.health.v1.Health/Watch")?.methodKind).toBe("server_streaming");
  expect(methods.get("/agora.token.v1.TokenService/inspectToken")).toBeUndefined();
});

// 0x0a begins field 1, a string whose length follows.
const NOT_A_MESSAGE: [string, number[]][] = [
  ["garbage", [0xff, 0xff, 0xff, 0xff]],
  ["a cut message", [0x0a, 0x10, 0x61]],
  ["a lone surrogate", [0x0a, 0x03, 0xed, 0xa0, 0x80]],
  ["an overlong NUL", [0x0a, 0x02, 0xc0, 0x80]],
  ["a field number zero", [0x02, 0x00]],
  ["a group that never ends", [0x0b]],
];

/** As `middleware/answer` does, as far as these tests need it. */
async function* answer<Q, R>(call: ServerMiddlewareCall<Q, R>, context: CallContext) {
  try {
    return yield* call.next(call.request, context);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new ServerError(Status.INVALID_ARGUMENT, `${error.reason}: ${error.facts.detail}`);
  }
}

test.each(NOT_A_MESSAGE)("a request of %s is the caller's fault, and no handler sees it", async (_, request) => {
  const handled: unknown[] = [];
  const { channel } = await serve(
    definition,
    { ...tokens, buildToken: async (message) => ({ issuedToken: { token: String(handled.push(message)) } }) },
    createServer().use(answer).use(refuseUndecodable),
  );
  await expect(createClient(untyped, channel).buildToken(new Uint8Array(request))).rejects.toMatchObject({
    code: Status.INVALID_ARGUMENT,
    details:
      "REQUEST_INVALID: the bytes of the request do not decode: send the message of this method, with text in UTF-8",
  });
  expect(handled).toEqual([]);
  // The server and the connection live on.
  await createClient(definition, channel).buildToken({});
  expect(handled).toHaveLength(1);
});

test("a stream ends at the first message that does not decode", async () => {
  const { serverReflectionInfo } = define(ServerReflection).methods;
  const raw = {
    name: "ServerReflection",
    fullName: ServerReflection.typeName,
    methods: { serverReflectionInfo: { ...serverReflectionInfo, requestType: bytes, responseType: bytes } },
  };
  const { channel } = await serve(
    define(ServerReflection),
    {
      async *serverReflectionInfo(requests) {
        for await (const { host } of requests) yield { validHost: host };
      },
    },
    createServer().use(answer).use(refuseUndecodable),
  );
  async function* requests() {
    yield new Uint8Array([0x0a, 0x01, 0x61]);
    yield new Uint8Array([0x0a, 0x01, 0xff]);
  }
  const received: Uint8Array[] = [];
  const read = async () => {
    for await (const response of createClient(raw, channel).serverReflectionInfo(requests())) received.push(response);
  };
  await expect(read()).rejects.toMatchObject({ code: Status.INVALID_ARGUMENT });
  expect(received.map((response) => [...response])).toEqual([[0x0a, 0x01, 0x61]]);
});

test("keeps why a request does not decode, for the log", () => {
  const request: unknown = definition.methods.buildToken.requestType.decode(new Uint8Array([0x0a, 0x01, 0xff]));
  expect(request).toBeInstanceOf(Undecodable);
  expect(request).toMatchObject({ cause: expect.any(Error) });
});

test("a response that does not decode fails the client's call", async () => {
  const { channel } = await serve(untyped, { buildToken: async () => new Uint8Array([0x0a, 0x01, 0xff]) });
  await expect(createClient(definition, channel).buildToken({})).rejects.toMatchObject({ code: Status.INTERNAL });
});

test("skips fields of a request that it does not know", () => {
  const later = new Uint8Array([
    ...toBinary(BuildTokenRequestSchema, create(BuildTokenRequestSchema, { project: "live" })),
    0x78,
    0x01,
  ]);
  expect(fromBinary(BuildTokenRequestSchema, later).$unknown).toHaveLength(1);
  expect(definition.methods.buildToken.requestType.decode(later)).toEqual(
    create(BuildTokenRequestSchema, { project: "live" }),
  );
});
