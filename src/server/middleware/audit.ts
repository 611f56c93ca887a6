import { failureFrom } from "../../api/answers.ts";
import { Ledger } from "../../audit/ledger.ts";
import type { Names } from "../../audit/names.ts";
import { type CallFacts, grantedBodies, refusedBody } from "../../audit/record.ts";
import type { Trail } from "../../audit/trail.ts";
import type { ExcessCall, Stranger } from "../peer.ts";
import type { Called } from "./caller.ts";
import { methodName } from "./method-name.ts";
import type { Named } from "./request-id.ts";
import type { Around } from "./unary.ts";

/** Where and how decisions are recorded. */
export interface Auditing {
  readonly trail: Trail;
  readonly names: Names;
  /** Tells the time, in milliseconds since 1970. */
  readonly now: () => number;
  /** Is told of each call that succeeded, once it is recorded. */
  readonly onAnswered?: OnAnswered | undefined;
}

/** Is told of a call that succeeded, of what was decided in it, and of its request. */
export type OnAnswered = (call: CallFacts, ledger: Ledger, request: unknown) => void;

/** What {@link audit} adds. */
export interface Audited {
  /** Undefined where nothing is recorded. */
  readonly ledger: Ledger | undefined;
}

/**
 * Records what is decided, before the answer leaves. Where that cannot be recorded, and has to be, the call fails
 * instead with AUDIT_UNAVAILABLE.
 *
 * @param auditing undefined where nothing is recorded, as in the demo
 */
export function audit(auditing: Auditing | undefined): Around<Audited, Called & Named> {
  return async (call, context, proceed) => {
    if (!auditing) return proceed(call, context);
    const { trail, names, now, onAnswered } = auditing;
    const ledger = new Ledger();
    context.ledger = ledger;
    try {
      const response = await proceed(call, context);
      const answered = factsOf(context, call.method.path, now());
      await trail.record(grantedBodies(answered, ledger, names));
      onAnswered?.(answered, ledger, call.request);
      return response;
    } catch (error) {
      const body = refusalOf(error, ledger, names, () => factsOf(context, call.method.path, now()));
      if (body !== undefined) await trail.record([body]);
      throw error;
    }
  };
}

/** Records calls that a limit refused: some of them, since whoever is over a limit goes on calling. */
export function auditExcess({ trail, names, now }: Auditing): (call: ExcessCall, path: string) => void {
  return (call, path) =>
    trail.sample(() => refusedBody(factsOf(call, path, now()), new Ledger(), names, { reason: "RATE_LIMITED" }));
}

/** Records calls of strangers: some of them, since nothing keeps them from calling. */
export function auditStrangers({ trail, names, now }: Auditing): (stranger: Stranger) => void {
  return ({ method, address }) =>
    trail.sample(() => {
      const facts = { time: now(), requestId: undefined, caller: undefined, peer: address, method };
      return refusedBody(facts, new Ledger(), names, { reason: "CALLER_UNKNOWN" });
    });
}

function factsOf(
  { requestId, caller, peer }: Omit<CallFacts, "time" | "method">,
  path: string,
  time: number,
): CallFacts {
  return { time, requestId, caller, peer, method: methodName(path) };
}

function refusalOf(error: unknown, ledger: Ledger, names: Names, facts: () => CallFacts): string | undefined {
  // A call that was given up before anything was decided has no answer to record.
  if (error instanceof Error && error.name === "AbortError") return undefined;
  const { reason, facts: known } = failureFrom(error);
  // It is the record of this very call that could not be written.
  if (reason === "AUDIT_UNAVAILABLE") return undefined;
  return refusedBody(facts(), ledger, names, { reason, index: known.index });
}
