// A call on its way through an interceptor. That of grpc-js can wait at every step, for which it makes a dozen closures for
// each call; what is done here waits at one step at most.

import type { ServerHttp2Stream } from "node:http2";
import * as grpc from "@grpc/grpc-js";
import { Metadata, type ServerInterceptingCallInterface } from "@grpc/grpc-js";

/** Who is told what comes in on a call. */
export type CallListener = Parameters<ServerInterceptingCallInterface["start"]>[0];

type PartialStatus = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];

/**
 * Hands on all that comes in and all that goes out. Whoever extends it overrides what is to be otherwise. As with grpc-js's
 * own, nothing is handed on once a call is cancelled, and headers go out before the first message.
 */
export class PassingCall extends grpc.ServerInterceptingCall implements CallListener {
  /** The HTTP/2 stream of the call, as that of grpc-js shows it. In another version of that it may be gone. */
  readonly stream: ServerHttp2Stream | undefined;
  protected readonly inner: ServerInterceptingCallInterface;
  #listener: CallListener | undefined;
  #isCancelled = false;
  #hasSentMetadata = false;

  /** @param inner the call, nearer to the wire */
  constructor(inner: ServerInterceptingCallInterface) {
    super(inner);
    this.inner = inner;
    this.stream = streamOf(inner);
  }

  override start(listener: CallListener): void {
    this.#listener = listener;
    this.inner.start(this);
  }

  onReceiveMetadata(metadata: Metadata): void {
    if (!this.#isCancelled) this.#listener?.onReceiveMetadata(metadata);
  }

  onReceiveMessage(message: unknown): void {
    if (!this.#isCancelled) this.#listener?.onReceiveMessage(message);
  }

  onReceiveHalfClose(): void {
    if (!this.#isCancelled) this.#listener?.onReceiveHalfClose();
  }

  onCancel(): void {
    this.#isCancelled = true;
    this.#listener?.onCancel();
  }

  override sendMetadata(metadata: Metadata): void {
    this.#hasSentMetadata = true;
    this.inner.sendMetadata(metadata);
  }

  override sendMessage(message: unknown, callback: () => void): void {
    if (!this.#hasSentMetadata) this.sendMetadata(new Metadata());
    this.inner.sendMessage(message, callback);
  }

  override sendStatus(status: PartialStatus): void {
    this.inner.sendStatus(status);
  }
}

/** The HTTP/2 stream of a call. grpc-js keeps it to itself: in another version it may be gone. */
export function streamOf(call: ServerInterceptingCallInterface): ServerHttp2Stream | undefined {
  return (call as { readonly stream?: ServerHttp2Stream }).stream;
}
