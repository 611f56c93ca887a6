// Checked by tsc, never run: what nice-grpc infers from our definitions.
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import { type CallContext, type Client, createClient, createServer } from "nice-grpc";
import { type BuildTokenRequest, type BuildTokenResponse, TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import { Health, type HealthCheckRequest, type HealthCheckResponse } from "../../gen/grpc/health/v1/health_pb.ts";
import {
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { type Definition, define, type Implementation, refuseUndecodable } from "../../src/rpc/definition.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_Claim extends true>(): void => {};

const definition = define(TokenService);
type Tokens = Implementation<typeof TokenService, { caller: string }>;
type TokenClient = Client<typeof definition>;

// `any` is equal to nothing but itself, so none of these passes by accident.
holds<Equal<typeof definition, Definition<typeof TokenService>>>();
holds<Equal<keyof Tokens, "buildToken" | "batchBuildTokens" | "renewToken" | "inspectToken">>();
holds<Equal<Parameters<Tokens["buildToken"]>[0], BuildTokenRequest>>();
holds<Equal<Parameters<Tokens["buildToken"]>[1], CallContext & { caller: string }>>();
holds<Equal<Awaited<ReturnType<TokenClient["buildToken"]>>, BuildTokenResponse>>();
holds<Equal<typeof definition.methods.buildToken.requestStream, false>>();

// Streams are told apart: a stream goes in, out, or both ways.
type Watch = Implementation<typeof Health>["watch"];
type Reflect = Implementation<typeof ServerReflection>["serverReflectionInfo"];
holds<Equal<Parameters<Watch>[0], HealthCheckRequest>>();
holds<Equal<Parameters<Reflect>[0], AsyncIterable<ServerReflectionRequest>>>();
const health = define(Health);
const reflection = define(ServerReflection);
holds<Equal<ReturnType<Client<typeof health>["watch"]>, AsyncIterable<HealthCheckResponse>>>();
holds<Equal<ReturnType<Client<typeof reflection>["serverReflectionInfo"]>, AsyncIterable<ServerReflectionResponse>>>();

// A server takes an implementation; its responses are plain objects, oneofs narrow by their case.
export const tokens: Tokens = {
  async buildToken(request, context) {
    if (request.expiration.case === "ttl") holds<Equal<typeof request.expiration.value, Duration>>();
    else if (request.expiration.case === "expireTime") holds<Equal<typeof request.expiration.value, Timestamp>>();
    else holds<Equal<typeof request.expiration.case, undefined>>();
    for (const grant of request.grants) {
      if (grant.service.case === "rtc") holds<Equal<typeof grant.service.value.uid, number>>();
    }
    // @ts-expect-error the contract has no such field
    void request.channel;
    // @ts-expect-error the context has what the middleware adds, and no more
    void context.permits;
    return { issuedToken: { token: context.caller } };
  },
  // @ts-expect-error a response has only the fields of its message
  async batchBuildTokens() {
    return { tokens: [] };
  },
  // @ts-expect-error a field of a response has the type of the contract
  async renewToken() {
    return { issuedToken: { token: 7 } };
  },
  // @ts-expect-error the response of another method will not do
  async inspectToken() {
    return { issuedToken: { token: "" } };
  },
};

const server = createServer().use(refuseUndecodable);
// @ts-expect-error no middleware adds the caller that the implementation needs
server.add(definition, tokens);
// @ts-expect-error a method is missing
server.add(health, { check: async () => ({}), list: async () => ({}) });

declare const client: TokenClient;
export async function calls(): Promise<void> {
  await client.buildToken({ project: "live", expiration: { case: "ttl", value: { seconds: 1n } }, grants: [] });
  // @ts-expect-error a request has only the fields of its message
  await client.buildToken({ appId: "live" });
  // @ts-expect-error a oneof has only its own cases
  await client.buildToken({ expiration: { case: "never", value: { seconds: 1n } } });
  // @ts-expect-error a value belongs to its case: a Duration counts in bigint
  await client.buildToken({ expiration: { case: "ttl", value: { seconds: 1 } } });
  // @ts-expect-error no such method
  await client.revokeToken({});
  // @ts-expect-error a client of one service is not a client of another
  const _wrong: Client<typeof health> = createClient(definition, "localhost:1");
}
