import type { ServerHttp2Stream } from "node:http2";
import {
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
} from "@opentelemetry/api";
import type { WatchStream } from "../connections.ts";
import type { Headers } from "../headers.ts";
import { methodOf, reasonOf, statusOf } from "../stream-status.ts";

/** What identifies the spans of this program. */
const SCOPE = "agora-tokend";
/** What a method is called that there is not: its name would be text from a request. */
const OTHER_METHOD = "_OTHER";
// The statuses that are the server's fault. Source: OpenTelemetry's conventions for gRPC, "server spans".
const FAULTS: ReadonlySet<string> = new Set([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

/**
 * Makes a span of every call, under the parent that its headers name. Without an SDK, which the operator brings, it is
 * next to nothing. What a span says is all here: no header, no message, no caller.
 *
 * @param methods those that there are: `agora.token.v1.TokenService/BuildToken`
 */
export function traceCalls(methods: Iterable<string>, version: string): WatchStream {
  const known = new Set(methods);
  const tracer = trace.getTracer(SCOPE, version);
  return (stream, headers) => {
    const named = methodOf(headers[":path"]);
    const method = known.has(named) ? named : OTHER_METHOD;
    const parent = propagation.extract(ROOT_CONTEXT, headers, GETTER);
    const attributes = { "rpc.system.name": "grpc", "rpc.method": method };
    const name = method === OTHER_METHOD ? "grpc" : method;
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
    if (span.isRecording()) stream.once("close", () => end(span, stream));
  };
}

const GETTER: TextMapGetter<Headers> = {
  get: (headers, name) => headers[name],
  keys: (headers) => Object.keys(headers),
};

function end(span: Span, stream: ServerHttp2Stream): void {
  const status = statusOf(stream);
  span.setAttribute("rpc.response.status_code", status);
  if (status !== "OK") {
    const reason = reasonOf(stream);
    span.setAttribute("error.type", reason ?? status);
    if (FAULTS.has(status)) span.setStatus({ code: SpanStatusCode.ERROR, message: reason ?? status });
  }
  span.end();
}
