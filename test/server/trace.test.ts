// Spans, by a tracer of the tests' own: an operator brings a real one.
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type Attributes,
  type Context,
  createContextKey,
  propagation,
  type Span,
  type SpanContext,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { Metadata } from "nice-grpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type BuildTokenRequestSchema, RtcRole } from "../../gen/agora/token/v1/token_pb.ts";
import { traceCalls } from "../../src/server/middleware/trace.ts";
import { METHOD_NAMES } from "../../src/server/server.ts";
import { answerTo, type Change, opened, running, sessionTo, until } from "./running.ts";

const METHOD = "agora.token.v1.TokenService/BuildToken";
const PARENT = createContextKey("parent");
const request = {
  project: "live",
  expiration: { case: "ttl" as const, value: { seconds: 600n } },
  grants: [{ service: { case: "rtc" as const, value: { channelName: "room-1", uid: 42, role: RtcRole.PUBLISHER } } }],
} satisfies MessageInitShape<typeof BuildTokenRequestSchema>;

interface Ended {
  readonly name: string;
  readonly parent: unknown;
  readonly kind: number | undefined;
  readonly attributes: Attributes;
  status?: { readonly code: SpanStatusCode; readonly message?: string };
}
let ended: Ended[] = [];
let recording = true;

class FakeSpan implements Pick<Span, "setAttribute" | "setStatus" | "isRecording" | "end"> {
  readonly of: Ended;

  constructor(of: Ended) {
    this.of = of;
  }
  spanContext(): SpanContext {
    return { traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 1 };
  }
  setAttribute(key: string, value: string) {
    this.of.attributes[key] = value;
    return this as unknown as Span;
  }
  setStatus(status: { code: SpanStatusCode; message?: string }) {
    this.of.status = status;
    return this as unknown as Span;
  }
  isRecording() {
    return recording;
  }
  end() {
    ended.push(this.of);
  }
}

beforeEach(() => {
  ended = [];
  recording = true;
  const startSpan = (name: string, { kind, attributes }: SpanOptions = {}, context?: Context) =>
    new FakeSpan({ name, kind, parent: context?.getValue(PARENT), attributes: { ...attributes } }) as unknown as Span;
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan, startActiveSpan: () => undefined as never }) });
  propagation.setGlobalPropagator({
    inject: () => undefined,
    extract: (context, carrier, { get }) => context.setValue(PARENT, get(carrier, "traceparent")),
    fields: () => ["traceparent"],
  });
});
afterEach(() => {
  trace.disable();
  propagation.disable();
});

const traced = (change: Change = {}) => running({ ...change, onStream: traceCalls(METHOD_NAMES, "1.2.3") });

test("a call is a span of a server, under the parent that its caller names", async () => {
  const { client } = await traced();
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await client.buildToken(request, { metadata: Metadata({ traceparent, "x-secret": "s" }) });
  await until(() => ended.length === 1);
  expect(ended).toEqual([
    {
      name: METHOD,
      kind: 1,
      parent: traceparent,
      attributes: { "rpc.system.name": "grpc", "rpc.method": METHOD, "rpc.response.status_code": "OK" },
    },
  ]);
});

test("a refusal is told by its reason, and is no error of the server", async () => {
  const { client } = await traced();
  await expect(client.buildToken({ ...request, project: "none" })).rejects.toThrow();
  await until(() => ended.length === 1);
  expect(ended[0]?.attributes).toMatchObject({
    "rpc.response.status_code": "PERMISSION_DENIED",
    "error.type": "NOT_PERMITTED",
  });
  expect(ended[0]?.status).toBeUndefined();
});

test("a stranger's call has a span too, and a fault is an error", async () => {
  const strange = await traced({ identify: () => undefined });
  await expect(strange.client.buildToken(request)).rejects.toThrow();
  const faulty = await traced({
    identify: () => {
      throw new Error("of ours");
    },
  });
  await expect(faulty.client.buildToken(request)).rejects.toThrow();
  await until(() => ended.length === 2);
  expect(ended[0]?.attributes["error.type"]).toBe("CALLER_UNKNOWN");
  expect(ended[1]).toMatchObject({
    attributes: { "rpc.response.status_code": "INTERNAL", "error.type": "INTERNAL" },
    status: { code: SpanStatusCode.ERROR, message: "INTERNAL" },
  });
});

test("a method that is made up gets no name of its own", async () => {
  const { address } = await traced();
  const stream = opened(sessionTo(address), { ":path": "/made.up/secret" });
  stream.end();
  await answerTo(stream);
  await until(() => ended.length === 1);
  expect(ended[0]).toMatchObject({
    name: "grpc",
    attributes: { "rpc.method": "_OTHER", "error.type": "UNIMPLEMENTED" },
    status: { code: SpanStatusCode.ERROR },
  });
  expect(JSON.stringify(ended)).not.toContain("secret");
});

test("what is not sampled is not looked at again", async () => {
  recording = false;
  const { client } = await traced();
  await client.buildToken(request);
  expect(ended).toEqual([]);
});

test("without an SDK it takes next to no time", async () => {
  trace.disable();
  propagation.disable();
  const watch = traceCalls(METHOD_NAMES, "1.2.3");
  const stream = { once: () => expect.unreachable("nothing is to be ended") } as unknown as Parameters<typeof watch>[0];
  const headers = { ":path": `/${METHOD}` };
  const began = process.cpuUsage();
  for (let n = 0; n < 20_000; n++) watch(stream, headers);
  const { user, system } = process.cpuUsage(began);
  // It takes about a microsecond; this is for a machine that is busy.
  expect((user + system) / 20_000).toBeLessThan(20);
});
