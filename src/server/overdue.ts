/** What has begun and has to end within a time: calls, connections. Looked after by one timer, not by one for each. */
export class Overdue<T> {
  readonly #since = new Map<T, number>();
  readonly #limitMs: number;
  readonly #clock: () => number;
  readonly #late: (item: T) => void;

  /**
   * @param clock never goes back, in milliseconds
   * @param late is told of each that has not ended in time, once
   */
  constructor(limitMs: number, clock: () => number, late: (item: T) => void) {
    this.#limitMs = limitMs;
    this.#clock = clock;
    this.#late = late;
  }

  /** How many have begun and not ended. */
  get size(): number {
    return this.#since.size;
  }

  begin(item: T): void {
    this.#since.set(item, this.#clock());
  }

  end(item: T): void {
    this.#since.delete(item);
  }

  /** Finds those that are late. The time that it takes is in proportion to them, and not to all that have begun. */
  sweep(): void {
    const begunBefore = this.#clock() - this.#limitMs;
    for (const [item, since] of this.#since) {
      // A Map keeps the order in which they began.
      if (since > begunBefore) return;
      this.#since.delete(item);
      this.#late(item);
    }
  }
}
