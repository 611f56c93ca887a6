import { isoTime } from "../clock.ts";
import { type Facts, Failure, type Reason } from "../failure.ts";
import type { DetailedStatus } from "../rpc/error-details.ts";
import { Status } from "../rpc/status.ts";

/** Who defines the reasons of our failures. */
export const ERROR_DOMAIN = "agora.token.v1";

/** What the wire says about a failure. */
interface Answer {
  readonly status: Status;
  /** Our own words and facts that we know, for the person who reads them: never text from a request. */
  readonly say: (facts: Facts) => string;
}

const because = ({ detail }: Facts) => (detail === undefined ? "" : `: ${detail}`);

/** THE TABLE: the status and message of every failure. No other file names a gRPC status for one of ours. */
export const ANSWERS = {
  REQUEST_INVALID: {
    status: Status.INVALID_ARGUMENT,
    say: ({ violations = [], detail }) => {
      const [first] = violations;
      if (!first) return `the request is invalid: ${detail ?? "it breaks a rule of the contract"}`;
      const more = violations.length > 1 ? `, and ${violations.length - 1} more` : "";
      return `the request is invalid: ${first.field}: ${first.description}${more}`;
    },
  },
  CALLER_UNKNOWN: {
    status: Status.UNAUTHENTICATED,
    say: (facts) => `the call bears no credentials that this server accepts${because(facts)}`,
  },
  NOT_PERMITTED: {
    status: Status.PERMISSION_DENIED,
    say: ({ method }) =>
      `${method ?? "this"} is not permitted to this caller for what the request names, or the project does not exist: ask the operator for a permit`,
  },
  LIFETIME_NOT_PERMITTED: {
    status: Status.PERMISSION_DENIED,
    say: ({ maxTtl }) =>
      `the token would outlast the limit of the caller or the project${maxTtl === undefined ? "" : `, which is ${maxTtl} s`}: ask for less`,
  },
  EXPIRATION_PASSED: {
    status: Status.INVALID_ARGUMENT,
    say: () =>
      "the token or a privilege would have expired already: check the clock, and that the time is in the future",
  },
  PRIVILEGE_OUTLASTS_TOKEN: {
    status: Status.INVALID_ARGUMENT,
    say: () => "a privilege would outlast the token: let it end earlier, or leave its end out",
  },
  TOKEN_TOO_LARGE: {
    status: Status.INVALID_ARGUMENT,
    say: () => "the token would be larger than this server reads back: ask for fewer grants or resources",
  },
  TOKEN_MALFORMED: {
    status: Status.INVALID_ARGUMENT,
    say: ({ at }) => `the original ${at?.description ?? "is not a token"}. InspectToken says more`,
  },
  TOKEN_VERSION_UNSUPPORTED: {
    status: Status.INVALID_ARGUMENT,
    say: ({ at }) => `the original ${at?.description ?? "is of a version that this server does not renew"}`,
  },
  EXPECTED_GRANT_REQUIRED: {
    status: Status.INVALID_ARGUMENT,
    say: () => "the original is of version 006, which does not tell its channel and user: set expected_grant to them",
  },
  EXPECTED_GRANT_MISMATCH: {
    status: Status.FAILED_PRECONDITION,
    say: (facts) => `the original does not cover expected_grant${because(facts)}. InspectToken says more`,
  },
  TOKEN_FOREIGN: {
    status: Status.FAILED_PRECONDITION,
    say: () => "the original belongs to another project: its App ID is not that of the project in the request",
  },
  TOKEN_NOT_GENUINE: {
    status: Status.FAILED_PRECONDITION,
    say: (facts) => `the original is not genuine${because(facts)}. InspectToken says more`,
  },
  TOKEN_EXPIRED: {
    status: Status.FAILED_PRECONDITION,
    say: ({ expireTime }) =>
      `the original, or its privilege to enter, has expired${expireTime === undefined ? "" : `: it ends at ${isoTime(expireTime)}`}. Build a new one`,
  },
  TOKEN_NOT_RENEWABLE: {
    status: Status.FAILED_PRECONDITION,
    say: (facts) => `the original holds something that this server cannot carry over${because(facts)}`,
  },
  VERSION_NOT_ALLOWED: {
    status: Status.FAILED_PRECONDITION,
    say: ({ version }) =>
      `the project does not allow tokens of ${version ? `version ${version}` : "this version"}: build version 007`,
  },
  NO_SIGNING_CERTIFICATE: {
    status: Status.FAILED_PRECONDITION,
    say: () => "the project has no primary certificate to sign with: the operator must set one",
  },
  RATE_LIMITED: {
    status: Status.RESOURCE_EXHAUSTED,
    say: ({ retryAfterMs, detail }) => `${detail ?? "too many calls"}: wait ${retryAfterMs ?? 0} ms before the next`,
  },
  SHUTTING_DOWN: { status: Status.UNAVAILABLE, say: () => "this server is shutting down: retry elsewhere" },
  INTERNAL: { status: Status.INTERNAL, say: () => "internal error" },
  AUDIT_UNAVAILABLE: {
    status: Status.UNAVAILABLE,
    say: () => "this server cannot record what it decides, so it decides nothing: retry elsewhere",
  },
  CLOCK_UNRELIABLE: {
    status: Status.UNAVAILABLE,
    say: () => "the clock of this server was set back, or is wrong: retry elsewhere",
  },
} as const satisfies Record<Reason, Answer>;

/** What any error becomes on the wire. What is not a Failure tells nothing but that the server is at fault. */
export function answerTo(error: unknown): DetailedStatus & { readonly reason: Reason } {
  const { reason, facts } = failureFrom(error);
  const { status, say }: Answer = ANSWERS[reason];
  return {
    reason,
    code: status,
    message: say(facts),
    errorInfo: { reason, domain: ERROR_DOMAIN, metadata: metadataOf(facts) },
    ...(facts.violations && { violations: facts.violations }),
    ...(facts.retryAfterMs !== undefined && { retryAfterMs: facts.retryAfterMs }),
  };
}

/** The error itself if it is a Failure; else INTERNAL, with the error as its cause, for the log. */
export function failureFrom(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure("INTERNAL", {}, { cause: error });
}

/** The facts of a failure, under the names that the contract states. */
function metadataOf({ index, maxTtl, expireTime, version, method }: Facts): Record<string, string> {
  return {
    ...(index !== undefined && { index: String(index) }),
    ...(maxTtl !== undefined && { max_ttl: `${maxTtl}s` }),
    ...(expireTime !== undefined && { expire_time: isoTime(expireTime) }),
    ...(version !== undefined && { version }),
    ...(method !== undefined && { method }),
  };
}
