// What a call must be to be read at all, and how long that may take. A grpc-js interceptor, the one next to the wire.

import type { ServerHttp2Stream } from "node:http2";
import type { ServerInterceptingCallInterface, ServerInterceptor } from "@grpc/grpc-js";
import * as grpc from "@grpc/grpc-js";
import { Status } from "../rpc/status.ts";
import { acceptingPlain, bare, ours, type Refusal } from "./headers.ts";
import type { LoopLag } from "./lag.ts";
import { Overdue } from "./overdue.ts";

/** How long a request may take from its headers to its end, in milliseconds. */
const REQUEST_MS = 5000;
/** How long a call may take if its caller sets no deadline, or a later one, in milliseconds. */
const CALL_MS = 10_000;
/** How long to wait before a call that was shed is tried again, in milliseconds: not the same for all. */
const WAITS_MS = [500, 640, 780, 920, 1060, 1200, 1340, 1480];
/** The same, where calls in progress will soon be over. */
const SHORT_WAITS_MS = [50, 64, 78, 92, 106, 120, 134, 148];

const INCOMPLETE = bare(
  Status.DEADLINE_EXCEEDED,
  `the request was not complete ${REQUEST_MS / 1000} s after its headers: send it at once`,
);
const UNANSWERED = bare(Status.DEADLINE_EXCEEDED, `the call was not answered within ${CALL_MS / 1000} s`);
const STOPPING = ours("SHUTTING_DOWN");
const CLOCK = ours("CLOCK_UNRELIABLE");
const EXPIRED = bare(Status.DEADLINE_EXCEEDED, "the deadline had passed when the request was complete");
// Made once, so that to refuse takes a fraction of what to answer takes.
const LAGGING = WAITS_MS.map((milliseconds) =>
  ours("RATE_LIMITED", "the server has more calls than time", milliseconds),
);
const FULL = SHORT_WAITS_MS.map((milliseconds) => ours("RATE_LIMITED", "too many calls are in progress", milliseconds));

/** What an intake works with. */
export interface IntakeParts {
  /** Of a clock that never goes back, in milliseconds. */
  readonly monotonic: () => number;
  /** The wall clock that grpc-js reckons deadlines by, in milliseconds since 1970. */
  readonly now: () => number;
  readonly lag: LoopLag;
  /** Whether the time can be believed. */
  readonly isTimeRight: () => boolean;
  /** Whether as many calls are in progress as there may be. */
  readonly isFull: () => boolean;
  /** What is wrong with the headers of a stream, if anything. */
  readonly faultOf: (stream: object) => Refusal | undefined;
  /** Whether calls of a method may be shed, and have to end soon: not those that watch or answer probes. */
  readonly isBrief: (path: string) => boolean;
  /** Is told of each call that is shed, and for what. */
  readonly onShed?: (excess: "in_flight" | "lag") => void;
}

/** Takes calls in: what is too large, too late, or too much is answered at once. */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #incomplete: Overdue<ServerInterceptingCallInterface>;
  readonly #unanswered: Overdue<ServerInterceptingCallInterface>;
  /** Calls that may go on for as long as their caller likes: watches and reflection. */
  readonly #lasting = new Set<ServerInterceptingCallInterface>();
  #shed = 0;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#incomplete = new Overdue(REQUEST_MS, parts.monotonic, (call) => call.sendStatus(INCOMPLETE));
    this.#unanswered = new Overdue(CALL_MS, parts.monotonic, (call) => call.sendStatus(UNANSWERED));
  }

  /** How many calls are open that have to end soon. */
  get open(): number {
    return this.#unanswered.size;
  }

  /** Ends what takes too long. To be called every second. */
  sweep(): void {
    this.#incomplete.sweep();
    this.#unanswered.sweep();
  }

  /** Ends the calls that may go on for as long as their caller likes, since the process stops. */
  endLasting(): void {
    for (const call of this.#lasting) call.sendStatus(STOPPING);
  }

  /** The interceptor. It comes before all others. */
  readonly interceptor: ServerInterceptor = ({ path }, call) => {
    const brief = this.#parts.isBrief(path);
    let complete = false;
    return new StreamedCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (headers, proceed) => {
            const refusal = this.#refusalOf(call, brief);
            if (refusal) {
              call.sendStatus(refusal);
              return;
            }
            if (brief) this.#begin(call);
            else this.#lasting.add(call);
            proceed(headers);
          },
          onReceiveHalfClose: (proceed) => {
            complete = true;
            this.#incomplete.end(call);
            // What nobody waits for any more is not signed.
            if (Number(call.getDeadline()) <= this.#parts.now()) call.sendStatus(EXPIRED);
            else proceed();
          },
          onCancel: () => {
            this.#incomplete.end(call);
            this.#unanswered.end(call);
            this.#lasting.delete(call);
            if (!complete) hangUp(streamOf(call));
          },
        }),
      sendMetadata: (metadata, next) => next(acceptingPlain(metadata)),
    });
  };

  #begin(call: ServerInterceptingCallInterface): void {
    this.#incomplete.begin(call);
    this.#unanswered.begin(call);
  }

  #refusalOf(call: ServerInterceptingCallInterface, brief: boolean): Refusal | undefined {
    const stream = streamOf(call);
    const fault = stream && this.#parts.faultOf(stream);
    if (fault || !brief) return fault;
    if (!this.#parts.isTimeRight()) return CLOCK;
    if (this.#parts.isFull()) return this.#sheds("in_flight", FULL);
    return this.#parts.lag.sheds() ? this.#sheds("lag", LAGGING) : undefined;
  }

  #sheds(excess: "in_flight" | "lag", refusals: readonly Refusal[]): Refusal | undefined {
    this.#parts.onShed?.(excess);
    return refusals[this.#shed++ % refusals.length];
  }
}

/** A call that shows its stream, as that of grpc-js does, to the interceptors after it. */
class StreamedCall extends grpc.ServerInterceptingCall {
  readonly stream: ServerHttp2Stream | undefined;

  constructor(...[call, responder]: ConstructorParameters<typeof grpc.ServerInterceptingCall>) {
    super(call, responder);
    this.stream = streamOf(call);
  }
}

/** The HTTP/2 stream of a call. grpc-js keeps it to itself: in another version it may be gone, and with it what is done here. */
function streamOf(call: ServerInterceptingCallInterface): ServerHttp2Stream | undefined {
  return (call as { readonly stream?: ServerHttp2Stream }).stream;
}

// The call is over and its request is not: grpc-js would read on and throw away what comes, hundreds of megabytes.
// RFC 9113, 8.1: after the whole of an answer, a stream may be closed so, and the answer holds.
function hangUp(stream: ServerHttp2Stream | undefined): void {
  if (!stream) return;
  setImmediate(() => {
    if (!stream.closed && !stream.destroyed) stream.close(0);
  });
}
