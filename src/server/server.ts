import { create } from "@bufbuild/protobuf";
import { createServer, type Server } from "nice-grpc";
import { TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import { Health as HealthService } from "../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import type { Health } from "../api/health.ts";
import { healthApi } from "../api/health-api.ts";
import { reflectionApi } from "../api/reflection-api.ts";
import { type TokenApiParts, tokenApi } from "../api/token-api.ts";
import { requestValidator } from "../api/violations.ts";
import { define, methodsByPath, refuseUndecodable } from "../rpc/definition.ts";
import { admit } from "./middleware/admit.ts";
import { answer, type ReportFault } from "./middleware/answer.ts";
import { caller } from "./middleware/caller.ts";
import { validate } from "./middleware/validate.ts";
import { type Identify, peerOf } from "./peer.ts";
import type { Snapshot } from "./snapshot.ts";

/** What a server is made of. */
export interface ServerParts extends TokenApiParts {
  readonly identify: Identify;
  /** What may change, as it is now. Asked once for each call. */
  readonly snapshot: () => Snapshot;
  readonly health: Health;
  /** Whether the server describes its services. */
  readonly reflection: boolean;
  readonly maxMessageBytes: number;
  readonly report: ReportFault;
}

/** The services that reflection and health tell of. */
export const SERVICES = [TokenService, HealthService, ServerReflection, ServerReflectionAlpha] as const;

const METHODS = methodsByPath([TokenService]);
const validator = requestValidator(TokenService.methods.map(({ input }) => ({ schema: input, empty: create(input) })));

/** Makes a server for one address. THE LIST: what a call passes, in order, from the headers to the method. */
export function tokenServer(parts: ServerParts): Server {
  const server = createServer({ ...optionsOf(parts), interceptors: [peerOf(parts.identify)] })
    .use(answer(parts.report))
    .use(refuseUndecodable)
    .use(caller());
  server.with(admit(parts.snapshot)).with(validate(validator, METHODS)).add(define(TokenService), tokenApi(parts));
  server.add(define(HealthService), healthApi(parts.health));
  if (parts.reflection) {
    server.add(define(ServerReflection), reflectionApi(SERVICES));
    server.add(define(ServerReflectionAlpha), reflectionApi(SERVICES));
  }
  return server;
}

function optionsOf({ maxMessageBytes }: ServerParts) {
  return {
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.enable_channelz": 0,
    "grpc.max_concurrent_streams": 128,
  } as const;
}
