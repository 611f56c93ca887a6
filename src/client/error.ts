import { type ClientError, Status } from "nice-grpc";
import type { ErrorReason } from "../../gen/agora/token/v1/token_pb.ts";
import type { Violation } from "../failure.ts";
import { decodeDetails, type ErrorDetails } from "../rpc/error-details.ts";
import { inFewerWords } from "./description.ts";

/** Who defines the reasons of the token service. */
const DOMAIN = "agora.token.v1";

/** Why the service refused a call: a value of `ErrorReason`, or one that this version does not know yet. */
export type ReasonName = Exclude<keyof typeof ErrorReason, "UNSPECIFIED"> | (string & {});

/** The name of a gRPC status: `PERMISSION_DENIED`. */
export type StatusName = keyof typeof Status;

/** A field of a request that is wrong. */
export type FieldViolation = Violation;

/** What is known of a failed call. */
export interface FailedCall {
  /** The method: `BuildToken`. */
  readonly method: string;
  /** The gRPC status code: 7. */
  readonly code: number;
  /** What the server, or this client, says of it, for people. */
  readonly description: string;
  /** How often the call was tried. */
  readonly attempts: number;
  /** Why the service refused. Undefined if it was not the service that did. */
  readonly reason?: ReasonName | undefined;
  /** The facts of the failure, as the contract names them: `max_ttl`, `expire_time`, `index`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The fields that are wrong, with their paths in the request. */
  readonly violations?: readonly FieldViolation[];
  /** How long the server asks to wait before the next call, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** Why a call did not give an answer: all that a client of the service throws. Nothing of a request is in it. */
export class TokenServiceError extends Error implements FailedCall {
  override readonly name = "TokenServiceError";
  readonly method: string;
  readonly code: number;
  /** The name of `code`: `PERMISSION_DENIED`. */
  readonly status: StatusName;
  readonly reason: ReasonName | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly FieldViolation[];
  readonly retryAfterMs: number | undefined;
  readonly attempts: number;
  readonly description: string;

  constructor(call: FailedCall) {
    const { method, code, description, reason, cause } = call;
    const status = statusName(code);
    const because = reason === undefined ? status : `${status} (${reason})`;
    super(`${method}: ${because}: ${description}`, cause === undefined ? {} : { cause });
    this.method = method;
    this.code = code;
    this.status = status;
    this.reason = reason;
    this.metadata = call.metadata ?? {};
    this.violations = call.violations ?? [];
    this.retryAfterMs = call.retryAfterMs;
    this.attempts = call.attempts;
    this.description = description;
  }

  /** For logs that write JSON: without the stack and the cause. */
  toJSON(): Record<string, unknown> {
    const { name, method, status, reason, metadata, violations, retryAfterMs, attempts, description } = this;
    return { name, method, status, reason, metadata, violations, retryAfterMs, attempts, description };
  }
}

/**
 * A failure that nice-grpc tells of.
 *
 * @param details the value of `grpc-status-details-bin`
 */
export function errorFrom(
  error: ClientError,
  { method, attempts }: Pick<FailedCall, "method" | "attempts">,
  details: Uint8Array | undefined,
): TokenServiceError {
  const { errorInfo, violations = [], retryAfterMs }: ErrorDetails = (details && decodeDetails(details)) ?? {};
  // Whatever stands between may have reasons of its own.
  const { reason, metadata = {} } = errorInfo?.domain === DOMAIN ? errorInfo : {};
  const told = { method, attempts, reason, metadata, violations, retryAfterMs, cause: error };
  // Nobody here cancelled it: it is the server that let go of its calls when it ended, and another may carry it out.
  if (error.code === Status.CANCELLED) {
    return new TokenServiceError({ ...told, code: Status.UNAVAILABLE, description: "the server ended the call" });
  }
  return new TokenServiceError({ ...told, code: error.code, description: inFewerWords(error.details) });
}

/** The name of a status code; of one that gRPC does not define, `UNKNOWN`. */
export function statusName(code: number): StatusName {
  const name = (Status as Readonly<Record<number, string>>)[code];
  return (name ?? "UNKNOWN") as StatusName;
}
