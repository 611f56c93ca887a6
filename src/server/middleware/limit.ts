import type { CallContext } from "nice-grpc";
import { Bucket, type Rate } from "../../access/rate.ts";
import { Failure } from "../../failure.ts";
import { PUSHBACK_TRAILER } from "../headers.ts";
import type { Called } from "./caller.ts";
import type { Named } from "./request-id.ts";
import type { Around } from "./unary.ts";

/** How many calls are let through. */
export interface RateLimits {
  /** In progress, of all callers together. Each request of a batch is one, so that a batch is not worth a hundred. */
  readonly maxInFlight: number;
  readonly perCaller: Rate;
}

/** Why a call is refused: its caller sends too much, or all of them together do. */
export type Excess = "rate" | "in_flight";

/** From so many callers on, those that have not called for a while are forgotten. They are configured, 10,000 at most. */
const MOST_CALLERS = 10_000;
/** How long to wait when too many calls are in progress, in milliseconds: not the same for all. */
const WAITS_MS = [50, 66, 82, 98, 114, 130, 146] as const;

/** Counts the calls of all listeners. */
export class Limiter {
  readonly #limits: RateLimits;
  readonly #clock: () => number;
  readonly #onExcess: ((excess: Excess) => void) | undefined;
  readonly #buckets = new Map<string, Bucket>();
  #inFlight = 0;
  #refused = 0;

  /** @param clock never goes back, in milliseconds */
  constructor(limits: RateLimits, clock: () => number, onExcess?: (excess: Excess) => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onExcess = onExcess;
  }

  /** How much is in progress. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether nothing more may be in progress. */
  get isFull(): boolean {
    return this.#inFlight >= this.#limits.maxInFlight;
  }

  /**
   * Counts a call whose headers have come, as one. Whoever sends too much goes on sending, and to read what is refused would
   * take longer than to answer it.
   *
   * @returns 0, or how long its caller has to wait before it is worth another try, in milliseconds: then it is to be refused
   */
  arrive(caller: string): number {
    const retryAfterMs = this.#bucketOf(caller).take(1, this.#clock());
    if (retryAfterMs > 0) this.#onExcess?.("rate");
    return retryAfterMs;
  }

  /**
   * Lets in a call that has arrived, until {@link leave}. One that is larger than all that may be in progress is let in alone.
   *
   * @param count how many calls it stands for, now that it was read
   * @throws Failure RATE_LIMITED, with how long to wait
   */
  enter(caller: string, count: number): void {
    if (this.#inFlight > 0 && this.#inFlight + count > this.#limits.maxInFlight) {
      this.#bucketOf(caller).give(1);
      const retryAfterMs = WAITS_MS[this.#refused++ % WAITS_MS.length] ?? WAITS_MS[0];
      this.#onExcess?.("in_flight");
      throw new Failure("RATE_LIMITED", { retryAfterMs, detail: "too many calls are in progress" });
    }
    if (count !== 1) this.#recount(caller, count);
    this.#inFlight += count;
  }

  /** A call that was let in is over. */
  leave(count: number): void {
    this.#inFlight -= count;
  }

  // What is taken at once is all or nothing, so the one that it was counted as is not a part of it.
  #recount(caller: string, count: number): void {
    const bucket = this.#bucketOf(caller);
    bucket.give(1);
    const retryAfterMs = bucket.take(count, this.#clock());
    if (retryAfterMs === 0) return;
    this.#onExcess?.("rate");
    throw new Failure("RATE_LIMITED", { retryAfterMs });
  }

  #bucketOf(caller: string): Bucket {
    const known = this.#buckets.get(caller);
    if (known) return known;
    if (this.#buckets.size >= MOST_CALLERS) this.#forget();
    const bucket = new Bucket(this.#limits.perCaller, this.#clock());
    this.#buckets.set(caller, bucket);
    return bucket;
  }

  #forget(): void {
    const now = this.#clock();
    for (const [caller, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(caller);
  }
}

/** How {@link limit} works. */
export interface Limiting {
  readonly limiter: Limiter;
  /** How many calls a request stands for: each request of a batch is one. */
  readonly countOf: (request: unknown) => number;
  /** Is told of each call that is refused. */
  readonly onRefused?: ((context: CallContext & Called & Named, path: string) => void) | undefined;
}

/** Lets through as many calls as may be in progress, and batches as their callers may make, and none that was given up already. */
export function limit({ limiter, countOf, onRefused }: Limiting): Around<object, Called & Named> {
  return async (call, context, proceed) => {
    if (context.signal.aborted) context.signal.throwIfAborted();
    const count = countOf(call.request);
    try {
      limiter.enter(context.caller.id, count);
    } catch (error) {
      if (error instanceof Failure) context.trailer.set(PUSHBACK_TRAILER, String(error.facts.retryAfterMs));
      onRefused?.(context, call.method.path);
      throw error;
    }
    try {
      return await proceed(call, context);
    } finally {
      limiter.leave(count);
    }
  };
}
