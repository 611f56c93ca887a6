// Which sessions of HTTP/2 are open, and how they are closed without losing a call.

import type { Http2Server, Http2Session, ServerHttp2Stream } from "node:http2";
import { Server as NetServer } from "node:net";

/** How long a session may last, in milliseconds: then its client comes back with a new handshake, maybe elsewhere. */
const AGE_MS = 5 * 60_000;
/** By which part of that it may differ from others, so that not all come back at once. */
const JITTER = 0.1;
/** How long a session that is too old may go on with call after call before it is closed all the same, in milliseconds. */
const BUSY_MS = 10_000;
/** When what is open on it then is cut: calls take 10 seconds at most, and watches begin anew. */
const CUT_MS = 10_000;

/** What a session may send in a second besides calls, in bytes: 20,000 of the smallest frames. */
const ASIDE_BYTES = 256 * 1024;
/** What a call may send besides its message, in bytes: headers, and what frames them. */
const HEAD_BYTES = 16 * 1024;
/** So many streams of a session may be refused by nghttp2 before it is told no more that it may have fewer open. */
const MOST_UNAWARE = 700;
const SECOND_MS = 1000;
/** How many calls with huge headers a session may make. */
const MOST_HUGE = 8;

/** What there is to know of a session. */
interface Known {
  /** How many streams are open. */
  streams: number;
  /** When it is too old. */
  readonly oldAt: number;
  /** When it was closed for its age. */
  closedAt?: number;
  /** How many streams began since the last look. */
  begun: number;
  /** What it had sent at the last look, in bytes. */
  bytes: number;
  /** How many of its streams had huge headers. */
  huge: number;
  /** How many of them may last for as long as their client likes. */
  lasting: number;
  /** How many streams it was told that it may have open. */
  told: number;
  /** Whether it has not said yet that it knows. */
  isTelling?: boolean;
  /** How many of its streams may have been refused since it did not know yet. */
  unaware: number;
}

/** Knows the servers and the sessions of a process by their streams. */
export class Sessions {
  readonly #clock: () => number;
  readonly #mostBytes: number;
  readonly #random: () => number;
  readonly #servers = new Set<Http2Server>();
  readonly #most: () => number;
  readonly #mostAtFirst: number;
  readonly #open = new Map<Http2Session, Known>();
  #onEmpty: (() => void) | undefined;
  #lastSweep: number;
  #flooding = 0;

  /**
   * @param clock never goes back, in milliseconds
   * @param maxMessageBytes of a call
   * @param most how many streams a session may have open at this moment; at first, what its servers tell. The default is no limit
   * @param random from 0 to 1
   */
  constructor(
    clock: () => number,
    maxMessageBytes: number,
    most: () => number = () => Number.POSITIVE_INFINITY,
    random: () => number = Math.random,
  ) {
    this.#clock = clock;
    this.#most = most;
    this.#mostAtFirst = most();
    this.#lastSweep = clock();
    this.#mostBytes = maxMessageBytes + HEAD_BYTES;
    this.#random = random;
  }

  /** How many are open. */
  get open(): number {
    return this.#open.size;
  }

  /** How many were cut, since they sent more than their calls can hold. */
  get flooding(): number {
    return this.#flooding;
  }

