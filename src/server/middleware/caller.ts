import type { Caller } from "../../access/caller.ts";
import { peerFrom } from "../peer.ts";
import type { Step } from "./steps.ts";

/** What {@link caller} adds. */
export interface Called {
  readonly caller: Caller;
}

/** Adds who calls, as the interceptor found out, and puts the plain address back. */
export function caller(): Step<Called & { readonly peer: string }> {
  return (_, context) => {
    const { address, caller } = peerFrom(context.peer);
    context.peer = address;
    context.caller = caller;
  };
}
