// Who is at the other end. A grpc-js interceptor, since it runs before the body of a request is decoded.

import * as grpc from "@grpc/grpc-js";
import { Metadata, type ServerInterceptingCallInterface, type ServerInterceptor } from "@grpc/grpc-js";
import type { Caller } from "../access/caller.ts";
import { answerTo } from "../api/answers.ts";
import { Failure } from "../failure.ts";
import { DETAILS_TRAILER, encodeDetails } from "../rpc/error-details.ts";

/** Tells who calls by the headers of the call and its connection, or undefined for a stranger. It must not throw. */
export type Identify = (headers: Metadata, call: ServerInterceptingCallInterface) => Caller | undefined;

/** Who calls, and from where. */
export interface Peer {
  readonly caller: Caller;
  /** The address at the other end, as grpc-js tells it. */
  readonly address: string;
}

// Status text goes through encodeURI, which throws at a lone surrogate, and that ends the process. All of ours is
// plain, so this is for whatever else may send a status. Over 8 KiB of trailers, clients hang.
const MOST_DETAILS = 512;

/**
 * Lets in known callers alone, and keeps odd status texts from ending the process.
 *
 * nice-grpc hands on nothing of a call but its peer as a string, so the caller travels in that: {@link peerFrom} reads
 * it back. Nothing that a caller sends gets into it.
 */
export function peerOf(identify: Identify): ServerInterceptor {
  return (_method, call) => {
    const known: KnownCall = new KnownCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (headers, proceed) => {
            const caller = identify(headers, call);
            if (!caller) {
              known.sendStatus(strangerStatus());
              return;
            }
            known.caller = caller;
            proceed(headers);
          },
        }),
      sendStatus: (status, next) => next({ ...status, details: plain(status.details ?? "") }),
    });
    return known;
  };
}

/** Reads what {@link peerOf} wrote. */
export function peerFrom(text: string): Peer {
  return JSON.parse(text) as Peer;
}

class KnownCall extends grpc.ServerInterceptingCall {
  caller: Caller | undefined;

  override getPeer(): string {
    return JSON.stringify({ caller: this.caller, address: super.getPeer() });
  }
}

function strangerStatus(): Parameters<ServerInterceptingCallInterface["sendStatus"]>[0] {
  const status = answerTo(new Failure("CALLER_UNKNOWN"));
  const metadata = new Metadata();
  metadata.set(DETAILS_TRAILER, Buffer.from(encodeDetails(status)));
  return { code: status.code, details: status.message, metadata };
}

function plain(text: string): string {
  return text.slice(0, MOST_DETAILS).replace(/[^\x20-\x7e]/g, "?");
}
