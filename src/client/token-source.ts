import { inspect } from "node:util";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { Status } from "nice-grpc";
import type { BuildTokenRequestSchema, IssuedToken, TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import type { UnaryMethod } from "./connection.ts";
import { TokenServiceError } from "./error.ts";
import { backOff } from "./retry.ts";
import { systemTiming, type Timing } from "./timing.ts";

/** What a source calls, as far as it tells. */
export interface TokenSourceOptions {
  /** Is given each new token: the place to push it on. */
  readonly onToken?: (token: IssuedToken) => void;
  /** Is told why a new token could not be had, and until when the current one is good, if there is one. */
  readonly onFailure?: (error: TokenServiceError, goodUntil: Date | undefined) => void;
  /** For tests. */
  readonly timing?: Timing;
}

/** Whatever can build a token: a {@link TokenClient}. */
interface Builder {
  readonly buildToken: UnaryMethod<(typeof TokenService)["method"]["buildToken"]>;
}

interface Held {
  readonly token: IssuedToken;
  /** By the clock of this machine, in milliseconds since 1970. */
  readonly goodUntil: number;
}

interface Failed {
  readonly error: TokenServiceError;
  /** How many times in a row. */
  readonly times: number;
  /** Before this, no token is asked for on demand. */
  readonly notBefore: number;
}

const METHOD = "BuildToken";
/** Up to this part of the time until the renewal, it is early, so that many sources do not ask at once. */
const EARLY = 0.1;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;
// The server counts in whole seconds, rounded down.
const ROUNDING_MS = 1000;

/**
 * Keeps a token fresh: asks for a new one ahead of its `renew_time`, serves the current one meanwhile, and asks until
 * it expires if the service cannot be reached. Lengths of time are counted from when it asked, so that the clocks of
 * the two machines need not agree. It does not keep the process alive, and shows no token when it is printed.
 */
export class TokenSource {
  readonly #builder: Builder;
  readonly #request: MessageInitShape<typeof BuildTokenRequestSchema>;
  readonly #options: TokenSourceOptions;
  readonly #timing: Timing;
  readonly #ending = new AbortController();
  #held: Held | undefined;
  #failed: Failed | undefined;
  /** The one request that is under way. */
  #flight: Promise<void> | undefined;
  /** When to ask next, and what prevents it. */
  #next: { readonly at: number; readonly cancel: () => void } | undefined;

  /**
   * @param request what to build, with a `ttl`. It is sent unchanged each time
   * @throws TypeError if it has no `ttl`: a token until a certain time cannot be kept fresh
   */
  constructor(
    builder: Builder,
    request: MessageInitShape<typeof BuildTokenRequestSchema>,
    options: TokenSourceOptions = {},
  ) {
    if (request.expiration?.case !== "ttl") {
      throw new TypeError("the request has no ttl: what is good until a certain time cannot be kept fresh");
    }
    this.#builder = builder;
    this.#request = request;
    this.#options = options;
    this.#timing = options.timing ?? systemTiming;
  }

  /**
   * The current token, at once if there is one. The first call asks for it; from then on it is kept fresh.
   *
   * @throws TokenServiceError if there is none: its cause is why the last request for one failed
   */
  async get(): Promise<IssuedToken> {
    const now = this.#timing.now();
    const held = this.#good(now);
    if (held) {
      // A timer may be late, as on a machine that slept.
      if (this.#next && now >= this.#next.at) void this.#ask();
      return held.token;
    }
    const waits = !this.#flight && this.#failed && now < this.#failed.notBefore;
    if (!waits && !this.#ending.signal.aborted) await this.#ask();
    const fresh = this.#good(this.#timing.now());
    if (!fresh) throw this.#noToken();
    return fresh.token;
  }

  /** Ends it: nothing is asked for any more, and {@link get} gives the reason. */
  stop(): void {
    this.#next?.cancel();
    this.#next = undefined;
    this.#held = undefined;
    this.#ending.abort();
  }

  /** Without the token. */
  toJSON(): Record<string, unknown> {
    const state = this.#ending.signal.aborted ? "stopped" : this.#held ? "holds a token" : "holds no token";
    return {
      state,
      ...(this.#held && { expireTime: iso(this.#held.token.expireTime) }),
      ...(this.#failed && { failure: this.#failed.error.message }),
    };
  }

  [inspect.custom](): string {
    return `TokenSource ${inspect(this.toJSON())}`;
  }

  #good(now: number): Held | undefined {
    return this.#held && now < this.#held.goodUntil ? this.#held : undefined;
  }

  #ask(): Promise<void> {
    this.#next?.cancel();
    this.#next = undefined;
    this.#flight ??= this.#attempt().finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  async #attempt(): Promise<void> {
    const askedAt = this.#timing.now();
    const { signal } = this.#ending;
    try {
      const { issuedToken } = await this.#builder.buildToken(this.#request, { signal });
      if (!signal.aborted) this.#hold(issuedToken, askedAt);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  #hold(token: IssuedToken | undefined, askedAt: number): void {
    const { issueTime, expireTime, renewTime } = token ?? {};
    if (!token || !issueTime || !expireTime || !renewTime) {
      throw failure(Status.INTERNAL, "the answer lacks a token or its times");
    }
    const untilRenewal = milliseconds(issueTime, renewTime) * (1 - EARLY * this.#timing.random());
    this.#held = { token, goodUntil: askedAt + milliseconds(issueTime, expireTime) - ROUNDING_MS };
    this.#failed = undefined;
    // A token that is to be renewed at once must not keep the service busy.
    this.#askAt(Math.max(askedAt + untilRenewal, this.#timing.now() + FIRST_RETRY_MS));
    tell(() => this.#options.onToken?.(token));
  }

  #fail(thrown: unknown): void {
    const error = thrown instanceof TokenServiceError ? thrown : failure(Status.UNKNOWN, "what calls failed", thrown);
    const times = (this.#failed?.times ?? 0) + 1;
    const now = this.#timing.now();
    const asked = error.retryAfterMs ?? 0;
    const wait = Math.max(backOff(times, FIRST_RETRY_MS, LONGEST_RETRY_MS, this.#timing.random()), asked);
    this.#failed = { error, times, notBefore: now + Math.min(wait, Math.max(FIRST_RETRY_MS, asked)) };
    this.#askAt(now + wait);
    const held = this.#good(now);
    tell(() => this.#options.onFailure?.(error, held && new Date(held.goodUntil)));
  }

  #askAt(at: number): void {
    const wait = Math.max(0, at - this.#timing.now());
    this.#next = { at, cancel: this.#timing.after(wait, () => void this.#ask(), true) };
  }

  #noToken(): TokenServiceError {
    if (this.#ending.signal.aborted) return failure(Status.CANCELLED, "the token source was stopped");
    const before = this.#held ? `the token expired at ${iso(this.#held.token.expireTime)}, and no` : "no";
    const error = this.#failed?.error;
    if (!error)
      return failure(Status.DEADLINE_EXCEEDED, `${before} new one lasts until it arrives: ask for a longer ttl`);
    const description = `${before} new one could be had: ${error.description}`;
    const { code, reason, metadata, violations, retryAfterMs, attempts } = error;
    const same = { method: METHOD, code, reason, metadata, violations, retryAfterMs, attempts };
    return new TokenServiceError({ ...same, description, cause: error });
  }
}

function failure(code: Status, description: string, cause?: unknown): TokenServiceError {
  return new TokenServiceError({ method: METHOD, code, description, attempts: 1, cause });
}

function milliseconds(from: Timestamp, to: Timestamp): number {
  return timestampDate(to).getTime() - timestampDate(from).getTime();
}

function iso(time: Timestamp | undefined): string | undefined {
  return time && timestampDate(time).toISOString();
}

// What a listener throws is not ours to swallow, and must not keep the source from its work.
function tell(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
