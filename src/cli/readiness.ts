import type { Health } from "../api/health.ts";

/** What has to hold for a process to serve. */
const CONDITIONS = ["started", "signing", "clock"] as const;

/** Tells health that a process serves while all conditions hold: that it has started, signs what is right, and knows the time. */
export class Readiness {
  readonly #health: Health;
  readonly #services: readonly string[];
  readonly #holds = { started: false, signing: true, clock: true };

  /** @param services those that serve together */
  constructor(health: Health, services: readonly string[]) {
    this.#health = health;
    this.#services = services;
  }

  set(condition: (typeof CONDITIONS)[number], holds: boolean): void {
    this.#holds[condition] = holds;
    const serving = CONDITIONS.every((each) => this.#holds[each]);
    for (const service of this.#services) this.#health.set(service, serving);
  }
}
