import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { RequestValidator } from "../../api/violations.ts";
import type { Step } from "./steps.ts";

/**
 * Lets valid requests pass, unchanged.
 *
 * @param methods by path: `/agora.token.v1.TokenService/BuildToken`
 */
export function validate(validator: RequestValidator, methods: ReadonlyMap<string, DescMethod>): Step {
  return (call) => {
    const method = methods.get(call.method.path);
    // Every method of the service that this guards is unary.
    if (method && !call.requestStream) validator(method.input, call.request as Message);
  };
}
