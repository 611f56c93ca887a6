// What is counted as it happens, for Prometheus. What can be looked at when somebody asks is in readings.ts.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { Capped } from "./capped.ts";
import { Reader, type Readings } from "./readings.ts";
import { type Row, TABLE } from "./table.ts";

/** A token that was issued, as far as it is counted. */
export interface IssuedToken {
  /** The ID of its project. */
  readonly project: string;
  /** `006` or `007`. */
  readonly version: string;
  readonly services: readonly string[];
  readonly renewed: boolean;
}

/** What metrics are made of. */
export interface MetricsParts {
  /** The release of this program. */
  readonly version: string;
  /** The release of Node.js: `v20.20.2`. */
  readonly nodeVersion: string;
  /** The methods that there are: `agora.token.v1.TokenService/BuildToken`. */
  readonly methods: Iterable<string>;
}

/** The instrument of a row. */
export type Instrument<R> =
  R extends Row<"counter", infer L>
    ? Counter<L>
    : R extends Row<"gauge", infer L>
      ? Gauge<L>
      : R extends Row<"histogram", infer L>
        ? Histogram<L>
        : never;
/** An instrument for each row. */
export type Instruments = { readonly [K in keyof typeof TABLE]: Instrument<(typeof TABLE)[K]> };

const MOST_CALLERS = 200;
const MOST_PROJECTS = 1000;
/** What OpenTelemetry calls a method that there is not. */
const OTHER_METHOD = "_OTHER";
// Those of OpenTelemetry's convention, and two below: most calls take less than 5 ms.
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Counts, and tells Prometheus. */
export class Metrics {
  readonly registry = new Registry();
  readonly #methods: ReadonlySet<string>;
  readonly #callers = new Capped(MOST_CALLERS);
  readonly #projects = new Capped(MOST_PROJECTS);
  readonly #instruments: Instruments;
  readonly #reader: Reader;

  constructor({ version, nodeVersion, methods }: MetricsParts) {
    this.#methods = new Set(methods);
    this.#instruments = instrumentsOf(this.registry);
    this.#reader = new Reader(this.#instruments);
    collectDefaultMetrics({ register: this.registry });
    this.#instruments.build.set({ version, node_version: nodeVersion }, 1);
    // What does not load does not start.
    this.#instruments.reloaded.set(1);
    this.#instruments.clockRight.set(1);
    // A counter that has not moved is 0, and not missing: else its first move would be no increase.
    for (const why of ["rate", "in_flight", "lag"]) this.#instruments.shed.inc({ why }, 0);
    for (const outcome of ["applied", "refused"]) this.#instruments.reloads.inc({ outcome }, 0);
    for (const where of ["call", "background", "uncaught"]) this.#instruments.faults.inc({ where }, 0);
    for (const direction of ["forward", "back"]) this.#instruments.clockSteps.inc({ direction }, 0);
  }

  /** Looks at this from now on, whenever somebody asks. Each of them may come at another time. */
  watch(readings: Readings): void {
    this.#reader.watch(readings);
  }

  /** All metrics, and their media type. */
  async page(): Promise<{ readonly type: string; readonly text: string }> {
    this.#reader.read();
    return { type: this.registry.contentType, text: await this.registry.metrics() };
  }

  callBegan(): void {
    this.#instruments.inFlight.inc();
  }

  /**
   * @param method `agora.token.v1.TokenService/BuildToken`; any text
   * @param status the name of the gRPC status: `OK`
   */
  callEnded(method: string, status: string, seconds: number): void {
    this.#instruments.inFlight.dec();
    this.#instruments.calls.observe({ rpc_method: this.#methodOf(method), rpc_response_status_code: status }, seconds);
  }

  /** A call that succeeded, and the tokens that it was given. */
  callAnswered(caller: string, tokens: readonly IssuedToken[]): void {
    const known = this.#callers.of(caller);
    this.#instruments.byCaller.inc({ caller: known, outcome: "answered" });
    if (tokens.length > 0) this.#instruments.issuedTo.inc({ caller: known }, tokens.length);
    for (const { project, version, services, renewed } of tokens) {
      const of = this.#projects.of(project);
      for (const service of services) this.#instruments.issued.inc({ project: of, service, version });
      if (renewed) this.#instruments.renewed.inc({ project: of });
    }
  }

  /** @param caller undefined for a stranger */
  callRefused(method: string, reason: string, caller: string | undefined): void {
    this.#instruments.refused.inc({ rpc_method: this.#methodOf(method), reason });
    if (caller !== undefined) {
      this.#instruments.byCaller.inc({ caller: this.#callers.of(caller), outcome: "refused" });
    }
  }

  callShed(why: "rate" | "in_flight" | "lag"): void {
    this.#instruments.shed.inc({ why });
  }

  configReloaded(outcome: "applied" | "refused"): void {
    this.#instruments.reloads.inc({ outcome });
    this.#instruments.reloaded.set(outcome === "applied" ? 1 : 0);
  }

  tlsReloaded(listener: string, outcome: "taken" | "refused"): void {
    this.#instruments.tlsReloads.inc({ listener, outcome });
  }

  keysRead(issuer: string, outcome: "read" | "failed"): void {
    this.#instruments.keyReads.inc({ issuer, outcome });
  }

  selfCheckFailed(): void {
    this.#instruments.selfCheck.inc();
  }

  /** @param seconds below 0 where the clock was set back */
  clockStepped(seconds: number): void {
    this.#instruments.clockSteps.inc({ direction: seconds < 0 ? "back" : "forward" });
    this.#instruments.clockStep.set(seconds);
  }

  clockJudged(right: boolean): void {
    this.#instruments.clockRight.set(right ? 1 : 0);
  }

  /** An error of ours. */
  faulted(where: "call" | "background" | "uncaught"): void {
    this.#instruments.faults.inc({ where });
  }

  #methodOf(method: string): string {
    return this.#methods.has(method) ? method : OTHER_METHOD;
  }
}

function instrumentsOf(registry: Registry): Instruments {
  const made = Object.entries(TABLE).map(([key, { kind, name, help, labels }]) => {
    const shape = { name, help, labelNames: labels, registers: [registry] };
    if (kind === "counter") return [key, new Counter(shape)] as const;
    return [key, kind === "gauge" ? new Gauge(shape) : new Histogram({ ...shape, buckets: BUCKETS })] as const;
  });
  // fromEntries forgets which row has which name and kind.
  return Object.fromEntries(made) as unknown as Instruments;
}
