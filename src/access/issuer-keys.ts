// The keys of an issuer over time: read again in the background, and kept while they cannot be had.

import type { Clock, Instant, Seconds } from "../clock.ts";
import { type KeySet, readKeySet } from "./key-set.ts";

/** When keys are read. */
export interface KeySchedule {
  /** From one reading to the next. 0 reads at every look. */
  readonly every: Seconds;
  /** The least time between two readings, whatever asks for them: a failure, or a JWT that names an unknown key. */
  readonly cooldown: Seconds;
  /** How long keys are used after the last reading that succeeded. */
  readonly keptFor: Seconds;
}

/** Keys in a file are looked at all the time, and are good until the file says otherwise. */
export const FILE_SCHEDULE: KeySchedule = { every: 0, cooldown: 1, keptFor: Number.POSITIVE_INFINITY };

/** Keys behind a URL outlast a day without their issuer. */
export const URL_SCHEDULE: KeySchedule = { every: 600, cooldown: 30, keptFor: 86_400 };

/** What keys come from. */
export interface KeySource {
  /** Reads the JWK Set. Rejects if it cannot be had; it must end in a time that a call can wait. */
  readonly read: () => Promise<Uint8Array>;
  readonly schedule: KeySchedule;
  readonly clock: Clock;
  /** Is told of each reading with another outcome than the one before it. */
  readonly onOutcome: (outcome: KeyOutcome) => void;
}

/** What became of a reading. */
export type KeyOutcome =
  | { readonly outcome: "read"; readonly keys: number }
  /** The keys that were read before stay, for as long as the schedule says. */
  | { readonly outcome: "failed"; readonly message: string };

/** The keys of one issuer. */
export class IssuerKeys {
  readonly #source: KeySource;
  #set: KeySet | undefined;
  #content: Uint8Array = new Uint8Array();
  #readAt: Instant = Number.NEGATIVE_INFINITY;
  #triedAt: Instant = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #told = "";

  constructor(source: KeySource) {
    this.#source = source;
  }

  /** The keys; undefined where none were read, or too long ago. The same object until they change. */
  get set(): KeySet | undefined {
    return this.age <= this.#source.schedule.keptFor ? this.#set : undefined;
  }

  /** How long ago the keys were read, in seconds; infinite before. */
  get age(): Seconds {
    return this.#source.clock() - this.#readAt;
  }

  /** Reads the keys if it is time to. It never rejects: what cannot be read is told, and the keys stay. */
  async poll(): Promise<void> {
    const { age } = this;
    // An age below 0 means that the clock was set back.
    if (age < 0 || age >= this.#source.schedule.every) await this.refresh();
  }

  /**
   * Reads the keys, unless they were just tried. Callers at the same time wait for the same reading. It never rejects.
   */
  refresh(): Promise<void> {
    const { clock, schedule } = this.#source;
    if (this.#reading) return this.#reading;
    const now = clock();
    if (now >= this.#triedAt && now - this.#triedAt < schedule.cooldown) return Promise.resolve();
    this.#triedAt = now;
    this.#reading = this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    try {
      const bytes = await this.#source.read();
      if (!this.#set || !isSame(bytes, this.#content)) {
        this.#set = readKeySet(bytes);
        this.#content = bytes;
        this.#told = "";
      }
      this.#readAt = this.#source.clock();
      this.#tell({ outcome: "read", keys: this.#set.ids.size });
    } catch (error) {
      this.#tell({ outcome: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  }

  #tell(outcome: KeyOutcome): void {
    const text = JSON.stringify(outcome);
    if (text === this.#told) return;
    this.#told = text;
    this.#source.onOutcome(outcome);
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
