import type { CallContext, ServerMiddleware } from "nice-grpc";

/** What a step looks at. */
export interface StepCall {
  readonly method: { readonly path: string };
  /** A message; where requests stream, those to come. */
  readonly request: unknown;
  readonly requestStream: boolean;
}

/** Looks at a call before it goes on, and gives what is to be added to its context. Throws to refuse it. */
export type Step<Added extends object = object, Needed extends object = object> = (
  call: StepCall,
  context: CallContext & Needed,
) => Added | undefined;

/**
 * Makes one middleware of steps, in their order. A middleware of its own for each would cost a call a generator, two
 * promises and three objects for every step.
 */
export function steps<A extends object, N extends object = object>(first: Step<A, N>): ServerMiddleware<A, N>;
export function steps<A extends object, B extends object, N extends object = object>(
  first: Step<A, N>,
  second: Step<B, N & A>,
): ServerMiddleware<A & B, N>;
export function steps(...all: readonly Step[]): ServerMiddleware {
  return async function* stepping(call, context: CallContext) {
    for (const step of all) Object.assign(context, step(call, context));
    return yield* call.next(call.request, context);
  };
}
