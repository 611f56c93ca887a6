// What is refused by its headers alone, before grpc-js makes a call of it: to refuse has to cost little of what to answer
// costs, or a server that is asked for three times what it can do does nothing but refuse.

import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { Status } from "../rpc/status.ts";
import { bare, type Headers, judgeHeaders, ours, type Refusal } from "./headers.ts";
import type { Turn } from "./turn.ts";

/** Why a call is shed. */
export type Shed = "in_flight" | "lag";

/** What a gate works with. */
export interface GateParts {
  /** Whether calls of a method may be shed: not those that watch or answer probes. */
  readonly isBrief: (path: string) => boolean;
  /** Whether there is a method at a path. */
  readonly isServed: (path: string) => boolean;
  /** Whether the time can be believed. */
  readonly isTimeRight: () => boolean;
  /** Whether as many calls are in progress as there may be. */
  readonly isFull: () => boolean;
  readonly turn: Turn;
  /** Is told of each call that is shed, why, and of its path. */
  readonly onShed?: ((why: Shed, path: string) => void) | undefined;
}

/** How long to wait before a call that was shed is tried again, in milliseconds: not the same for all. */
const WAITS_MS = [250, 320, 390, 460, 530, 600, 670, 740];
/** The same, where calls in progress will soon be over. */
const SHORT_WAITS_MS = [50, 64, 78, 92, 106, 120, 134, 148];

// grpc-js would repeat the path, which may be anything.
const UNKNOWN_METHOD = headersOf(
  bare(Status.UNIMPLEMENTED, "there is no such method here: reflection, or the contract, says which there are"),
);
// Made once, so that to refuse takes no more than to send.
const CLOCK = headersOf(ours("CLOCK_UNRELIABLE"));
const LAGGING = WAITS_MS.map((wait) => headersOf(ours("RATE_LIMITED", "the server has more calls than time", wait)));
const FULL = SHORT_WAITS_MS.map((wait) => headersOf(ours("RATE_LIMITED", "too many calls are in progress", wait)));

/** Refuses calls by their headers. */
export class Gate {
  readonly #parts: GateParts;
  readonly #over: ServerHttp2Stream[] = [];
  #shed = 0;
  #asked = 0;
  #before = { asked: 0, shed: 0 };
  #share = 0;
  #lately = 0;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** Which part of the calls was shed between the last two looks. */
  get share(): number {
    return this.#share;
  }

  /** How many calls were shed between the last two looks. */
  get lately(): number {
    return this.#lately;
  }

  /** Looks at how much was shed. To be called from time to time. */
  look(): void {
    const [asked, shed] = [this.#asked - this.#before.asked, this.#shed - this.#before.shed];
    this.#share = asked === 0 ? 0 : shed / asked;
    this.#lately = shed;
    this.#before = { asked: this.#asked, shed: this.#shed };
  }

  /** Whether a call may last for as long as its client likes. */
  lasts(headers: Headers): boolean {
    return !this.#parts.isBrief(String(headers[":path"]));
  }

  /**
   * Sheds a call if there are too many.
   *
   * @returns whether it is over
   */
  sheds(stream: ServerHttp2Stream, headers: Headers): boolean {
    const path = headers[":path"];
    if (typeof path !== "string" || !this.#parts.isBrief(path)) return false;
    this.#asked++;
    const why = this.#excess();
    if (why === undefined) return false;
    this.#parts.onShed?.(why, path);
    const answers = why === "lag" ? LAGGING : FULL;
    this.#answer(stream, answers[this.#shed++ % answers.length]);
    return true;
  }

  /**
   * Refuses a call whose headers are not as they should be, of a method that is none, or that no clock can be read for.
   *
   * @param raw names and values in turn, as they came
   * @returns whether it is over
   */
  refuses(stream: ServerHttp2Stream, headers: Headers, raw: readonly string[]): boolean {
    const fault = judgeHeaders(headers, raw);
    const path = String(headers[":path"]);
    if (fault) this.#answer(stream, headersOf(fault));
    else if (!this.#parts.isServed(path)) this.#answer(stream, UNKNOWN_METHOD);
    else if (this.#parts.isBrief(path) && !this.#parts.isTimeRight()) this.#answer(stream, CLOCK);
    else return false;
    return true;
  }

  #excess(): Shed | undefined {
    if (this.#parts.isFull()) return "in_flight";
    return this.#parts.turn.takes() ? undefined : "lag";
  }

  #answer(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders | undefined): void {
    // Its caller may have reset it already, and an answer to that would throw.
    if (stream.destroyed || stream.closed) return;
    stream.on("error", ignore);
    stream.respond(headers, { endStream: true });
    if (this.#over.push(stream) === 1) setImmediate(() => this.#hangUp());
  }

  // What of a request is still to come is not waited for, and thrown away before Node.js sees it.
  // RFC 9113, 8.1: after the whole of an answer, a stream may be closed so, and the answer holds.
  #hangUp(): void {
    for (const stream of this.#over.splice(0)) {
      if (!stream.closed && !stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
    }
  }
}

// A stream that breaks has no answer any more, and nobody to be told.
function ignore(): void {}

/** A refusal as headers that are the whole of an answer. gRPC over HTTP/2, "Trailers-Only". */
function headersOf({ code, details, metadata }: Refusal): OutgoingHttpHeaders {
  return {
    ":status": 200,
    "content-type": "application/grpc+proto",
    "grpc-status": String(code ?? Status.INTERNAL),
    "grpc-message": encodeURI(details ?? ""),
    ...metadata?.toHttp2Headers(),
  };
}
