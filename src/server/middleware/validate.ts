import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { RequestValidator } from "../../api/violations.ts";
import type { Around } from "./unary.ts";

/**
 * Lets valid requests pass, unchanged.
 *
 * @param methods by path: `/agora.token.v1.TokenService/BuildToken`
 */
export function validate(validator: RequestValidator, methods: ReadonlyMap<string, DescMethod>): Around {
  return (call, context, proceed) => {
    const method = methods.get(call.method.path);
    if (!method) throw new Error("a method without rules");
    const valid = validator(method.input, call.request as Message);
    // A promise more is a hundredth of a call, and nearly all are plain.
    return valid === undefined ? proceed(call, context) : valid.then(() => proceed(call, context));
  };
}
