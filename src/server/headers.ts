// What is wrong with the headers of a call, before anything else looks at them.

import { Metadata, type ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { answerTo } from "../api/answers.ts";
import { Failure, type Reason } from "../failure.ts";
import { DETAILS_TRAILER, encodeDetails } from "../rpc/error-details.ts";
import { Status } from "../rpc/status.ts";

/** A status as grpc-js sends it. */
export type Refusal = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];

/** Headers as Node.js gives them. */
export type Headers = Record<string, string | string[] | undefined>;

/** The most headers of a call, the four of HTTP/2 itself included. */
export const MOST_HEADERS = 64;
/** The most bytes of all headers of a call, as RFC 9113, 6.5.2 counts them. It is what gRPC servers take by custom. */
export const MOST_HEADER_BYTES = 8192;

const OVERHEAD_BYTES = 32;
const HUGE_BYTES = 32 * 1024;
// gRPC over HTTP/2: `TimeoutValue` is a positive integer of at most 8 digits.
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const UNITS_IN_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
// grpc-js counts in 32 bits: above, a deadline is in the past.
const MOST_TIMEOUT_MS = 2 ** 31 - 1;

const TOO_MANY = bare(Status.RESOURCE_EXHAUSTED, `more than ${MOST_HEADERS} headers: send less metadata`);
const TOO_LARGE = bare(
  Status.RESOURCE_EXHAUSTED,
  `headers of more than ${MOST_HEADER_BYTES} bytes in all: send less metadata`,
);
const COMPRESSED = {
  ...bare(Status.UNIMPLEMENTED, "compressed requests are not taken: send grpc-encoding: identity"),
  metadata: acceptingPlain(new Metadata()),
};
const TIMEOUT_MALFORMED = ours("REQUEST_INVALID", "grpc-timeout is not 1 to 8 digits and one of H, M, S, m, u and n");

/**
 * Looks at the headers of a call. A timeout of more than 24 days is taken out of them, since grpc-js would mistake it
 * for one that is over.
 *
 * @param raw names and values in turn, as they came
 * @returns what to answer the call with at once, or undefined if nothing is wrong
 */
export function judgeHeaders(headers: Headers, raw: readonly string[]): Refusal | undefined {
  if (raw.length > MOST_HEADERS * 2) return TOO_MANY;
  let bytes = 0;
  for (let at = 0; at < raw.length; at += 2) bytes += lengthAt(raw, at) + lengthAt(raw, at + 1) + OVERHEAD_BYTES;
  if (bytes > MOST_HEADER_BYTES) return TOO_LARGE;
  const encoding = headers["grpc-encoding"];
  if (encoding !== undefined && encoding !== "identity") return COMPRESSED;
  return judgeTimeout(headers);
}

/** Whether headers are larger by far than any that a call needs. @param raw names and values in turn, as they came */
export function areHuge(raw: readonly string[]): boolean {
  let characters = 0;
  for (const text of raw) characters += text.length;
  return characters > HUGE_BYTES;
}

function lengthAt(raw: readonly string[], at: number): number {
  return raw[at]?.length ?? 0;
}

function judgeTimeout(headers: Headers): Refusal | undefined {
  const text = headers["grpc-timeout"];
  if (text === undefined) return undefined;
  const [, digits, unit] = (typeof text === "string" && TIMEOUT.exec(text)) || [];
  const milliseconds = Number(digits) * (UNITS_IN_MS[unit ?? ""] ?? Number.NaN);
  if (milliseconds <= MOST_TIMEOUT_MS) return undefined;
  // Without it grpc-js has nothing to answer to by itself.
  delete headers["grpc-timeout"];
  return Number.isNaN(milliseconds) ? TIMEOUT_MALFORMED : undefined;
}

/** Tells a client that requests are not to be compressed. grpc-js would say that they may. */
export function acceptingPlain(metadata: Metadata): Metadata {
  metadata.set("grpc-accept-encoding", "identity");
  return metadata;
}

/** A status of gRPC itself, as grpc-js sends it for what is too large or not implemented: it is no failure of our contract. */
export function bare(code: Status, details: string): Refusal {
  return { code, details, metadata: null };
}

/** A failure of the contract, made once. */
export function ours(reason: Reason, detail?: string, retryAfterMs?: number): Refusal {
  const failure = new Failure(reason, {
    ...(detail !== undefined && { detail }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
  const status = answerTo(failure);
  const metadata = new Metadata();
  metadata.set(DETAILS_TRAILER, Buffer.from(encodeDetails(status)));
  if (retryAfterMs !== undefined) metadata.set(PUSHBACK_TRAILER, String(retryAfterMs));
  return { code: status.code, details: status.message, metadata };
}

/** The trailer that tells a client's retries how long to wait, in milliseconds. Source: gRPC proposal A6. */
export const PUSHBACK_TRAILER = "grpc-retry-pushback-ms";
