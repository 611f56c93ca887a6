/** How much work is taken in one turn of the event loop, in milliseconds: the answers to all of it wait for its end. */
const TAKING_MS = 120;
/** So many calls are taken all the same, so that one long pause is no overload. */
const LEAST = 64;
/** From which call on the work is counted. Most turns have fewer, and need no look at the clock. */
const COUNT_FROM = 16;
/** How many calls are taken from one look at the clock to the next: a look takes as long as a hundredth of a call. */
const LOOK_EACH = 4;

/**
 * Bounds how much is taken in one turn of the event loop. A turn reads all that has come. If to answer it takes longer than
 * callers may be kept waiting, the rest is more than there is time for.
 */
export class Turn {
  readonly #busy: () => number;
  readonly #afterTurn: (act: () => void) => void;
  #isBegun = false;
  #taken = 0;
  #startMs = 0;
  #full = false;

  /**
   * @param busy for how long this process has worked, in milliseconds. On a machine that has too much to do, a process
   *   waits more than it works, and to refuse calls would make that no better
   * @param afterTurn calls back once what has come is read
   */
  constructor(busy: () => number, afterTurn: (act: () => void) => void = setImmediate) {
    this.#busy = busy;
    this.#afterTurn = afterTurn;
  }

  /** Whether another call is taken in this turn. */
  takes(): boolean {
    if (!this.#isBegun) this.#begin();
    if (this.#taken === COUNT_FROM) this.#startMs = this.#busy();
    if (this.#taken >= LEAST && this.#taken % LOOK_EACH === 0 && !this.#full) {
      this.#full = this.#busy() - this.#startMs > TAKING_MS;
    }
    if (this.#full) return false;
    this.#taken++;
    return true;
  }

  #begin(): void {
    this.#isBegun = true;
    this.#taken = 0;
    this.#full = false;
    this.#afterTurn(() => {
      this.#isBegun = false;
    });
  }
}
