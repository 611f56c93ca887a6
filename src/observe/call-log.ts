// A line for each call that failed. Whoever is refused goes on calling, so what repeats is counted.

import { Bucket } from "../access/rate.ts";
import type { Log } from "./log.ts";
import { traceOf } from "./trace.ts";

/** A call that failed. All of it is ours, or was fit to be repeated. */
export interface FailedCall {
  /** `BuildToken`. */
  readonly method: string;
  /** Why, as the contract names it. */
  readonly reason: string;
  /** Undefined for one that was refused on its headers. */
  readonly requestId: string | undefined;
  /** The ID of its caller; undefined for a stranger. */
  readonly caller: string | undefined;
  /** The address at the other end. */
  readonly peer: string | undefined;
  /** What went wrong in this program, if something did. */
  readonly cause?: unknown;
}

/** Lines of one kind: so many at once, and one a second. */
const RATE = { rate: 1, burst: 5 };
/** Kinds that are remembered: a caller, a method and a reason each. */
const MOST_KINDS = 1000;

/** The reasons that are the service's own trouble. */
const OURS: ReadonlySet<string> = new Set(["INTERNAL", "AUDIT_UNAVAILABLE", "NO_SIGNING_CERTIFICATE"]);

/** Writes lines for calls that failed. */
export class CallLog {
  readonly #log: Log;
  readonly #clock: () => number;
  readonly #kinds = new Map<string, { readonly bucket: Bucket; held: number }>();

  /** @param clock never goes back, in milliseconds */
  constructor(log: Log, clock: () => number) {
    this.#log = log;
    this.#clock = clock;
  }

  failed({ method, reason, requestId, caller, peer, cause }: FailedCall): void {
    const level = OURS.has(reason) ? "error" : "info";
    if (!this.#log.tells(level)) return;
    const kind = this.#kindOf(`${caller} ${method} ${reason}`);
    if (kind.bucket.take(1, this.#clock()) > 0) {
      kind.held++;
      return;
    }
    const held = kind.held;
    kind.held = 0;
    this.#log[level]("call", {
      ...(requestId !== undefined && { request_id: requestId }),
      ...(caller !== undefined && { caller }),
      ...(peer !== undefined && { peer }),
      method,
      reason,
      // As many before this one were like it, and have no line.
      ...(held > 0 && { suppressed: held }),
      ...(cause !== undefined && traceOf(cause)),
    });
  }

  /** A call that was refused, since there was too much. Who made it is not known yet. */
  shed(why: string): void {
    const kind = this.#kindOf(`shed ${why}`);
    if (kind.bucket.take(1, this.#clock()) > 0) kind.held++;
    else {
      this.#log.warn("shed", { why, ...(kind.held > 0 && { suppressed: kind.held }) });
      kind.held = 0;
    }
  }

  #kindOf(key: string): { readonly bucket: Bucket; held: number } {
    const known = this.#kinds.get(key);
    if (known) return known;
    if (this.#kinds.size >= MOST_KINDS) this.#kinds.clear();
    const kind = { bucket: new Bucket(RATE, this.#clock()), held: 0 };
    this.#kinds.set(key, kind);
    return kind;
  }
}
