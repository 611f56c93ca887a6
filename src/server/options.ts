import type { ChannelOptions } from "@grpc/grpc-js";

/** What the configuration says of the size of calls. */
export interface CallLimits {
  /** The largest request, in bytes. */
  readonly maxMessageBytes: number;
  /** On one connection. */
  readonly maxConcurrentStreams: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const MEBIBYTE = 1024 * 1024;

/**
 * The options of grpc-js for a server: every one that it has, and why. Without them there is no limit but 4 MiB for a
 * request. Source: `recognizedOptions` and the constructor of `Server` in grpc-js 1.14.7.
 */
export function serverOptions({ maxMessageBytes, maxConcurrentStreams }: CallLimits): ChannelOptions {
  return {
    // What is larger is refused by its length, before it is read.
    "grpc.max_receive_message_length": maxMessageBytes,
    // What clients take if they are not told otherwise: a batch of 100 tokens of 16 KiB fits.
    "grpc.max_send_message_length": 4 * MEBIBYTE,
    // 20,000 half-open calls on one connection keep all others waiting for over a second; 128 do not.
    "grpc.max_concurrent_streams": maxConcurrentStreams,
    // In MB, for streams, their headers and what is queued for a client that does not read; bodies that come in do not
    // count. grpc-js sets no limit, as Node.js refuses new streams above it. 128 calls of 260,000 bytes stay below 1.
    "grpc-node.max_session_memory": 16,
    // The age of connections has no limit here: at it, grpc-js announces that it will close, and closes at once, which
    // proxies do not hide from their callers. sessions.ts does it.
    "grpc.max_connection_idle_ms": 5 * MINUTE,
    // A client that is gone without a word: its connection is closed after 40 seconds. Needs grpc-js 1.14.4, #2953.
    "grpc.keepalive_time_ms": 30 * SECOND,
    "grpc.keepalive_timeout_ms": 10 * SECOND,
    // It shows peers and methods to whoever asks, and takes a tenth of the time.
    "grpc.enable_channelz": 0,
  };
}
