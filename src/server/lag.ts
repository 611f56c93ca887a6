/** How often to look, in milliseconds. */
export const LAG_TICK_MS = 100;

/** Tells by how much the event loop is late. */
export class LoopLag {
  readonly #clock: () => number;
  #lastLook: number;
  #lagMs = 0;

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

  /** Looks at the clock. To be called every {@link LAG_TICK_MS}. */
  look(): void {
    const now = this.#clock();
    this.#lagMs = Math.max(0, now - this.#lastLook - LAG_TICK_MS);
    this.#lastLook = now;
  }
}
