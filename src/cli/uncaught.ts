import type { Surroundings } from "./serve.ts";

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

  /** @param onError is told of each, and whether to tell others */
  constructor({ onUncaught }: Surroundings, onError: (error: unknown, told: boolean) => void) {
    let resolve = () => {};
    this.first = new Promise((happened) => {
      resolve = happened;
    });
    onUncaught?.((error) => {
      this.#count++;
      onError(error, this.#count <= MOST_TOLD);
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
