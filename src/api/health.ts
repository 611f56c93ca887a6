/** Whether a service can be called. Undefined where no such service is known. */
export type Serving = boolean | undefined;

/**
 * What this process says of its health, for each service by its full name; `""` is the whole process.
 * Once it drains, nothing serves any more, and nothing brings it back.
 */
export class Health {
  readonly #serving = new Map<string, boolean>();
  readonly #waiting = new Set<() => void>();
  #draining = false;

  /** @param services are known, and do not serve until they are set to */
  constructor(services: Iterable<string> = []) {
    for (const service of services) this.#serving.set(service, false);
  }

  /** Makes the service known if it is not. Without effect once the process drains. */
  set(service: string, serving: boolean): void {
    if (this.#draining) return;
    this.#serving.set(service, serving);
    this.#wake();
  }

  /** Nothing serves any more: every watch tells so, and ends. */
  drain(): void {
    this.#draining = true;
    for (const service of this.#serving.keys()) this.#serving.set(service, false);
    this.#wake();
  }

  check(service: string): Serving {
    return this.#serving.get(service);
  }

  list(): ReadonlyMap<string, boolean> {
    return this.#serving;
  }

  /**
   * Tells whether the service serves, now and after each change, and ends once the process drains. Who reads
   * slowly misses states that are past, never the last one, and nobody is told the same twice in a row.
   *
   * @throws AbortError once `signal` is aborted
   */
  async *watch(service: string, signal: AbortSignal): AsyncGenerator<Serving, void> {
    let told: Serving | null = null;
    for (;;) {
      signal.throwIfAborted();
      const serving = this.check(service);
      // After each yield the state is read anew before a change is waited for, so a change meanwhile is not missed.
      if (serving !== told) {
        told = serving;
        yield serving;
      } else if (this.#draining) return;
      else await this.#change(signal);
    }
  }

  // A set of callbacks: an EventEmitter warns of many listeners, and a promise that all await never forgets who left.
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}
