// Which sessions of HTTP/2 are open, and how they are closed without losing a call.

import type { Http2Server, Http2Session, ServerHttp2Stream } from "node:http2";
import { Server as NetServer } from "node:net";

/** Knows the servers and the sessions of a process by their streams. */
export class Sessions {
  readonly #servers = new Set<Http2Server>();
  readonly #openStreams = new Map<Http2Session, number>();
  #onEmpty: (() => void) | undefined;

  /** How many have had a call, and are open. */
  get open(): number {
    return this.#openStreams.size;
  }

  /** Looks after a server that listens. */
  attend(server: Http2Server): void {
    this.#servers.add(server);
  }

  /** Counts a stream until it is closed. */
  note(stream: ServerHttp2Stream): void {
    const { session } = stream;
    if (session === undefined) return;
    const open = this.#openStreams.get(session);
    if (open === undefined) session.once("close", () => this.#ended(session));
    this.#openStreams.set(session, (open ?? 0) + 1);
    stream.once("close", () => {
      const left = this.#openStreams.get(session);
      // A session may be closed before its streams are.
      if (left !== undefined) this.#openStreams.set(session, left - 1);
    });
  }

  /** Takes no new connections any more. Those that are open go on. */
  stopListening(): void {
    // Later lines of Node.js have a `close` of HTTP/2, which closes the sessions too, however busy.
    for (const server of this.#servers) if (server.listening) NetServer.prototype.close.call(server);
  }

  /**
   * Closes sessions. A client learns of it by a GOAWAY with the last stream that was taken: what it sends meanwhile was
   * never looked at, and gRPC sends it again elsewhere. Proxies may not, so those without a stream are closed first.
   *
   * @param which `idle`, or all: their streams still end as they would have
   */
  close(which: "idle" | "all"): void {
    for (const [session, streams] of this.#openStreams) {
      if (!session.closed && (which === "all" || streams === 0)) session.close();
    }
  }

  /** Resolves when no session is open any more. */
  empty(): Promise<void> {
    if (this.#openStreams.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  #ended(session: Http2Session): void {
    this.#openStreams.delete(session);
    if (this.#openStreams.size === 0) this.#onEmpty?.();
  }
}
