// What a unary call passes, as one middleware. Each middleware of nice-grpc is an async generator, which takes two promises, a
// copy of the call and some closures of its own: of six, they were a tenth of what a call took.

import type { CallContext, ServerMiddleware } from "nice-grpc";
import type { Adding, Step, StepCall } from "./steps.ts";

/** A unary call, and how it goes on when all was passed. */
export interface UnaryCall extends StepCall {
  readonly next: (request: unknown, context: CallContext) => AsyncGenerator<unknown, unknown, undefined>;
}

/** What comes next on the way of a call. It gives the response. */
export type Proceed = (call: UnaryCall, context: CallContext) => Promise<unknown>;

/** Does something around a unary call, before and after it proceeds, and sets in its context what it adds. */
export type Around<Added extends object = object, Needed extends object = object> = (
  call: UnaryCall,
  context: CallContext & Needed & Adding<Added>,
  proceed: Proceed,
) => Promise<unknown>;

type Link = (proceed: Proceed) => Proceed;

/**
 * The way of a unary call, from outside to inside. What stands on it and needs something that nothing before it adds does not
 * compile.
 */
export class Unary<Context extends object = object> {
  readonly #links: readonly Link[];

  constructor(links: readonly Link[] = []) {
    this.#links = links;
  }

  /** Lets a step look at the call next. */
  step<Added extends object>(step: Step<Added, Context>): Unary<Context & Added> {
    return this.#with<Added>((proceed) => (call, context) => {
      // Whatever stands before has set it: that is what the types of this class are for.
      step(call, context as CallContext & Context & Adding<Added>);
      return proceed(call, context);
    });
  }

  /** Lets something stand around all that is still to come. */
  around<Added extends object>(around: Around<Added, Context>): Unary<Context & Added> {
    return this.#with<Added>(
      (proceed) => (call, context) => around(call, context as CallContext & Context & Adding<Added>, proceed),
    );
  }

  /** The middleware, for services whose methods are all unary. */
  middleware(): ServerMiddleware<Context> {
    const pass = this.#links.reduceRight<Proceed>((proceed, link) => link(proceed), respond);
    // nice-grpc's type is for any request and response. Here, both only pass.
    // biome-ignore lint/correctness/useYield: nice-grpc asks for a generator, and a unary call yields nothing
    return async function* unary(call: UnaryCall, context: CallContext) {
      return await pass(call, context);
    } as unknown as ServerMiddleware<Context>;
  }

  #with<Added extends object>(link: Link): Unary<Context & Added> {
    return new Unary([...this.#links, link]);
  }
}

async function respond(call: UnaryCall, context: CallContext): Promise<unknown> {
  // The method of a unary call yields nothing, and returns the response.
  return (await call.next(call.request, context).next()).value;
}
