import type { MethodName } from "../../access/policy.ts";
import type { Admitted } from "../../api/token-api.ts";
import { Failure } from "../../failure.ts";
import type { Snapshot } from "../snapshot.ts";
import type { Called } from "./caller.ts";
import { methodName } from "./method-name.ts";
import type { Step } from "./steps.ts";

/**
 * Lets a caller use a method that some row permits it, and adds those rows and the key ring of the same moment. A
 * method without a row is denied.
 *
 * @param now gives the snapshot of this moment
 */
export function admit(now: () => Snapshot): Step<Admitted, Called> {
  return (call, context) => {
    const { policy, keyRing, isStill } = now();
    // The body came after the headers. If the ID is that of somebody else by now, nobody knows who this is.
    if (!isStill(context.caller)) throw new Failure("CALLER_UNKNOWN");
    const permits = policy.permits(context.caller.id, methodName(call.method.path) as MethodName);
    if (!permits) throw new Failure("NOT_PERMITTED");
    context.permits = permits;
    context.keyRing = keyRing;
  };
}
