import { ServerError, type ServerMiddleware } from "nice-grpc";
import { answerTo, failureFrom } from "../../api/answers.ts";
import { Failure } from "../../failure.ts";
import { DETAILS_TRAILER, encodeDetails } from "../../rpc/error-details.ts";
import { methodName } from "./method-name.ts";

/** Is told of a failure that is ours, with its cause. */
export type ReportFault = (failure: Failure, method: string) => void;

/** Turns whatever is thrown into a status with details. What is not a Failure tells the caller nothing, and is reported. */
export function answer(report: ReportFault): ServerMiddleware {
  return async function* answering(call, context) {
    try {
      return yield* call.next(call.request, context);
    } catch (error) {
      // Protocols that are not ours have statuses of their own, and a call that was given up has no answer.
      if (error instanceof ServerError || (error instanceof Error && error.name === "AbortError")) throw error;
      const method = methodName(call.method.path);
      const failure = failureFrom(error);
      if (failure.reason === "INTERNAL") report(failure, method);
      const status = answerTo(new Failure(failure.reason, { ...failure.facts, method }));
      context.trailer.set(DETAILS_TRAILER, encodeDetails(status));
      throw new ServerError(status.code, status.message);
    }
  };
}
