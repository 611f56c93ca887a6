// An output under the control of a test, and a trail that writes to it.

import { BEGINNING } from "../../src/audit/chain.ts";
import { Trail, type TrailParts } from "../../src/audit/trail.ts";
import type { Output } from "../../src/audit/writer.ts";

/** The time of all records: 2027-01-15T08:00:00Z. */
export const NOW = 1_800_000_000_000;

/** What an output does with a write. */
export type Behaviour = "takes" | "blocks" | "fails" | { readonly room: number };

/** An output that takes, blocks or fails as the test says. */
export class Sink implements Output {
  behaviour: Behaviour = "takes";
  /** The most bytes of one write. */
  atOnce = Number.POSITIVE_INFINITY;
  closed = false;
  readonly #taken: Uint8Array[] = [];
  #unblock: (() => void)[] = [];

  /** All that was written. */
  get text(): string {
    return Buffer.concat(this.#taken).toString("utf8");
  }

  /** The lines that are whole. */
  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }

  /** The records. */
  get records(): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** How many writes are blocked. */
  get waiting(): number {
    return this.#unblock.length;
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.behaviour === "blocks") await new Promise<void>((resolve) => this.#unblock.push(resolve));
    if (this.behaviour === "fails") throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    const room = typeof this.behaviour === "object" ? this.behaviour.room : bytes.length;
    const size = Math.min(bytes.length, room, this.atOnce);
    if (size === 0) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    if (typeof this.behaviour === "object") this.behaviour = { room: room - size };
    this.#taken.push(Uint8Array.from(bytes.subarray(0, size)));
    return size;
  }

  /** Lets go what is blocked. */
  unblock(behaviour: Behaviour = "takes"): void {
    this.behaviour = behaviour;
    for (const go of this.#unblock.splice(0)) go();
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

/** Timers that elapse when the test says so. */
export class Timers {
  #waiting: { readonly at: number; readonly act: () => void }[] = [];
  now = 0;

  readonly after = (milliseconds: number, act: () => void) => {
    const timer = { at: this.now + milliseconds, act };
    this.#waiting.push(timer);
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== timer);
    };
  };

  /** Lets time pass, and what follows from it happen. */
  async pass(milliseconds: number): Promise<void> {
    this.now += milliseconds;
    const due = this.#waiting.filter(({ at }) => at <= this.now);
    this.#waiting = this.#waiting.filter(({ at }) => at > this.now);
    for (const { act } of due) act();
    await settled();
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** A trail, and what is around it. */
export function trailOf(more: Partial<TrailParts> = {}) {
  const sink = new Sink();
  const timers = new Timers();
  const reports: string[] = [];
  const reopened: Sink[] = [];
  const trail = new Trail({
    output: sink,
    reopen: async () => {
      const next = new Sink();
      reopened.push(next);
      return next;
    },
    last: BEGINNING,
    onFull: "deny",
    start: { release: "0.0.0", names: "plain" },
    now: () => NOW,
    monotonic: () => timers.now,
    after: timers.after,
    report: (state, cause) => reports.push(cause instanceof Error ? `${state}: ${cause.message}` : state),
    ...more,
  });
  trail.start();
  return { trail, sink, timers, reports, reopened };
}
