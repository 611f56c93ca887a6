/** What backpressure is reckoned by. */
export interface BackpressureParts {
  /** The most calls that a connection may have open. */
  readonly maxConcurrentStreams: number;
  /** The most calls that may be in progress, on all connections together. */
  readonly maxInFlight: number;
  /** Never goes back, in milliseconds. */
  readonly clock: () => number;
}

/** What was seen since the last look. */
export interface Seen {
  /** How many calls were shed. */
  readonly shed: number;
  /** How many calls the last turn of the event loop took that had more than it has time for. Undefined if there was none. */
  readonly turn: number | undefined;
  /** How many connections have calls. */
  readonly connections: number;
}

/** For how long what clients were told is left to take effect before they are told of less, in milliseconds. */
const SETTLES_MS = 1000;
/** After so long without a call that was shed, more are let in, in milliseconds. */
const CALM_MS = 5000;
/** How many times as much is more. */
const MORE = 1.25;

/**
 * How many calls a connection may have open while more comes than there is time for: its share of what the service can have
 * in progress. To refuse a call takes a third of what to answer one takes, so a service that is asked for three times what it can
 * do would do little but refuse. What a client holds back, as HTTP/2 has it, takes nothing; and nobody gets more than others by
 * calling more.
 */
export class Backpressure {
  readonly #parts: BackpressureParts;
  /** Calls that may be open on all connections together. Undefined while there is time for all. */
  #open: number | undefined;
  #most: number;
  #changedAt = 0;

  constructor(parts: BackpressureParts) {
    this.#parts = parts;
    this.#most = parts.maxConcurrentStreams;
  }

  /** Whether clients are to hold calls back. */
  get isOn(): boolean {
    return this.#most < this.#parts.maxConcurrentStreams;
  }

  /** The most calls that a connection may have open now. */
  get most(): number {
    return this.#most;
  }

  /** Looks at what came. To be called from time to time. */
  look({ shed, turn, connections }: Seen): void {
    const { maxConcurrentStreams, maxInFlight, clock } = this.#parts;
    if (shed > 0) {
      // What clients were told a moment ago is not yet what they do.
      if (this.#open !== undefined && clock() - this.#changedAt < SETTLES_MS) return;
      this.#open = Math.min(maxInFlight, turn ?? maxInFlight);
      this.#changedAt = clock();
    } else if (this.#open !== undefined && clock() - this.#changedAt >= CALM_MS) {
      this.#open *= MORE;
      this.#changedAt = clock();
    }
    if (this.#open === undefined) return;
    const share = Math.max(1, Math.floor(this.#open / Math.max(1, connections)));
    if (share >= maxConcurrentStreams) {
      this.#most = maxConcurrentStreams;
      if (shed === 0) this.#open = undefined;
    } else if (share < this.#most || share >= this.#most * MORE) {
      // Small changes are not worth telling all clients of.
      this.#most = share;
    }
  }
}
