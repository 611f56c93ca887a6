// Who is at the other end. A grpc-js interceptor, since it runs before the body of a request is decoded.

import * as grpc from "@grpc/grpc-js";
import { Metadata, type ServerInterceptingCallInterface, type ServerInterceptor } from "@grpc/grpc-js";
import type { Caller } from "../access/caller.ts";
import { answerTo } from "../api/answers.ts";
import { Failure, type Reason } from "../failure.ts";
import type { FailedCall } from "../observe/call-log.ts";
import { DETAILS_TRAILER, encodeDetails } from "../rpc/error-details.ts";
import type { ReportFailure } from "./middleware/answer.ts";
import { methodName } from "./middleware/method-name.ts";
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

/** Who is told what happens before there is a caller. */
export interface PeerWatch {
  /** Is told of calls that are refused here. */
  readonly report: ReportFailure;
  /** Is told of those that nobody known makes. */
  readonly onStranger?: (stranger: Stranger) => void;
}

type Status = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];

// Status text goes through encodeURI, which throws at a lone surrogate, and that ends the process. All of ours is
// plain, so this is for whatever else may send a status. Over 8 KiB of trailers, clients hang.
const MOST_DETAILS = 512;

// One answer for all that is wrong with a credential: a different one would say what is nearly right.
const STRANGER = statusOf("CALLER_UNKNOWN");
const FAULT = statusOf("INTERNAL");

/**
 * Lets in known callers alone, and keeps odd status texts from ending the process. Until it is decided who calls, no
 * part of the body is read.
 *
 * nice-grpc hands on nothing of a call but its peer as a string, so the caller travels in that: {@link peerFrom} reads
 * it back. No header gets into it, and the one with the credential goes no further.
 */
export function peerOf(identify: Identify, watch: PeerWatch): ServerInterceptor {
  return ({ path }, call) => {
    const known: KnownCall = new KnownCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (headers, proceed) => {
            const enter = (caller: Caller | undefined) => {
              headers.remove("authorization");
              if (caller) {
                known.caller = caller;
                proceed(headers);
              } else {
                watch.onStranger?.({ method: methodName(path), address: call.getPeer() });
                known.sendStatus(STRANGER);
                attempt(() => watch.report({ ...refusedHere(path, call), reason: "CALLER_UNKNOWN" }));
              }
            };
            const fail = (cause: unknown) => {
              attempt(() => known.sendStatus(FAULT));
              attempt(() => watch.report({ ...refusedHere(path, call), reason: "INTERNAL", cause }));
            };
            try {
              const caller = identify(headers, call);
              if (caller instanceof Promise) caller.then(enter).catch(fail);
              else enter(caller);
            } catch (cause) {
              fail(cause);
            }
          },
        }),
      sendStatus: (status, next) => next({ ...status, details: plain(status.details ?? "") }),
    });
    return known;
  };
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
const texts = new WeakMap<Caller, Map<string, string>>();

class KnownCall extends grpc.ServerInterceptingCall {
  caller: Caller | undefined;

  override getPeer(): string {
    const address = super.getPeer();
    return this.caller ? textOf(this.caller, address) : JSON.stringify({ address });
  }
}

function textOf(caller: Caller, address: string): string {
  const byAddress = texts.get(caller) ?? new Map<string, string>();
  texts.set(caller, byAddress);
  const known = byAddress.get(address);
  if (known !== undefined) return known;
  const text = JSON.stringify({ caller, address });
  if (byAddress.size >= MOST_PEERS) byAddress.clear();
  byAddress.set(address, text);
  return text;
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

function statusOf(reason: Reason): Status {
  const status = answerTo(new Failure(reason));
  const metadata = new Metadata();
  metadata.set(DETAILS_TRAILER, Buffer.from(encodeDetails(status)));
  return { code: status.code, details: status.message, metadata };
}

function plain(text: string): string {
  return text.slice(0, MOST_DETAILS).replace(/[^\x20-\x7e]/g, "?");
}
