import type { CallContext, ServerMiddleware } from "nice-grpc";
import type { Caller } from "../../access/caller.ts";
import { peerFrom } from "../peer.ts";

/** What {@link caller} adds. */
export interface Called {
  readonly caller: Caller;
}

/** Adds who calls, as the interceptor found out, and puts the plain address back. */
export function caller(): ServerMiddleware<Called> {
  return async function* identified(call, context: CallContext) {
    const peer = peerFrom(context.peer);
    return yield* call.next(call.request, { ...context, peer: peer.address, caller: peer.caller });
  };
}
