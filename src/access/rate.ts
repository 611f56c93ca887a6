/** How often: so many a second in the long run, and so many at once after a pause. Both are at least 1. */
export interface Rate {
  readonly rate: number;
  readonly burst: number;
}

/** A token bucket: lets through what a {@link Rate} allows. */
export class Bucket {
  readonly #rate: Rate;
  #level: number;
  #at: number;

  /** @param now of a clock that never goes back, in milliseconds */
  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#level = rate.burst;
    this.#at = now;
  }

  /**
   * Takes so many at once, or none. What is more than a burst may be taken from a full bucket, and is owed afterwards:
   * the rate holds in the long run.
   *
   * @returns 0, or how long to wait before it is worth another try, in milliseconds, at least 1
   */
  take(count: number, now: number): number {
    this.#fill(now);
    const needed = Math.min(count, this.#rate.burst);
    if (this.#level >= needed) {
      this.#level -= count;
      return 0;
    }
    return Math.max(1, Math.ceil(((needed - this.#level) * 1000) / this.#rate.rate));
  }

  /** Gives back what was taken for nothing. */
  give(count: number): void {
    this.#level = Math.min(this.#rate.burst, this.#level + count);
  }

  /** Whether it is as good as new. */
  isFull(now: number): boolean {
    this.#fill(now);
    return this.#level >= this.#rate.burst;
  }

  #fill(now: number): void {
    const passed = Math.max(0, now - this.#at);
    this.#level = Math.min(this.#rate.burst, this.#level + (passed * this.#rate.rate) / 1000);
    this.#at = now;
  }
}
