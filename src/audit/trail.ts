// From the decision to the line: a queue that is bounded, and one write after the other.

import { Bucket } from "../access/rate.ts";
import { Failure } from "../failure.ts";
import type { Link } from "./chain.ts";
import { type Entry, Queue } from "./queue.ts";
import { eventBody, REOPENED, STARTED, STOPPED } from "./record.ts";
import { NOTHING, Untold, withAside } from "./untold.ts";
import { ChainWriter, type Output, type Written } from "./writer.ts";

/** What a trail works with. */
export interface TrailParts {
  readonly output: Output;
  /** Opens the output anew, for rotation. */
  readonly reopen: () => Promise<Output>;
  /** The record that the next one follows. */
  readonly last: Link;
  /** What happens to a call whose record cannot be written: it is refused, or goes on without the record. */
  readonly onFull: "deny" | "drop";
  /** What the records of this process begin with. */
  readonly start: { readonly release: string; readonly names: string };
  /** Tells the time, in milliseconds since 1970. */
  readonly now: () => number;
  /** Of a clock that never goes back, in milliseconds. */
  readonly monotonic: () => number;
  /** Calls back once, after so many milliseconds, and gives what prevents it. */
  readonly after: (milliseconds: number, act: () => void) => () => void;
  /** Calls back soon, once what is at hand was done, so that one write takes all of it. Without it, at once. */
  readonly soon?: (act: () => void) => void;
  /** Is told, for operators, when writing begins to fail, and when it succeeds again. */
  readonly report: (state: "failing" | "recovered", cause: unknown) => void;
}

/** How a trail does, for metrics. */
export interface TrailState {
  readonly queuedBytes: number;
  /** Records given up under `drop`; calls refused under `deny`. */
  readonly lost: number;
  /** Refusals that were counted and not recorded. */
  readonly suppressed: number;
  /** Whether the last write succeeded, and in time. */
  readonly healthy: boolean;
}

/** How long a write may take until no call waits for it any more, in milliseconds. */
const PATIENCE_MS = 1000;
/** After how long a write that failed is tried again, in milliseconds. */
const RETRY_MS = 250;
/** How long the last records may take when the process stops, in milliseconds. */
const FAREWELL_MS = 2000;
/** How many of the refusals that anybody can cause are recorded. */
const SAMPLE = { rate: 10, burst: 50 };
const DONE = Promise.resolve();

/** Writes records in the order in which they are handed over. */
export class Trail {
  readonly #parts: TrailParts;
  readonly #writer: ChainWriter;
  readonly #samples: Bucket;
  readonly #total = { lost: 0, suppressed: 0 };
  readonly #untold = new Untold();
  readonly #queue = new Queue();
  #inFlight: readonly Entry[] = [];
  #started = false;
  #busy = false;
  #healthy = true;
  /** Whether calls may wait for a write. After a failure none does, until it is time to try again. */
  #accepts = true;
  #reopening = false;
  /** Whether the record that is cut short is of a call that was refused. */
  #cutIsRefused = false;
  /** What the record that is cut short tells beside its own. */
  #cutTells = NOTHING;
  #idle: (() => void) | undefined;

  constructor(parts: TrailParts) {
    this.#parts = parts;
    this.#writer = new ChainWriter(parts.output, parts.last);
    this.#samples = new Bucket(SAMPLE, parts.monotonic());
  }

