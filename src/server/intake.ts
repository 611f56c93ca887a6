// How long a call may take. A grpc-js interceptor, the one next to the wire.

import type { ServerHttp2Stream } from "node:http2";
import type { ServerInterceptingCallInterface, ServerInterceptor } from "@grpc/grpc-js";
import * as grpc from "@grpc/grpc-js";
import { Status } from "../rpc/status.ts";
import { acceptingPlain, bare, ours } from "./headers.ts";
import { Overdue } from "./overdue.ts";

/** How long a request may take from its headers to its end, in milliseconds. */
const REQUEST_MS = 5000;
/** How long a call may take if its caller sets no deadline, or a later one, in milliseconds. */
const CALL_MS = 10_000;

const INCOMPLETE = bare(
  Status.DEADLINE_EXCEEDED,
  `the request was not complete ${REQUEST_MS / 1000} s after its headers: send it at once`,
);
const UNANSWERED = bare(Status.DEADLINE_EXCEEDED, `the call was not answered within ${CALL_MS / 1000} s`);
const STOPPING = ours("SHUTTING_DOWN");
const EXPIRED = bare(Status.DEADLINE_EXCEEDED, "the deadline had passed when the request was complete");

/** What an intake works with. */
export interface IntakeParts {
  /** Of a clock that never goes back, in milliseconds. */
  readonly monotonic: () => number;
  /** The wall clock that grpc-js reckons deadlines by, in milliseconds since 1970. */
  readonly now: () => number;
  /** Whether calls of a method have to end soon: not those that watch. */
  readonly isBrief: (path: string) => boolean;
}

/** Takes calls in: what takes too long is ended. */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #incomplete: Overdue<ServerInterceptingCallInterface>;
  readonly #unanswered: Overdue<ServerInterceptingCallInterface>;
  /** Calls that may go on for as long as their caller likes: watches and reflection. */
  readonly #lasting = new Set<ServerInterceptingCallInterface>();

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
