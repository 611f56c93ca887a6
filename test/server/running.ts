// The server as it runs, on a free port, with clocks, timers and an output for records that a test turns.

import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from "node:http2";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { ServerCredentials } from "@grpc/grpc-js";
import { onTestFinished } from "vitest";
import { TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import { Health } from "../../src/api/health.ts";
import type { Names } from "../../src/audit/names.ts";
import type { TrailParts } from "../../src/audit/trail.ts";
import type { FailedCall } from "../../src/observe/call-log.ts";
import { Bounds, type Limits } from "../../src/server/bounds.ts";
import type { WatchStream } from "../../src/server/connections.ts";
import type { Identify } from "../../src/server/peer.ts";
import { isBrief, isServed, tokenServer } from "../../src/server/server.ts";
import type { Surroundings } from "../api/harness.ts";
import { NOW, world } from "../api/world.ts";
import { trailOf } from "../audit/sink.ts";
import { channelTo, clientOf } from "../e2e/client.ts";

/** What a test changes. */
export interface Change {
  readonly limits?: Partial<Limits>;
  readonly identify?: Identify;
  readonly around?: Surroundings;
  readonly names?: Names;
  readonly trail?: Partial<TrailParts>;
  readonly credentials?: ServerCredentials;
  readonly isTimeRight?: () => boolean;
  /** Is told of each stream. */
  readonly onStream?: WatchStream;
  /** Where to listen, if not on a free port: `unix:` and a path. */
  readonly address?: string;
}

const LIMITS: Limits = {
  maxMessageBytes: 262_144,
  maxConcurrentStreams: 128,
  maxInFlight: 512,
  perCaller: { rate: 500, burst: 1000 },
  maxConnections: 2000,
  maxConnectionsPerAddress: 200,
};

/** Serves the projects and rows of the tests of the methods. Ends with the test. */
export async function running(change: Change = {}) {
  const around = change.around ?? world();
  const { trail, sink, timers, reports } = trailOf(change.trail);
  const clock = { ms: 0 };
  const ticks: (() => void)[] = [];
  const excess: string[] = [];
  const failed: FailedCall[] = [];
  const bounds = new Bounds({
    limits: { ...LIMITS, ...change.limits },
    isBrief,
    isServed,
    monotonic: () => clock.ms,
    busy: () => clock.ms,
    now: () => Date.now(),
    every: (_, act) => {
      ticks.push(act);
      return () => undefined;
    },
    onExcess: (what) => excess.push(what),
    onShed: (what) => excess.push(what),
    ...(change.isTimeRight && { isTimeRight: change.isTimeRight }),
    onStream: change.onStream,
  });
  const server = tokenServer({
    identify: change.identify ?? (() => ({ id: "lobby", proof: "loopback" })),
    snapshot: () => ({ keyRing: around.keyRing, policy: around.policy, isStill: () => true }),
    clock: () => around.now,
    salt: around.salt,
    health: new Health([""]),
    reflection: true,
    bounds,
    auditing: { trail, names: change.names ?? { kind: "plain" }, now: () => NOW * 1000 },
    report: (call) => failed.push(call),
  });
  const port = await server.listen(change.address ?? "127.0.0.1:0", change.credentials);
  bounds.connections.watch(change.address ? change.address.slice("unix:".length) : port);
  const address = change.address ?? `127.0.0.1:${port}`;
  const channel = channelTo(address);
  onTestFinished(() => {
    channel.close();
    server.forceShutdown();
    bounds.stop();
  });
  return {
    address,
    port,
    channel,
    client: clientOf(channel),
    bounds,
    trail,
    sink,
    timers,
    reports,
    excess,
    failed,
    /** Those of them that are ours. */
    faults: () => failed.filter(({ reason }) => reason === "INTERNAL"),
    /** The records of calls. */
    calls: () => sink.records.filter(({ event }) => event === "call"),
    /** Lets time pass, and what is looked at from time to time be looked at. */
    pass(milliseconds: number) {
      clock.ms += milliseconds;
      for (const tick of ticks) tick();
    },
  };
}

/** A session of HTTP/2 to a server. Ends with the test. */
export function sessionTo(address: string): ClientHttp2Session {
  // From version 22 on, Node.js counts what a client has yet to send, and refuses its own calls above 10 MB of it.
  const session = connect(`http://${address}`, { maxSessionMemory: 100 });
  session.on("error", () => undefined);
  onTestFinished(() => session.destroy());
  return session;
}

/** The bytes of a request, in the frame of gRPC. */
export function framed<M extends keyof (typeof TokenService)["method"]>(
  method: M,
  request: MessageInitShape<(typeof TokenService)["method"][M]["input"]>,
): Buffer {
  const { input } = TokenService.method[method];
  const body = toBinary(input, create(input, request as MessageInitShape<typeof input>));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** A call by hand, that is left open. */
export function opened(session: ClientHttp2Session, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
  return session.request({
    ":method": "POST",
    ":path": "/agora.token.v1.TokenService/BuildToken",
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
}

/** Asks a server for its health, by hand. */
export async function healthOf(address: string): Promise<Answer> {
  const stream = opened(sessionTo(address), { ":path": "/grpc.health.v1.Health/Check" });
  stream.end(Buffer.alloc(5));
  return answerTo(stream);
}

/** Waits, turn by turn, until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** How a call by hand ends. */
export interface Answer {
  /** The gRPC status. */
  readonly status: number;
  readonly message: string;
  /** The headers and trailers. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** The code of HTTP/2 that the stream was closed with. */
  readonly reset: number;
}

/** Waits until a call by hand ends. */
export async function answerTo(stream: ClientHttp2Stream): Promise<Answer> {
  let headers: Record<string, unknown> = {};
  stream.on("response", (got) => {
    headers = { ...headers, ...got };
  });
  stream.on("trailers", (got) => {
    headers = { ...headers, ...got };
  });
  stream.on("error", () => undefined);
  stream.resume();
  await new Promise((resolve) => stream.once("close", resolve));
  const status = Number(headers["grpc-status"] ?? -1);
  const message = decodeURI(String(headers["grpc-message"] ?? ""));
  return { status, message, headers, reset: stream.rstCode };
}
