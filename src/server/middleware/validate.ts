import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { ServerMiddleware } from "nice-grpc";
import type { RequestValidator } from "../../api/violations.ts";

/**
 * Lets valid requests pass, unchanged.
 *
 * @param methods by path: `/agora.token.v1.TokenService/BuildToken`
 */
export function validate(validator: RequestValidator, methods: ReadonlyMap<string, DescMethod>): ServerMiddleware {
  return async function* validated(call, context) {
    const method = methods.get(call.method.path);
    // Every method of the service that this guards is unary.
    if (method && !call.requestStream) validator(method.input, call.request as Message);
    return yield* call.next(call.request, context);
  };
}
