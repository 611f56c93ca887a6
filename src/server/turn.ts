/** How much work is taken in one turn of the event loop, in milliseconds: the answers to all of it wait for its end. */
const TAKING_MS = 120;
/** Until so much time has passed, nobody asks for how long the process has worked: that takes as long as a twentieth of a call. */
const LOOK_AFTER_MS = TAKING_MS / 2;
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
  readonly #clock: () => number;
  readonly #afterTurn: (act: () => void) => void;
  #isBegun = false;
  #taken = 0;
  #startMs = 0;
  #startBusyMs = 0;
  #full = false;
  #takenWhenFull: number | undefined;

  /**
   * @param busy for how long this process has worked, in milliseconds. On a machine that has too much to do, a process
   *   waits more than it works, and to refuse calls would make that no better
   * @param clock never goes back, in milliseconds
   * @param afterTurn calls back once what has come is read
   */
  constructor(busy: () => number, clock: () => number, afterTurn: (act: () => void) => void = setImmediate) {
    this.#busy = busy;
    this.#clock = clock;
    this.#afterTurn = afterTurn;
  }

  /** How many calls the last turn took that had more than it had time for. Undefined if there was none since this was asked. */
  takenWhenFull(): number | undefined {
    const taken = this.#takenWhenFull;
    this.#takenWhenFull = undefined;
    return taken;
  }

  /** Whether another call is taken in this turn. */
  takes(): boolean {
    if (!this.#isBegun) this.#begin();
    if (this.#taken === COUNT_FROM) {
      this.#startBusyMs = this.#busy();
      this.#startMs = this.#clock();
    }
    if (this.#taken >= LEAST && this.#taken % LOOK_EACH === 0 && !this.#full) {
      this.#full = this.#clock() - this.#startMs > LOOK_AFTER_MS && this.#busy() - this.#startBusyMs > TAKING_MS;
    }
    if (this.#full) {
      this.#takenWhenFull = this.#taken;
      return false;
    }
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