  get #lostKey(): string {
    return this.#parts.onFull === "deny" ? "refused" : "dropped";
  }

  get state(): TrailState {
    return { queuedBytes: this.#queue.bytes, ...this.#total, healthy: this.#healthy };
  }

  /**
   * Hands over the records of one call. Under `deny` it resolves once they are written, so that the answer may leave;
   * under `drop` at once.
   *
   * @throws Failure AUDIT_UNAVAILABLE under `deny`, if they cannot be written now
   */
  record(bodies: readonly string[]): Promise<void> {
    if (this.#parts.onFull === "drop") {
      if (!this.#push(bodies)) this.#lose(bodies.length);
      return DONE;
    }
    return new Promise((resolve, reject) => {
      const settle = (written: boolean) => (written ? resolve() : reject(new Failure("AUDIT_UNAVAILABLE")));
      if (this.#accepts && this.#push(bodies, settle)) return;
      this.#lose(1);
      settle(false);
    });
  }

  /** Records some of the refusals that anybody can cause as often as they like, and counts the others. */
  sample(body: () => string): void {
    const chosen = this.#samples.take(1, this.#parts.monotonic()) === 0;
    if (chosen && this.#accepts && this.#push([body()])) return;
    this.#total.suppressed++;
    this.#untold.add({ suppressed: 1 });
  }

  /** Goes on in an output that is opened anew. If it cannot be opened, the one so far stays. */
  reopen(): void {
    this.#reopening = true;
    this.#pump();
  }

  /** Writes what is left, if that is possible, and lets go of the output. */
  async close(): Promise<void> {
    this.#push([eventBody(STOPPED, this.#parts.now())]);
    const written = new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    this.#pump();
    await this.#withinFarewell(written);
    await this.#withinFarewell(this.#writer.close().catch(() => undefined));
  }

  /** Records that the process has started, before anything else. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#push([eventBody(STARTED, this.#parts.now(), this.#parts.start)]);
  }

  #push(bodies: readonly string[], settle?: Entry["settle"]): boolean {
    this.start();
    const pushed = this.#queue.push(bodies, settle);
    this.#pump();
    return pushed;
  }

  #pump(): void {
    if (this.#busy) return;
    if (this.#queue.isEmpty && !this.#reopening && !this.#writer.isCut) {
      this.#idle?.();
      return;
    }
    this.#busy = true;
    if (this.#parts.soon) this.#parts.soon(() => void this.#turn());
    else void this.#turn();
  }

  async #turn(): Promise<void> {
    const calm = this.#parts.after(PATIENCE_MS, () => this.#fail(new Error(`a write takes over ${PATIENCE_MS} ms`)));
    if (this.#reopening) await this.#reopen();
    const error = await this.#writeBatch();
    calm();
    if (error === undefined) {
      this.#busy = false;
      this.#pump();
    } else {
      this.#fail(error);
      this.#parts.after(RETRY_MS, () => {
        this.#accepts = true;
        this.#busy = false;
        this.#pump();
      });
    }
  }

  async #reopen(): Promise<void> {
    this.#reopening = false;
    try {
      const cut = await this.#writer.replace(await this.#parts.reopen());
      const again = cut !== undefined && !this.#cutIsRefused ? [cut] : [];
      if (cut !== undefined && this.#cutIsRefused) this.#untold.add(this.#cutTells);
      // It comes first, so that no file is without the number of its last record.
      this.#queue.pushFirst([eventBody(REOPENED, this.#parts.now()), ...again]);
    } catch (error) {
      this.#parts.report("failing", error);
    }
  }

  /** Writes some of what waits. Gives why that failed, if it did. */
  async #writeBatch(): Promise<unknown> {
    const entries = this.#queue.take();
    const told = entries.length > 0 ? this.#untold.take() : NOTHING;
    const bodies: string[] = [];
    for (const entry of entries) for (const body of entry.bodies) bodies.push(body);
    const [first] = bodies;
    if (first !== undefined) bodies[0] = withAside(first, told, this.#lostKey);
    this.#inFlight = entries;
    const written = await this.#writer.write(bodies);
    this.#inFlight = [];
    if (written.completed !== undefined && this.#cutIsRefused) {
      this.#untold.add({ undelivered: [written.completed] });
    }
    if (written.count === 0 && !written.cut) this.#untold.add(told);
    if (written.cut) this.#cutTells = written.count === 0 ? told : NOTHING;
    // First, so that no call goes on while its trail still says that it fails.
    if (written.error === undefined) this.#recover();
    this.#settle(entries, written);
    return written.error;
  }

  #settle(entries: readonly Entry[], { count, firstSeq, cut }: Written): void {
    const again: Entry[] = [];
    let at = 0;
    for (const entry of entries) {
      if (!entry.refused && at + entry.bodies.length <= count) {
        at += entry.bodies.length;
        this.#finish(entry);
        continue;
      }
      const whole = Math.max(0, Math.min(entry.bodies.length, count - at));
      const isCut = cut && at <= count && count < at + entry.bodies.length;
      if (whole < entry.bodies.length) this.#refuse(entry);
      if (isCut) this.#cutIsRefused = entry.refused;
      if (entry.refused) this.#untold.add({ undelivered: numbersFrom(firstSeq + at, whole) });
      const left = entry.refused ? [] : entry.bodies.slice(whole + (isCut ? 1 : 0));
      if (left.length > 0) again.push({ ...entry, bodies: left });
      else this.#finish(entry);
      at += entry.bodies.length;
    }
    this.#queue.putBack(again);
  }

  #finish(entry: Entry): void {
    this.#queue.done(entry);
    entry.settle?.(true);
  }

  #fail(error: unknown): void {
    if (this.#healthy) this.#parts.report("failing", error);
    this.#healthy = false;
    this.#accepts = false;
    for (const entry of [...this.#inFlight, ...this.#queue.takeAwaited()]) this.#refuse(entry);
  }

  #refuse(entry: Entry): void {
    if (!entry.settle) return;
    entry.settle(false);
    entry.settle = undefined;
    entry.refused = true;
    this.#lose(1);
  }

  #lose(count: number): void {
    this.#total.lost += count;
    this.#untold.add({ lost: count });
  }

  #recover(): void {
    if (!this.#healthy) this.#parts.report("recovered", undefined);
    this.#healthy = true;
    this.#accepts = true;
  }

  async #withinFarewell(promise: Promise<void>): Promise<void> {
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#parts.after(FAREWELL_MS, resolve);
    });
    await Promise.race([promise, late]);
    cancel();
  }
}

function numbersFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
