/** Something that has begun. */
export class Begun<T> {
  /** Undefined once it has ended. */
  item: T | undefined;
  readonly since: number;
  earlier: Begun<T> | undefined;
  later: Begun<T> | undefined;

  constructor(item: T, since: number) {
    this.item = item;
    this.since = since;
  }
}

/**
 * What has begun and has to end within a time: calls, connections. Looked after by one timer, not by one for each.
 *
 * They are linked in the order in which they began. A Map would keep that order too, but each time it makes room anew, it leaves
 * behind a table of all that was in it, which V8's young generation takes for alive: nearly every call would be kept until
 * the old one is collected.
 */
export class Overdue<T> {
  readonly #limitMs: number;
  readonly #clock: () => number;
  readonly #late: (item: T) => void;
  #first: Begun<T> | undefined;
  #last: Begun<T> | undefined;
  #size = 0;

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
    return this.#size;
  }

  /** @returns what {@link end} is to be given */
  begin(item: T): Begun<T> {
    const begun = new Begun(item, this.#clock());
    const last = this.#last;
    if (last) {
      begun.earlier = last;
      last.later = begun;
    } else this.#first = begun;
    this.#last = begun;
    this.#size++;
    return begun;
  }

  /** Does nothing to what has ended already. */
  end(begun: Begun<T>): void {
    if (begun.item === undefined) return;
    const { earlier, later } = begun;
    if (earlier) earlier.later = later;
    else this.#first = later;
    if (later) later.earlier = earlier;
    else this.#last = earlier;
    begun.item = undefined;
    // What has ended keeps nothing else.
    begun.earlier = undefined;
    begun.later = undefined;
    this.#size--;
  }

  /** Finds those that are late. The time that it takes is in proportion to them, and not to all that have begun. */
  sweep(): void {
    const begunBefore = this.#clock() - this.#limitMs;
    for (let first = this.#first; first && first.since <= begunBefore; first = this.#first) {
      const { item } = first;
      this.end(first);
      if (item !== undefined) this.#late(item);
    }
  }
}
