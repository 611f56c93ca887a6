import type { Surroundings } from "./serve.ts";
import { traceOf } from "./trace.ts";

/** The service ended for an error that nobody expected. */
export class Faulted extends Error {
  override readonly name = "Faulted";
}

/** One that comes again and again is told so often, and then only counted. */
const MOST_TOLD = 10;

/** Errors that nobody catches. After the first one, nobody knows what else is wrong, so the process has to end. */
export class Uncaught {
  /** Resolves at the first one. */
  readonly first: Promise<void>;
  #count = 0;

  /** @param onError is told of each */
  constructor(around: Surroundings, onError?: () => void) {
    let resolve = () => {};
    this.first = new Promise((happened) => {
      resolve = happened;
    });
    around.onUncaught?.((error) => {
      this.#count++;
      if (this.#count <= MOST_TOLD) {
        around.error(JSON.stringify({ level: "fatal", event: "uncaught", ...traceOf(error) }));
      }
      onError?.();
      resolve();
    });
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** @throws Faulted if there was one */
  judge(): void {
    if (this.#count > 0)
      throw new Faulted(`ended for ${this.#count} unexpected errors: the log tells where, report them`);
  }
}
