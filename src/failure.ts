import type { Instant, Seconds } from "./clock.ts";

/** Why a call fails: the values of `ErrorReason` in the contract, without their prefix. */
export type Reason =
  | "REQUEST_INVALID"
  | "CALLER_UNKNOWN"
  | "NOT_PERMITTED"
  | "LIFETIME_NOT_PERMITTED"
  | "EXPIRATION_PASSED"
  | "PRIVILEGE_OUTLASTS_TOKEN"
  | "TOKEN_TOO_LARGE"
  | "TOKEN_MALFORMED"
  | "TOKEN_VERSION_UNSUPPORTED"
  | "EXPECTED_GRANT_REQUIRED"
  | "EXPECTED_GRANT_MISMATCH"
  | "TOKEN_FOREIGN"
  | "TOKEN_NOT_GENUINE"
  | "TOKEN_EXPIRED"
  | "TOKEN_NOT_RENEWABLE"
  | "VERSION_NOT_ALLOWED"
  | "NO_SIGNING_CERTIFICATE"
  | "RATE_LIMITED"
  | "SHUTTING_DOWN"
  | "INTERNAL"
  | "AUDIT_UNAVAILABLE"
  | "CLOCK_UNRELIABLE";

/** A part of a request that is wrong. */
export interface Violation {
  /** The path to the field, in the contract's words: `grants[0].rtc.channel_name`. */
  readonly field: string;
  /** What is wrong with it and what would mend it. Never text from the request. */
  readonly description: string;
  /** The rule that it breaks, for programs: `string.pattern`. */
  readonly rule: string;
}

/** A part of a request, in our words; `api/` says where it stands in the contract. */
export type Place =
  | { readonly part: "expiration" | "version" | "grants" | "token" | "project" | "expected_grant" }
  | { readonly part: "grants"; readonly index: number; readonly privilege?: number };

/** What is wrong with a part of a request. */
export interface Wrong {
  readonly place: Place;
  /** Completes "the field …": what is wrong, and what would mend it. Never text from the request. */
  readonly description: string;
  /** The rule that it breaks, for programs: `expiration.max`. */
  readonly rule: string;
}

/**
 * What is known about a failure, besides its reason. All of it is ours: nothing here is text
 * from a request, so all of it may be told.
 */
export interface Facts {
  /** The index of the request in its batch. */
  readonly index?: number;
  /** The longest lifetime that would have been accepted. */
  readonly maxTtl?: Seconds;
  /** When the token, or the original, expires or expired. */
  readonly expireTime?: Instant;
  /** The token version that the failure is about: `006`. */
  readonly version?: string;
  /** The method that was called: `BuildToken`. */
  readonly method?: string;
  /** How long to wait before the call is tried again, in milliseconds. */
  readonly retryAfterMs?: number;
  /** What was found, in our own words, where the reason alone does not say. */
  readonly detail?: string;
  /** The part that is wrong. `api/` makes a violation of it. */
  readonly at?: Wrong;
  /** The fields that are wrong. */
  readonly violations?: readonly Violation[];
}

/**
 * Why the service refuses. `api/answers.ts` turns it into a gRPC status. It has a trace of where it was made only if the fault
 * is ours: whoever is refused knows why, and to trace takes as long as a third of a refusal.
 */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly reason: Reason;
  readonly facts: Facts;

  /** @param options.cause goes to the log and never to the caller */
  constructor(reason: Reason, facts: Facts = {}, options?: ErrorOptions) {
    const { stackTraceLimit } = Error;
    if (reason !== "INTERNAL") Error.stackTraceLimit = 0;
    super(reason, options);
    Error.stackTraceLimit = stackTraceLimit;
    this.reason = reason;
    this.facts = facts;
  }
}
