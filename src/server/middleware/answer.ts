import { type CallContext, ServerError, type ServerMiddleware } from "nice-grpc";
import { answerTo, failureFrom } from "../../api/answers.ts";
import { Failure } from "../../failure.ts";
import type { FailedCall } from "../../observe/call-log.ts";
import { DETAILS_TRAILER, encodeDetails } from "../../rpc/error-details.ts";
import { methodOf } from "../stream-status.ts";
import type { Called } from "./caller.ts";
import { methodName } from "./method-name.ts";
import type { Named } from "./request-id.ts";
import type { Around } from "./unary.ts";

/** Is told of each call that fails. */
export type ReportFailure = (call: FailedCall) => void;

/** Turns whatever is thrown into a status with details. What is not a Failure tells the caller nothing but that. */
export function answer(report: ReportFailure): Around<object, Called & Named> {
  return async (call, context, proceed) => {
    try {
      return await proceed(call, context);
    } catch (error) {
      throw answered(error, call.method.path, context, report);
    }
  };
}

/** Does the same for calls that stream. */
export function answerStreams(report: ReportFailure): ServerMiddleware<object, Called & Named> {
  return async function* answering(call, context: CallContext & Called & Named) {
    try {
      return yield* call.next(call.request, context);
    } catch (error) {
      throw answered(error, call.method.path, context, report);
    }
  };
}

/** What is thrown on: the status, whose details are in the trailers. */
function answered(error: unknown, path: string, context: CallContext & Called & Named, report: ReportFailure): unknown {
  // Protocols that are not ours have statuses of their own, and a call that was given up has no answer.
  if (error instanceof ServerError || (error instanceof Error && error.name === "AbortError")) return error;
  const failure = failureFrom(error);
  report(failedCall(failure, path, context));
  const status = answerTo(new Failure(failure.reason, { ...failure.facts, method: methodName(path) }));
  context.trailer.set(DETAILS_TRAILER, encodeDetails(status));
  return withoutTrace(() => new ServerError(status.code, status.message));
}

// nice-grpc makes a status of it at once: nobody sees where it was made.
function withoutTrace<T>(make: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const made = make();
  Error.stackTraceLimit = stackTraceLimit;
  return made;
}

function failedCall(
  { reason, cause }: Failure,
  path: string,
  { peer, requestId, caller }: CallContext & Called & Named,
): FailedCall {
  return {
    method: methodOf(path),
    reason,
    requestId,
    caller: caller.id,
    peer,
    ...(reason === "INTERNAL" && cause !== undefined && { cause }),
  };
}
