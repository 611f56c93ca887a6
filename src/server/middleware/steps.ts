import type { CallContext, ServerMiddleware } from "nice-grpc";

/** What a step looks at. */
export interface StepCall {
  readonly method: { readonly path: string };
  /** A message; where requests stream, those to come. */
  readonly request: unknown;
  readonly requestStream: boolean;
}

/** A context that something is to be added to. */
export type Adding<Added> = { -readonly [K in keyof Added]?: Added[K] };

/** Looks at a call before it goes on, and sets in its context what it adds. Throws to refuse it. */
export type Step<Added extends object = object, Needed extends object = object> = (
  call: StepCall,
  context: CallContext & Needed & Adding<Added>,
) => void;

/** Makes a middleware of steps, in their order. For calls that are all unary, {@link Unary} costs less. */
export function steps<A extends object, N extends object = object>(first: Step<A, N>): ServerMiddleware<A, N>;
export function steps<A extends object, B extends object, N extends object = object>(
  first: Step<A, N>,
  second: Step<B, N & A>,
): ServerMiddleware<A & B, N>;
export function steps(...all: readonly Step[]): ServerMiddleware {
  return async function* stepping(call, context: CallContext) {
    for (const step of all) step(call, context);
    return yield* call.next(call.request, context);
  };
}
