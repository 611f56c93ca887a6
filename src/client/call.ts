// One call: its deadline, its attempts, and the one kind of error that it ends with.

import { type CallOptions as Attempt, ClientError, Metadata, Status } from "nice-grpc";
import { DETAILS_TRAILER } from "../rpc/error-details.ts";
import { authorization, type Bearer } from "./credentials.ts";
import { errorFrom, TokenServiceError } from "./error.ts";
import { PUSHBACK_TRAILER, waitBeforeRetry } from "./retry.ts";
import { onAbort } from "./signals.ts";
import { orAborted, pause, type Timing } from "./timing.ts";

/** How one call differs from the others of its client. */
export interface CallOptions {
  /** How long the call may take, all attempts together, in milliseconds. It travels to the server. */
  readonly deadlineMs?: number;
  /** Gives the call up when it is aborted. */
  readonly signal?: AbortSignal;
}

/** How a client calls. */
export interface CallPolicy {
  readonly deadlineMs: number;
  /** How often a call is tried again. */
  readonly retries: number;
  readonly bearer: Bearer | undefined;
  readonly timing: Timing;
  readonly open: OpenCalls;
}

/** The calls of a client that are under way. */
export class OpenCalls {
  readonly #endings = new Set<AbortController>();
  #closed = false;

  /** Adds a call, and gives what takes it out. If no more are taken, it is ended. */
  add(ending: AbortController): () => void {
    if (this.#closed) ending.abort(CLOSED);
    else this.#endings.add(ending);
    return () => this.#endings.delete(ending);
  }

  /** Ends all calls, and takes no more. */
  close(): void {
    this.#closed = true;
    for (const ending of this.#endings) ending.abort(CLOSED);
    this.#endings.clear();
  }
}

/** Sends a request once. */
export type Send<T> = (options: Attempt) => Promise<T>;

const TIMED_OUT = Symbol("the deadline of the call");
const CLOSED = Symbol("the end of the client");
/** grpc-timeout has 8 digits. */
const MOST_MILLISECONDS = 99_999_999;

/**
 * Calls a method until it answers, is refused, or its deadline has passed.
 *
 * @param method its name: `BuildToken`
 * @param send is given another turn at each attempt, so that a retry may go elsewhere
 * @throws TokenServiceError
 */
export async function callMethod<T>(
  method: string,
  send: Send<T>,
  policy: CallPolicy,
  options: CallOptions = {},
): Promise<T> {
  const { timing } = policy;
  if (Number.isNaN(options.deadlineMs)) throw invalidDeadline(method);
  const deadlineMs = Math.min(Math.max(0, options.deadlineMs ?? policy.deadlineMs), MOST_MILLISECONDS);
  const deadline = timing.now() + deadlineMs;
  const ending = new AbortController();
  const leave = policy.open.add(ending);
  const cancelTimer = timing.after(deadlineMs, () => ending.abort(TIMED_OUT));
  const { signal } = options;
  const unfollow = signal && onAbort(signal, () => ending.abort(signal.reason));
  try {
    return await attempts(method, send, policy, deadline, ending.signal);
  } finally {
    leave();
    cancelTimer();
    unfollow?.();
  }
}

function invalidDeadline(method: string): TokenServiceError {
  const description = "deadlineMs is not a number of milliseconds";
  return new TokenServiceError({ method, attempts: 0, code: Status.INVALID_ARGUMENT, description });
}

async function attempts<T>(
  method: string,
  send: Send<T>,
  policy: CallPolicy,
  deadline: number,
  signal: AbortSignal,
): Promise<T> {
  const { timing, retries } = policy;
  let last: TokenServiceError | undefined;
  for (let tried = 1; ; tried++) {
    const call = { method, attempts: tried, last, signal };
    const outcome = await attempt(send, call, policy, deadline - timing.now());
    if ("response" in outcome) return outcome.response;
    last = outcome.error;
    if (signal.aborted || tried > retries) throw last;
    const wait = waitBeforeRetry(last, tried, outcome.pushback, timing.random());
    // Who waits until nobody waits for the answer any more might as well say now why there is none.
    if (wait === undefined || timing.now() + wait >= deadline) throw last;
    try {
      await pause(timing, wait, signal);
    } catch {
      throw ended({ ...call, last });
    }
  }
}

interface Call {
  readonly method: string;
  readonly attempts: number;
  /** Why the attempt before this one failed. */
  readonly last: TokenServiceError | undefined;
  readonly signal: AbortSignal;
}

type Outcome<T> =
  | { readonly response: T }
  | { readonly error: TokenServiceError; readonly pushback: string | undefined };

async function attempt<T>(send: Send<T>, call: Call, { bearer }: CallPolicy, leftMs: number): Promise<Outcome<T>> {
  let trailer: Metadata | undefined;
  try {
    if (call.signal.aborted) throw call.signal.reason;
    const metadata = Metadata();
    // nice-grpc sends no deadline of its own, and without one a server works for nobody.
    metadata.set("grpc-timeout", `${Math.max(1, Math.ceil(leftMs))}m`);
    if (bearer !== undefined) metadata.set("authorization", await bearerOf(bearer, call));
    const onTrailer = (received: Metadata) => {
      trailer = received;
    };
    return { response: await send({ metadata, signal: call.signal, onTrailer }) };
  } catch (error) {
    return { error: errorOf(error, call, trailer), pushback: trailer?.get(PUSHBACK_TRAILER) };
  }
}

async function bearerOf(bearer: Bearer, { method, attempts, signal }: Call): Promise<string> {
  try {
    // What gives it may be a call of its own, which knows nothing of this deadline.
    return await orAborted(authorization(bearer), signal);
  } catch (cause) {
    const why = cause instanceof TypeError ? cause.message : "what gives it failed";
    const description = `there is no bearer to send: ${why}`;
    throw new TokenServiceError({ method, attempts, code: Status.UNAUTHENTICATED, description, cause });
  }
}

function errorOf(error: unknown, call: Call, trailer: Metadata | undefined): TokenServiceError {
  if (call.signal.aborted) return ended(call);
  if (error instanceof TokenServiceError) return error;
  if (error instanceof ClientError) return errorFrom(error, call, trailer?.get(DETAILS_TRAILER));
  const { method, attempts } = call;
  const description = "what sends the call failed: see the cause";
  return new TokenServiceError({ method, attempts, code: Status.UNKNOWN, description, cause: error });
}

function ended({ method, attempts, last, signal: { reason } }: Call): TokenServiceError {
  if (reason === TIMED_OUT) {
    const before = last ? `; before that: ${last.status}: ${last.description}` : "";
    const [code, description] = [Status.DEADLINE_EXCEEDED, `no answer in time${before}`];
    return new TokenServiceError({ method, attempts, code, description, cause: last });
  }
  const closed = reason === CLOSED;
  const description = closed ? "the client was closed" : "the caller gave up";
  const cause = closed ? undefined : reason;
  return new TokenServiceError({ method, attempts, code: Status.CANCELLED, description, cause });
}
