/** How often to look, in milliseconds. */
export const LAG_TICK_MS = 100;

/** From which lag on there is more work than time, in milliseconds. */
const MOST_LAG_MS = 200;
/** For how long that must last, in milliseconds: one long pause is no overload. */
const PATIENCE_MS = 1000;
/** How much more, and how much less, is shed from one look to the next, in hundredths. */
const UP = 10;
const DOWN = 5;
const MOST = 95;

/**
 * Tells from the lag of the event loop whether there is more work than time, and which calls to shed so that the others
 * are answered in time. What is shed grows by tenths while the lag lasts, and is gone two seconds after it.
 */
export class LoopLag {
  readonly #clock: () => number;
  #lastLook: number;
  #lateSince: number | undefined;
  #lagMs = 0;
  #hundredths = 0;
  #owed = 0;

  /** @param clock never goes back, in milliseconds */
  constructor(clock: () => number) {
    this.#clock = clock;
    this.#lastLook = clock();
  }

  /** By how much the last look was late, in milliseconds. */
  get lagMs(): number {
    return this.#lagMs;
  }

  /** How long ago the last look was, in milliseconds: far more than {@link LAG_TICK_MS} if the event loop has stalled. */
  get sinceLookMs(): number {
    return this.#clock() - this.#lastLook;
  }

  /** Which part of the calls is shed. */
  get share(): number {
    return this.#hundredths / 100;
  }

  /** Looks at the clock. To be called every {@link LAG_TICK_MS}. */
  look(): void {
    const now = this.#clock();
    this.#lagMs = Math.max(0, now - this.#lastLook - LAG_TICK_MS);
    this.#lastLook = now;
    if (this.#lagMs <= MOST_LAG_MS) {
      this.#lateSince = undefined;
      this.#hundredths = Math.max(0, this.#hundredths - DOWN);
      return;
    }
    this.#lateSince ??= now;
    if (now - this.#lateSince >= PATIENCE_MS) this.#hundredths = Math.min(MOST, this.#hundredths + UP);
  }

  /** Whether to shed the next call. Evenly, so that no caller is shed for long. */
  sheds(): boolean {
    this.#owed += this.#hundredths;
    if (this.#owed < 100) return false;
    this.#owed -= 100;
    return true;
  }
}
