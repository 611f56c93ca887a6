// How long a call may take. A grpc-js interceptor, the one next to the wire.

import type { ServerHttp2Stream } from "node:http2";
import type { Metadata, ServerInterceptingCallInterface, ServerInterceptor } from "@grpc/grpc-js";
import { Status } from "../rpc/status.ts";
import { acceptingPlain, bare, ours } from "./headers.ts";
import { type Begun, Overdue } from "./overdue.ts";
import { PassingCall } from "./passing-call.ts";

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
  readonly #open: Open;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#open = {
      incomplete: new Overdue(REQUEST_MS, parts.monotonic, (call) => call.sendStatus(INCOMPLETE)),
      unanswered: new Overdue(CALL_MS, parts.monotonic, (call) => call.sendStatus(UNANSWERED)),
      lasting: new Set(),
    };
  }

  /** How many calls are open that have to end soon. */
  get open(): number {
    return this.#open.unanswered.size;
  }

  /** Ends what takes too long. To be called every second. */
  sweep(): void {
    this.#open.incomplete.sweep();
    this.#open.unanswered.sweep();
  }

  /** Ends the calls that may go on for as long as their caller likes, since the process stops. */
  endLasting(): void {
    for (const call of this.#open.lasting) call.sendStatus(STOPPING);
  }

  /** The interceptor. It comes before all others. */
  readonly interceptor: ServerInterceptor = ({ path }, call) =>
    new TakenCall(call, this.#parts.isBrief(path), this.#open, this.#parts.now);
}

/** Calls that are open. */
interface Open {
  readonly incomplete: Overdue<ServerInterceptingCallInterface>;
  readonly unanswered: Overdue<ServerInterceptingCallInterface>;
  /** Those that may go on for as long as their caller likes: watches and reflection. */
  readonly lasting: Set<ServerInterceptingCallInterface>;
}

/** A call that was taken in. */
class TakenCall extends PassingCall {
  readonly #isBrief: boolean;
  readonly #open: Open;
  readonly #now: () => number;
  #isComplete = false;
  #incomplete: Begun<ServerInterceptingCallInterface> | undefined;
  #unanswered: Begun<ServerInterceptingCallInterface> | undefined;

  constructor(inner: ServerInterceptingCallInterface, isBrief: boolean, open: Open, now: () => number) {
    super(inner);
    this.#isBrief = isBrief;
    this.#open = open;
    this.#now = now;
  }

  override onReceiveMetadata(headers: Metadata): void {
    if (this.#isBrief) {
      this.#incomplete = this.#open.incomplete.begin(this.inner);
      this.#unanswered = this.#open.unanswered.begin(this.inner);
    } else this.#open.lasting.add(this.inner);
    super.onReceiveMetadata(headers);
  }

  override onReceiveHalfClose(): void {
    this.#isComplete = true;
    if (this.#incomplete) this.#open.incomplete.end(this.#incomplete);
    // What nobody waits for any more is not signed.
    if (Number(this.inner.getDeadline()) <= this.#now()) this.inner.sendStatus(EXPIRED);
    else super.onReceiveHalfClose();
  }

  override onCancel(): void {
    if (this.#isBrief) {
      if (this.#incomplete) this.#open.incomplete.end(this.#incomplete);
      if (this.#unanswered) this.#open.unanswered.end(this.#unanswered);
    } else this.#open.lasting.delete(this.inner);
    if (!this.#isComplete) hangUp(this.stream);
    super.onCancel();
  }

  override sendMetadata(metadata: Metadata): void {
    super.sendMetadata(acceptingPlain(metadata));
  }
}

// The call is over and its request is not: grpc-js would read on and throw away what comes, hundreds of megabytes.
// RFC 9113, 8.1: after the whole of an answer, a stream may be closed so, and the answer holds.
function hangUp(stream: ServerHttp2Stream | undefined): void {
  if (!stream) return;
  setImmediate(() => {
    if (!stream.closed && !stream.destroyed) stream.close(0);
  });
}
