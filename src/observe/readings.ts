// What is looked at when somebody asks for the metrics, so that nothing has to be told of every change of it.

import type { Counter, Gauge } from "prom-client";
import type { Instant, Seconds } from "../clock.ts";
import type { Instruments } from "./metrics.ts";

/** What there is to look at. Each part may be missing, until it is there. */
export interface Readings {
  /** Whether each service serves, by its full name; `""` is the whole process. */
  readonly serving?: () => ReadonlyMap<string, boolean>;
  readonly bounds?: () => BoundsReading;
  readonly configuration?: () => ConfigurationReading;
  readonly tls?: () => Iterable<{ readonly listener: string; readonly notAfter: Instant }>;
  /** Listeners in plain text off loopback. */
  readonly insecure?: () => Iterable<string>;
  readonly issuers?: () => Iterable<{ readonly issuer: string; readonly age: Seconds; readonly usable: boolean }>;
  readonly audit?: () => AuditReading;
  /** How many lines of the log were lost. */
  readonly logLost?: () => number;
}

/** How much there is to do. */
export interface BoundsReading {
  readonly lagMs: number;
  /** Which part of the calls is shed: 0 to 1. */
  readonly share: number;
  /** Whether clients are to hold calls back. */
  readonly backpressure: boolean;
  readonly connections: { readonly open: number; readonly refused: number; readonly silent: number };
  /** How many sessions were cut, since they flooded. */
  readonly flooding: number;
}

/** The configuration in use. */
export interface ConfigurationReading {
  readonly hash: string;
  readonly loadedAt: Instant;
  readonly projects: Iterable<{
    readonly id: string;
    readonly certificates: readonly { readonly id: string; readonly state: string }[];
  }>;
}

/** How the audit does. */
export interface AuditReading {
  readonly onFull: string;
  readonly queuedBytes: number;
  readonly lost: number;
  readonly suppressed: number;
  readonly healthy: boolean;
}

/** Certificates that are told one by one: thousands of series would tell nobody anything. */
const MOST_CERTIFICATES = 1000;
const STATES = ["standby", "primary", "retiring", "revoked"];

/** Sets instruments to what is read. */
export class Reader {
  readonly #to: Instruments;
  readonly #totals = new Map<object, number>();
  #from: Readings = {};

  constructor(to: Instruments) {
    this.#to = to;
  }

  watch(readings: Readings): void {
    this.#from = { ...this.#from, ...readings };
  }

  /** Looks at everything once. */
  read(): void {
    const { serving, bounds, configuration, tls, insecure, issuers, audit, logLost } = this.#from;
    if (serving) this.#serving(serving());
    if (bounds) this.#bounds(bounds());
    if (configuration) this.#configuration(configuration());
    if (tls) this.#tls(tls());
    if (insecure) for (const listener of insecure()) this.#to.insecure.set({ listener }, 1);
    if (issuers) this.#issuers(issuers());
    if (audit) this.#audit(audit());
    if (logLost) this.#raise(this.#to.logLost, {}, logLost());
  }

  #serving(services: ReadonlyMap<string, boolean>): void {
    for (const [service, serving] of services) set(this.#to.serving, { service: service || "process" }, serving);
  }

  #bounds({ lagMs, share, backpressure, connections, flooding }: BoundsReading): void {
    this.#to.lag.set(lagMs / 1000);
    this.#to.shedShare.set(share);
    this.#to.backpressure.set(backpressure ? 1 : 0);
    this.#to.connections.set(connections.open);
    this.#raise(this.#to.connectionsRefused, {}, connections.refused);
    this.#raise(this.#to.connectionsSilent, {}, connections.silent);
    this.#raise(this.#to.connectionsFlooding, {}, flooding);
  }

  #configuration({ hash, loadedAt, projects }: ConfigurationReading): void {
    this.#to.config.reset();
    this.#to.config.set({ hash }, 1);
    this.#to.loadedAt.set(loadedAt);
    this.#to.certificate.reset();
    const count = new Map(STATES.map((state) => [state, 0]));
    let told = 0;
    let unsigning = 0;
    for (const { id: project, certificates } of projects) {
      if (!certificates.some(({ state }) => state === "primary")) unsigning++;
      for (const { id: certificate, state } of certificates) {
        count.set(state, (count.get(state) ?? 0) + 1);
        if (told++ < MOST_CERTIFICATES) this.#to.certificate.set({ project, certificate, state }, 1);
      }
    }
    for (const [state, number] of count) this.#to.certificates.set({ state }, number);
    this.#to.unsigning.set(unsigning);
  }

  #tls(listeners: ReturnType<NonNullable<Readings["tls"]>>): void {
    for (const { listener, notAfter } of listeners) {
      this.#to.tlsEnd.set({ listener }, notAfter);
      for (const outcome of ["taken", "refused"]) this.#to.tlsReloads.inc({ listener, outcome }, 0);
    }
  }

  #issuers(issuers: ReturnType<NonNullable<Readings["issuers"]>>): void {
    this.#to.keyAge.reset();
    this.#to.keysUsable.reset();
    for (const { issuer, age, usable } of issuers) {
      if (Number.isFinite(age)) this.#to.keyAge.set({ issuer }, age);
      set(this.#to.keysUsable, { issuer }, usable);
      for (const outcome of ["read", "failed"]) this.#to.keyReads.inc({ issuer, outcome }, 0);
    }
  }

  #audit({ onFull, queuedBytes, lost, suppressed, healthy }: AuditReading): void {
    this.#to.auditQueue.set(queuedBytes);
    this.#raise(this.#to.auditLost, { on_full: onFull }, lost);
    this.#raise(this.#to.auditSuppressed, {}, suppressed);
    set(this.#to.auditWriting, {}, healthy);
  }

  // What is counted elsewhere: a counter takes what came since it was looked at last.
  #raise<L extends string>(counter: Counter<L>, labels: Partial<Record<L, string>>, total: number): void {
    const before = this.#totals.get(counter) ?? 0;
    this.#totals.set(counter, total);
    counter.inc(labels, Math.max(0, total - before));
  }
}

function set<L extends string>(gauge: Gauge<L>, labels: Partial<Record<L, string>>, holds: boolean): void {
  gauge.set(labels, holds ? 1 : 0);
}
