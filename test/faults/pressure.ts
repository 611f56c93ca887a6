// Load by hand, from one process that needs little of the machine for it: the server is what is measured.
import type { ConnectionOptions } from "node:tls";
import { CALL_HEADERS, Calls, FLAG, type OnFrame, RawConnection, TYPE, valueIn } from "./frames.ts";
import { pause } from "./load.ts";

/** What became of the calls of a while. */
export interface Counts {
  sent: number;
  ok: number;
  /** Answered with a status and no message. */
  refused: number;
  /** Ended without a status, though the server looked at it. */
  reset: number;
  /** Not sent, as every connection had as many calls as it may have; or not looked at, as it had just become too many. */
  held: number;
  /** In milliseconds, of those that were answered with a token. */
  readonly okMs: number[];
  /** The same, of those that were refused. */
  readonly refusedMs: number[];
}

/** How the calls are made. */
export interface PressureOptions {
  /** Headers beyond those that every call has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The client's side of TLS. Without it, connections are not secured. */
  readonly secure?: ConnectionOptions;
}

/** A setting, and why a stream is reset that was not looked at. RFC 9113, 6.5.2 and 7. */
const MAX_CONCURRENT_STREAMS = 3;
const REFUSED_STREAM = 7;
const TICK_MS = 5;
const MOST_TICKS = 4;
/** What a client of good manners has open, where the server allows it. */
const MOST_STREAMS = 100;

/** Calls from some connections. */
export class Pressure {
  readonly #connections: Line[];
  /** Those that the server has closed, which have answers to come. */
  #leaving: Line[] = [];
  #next = 0;
  counts: Counts = none();

  constructor(address: string, connections: number, { headers, secure }: PressureOptions = {}) {
    const calls = new Calls({ ...CALL_HEADERS, ...(secure && { ":scheme": "https" }), ...headers });
    const counts = () => this.counts;
    const line = () =>
      new Line(address, { calls, counts, secure, onLeaving: (left, unseen) => this.#replace(left, line, unseen) });
    this.#connections = Array.from({ length: connections }, line);
  }

  /** Waits for each answer before the next call, with so many calls at a time, for so many milliseconds. */
  async closed(inFlight: number, milliseconds: number): Promise<Counts> {
    this.counts = none();
    const share = Math.ceil(inFlight / this.#connections.length);
    for (const line of this.#connections) line.keep(share);
    await pause(milliseconds);
    for (const line of this.#connections) line.keep(0);
    await this.#quiet();
    return this.counts;
  }

  /**
   * Waits for no answer: so many calls a second, for so many milliseconds. Where this process did not get its turn in time,
   * it does not make up for it: that would be a burst.
   */
  async open(rate: number, milliseconds: number): Promise<Counts> {
    this.counts = none();
    const began = performance.now();
    let last = began;
    let due = 0;
    while (last - began < milliseconds) {
      await pause(TICK_MS);
      const now = performance.now();
      due += Math.min(now - last, MOST_TICKS * TICK_MS) * (rate / 1000);
      last = now;
      for (; due >= 1; due--) this.#free()?.call();
    }
    await this.#quiet();
    return this.counts;
  }

  end(): void {
    for (const line of [...this.#connections, ...this.#leaving]) line.end();
  }

  /** A server closes connections of a certain age, and clients come back. */
  #replace(left: Line, line: () => Line, unseen: number): void {
    const at = this.#connections.indexOf(left);
    if (at < 0) return;
    const next = line();
    this.#connections[at] = next;
    this.#leaving = [...this.#leaving.filter(({ open }) => open > 0), left];
    next.keep(left.kept);
    for (let call = 0; call < unseen; call++) next.call();
  }

  /** The next connection that may have another call. A client of good manners keeps to the limit of the server. */
  #free(): Line | undefined {
    for (let tried = 0; tried < this.#connections.length; tried++) {
      const line = this.#connections[this.#next++ % this.#connections.length];
      if (line && line.open < line.most) return line;
    }
    this.counts.held++;
    return undefined;
  }

  async #quiet(): Promise<void> {
    for (const until = performance.now() + 15_000; performance.now() < until; await pause(TICK_MS)) {
      if ([...this.#connections, ...this.#leaving].every(({ open }) => open === 0)) return;
    }
  }
}

function none(): Counts {
  return { sent: 0, ok: 0, refused: 0, reset: 0, held: 0, okMs: [], refusedMs: [] };
}

/** What a line works with. */
interface LineParts {
  readonly calls: Calls;
  readonly counts: () => Counts;
  readonly secure: ConnectionOptions | undefined;
  /** Is told when the server takes no more calls on it, and how many it did not look at. */
  readonly onLeaving: (line: Line, unseen: number) => void;
}

/** Calls on one connection. */
class Line {
  readonly #connection: RawConnection;
  readonly #parts: LineParts;
  readonly #since = new Map<number, number>();
  readonly #answered = new Set<number>();
  /** How many calls it may have open. */
  most = MOST_STREAMS;
  #stream = 1;
  #keep = 0;

  constructor(address: string, parts: LineParts) {
    this.#parts = parts;
    const take: OnFrame = (type, flags, stream, payload) => this.#take(type, flags, stream, payload);
    this.#connection = new RawConnection(address, take, parts.secure).open();
  }

  /** How many calls it keeps open. */
  get kept(): number {
    return this.#keep;
  }

  get open(): number {
    return this.#since.size;
  }

  call(): void {
    this.#parts.counts().sent++;
    this.#since.set(this.#stream, performance.now());
    this.#connection.send(this.#parts.calls.on(this.#stream));
    this.#stream += 2;
  }

  keep(count: number): void {
    this.#keep = count;
    this.#fill();
  }

  end(): void {
    this.#connection.end();
  }

  #take(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === TYPE.SETTINGS) {
      this.most = Math.min(MOST_STREAMS, valueIn(payload, MAX_CONCURRENT_STREAMS) ?? this.most);
      this.#fill();
    }
    if (type === TYPE.GOAWAY) this.#leave(payload.readUInt32BE(0));
    if (type === TYPE.DATA) this.#answered.add(stream);
    if (type === TYPE.RST_STREAM) this.#over(stream, payload.readUInt32BE(0) === REFUSED_STREAM ? "held" : "reset");
    else if (type <= TYPE.HEADERS && (flags & FLAG.END_STREAM) !== 0) {
      this.#over(stream, this.#answered.delete(stream) ? "ok" : "refused");
    }
  }

  #leave(last: number): void {
    const unseen = [...this.#since.keys()].filter((stream) => stream > last);
    for (const stream of unseen) this.#since.delete(stream);
    this.#parts.counts().sent -= unseen.length;
    this.most = 0;
    this.#parts.onLeaving(this, unseen.length);
    this.#keep = 0;
  }

  #over(stream: number, how: "ok" | "refused" | "reset" | "held"): void {
    const since = this.#since.get(stream);
    if (since === undefined) return;
    this.#since.delete(stream);
    const counts = this.#parts.counts();
    counts[how]++;
    if (how === "held") counts.sent--;
    if (how === "ok" || how === "refused") counts[`${how}Ms`].push(performance.now() - since);
    this.#fill();
  }

  #fill(): void {
    while (this.open < Math.min(this.#keep, this.most)) this.call();
  }
}