  /** How many have calls, or had some since the last sweep. */
  get busy(): number {
    let count = 0;
    for (const { streams, begun } of this.#open.values()) if (streams > 0 || begun > 0) count++;
    return count;
  }

  /** Looks after a server that listens. */
  attend(server: Http2Server): void {
    this.#servers.add(server);
    // The session of its very first connection may be there already: its first stream tells of it.
    server.on("session", (session: Http2Session) => this.#knownOf(session));
  }

  /** Counts a stream that begins, and tells its client how many it may have open if that has changed. */
  begin({ session }: ServerHttp2Stream): void {
    if (session === undefined) return;
    const known = this.#knownOf(session);
    known.begun++;
    this.#tell(session, known);
  }

  /**
   * Counts a stream whose headers are huge, and cuts its session if it has had some of them. Node.js keeps what headers it
   * has shown until memory runs short, and a gigabyte of them comes in seconds.
   *
   * @returns whether it is cut
   */
  cuts(stream: ServerHttp2Stream): boolean {
    const { session } = stream;
    if (session === undefined || ++this.#knownOf(session).huge <= MOST_HUGE) return false;
    if (session.destroyed) return true;
    this.#flooding++;
    stream.on("error", ignore);
    session.destroy();
    return true;
  }

  /**
   * Counts a stream until it is closed, and lets go of the call that it was.
   *
   * @param lasts whether it may last for as long as its client likes
   */
  note(stream: ServerHttp2Stream, lasts: boolean): void {
    const { session } = stream;
    if (session === undefined) return;
    const known = this.#knownOf(session);
    known.streams++;
    if (lasts) known.lasting++;
    stream.on("close", () => {
      known.streams--;
      if (lasts) known.lasting--;
      letGo(stream);
    });
    if (lasts) this.#tell(session, known);
  }

  /** Cuts what floods, and closes what is too old, as {@link close} does. To be called every second. */
  sweep(): void {
    const now = this.#clock();
    const seconds = Math.max(1, (now - this.#lastSweep) / SECOND_MS);
    this.#lastSweep = now;
    for (const [session, known] of this.#open) {
      if (this.#floods(session, known, seconds)) {
        this.#flooding++;
        session.destroy();
        continue;
      }
      const { streams, oldAt, closedAt } = known;
      if (closedAt !== undefined && now >= closedAt + CUT_MS) session.destroy();
      if (session.closed || now < oldAt || (streams > 0 && now < oldAt + BUSY_MS)) continue;
      known.closedAt = now;
      session.close();
    }
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
    for (const [session, { streams }] of this.#open) {
      if (!session.closed && (which === "all" || streams === 0)) session.close();
    }
  }

  /** Resolves when no session is open any more. */
  empty(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  // What a client sends before it knows that it may have fewer open is refused by nghttp2, as not looked at, and the client
  // sends it again. Node.js ends a session that had a thousand of those.
  #tell(session: Http2Session, known: Known): void {
    const most = this.#mostFor(known);
    if (most === known.told || known.isTelling || session.closed || session.destroyed) return;
    if (most < known.told) {
      if (known.unaware >= MOST_UNAWARE) return;
      known.unaware += known.told;
    }
    known.told = most;
    known.isTelling = true;
    session.settings({ maxConcurrentStreams: most }, () => {
      known.isTelling = false;
      this.#tell(session, known);
    });
  }

  // A watch does not take the place of a call.
  #mostFor({ lasting }: Known): number {
    return Math.min(this.#mostAtFirst, this.#most() + lasting);
  }

  // Node.js bounds neither frames that are no calls, nor frames of a byte, nor header blocks that are too large for it.
  #floods(session: Http2Session, known: Known, seconds: number): boolean {
    const bytes = session.destroyed ? known.bytes : (session.socket?.bytesRead ?? known.bytes);
    const sent = bytes - known.bytes;
    const may = seconds * ASIDE_BYTES + (known.begun + known.streams) * this.#mostBytes;
    known.bytes = bytes;
    known.begun = 0;
    return sent > may;
  }

  #knownOf(session: Http2Session): Known {
    const seen = this.#open.get(session);
    if (seen) return seen;
    const oldAt = this.#clock() + AGE_MS * (1 + JITTER * (2 * this.#random() - 1));
    const known: Known = {
      streams: 0,
      oldAt,
      begun: 0,
      bytes: 0,
      huge: 0,
      lasting: 0,
      told: this.#mostAtFirst,
      unaware: 0,
    };
    this.#open.set(session, known);
    session.once("close", () => {
      this.#open.delete(session);
      if (this.#open.size === 0) this.#onEmpty?.();
    });
    return known;
  }
}

// Node.js keeps most streams until the old generation is collected, and by its listeners a stream keeps all that was made for its
// call: 8 kB of it. Those that are still to be told of its end are, as they are listed already.
function letGo(stream: ServerHttp2Stream): void {
  stream.removeAllListeners();
  stream.on("error", ignore);
}

// A stream that breaks with its session has nobody to be told.
function ignore(): void {}
