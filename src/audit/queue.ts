/** The records of one call. */
export interface Entry {
  readonly bodies: readonly string[];
  readonly bytes: number;
  /** Tells the call whether they are written. Undefined where nobody waits, or not any more. */
  settle: ((written: boolean) => void) | undefined;
  /** Whether the call was refused meanwhile. */
  refused: boolean;
}

/** The most bytes that wait. A record has about 700. */
const MOST_BYTES = 8 * 1024 * 1024;
/** The most bytes of one write, which is what a pipe takes at once. */
const BATCH_BYTES = 64 * 1024;

/** What waits to be written, and what is being written: together no more than 8 MiB. */
export class Queue {
  #entries: Entry[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Adds records, if there is room. */
  push(bodies: readonly string[], settle: Entry["settle"]): boolean {
    // Characters, not bytes: the two differ by little, as names are mostly ASCII, and counting bytes takes time.
    const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
    if (this.#bytes + bytes > MOST_BYTES) return false;
    this.#bytes += bytes;
    this.#entries.push({ bodies, bytes, settle, refused: false });
    return true;
  }

  /** Adds records before all others, whether there is room or not. */
  pushFirst(bodies: readonly string[]): void {
    this.#entries.unshift({ bodies, bytes: 0, settle: undefined, refused: false });
  }

  /** Takes out the first entries, one at least if there is one. Their bytes count until they are {@link done}. */
  take(): Entry[] {
    let bytes = 0;
    let count = 0;
    for (const entry of this.#entries) {
      bytes += entry.bytes;
      if (count > 0 && bytes > BATCH_BYTES) break;
      count++;
    }
    return this.#entries.splice(0, count);
  }

  /** Puts back what was taken out, or is left of it. */
  putBack(entries: readonly Entry[]): void {
    this.#entries.unshift(...entries);
  }

  /** An entry that was taken out does not come back. */
  done({ bytes }: Entry): void {
    this.#bytes -= bytes;
  }

  /** Takes out what some call waits for. */
  takeAwaited(): Entry[] {
    const awaited = this.#entries.filter(({ settle }) => settle);
    this.#entries = this.#entries.filter(({ settle }) => !settle);
    for (const entry of awaited) this.done(entry);
    return awaited;
  }
}
