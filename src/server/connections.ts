// How many connections there may be, and how long one may keep silent. Node.js and grpc-js have limits for neither.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Gate } from "./gate.ts";
import { areHuge, type Headers } from "./headers.ts";
import { type Begun, Overdue } from "./overdue.ts";
import { noteRepeats } from "./repeated.ts";
import type { Sessions } from "./sessions.ts";

/** How many connections may be open. */
export interface ConnectionLimits {
  readonly maxConnections: number;
  /** From one address. Unix sockets have none. */
  readonly maxConnectionsPerAddress: number;
}

/** What looking after connections works with. */
export interface ConnectionsParts {
  readonly limits: ConnectionLimits;
  /** Never goes back, in milliseconds. */
  readonly clock: () => number;
  readonly sessions: Sessions;
  /** Refuses calls by their headers. Without one, none is. */
  readonly gate?: Gate | undefined;
  readonly onStream?: WatchStream | undefined;
}

/** What there is to know of connections, for metrics. */
export interface ConnectionState {
  readonly open: number;
  /** Connections that were refused, since there were too many. */
  readonly refused: number;
  /** Connections that were closed, since they said nothing. */
  readonly silent: number;
}

/** Is told of each stream of HTTP/2 as it begins, unless it is shed, before its headers are judged. It must not throw. */
export type WatchStream = (stream: ServerHttp2Stream, headers: Headers) => void;

/** How long a connection may take to say that it is one of HTTP/2, in milliseconds: with TLS, its handshake included. */
const SILENCE_MS = 5000;
const SILENCE_TLS_MS = 15_000;
// What a client must send at once: a preface of 24 bytes, and the 9 at the least of its settings. RFC 9113, 3.4.
const OPENING_BYTES = 33;

/** Documented: Node.js publishes each connection of each server of the process here. */
const CHANNEL = "net.server.socket";

/** Looks after the connections of listeners, all together. */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #sessions: Sessions;
  readonly #gate: Gate | undefined;
  readonly #onStream: WatchStream | undefined;
  readonly #open = new Map<Socket, Begun<Socket>>();
  readonly #byAddress = new Map<string, number>();
  readonly #ours = new WeakSet<object>();
  readonly #places = new Set<number | string>();
  readonly #silent: Overdue<Socket>;
  readonly #silentTls: Overdue<Socket>;
  readonly #onSocket = (message: unknown) => this.#connected((message as { readonly socket: Socket }).socket);
  #refused = 0;
  #silenced = 0;

  constructor({ limits, clock, sessions, gate, onStream }: ConnectionsParts) {
    this.#limits = limits;
    this.#sessions = sessions;
    this.#gate = gate;
    this.#onStream = onStream;
    const silence = (socket: Socket) => {
      this.#silenced++;
      socket.destroy();
    };
    this.#silent = new Overdue(SILENCE_MS, clock, (socket) => {
      if (socket.bytesRead < OPENING_BYTES) silence(socket);
    });
    this.#silentTls = new Overdue(SILENCE_TLS_MS, clock, silence);
    subscribe(CHANNEL, this.#onSocket);
  }

  get state(): ConnectionState {
    return { open: this.#open.size, refused: this.#refused, silent: this.#silenced };
  }

  /**
   * Looks after a listener from now on, before its first connection.
   *
   * @param place the port or the path that it listens on
   */
  watch(place: number | string): void {
    this.#places.add(place);
  }

  /** Closes what is silent for too long. To be called every second. */
  sweep(): void {
    this.#silent.sweep();
    this.#silentTls.sweep();
  }

  /** Looks after no connection any more. */
  stop(): void {
    unsubscribe(CHANNEL, this.#onSocket);
  }

  #connected(socket: Socket): void {
    const server = serverOf(socket);
    if (!server || !this.#isOurs(server)) return;
    const address = socket.remoteAddress;
    const fromThere = address === undefined ? 0 : (this.#byAddress.get(address) ?? 0);
    if (this.#open.size >= this.#limits.maxConnections || fromThere >= this.#limits.maxConnectionsPerAddress) {
      this.#refused++;
      socket.destroy();
      return;
    }
    const silent = isSecure(server) ? this.#silentTls : this.#silent;
    const begun = silent.begin(socket);
    this.#open.set(socket, begun);
    if (address !== undefined) this.#byAddress.set(address, fromThere + 1);
    socket.once("close", () => {
      silent.end(begun);
      this.#open.delete(socket);
      this.#left(address);
    });
  }

  #left(address: string | undefined): void {
    if (address === undefined) return;
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }

  #isOurs(server: Http2Server): boolean {
    if (this.#ours.has(server)) return true;
    const at = server.address();
    if (at === null || !this.#places.has(typeof at === "string" ? at : at.port)) return false;
    this.#ours.add(server);
    this.#attend(server);
    return true;
  }

  /** Attends to the streams of a server before grpc-js does. */
  #attend(server: Http2Server): void {
    this.#sessions.attend(server);
    // Between Node.js and grpc-js, and not beside it: what is refused here, grpc-js never sees.
    const others = server.listeners("stream");
    server.removeAllListeners("stream");
    server.on("stream", (stream: ServerHttp2Stream, headers: Headers, flags: number, raw: readonly string[]) => {
      this.#sessions.begin(stream);
      if (areHuge(raw) && this.#sessions.cuts(stream)) return;
      if (this.#gate?.sheds(stream, headers)) return;
      this.#sessions.note(stream, this.#gate?.lasts(headers) ?? false);
      this.#onStream?.(stream, headers);
      noteRepeats(stream, raw);
      if (this.#gate?.refuses(stream, headers, raw)) return;
      for (const other of others) other.call(server, stream, headers, flags, raw);
    });
    if (!isSecure(server)) return;
    server.on("session", (session: ServerHttp2Session) => {
      session.once("remoteSettings", () => this.#spoken(session));
    });
  }

  // A session shows its TLS socket, and not the one under it: they have the ports in common.
  #spoken({ socket: { remoteAddress, remotePort } }: ServerHttp2Session): void {
    for (const [socket, begun] of this.#open) {
      if (socket.remotePort === remotePort && socket.remoteAddress === remoteAddress) this.#silentTls.end(begun);
    }
  }
}

/** The server that accepted a connection. Not documented, and there since Node.js 0.x; a test holds it. */
function serverOf(socket: Socket): Http2Server | undefined {
  return (socket as Socket & { readonly server?: Http2Server }).server;
}

function isSecure(server: Http2Server): boolean {
  return "setSecureContext" in server;
}
