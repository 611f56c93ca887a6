// How a call ended, by what was sent on its stream: the one place that also knows of what grpc-js answers by itself.

import { constants, type ServerHttp2Stream } from "node:http2";
import { DETAILS_TRAILER, decodeDetails } from "../rpc/error-details.ts";
import { Status } from "../rpc/status.ts";

/** The name of a method as OpenTelemetry writes it, `agora.token.v1.TokenService/BuildToken`, by its path. */
export function methodOf(path: string | string[] | undefined): string {
  return typeof path === "string" ? path.slice(1) : "";
}

const { NGHTTP2_CANCEL } = constants;

/** The name of the status of a call whose stream is closed. Its caller gave up one that was not told any. */
export function statusOf(stream: ServerHttp2Stream): string {
  // grpc-js answers a request that broke off, too, and nobody gets that.
  if (stream.rstCode === NGHTTP2_CANCEL) return "CANCELLED";
  const sent = sentOf(stream, "grpc-status");
  if (sent !== undefined) return Status[Number(sent)] ?? "UNKNOWN";
  return stream.sentHeaders?.[":status"] === 200 || !stream.headersSent ? "CANCELLED" : "UNKNOWN";
}

/** The reason of the contract that the caller was told, if there was one. */
export function reasonOf(stream: ServerHttp2Stream): string | undefined {
  const sent = sentOf(stream, DETAILS_TRAILER);
  return typeof sent === "string" ? decodeDetails(Buffer.from(sent, "base64"))?.errorInfo?.reason : undefined;
}

// An answer without a message has no trailers: its headers are the last.
function sentOf({ sentTrailers, sentHeaders }: ServerHttp2Stream, name: string): unknown {
  return sentTrailers?.[name] ?? sentHeaders?.[name];
}
