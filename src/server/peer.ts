// Who is at the other end. A grpc-js interceptor, since it runs before the body of a request is decoded.

import { Metadata, type ServerInterceptingCallInterface, type ServerInterceptor } from "@grpc/grpc-js";
import type { Caller } from "../access/caller.ts";
import type { FailedCall } from "../observe/call-log.ts";
import { ours, type Refusal } from "./headers.ts";
import type { ReportFailure } from "./middleware/answer.ts";
import { methodName } from "./middleware/method-name.ts";
import { fitName, REQUEST_ID } from "./middleware/request-id.ts";
import { PassingCall } from "./passing-call.ts";
import { methodOf } from "./stream-status.ts";

/**
 * Tells who calls by the headers of the call and its connection, or undefined for a stranger. If it throws or rejects,
 * the call is refused, and the fault is ours.
 */
export type Identify = (
  headers: Metadata,
  call: ServerInterceptingCallInterface,
) => Caller | undefined | Promise<Caller | undefined>;

/** Who calls, and from where. */
export interface Peer {
  readonly caller: Caller;
  /** The address at the other end, as grpc-js tells it. */
  readonly address: string;
}

/** A call of somebody who is not known. Nothing of what it presented is in here. */
export interface Stranger {
  /** `BuildToken`. */
  readonly method: string;
  readonly address: string;
}

/** A call that is one too many. */
export interface ExcessCall {
  readonly caller: Caller;
  /** The address at the other end. */
  readonly peer: string;
  /** The name that its caller gave it, if it did. */
  readonly requestId: string | undefined;
}

/** Who is asked, and told, before anything of a call is read but its headers. */
export interface PeerWatch {
  /** Is told of calls that are refused here. */
  readonly report: ReportFailure;
  /** Is told of those that nobody known makes. */
  readonly onStranger?: (stranger: Stranger) => void;
  /** Counts a call. Gives 0, or how long its caller has to wait, in milliseconds: then the call is refused. */
  readonly waitOf?: (caller: Caller, path: string) => number;
  /** Is told of those that are refused for that. */
  readonly onExcess?: ((call: ExcessCall, path: string) => void) | undefined;
}

// Status text goes through encodeURI, which throws at a lone surrogate, and that ends the process. All of ours is
// plain, so this is for whatever else may send a status. Over 8 KiB of trailers, clients hang.
const MOST_DETAILS = 512;

// One answer for all that is wrong with a credential: a different one would say what is nearly right.
const STRANGER = ours("CALLER_UNKNOWN");
const FAULT = ours("INTERNAL");

/**
 * Lets in known callers alone, with as many calls as they may make, and keeps odd status texts from ending the process. Until
 * that is decided, no part of the body is read.
 *
 * nice-grpc hands on nothing of a call but its peer as a string, so the caller travels in that: {@link peerFrom} reads
 * it back. No header gets into it. Of the headers none goes further but the one that names the call.
 */
export function peerOf(identify: Identify, watch: PeerWatch): ServerInterceptor {
  return ({ path }, call) => new KnownCall(call, path, identify, watch);
}

/** Reads what {@link peerOf} wrote. */
export function peerFrom(text: string): Peer {
  const known = peers.get(text);
  if (known) return known;
  const peer = JSON.parse(text) as Peer;
  if (peers.size >= MOST_PEERS) peers.clear();
  peers.set(text, peer);
  return peer;
}

// A caller calls again and again on one connection: then nothing has to be written and read anew.
const MOST_PEERS = 2048;
const peers = new Map<string, Peer>();
const lastOf = new WeakMap<object, { readonly caller: Caller; readonly text: string }>();

class KnownCall extends PassingCall {
  readonly #path: string;
  readonly #identify: Identify;
  readonly #watch: PeerWatch;
  #caller: Caller | undefined;

  constructor(inner: ServerInterceptingCallInterface, path: string, identify: Identify, watch: PeerWatch) {
    super(inner);
    this.#path = path;
    this.#identify = identify;
    this.#watch = watch;
  }

  override onReceiveMetadata(headers: Metadata): void {
    try {
      const caller = this.#identify(headers, this.inner);
      if (caller instanceof Promise) {
        caller.then((found) => this.#enter(headers, found)).catch((cause: unknown) => this.#fail(cause));
      } else this.#enter(headers, caller);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  override sendStatus(status: Refusal): void {
    super.sendStatus({ ...status, details: plain(status.details ?? "") });
  }

  override getPeer(): string {
    const caller = this.#caller;
    const session = this.stream?.session;
    const last = session && lastOf.get(session);
    if (last !== undefined && last.caller === caller) return last.text;
    const text = JSON.stringify({ caller, address: super.getPeer() });
    if (session && caller) lastOf.set(session, { caller, text });
    return text;
  }

  #enter(headers: Metadata, caller: Caller | undefined): void {
    if (caller) {
      const waitMs = this.#watch.waitOf?.(caller, this.#path) ?? 0;
      if (waitMs > 0) this.#refuse(headers, caller, waitMs);
      else {
        this.#caller = caller;
        super.onReceiveMetadata(onlyName(headers));
      }
      return;
    }
    this.#watch.onStranger?.({ method: methodName(this.#path), address: super.getPeer() });
    this.sendStatus(STRANGER);
    attempt(() => this.#watch.report({ ...refusedHere(this.#path, this.inner), reason: "CALLER_UNKNOWN" }));
  }

  #refuse(headers: Metadata, caller: Caller, waitMs: number): void {
    const [peer, requestId] = [super.getPeer(), fitName(nameOf(headers))];
    this.#watch.onExcess?.({ caller, peer, requestId }, this.#path);
    this.sendStatus(excess(waitMs, requestId));
    const refused = { method: methodOf(this.#path), caller: caller.id, peer, requestId };
    attempt(() => this.#watch.report({ ...refused, reason: "RATE_LIMITED" }));
  }

  #fail(cause: unknown): void {
    attempt(() => this.sendStatus(FAULT));
    attempt(() => this.#watch.report({ ...refusedHere(this.#path, this.inner), reason: "INTERNAL", cause }));
  }
}

// What the service reads of the headers of a call beside who calls. nice-grpc would copy all of them.
function onlyName(headers: Metadata): Metadata {
  const kept = new Metadata();
  const name = nameOf(headers);
  if (name !== undefined) kept.set(REQUEST_ID, name);
  return kept;
}

function nameOf(headers: Metadata): string | undefined {
  return headers.get(REQUEST_ID)[0]?.toString();
}

// How long a caller has to wait is one of few figures, which come again and again.
const MOST_WAITS = 1024;
const waits = new Map<number, Refusal>();

function excess(waitMs: number, requestId: string | undefined): Refusal {
  let status = waits.get(waitMs);
  if (!status) {
    if (waits.size >= MOST_WAITS) waits.clear();
    status = ours("RATE_LIMITED", undefined, waitMs);
    waits.set(waitMs, status);
  }
  if (requestId === undefined || !status.metadata) return status;
  const metadata = status.metadata.clone();
  metadata.set(REQUEST_ID, requestId);
  return { ...status, metadata };
}

function refusedHere(path: string, call: ServerInterceptingCallInterface): Omit<FailedCall, "reason"> {
  return { method: methodOf(path), requestId: undefined, caller: undefined, peer: call.getPeer() };
}

// An exception that leaves an interceptor ends the process. What is tried here has nobody left to tell of it.
function attempt(act: () => void): void {
  try {
    act();
  } catch {}
}

function plain(text: string): string {
  return text.slice(0, MOST_DETAILS).replace(/[^\x20-\x7e]/g, "?");
}
