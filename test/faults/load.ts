// Callers that call on and on, and count what became of their calls.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { createChannel } from "nice-grpc";
import { type BuildTokenRequestSchema, RtcRole } from "../../gen/agora/token/v1/token_pb.ts";
import { createTokenClient } from "../../src/client/client.ts";
import { clientOf } from "../e2e/client.ts";

/** A request that the configuration of the tests permits. */
export const REQUEST = {
  project: "live",
  expiration: { case: "ttl" as const, value: { seconds: 60n } },
  grants: [{ service: { case: "rtc" as const, value: { channelName: "room-1", uid: 1, role: RtcRole.PUBLISHER } } }],
} satisfies MessageInitShape<typeof BuildTokenRequestSchema>;

/** What gRPC's own client takes turns by. What no server has looked at, it sends again to another by itself. */
const TAKING_TURNS = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });

/** How a load calls. */
export interface LoadOptions {
  /** Calls at a time. */
  readonly inFlight: number;
  /** How long to pause between one call and the next of the same caller, in milliseconds. */
  readonly pauseMs?: number;
  /** Which client: that of this package, which tries again, or gRPC's own as it is. The default is `grpc`. */
  readonly client?: "ours" | "grpc";
  /** How long a call may take, in milliseconds. */
  readonly deadlineMs?: number;
}

/** Calls to some addresses, until it is stopped. */
export class Load {
  readonly #client: { buildToken(request: typeof REQUEST, options: { signal: AbortSignal }): Promise<unknown> };
  readonly #close: () => void;
  readonly #failures = new Map<string, number>();
  readonly #callers: Promise<void>[];
  readonly #options: LoadOptions;
  readonly latencies: number[] = [];
  #stopped = false;
  #calls = 0;
  #longest = 0;

  constructor(addresses: readonly string[], options: LoadOptions) {
    this.#options = options;
    if (options.client === "ours") {
      const client = createTokenClient(addresses);
      this.#client = client;
      this.#close = client.close;
    } else {
      const channel = createChannel(`ipv4:${addresses.join(",")}`, undefined, {
        "grpc.service_config": TAKING_TURNS,
        // A client that waits for minutes before it looks for a server that was away would hide what happened to it.
        "grpc.initial_reconnect_backoff_ms": 100,
        "grpc.max_reconnect_backoff_ms": 1000,
      });
      this.#client = clientOf(channel);
      this.#close = () => channel.close();
    }
    this.#callers = Array.from({ length: options.inFlight }, () => this.#callOnAndOn());
  }

  get calls(): number {
    return this.#calls;
  }

  get failed(): number {
    return [...this.#failures.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Calls and failures, for a row. */
  get counted(): { readonly calls: number; readonly failed: number } {
    return { calls: this.calls, failed: this.failed };
  }

  /** How often which failure came: `UNAVAILABLE: ...`. */
  get failures(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#failures);
  }

  /** The longest time between two answers, in milliseconds. */
  get longestGapMs(): number {
    return Math.round(this.#longest);
  }

  /** Waits until so many more calls have been made. */
  async more(calls: number): Promise<void> {
    const until = this.#calls + calls;
    while (this.#calls < until) await pause(5);
  }

  /** Ends, and waits for what is in progress. */
  async stop(): Promise<this> {
    this.#stopped = true;
    await Promise.all(this.#callers);
    this.#close();
    return this;
  }

  async #callOnAndOn(): Promise<void> {
    const { pauseMs, deadlineMs = 10_000 } = this.#options;
    let last = performance.now();
    while (!this.#stopped) {
      const began = performance.now();
      try {
        await this.#client.buildToken(REQUEST, { signal: AbortSignal.timeout(deadlineMs) });
      } catch (error) {
        const what = String(error);
        this.#failures.set(what, (this.#failures.get(what) ?? 0) + 1);
      }
      this.#calls++;
      const now = performance.now();
      this.latencies.push(now - began);
      this.#longest = Math.max(this.#longest, now - last);
      last = now;
      if (pauseMs) await pause(pauseMs);
    }
  }
}

/** Waits, in milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The value that so many hundredths of all are not above. */
export function percentile(values: readonly number[], hundredths: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * hundredths) / 100))] ?? 0);
}
