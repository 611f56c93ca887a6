import { type CallContext, ServerError, type ServerMiddleware } from "nice-grpc";
import { answerTo, failureFrom } from "../../api/answers.ts";
import { Failure } from "../../failure.ts";
import type { FailedCall } from "../../observe/call-log.ts";
import { DETAILS_TRAILER, encodeDetails } from "../../rpc/error-details.ts";
import { methodOf } from "../stream-status.ts";
import type { Called } from "./caller.ts";
import { methodName } from "./method-name.ts";
import type { Named } from "./request-id.ts";

/** Is told of each call that fails. */
export type ReportFailure = (call: FailedCall) => void;

/** Turns whatever is thrown into a status with details. What is not a Failure tells the caller nothing but that. */
export function answer(report: ReportFailure): ServerMiddleware<object, Called & Named> {
  return async function* answering(call, context: CallContext & Called & Named) {
    try {
      return yield* call.next(call.request, context);
    } catch (error) {
      // Protocols that are not ours have statuses of their own, and a call that was given up has no answer.
      if (error instanceof ServerError || (error instanceof Error && error.name === "AbortError")) throw error;
      const method = methodName(call.method.path);
      const failure = failureFrom(error);
      report(failedCall(failure, call.method.path, context));
      const status = answerTo(new Failure(failure.reason, { ...failure.facts, method }));
      context.trailer.set(DETAILS_TRAILER, encodeDetails(status));
      throw new ServerError(status.code, status.message);
    }
  };
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
