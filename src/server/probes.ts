// The health of gRPC for probes that bear no credentials, over connections that something else has accepted.

import type { Duplex } from "node:stream";
import { create, type DescMethod, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import type { CallContext } from "nice-grpc";
import { Health as HealthService } from "../../gen/grpc/health/v1/health_pb.ts";
import type { Health } from "../api/health.ts";
import { healthApi } from "../api/health-api.ts";
import { Status } from "../rpc/status.ts";

/** What answers probes. */
export interface Probes {
  /** Takes a connection over whose first bytes, not read yet, are those of HTTP/2. */
  take(connection: Duplex): void;
  /** Ends all connections. */
  close(): void;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

// A name of a service is all that a probe sends.
const OPTIONS: grpc.ServerOptions = {
  "grpc.max_receive_message_length": 4096,
  "grpc.max_concurrent_streams": 16,
  "grpc-node.max_session_memory": 1,
  "grpc.max_connection_age_ms": 5 * MINUTE,
  "grpc.max_connection_age_grace_ms": 10 * SECOND,
  "grpc.max_connection_idle_ms": MINUTE,
  "grpc.keepalive_time_ms": 30 * SECOND,
  "grpc.keepalive_timeout_ms": 10 * SECOND,
  "grpc.enable_channelz": 0,
};

/** `grpc.health.v1.Health`, as the listeners of the service have it, and nothing else. */
export function probes(health: Health): Probes {
  const server = new grpc.Server(OPTIONS);
  const { check, list, watch } = HealthService.method;
  const api = healthApi(health);
  const handlers = { check: unary(api.check), list: unary(api.list), watch: streaming(api.watch) };
  server.addService({ check: definitionOf(check), list: definitionOf(list), watch: definitionOf(watch) }, handlers);
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  return {
    take: (connection) => injector.injectConnection(connection),
    close() {
      injector.destroy();
      server.forceShutdown();
    },
  };
}

// nice-grpc takes addresses alone, and grpc-js alone connections: so its own shape of a definition is stated here.
function definitionOf(method: DescMethod): grpc.MethodDefinition<unknown, unknown> {
  const { input, output, name, parent, methodKind } = method;
  return {
    path: `/${parent.typeName}/${name}`,
    requestStream: false,
    responseStream: methodKind === "server_streaming",
    requestSerialize: (message) =>
      Buffer.from(toBinary(input, create(input, message as MessageInitShape<typeof input>))),
    requestDeserialize: (bytes) => fromBinary(input, bytes),
    responseSerialize: (message) =>
      Buffer.from(toBinary(output, create(output, message as MessageInitShape<typeof output>))),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
  };
}

function unary<Request, Response>(
  answer: (request: Request, context: CallContext) => Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    answer(call.request, contextOf(new AbortController().signal)).then(
      (response) => callback(null, response),
      (error: unknown) => callback(statusOf(error)),
    );
  };
}

function streaming<Request, Response>(
  answers: (request: Request, context: CallContext) => AsyncIterable<Response>,
): grpc.handleServerStreamingCall<Request, Response> {
  return (call) => {
    const gone = new AbortController();
    call.on("cancelled", () => gone.abort());
    const tell = async () => {
      for await (const response of answers(call.request, contextOf(gone.signal))) call.write(response);
      call.end();
    };
    tell().catch((error: unknown) => {
      if (!gone.signal.aborted) call.emit("error", statusOf(error));
    });
  };
}

// The methods of health look at nothing else of a context.
function contextOf(signal: AbortSignal): CallContext {
  return { signal } as unknown as CallContext;
}

function statusOf(error: unknown): { code: Status; details: string } {
  const { code, details } = error as { readonly code?: Status; readonly details?: string };
  return code === undefined ? { code: Status.INTERNAL, details: "internal error" } : { code, details: details ?? "" };
}
