// Whether the time of this machine can be believed. A token that is signed by a clock that was set back is over before it
// is used, and one that is signed by a clock that was set forward is not valid yet.

/** What a watch works with. Times are in milliseconds. */
export interface ClockWatchParts {
  /** Of a clock that never goes back. */
  readonly monotonic: () => number;
  /** The wall clock, since 1970. */
  readonly wall: () => number;
  /** When this program was written, since 1970: it is later than that. */
  readonly builtAt: number;
  /** Is told of each step, by how much: below 0 it went back. */
  readonly onStep?: (step: number) => void;
  /** Is told whenever {@link ClockWatch.isRight} changes. */
  readonly onChange?: (right: boolean) => void;
}

/** What two looks may differ by, in milliseconds. Below it, a clock is corrected as it should be. */
const STEP_MS = 5000;
/** How far a clock may go back, in milliseconds: all of Agora's own limits are longer. */
const MOST_BACK_MS = 60_000;
/** How long a clock that was wrong has to go evenly before it is believed again, in milliseconds. */
const CALM_MS = 60_000;

/** Watches for steps of the wall clock, by a clock that has none. */
export class ClockWatch {
  readonly #parts: ClockWatchParts;
  #offset: number;
  /** When the last step was, or the last time before the program was written. */
  #wrongAt = Number.NEGATIVE_INFINITY;
  /** By how much it went back since it last went evenly. */
  #back = 0;
  #right = true;

  constructor(parts: ClockWatchParts) {
    this.#parts = parts;
    this.#offset = parts.wall() - parts.monotonic();
    this.look();
  }

  /** Whether the time can be believed, as of the last look. */
  get isRight(): boolean {
    return this.#right;
  }

  /** Looks at both clocks, and tells whether the time can be believed. To be called every second, and before each call. */
  look(): boolean {
    const now = this.#parts.monotonic();
    const wall = this.#parts.wall();
    const step = wall - now - this.#offset;
    this.#offset = wall - now;
    if (Math.abs(step) > STEP_MS) {
      this.#wrongAt = now;
      this.#back = Math.max(0, this.#back - step);
      this.#parts.onStep?.(step);
    }
    if (wall < this.#parts.builtAt) this.#wrongAt = now;
    this.#judge(now, wall);
    return this.#right;
  }

  #judge(now: number, wall: number): void {
    const calm = now - this.#wrongAt >= CALM_MS;
    if (calm) this.#back = 0;
    const wrong = this.#back > MOST_BACK_MS || wall < this.#parts.builtAt;
    if (this.#right ? wrong : calm) {
      this.#right = !this.#right;
      this.#parts.onChange?.(this.#right);
    }
  }
}
