// The address for operators and probes: HTTP/1 for metrics and simple probes, HTTP/2 for the health of gRPC, told apart
// by their first bytes. It bears no credentials and shows no secret, and what it takes is bounded by itself: it answers
// while callers are refused.

import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import type { Health } from "../api/health.ts";
import { Connections } from "./connections.ts";
import { Overdue } from "./overdue.ts";
import { type Pages, pages } from "./pages.ts";
import { type Probes, probes } from "./probes.ts";
import { Sessions } from "./sessions.ts";

/** What the address tells, and what it works with. */
export interface AdminParts extends Pages {
  readonly health: Health;
  /** Of a clock that never goes back, in milliseconds. */
  readonly monotonic: () => number;
  /** Calls back again and again, every so many milliseconds, and gives what ends that. */
  readonly every: (milliseconds: number, act: () => void) => () => void;
}

/** Where to listen. */
export interface AdminAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** An address that is served. */
export interface Admin {
  readonly port: number;
  close(): void;
}

// A few of Prometheus, of the node's probes, and of people.
const LIMITS = { maxConnections: 64, maxConnectionsPerAddress: 16 };
/** How long a connection of HTTP/1 may last, in milliseconds: it serves one request. */
const PAGE_MS = 10_000;
const SWEEP_MS = 1000;
const MOST_HEADER_BYTES = 8192;
/** What a client of HTTP/2 says first. RFC 9113, 3.4. No method of HTTP/1 begins so. */
const PREFACE = Buffer.from("PRI * HTTP/2.0");

/**
 * Serves until it is closed.
 *
 * @throws what listening throws
 */
export async function serveAdmin({ host, port }: AdminAddress, parts: AdminParts): Promise<Admin> {
  const http = createHttpServer({ maxHeaderSize: MOST_HEADER_BYTES, keepAlive: false }, pages(parts));
  const grpc = probes(parts.health);
  const connections = new Connections({
    limits: LIMITS,
    clock: parts.monotonic,
    // A probe sends no message to speak of.
    sessions: new Sessions(parts.monotonic, 0),
  });
  const overdue = new Overdue<Socket>(PAGE_MS, parts.monotonic, (socket) => socket.destroy());
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    const begun = overdue.begin(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      open.delete(socket);
      overdue.end(begun);
    });
    sort(socket, { http, grpc, settled: () => overdue.end(begun) });
  });
  try {
    await listening(server, host, port);
  } catch (error) {
    connections.stop();
    grpc.close();
    throw error;
  }
  const at = portOf(server);
  connections.watch(at);
  const forget = parts.every(SWEEP_MS, () => {
    connections.sweep();
    overdue.sweep();
  });
  return {
    port: at,
    close() {
      forget();
      connections.stop();
      grpc.close();
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Hands a connection to who speaks its protocol, once it has said which. */
function sort(
  socket: Socket,
  { http, grpc, settled }: { readonly http: HttpServer; readonly grpc: Probes; readonly settled: () => void },
): void {
  let seen = Buffer.alloc(0);
  const look = (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk]);
    const isPreface = seen.length < PREFACE.length ? PREFACE.subarray(0, seen.length).equals(seen) : isHttp2(seen);
    if (isPreface && seen.length < PREFACE.length) return;
    socket.off("data", look);
    socket.pause();
    socket.unshift(seen);
    if (!isPreface) {
      http.emit("connection", socket);
      // It was paused to be handed over.
      socket.resume();
      return;
    }
    settled();
    grpc.take(socket);
  };
  socket.on("data", look);
}

function isHttp2(seen: Buffer): boolean {
  return seen.subarray(0, PREFACE.length).equals(PREFACE);
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      // What goes wrong with one connection afterwards, such as no file descriptor for it, is no end of the others.
      server.on("error", () => undefined);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  const at = server.address();
  if (at === null || typeof at === "string") throw new Error("an address of TCP has a port");
  return at.port;
}
