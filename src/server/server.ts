import { isMessage } from "@bufbuild/protobuf";
import { createServer, type Server } from "nice-grpc";
import { BatchBuildTokensRequestSchema, TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import { Health as HealthService } from "../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import type { Caller } from "../access/caller.ts";
import type { Health } from "../api/health.ts";
import { healthApi } from "../api/health-api.ts";
import { decodePlain } from "../api/plain-decoding.ts";
import { encodePlain } from "../api/plain-encoding.ts";
import { reflectionApi } from "../api/reflection-api.ts";
import { type TokenApiParts, tokenApi } from "../api/token-api.ts";
import { requestValidator } from "../api/violations.ts";
import { define, methodsByPath, refuseUndecodable } from "../rpc/definition.ts";
import type { Bounds } from "./bounds.ts";
import { admit } from "./middleware/admit.ts";
import { answer, answerStreams, type ReportFailure } from "./middleware/answer.ts";
import { type Auditing, audit, auditExcess, auditStrangers } from "./middleware/audit.ts";
import { caller } from "./middleware/caller.ts";
import { decoded } from "./middleware/decoded.ts";
import { limit } from "./middleware/limit.ts";
import { requestId } from "./middleware/request-id.ts";
import { steps } from "./middleware/steps.ts";
import { Unary } from "./middleware/unary.ts";
import { validate } from "./middleware/validate.ts";
import { serverOptions } from "./options.ts";
import { type Identify, peerOf } from "./peer.ts";
import type { Snapshot } from "./snapshot.ts";
import { methodOf } from "./stream-status.ts";

/** What a server is made of. */
export interface ServerParts extends TokenApiParts {
  readonly identify: Identify;
  /** What may change, as it is now. Asked once for each call. */
  readonly snapshot: () => Snapshot;
  readonly health: Health;
  /** Whether the server describes its services. */
  readonly reflection: boolean;
  /** How much is accepted, by this server and by the others of the process. */
  readonly bounds: Bounds;
  /** Where decisions are recorded; undefined where they are not, as in the demo. */
  readonly auditing: Auditing | undefined;
  /** Is told of each call that fails. */
  readonly report: ReportFailure;
}

/** The services that reflection and health tell of. */
export const SERVICES = [TokenService, HealthService, ServerReflection, ServerReflectionAlpha] as const;

const METHODS = methodsByPath([TokenService]);
const ALL_METHODS = methodsByPath(SERVICES);
const MOST_IN_BATCH = 100;
const validator = requestValidator();

/** Makes a server for one address. THE LIST: what a call passes, in order, from the headers to the method. */
export function tokenServer(parts: ServerParts): Server {
  const { identify, snapshot, bounds, auditing, report, health } = parts;
  const onExcess = auditing && auditExcess(auditing);
  const watch = {
    report,
    waitOf: ({ id }: Caller, path: string) => (isBrief(path) ? bounds.limiter.arrive(id) : 0),
    ...(auditing && { onStranger: auditStrangers(auditing), onExcess }),
  };
  const interceptors = [bounds.intake.interceptor, peerOf(identify, watch)];
  const server = createServer({ ...serverOptions(bounds.limits), interceptors });
  const passing = new Unary()
    .step(requestId())
    .step(caller())
    .around(answer(report))
    .around(limit({ limiter: bounds.limiter, countOf, onRefused: onExcess }))
    .around(audit(auditing))
    .step(decoded())
    .step(admit(snapshot))
    .around(validate(validator, METHODS));
  server
    .with(passing.middleware())
    .add(define(TokenService, { decode: decodePlain, encode: encodePlain }), tokenApi(parts));
  const open = server.with(steps(requestId(), caller())).with(answerStreams(report)).with(refuseUndecodable);
  open.add(define(HealthService), healthApi(health));
  if (parts.reflection) {
    const reflection = reflectionApi(SERVICES);
    open.add(define(ServerReflection), reflection);
    open.add(define(ServerReflectionAlpha), reflection);
  }
  return server;
}

/** The methods that there are: `agora.token.v1.TokenService/BuildToken`. */
export const METHOD_NAMES: readonly string[] = Array.from(ALL_METHODS.keys(), methodOf);

/** Whether there is a method at a path. */
export function isServed(path: string): boolean {
  return ALL_METHODS.has(path);
}

/** Whether a path is that of a method that builds, renews or inspects. */
export function isBrief(path: string): boolean {
  return METHODS.has(path);
}

// What a batch holds beyond the most that the contract allows is refused anyway.
function countOf(request: unknown): number {
  return isMessage(request, BatchBuildTokensRequestSchema) ? Math.min(MOST_IN_BATCH, request.requests.length) : 1;
}
