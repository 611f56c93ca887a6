// What a running service tells of itself: metrics, a log, and traces. What is measured and logged is decided here, so that
// the rest has plain callbacks.

import { createHash } from "node:crypto";
import packageJson from "../../package.json" with { type: "json" };
import type { KeyOutcome } from "../access/issuer-keys.ts";
import { outlineOf } from "../api/outline.ts";
import type { Ledger } from "../audit/ledger.ts";
import { spelledService } from "../audit/spelling.ts";
import type { Trail } from "../audit/trail.ts";
import type { Clock } from "../clock.ts";
import type { Settings } from "../config/config.ts";
import { CallLog, type FailedCall } from "../observe/call-log.ts";
import { type Fields, LEVELS, type Level, type Log } from "../observe/log.ts";
import type { IssuedToken, Metrics } from "../observe/metrics.ts";
import { traceOf } from "../observe/trace.ts";
import type { WatchStream } from "../server/connections.ts";
import type { TlsOutcome } from "../server/credentials.ts";
import type { OnAnswered } from "../server/middleware/audit.ts";
import { measure } from "../server/middleware/measure.ts";
import { traceCalls } from "../server/middleware/trace.ts";
import { METHOD_NAMES } from "../server/server.ts";
import { methodOf } from "../server/stream-status.ts";
import type { ReloadResult } from "./reloading.ts";
import type { Surroundings } from "./serve.ts";

/** Tells of a running service. */
export class Observing {
  readonly log: Log;
  /** Undefined for the demo, which nobody asks. */
  readonly metrics: Metrics | undefined;
  readonly #calls: CallLog;

  constructor(log: Log, metrics?: Metrics) {
    this.log = log;
    this.metrics = metrics;
    this.#calls = new CallLog(log, () => performance.now());
  }

  /** Is told of each call that begins; undefined where nobody measures. */
  get onStream(): WatchStream | undefined {
    if (!this.metrics) return undefined;
    const each = [measure(this.metrics, () => performance.now()), traceCalls(METHOD_NAMES, packageJson.version)];
    return (stream, headers) => {
      for (const watch of each) watch(stream, headers);
    };
  }

  readonly onFailed = (call: FailedCall): void => {
    this.metrics?.callRefused(call.method, call.reason, call.caller);
    if (call.reason === "INTERNAL") this.metrics?.faulted("call");
    this.#calls.failed(call);
  };

  /** Is told of calls that were refused by their headers, which {@link onStream} does not see. */
  readonly onShed = (why: "in_flight" | "lag", path: string): void => {
    this.onExcess(why);
    this.metrics?.callBegan();
    this.metrics?.callEnded(methodOf(path), "RESOURCE_EXHAUSTED", 0);
  };

  readonly onExcess = (why: "rate" | "in_flight" | "lag"): void => {
    this.metrics?.callShed(why);
    this.#calls.shed(why);
  };

  readonly onAnswered: OnAnswered = ({ caller, requestId, peer, method }, ledger, request) => {
    if (caller) this.metrics?.callAnswered(caller.id, tokensOf(ledger));
    if (!this.log.tells("debug")) return;
    const tokens = ledger.signed.length;
    this.log.debug("call", {
      request_id: requestId,
      caller: caller?.id,
      peer,
      method,
      ...(tokens > 0 && { tokens }),
      request: outlineOf(request),
    });
  };

  readonly onReload = (file: string, result: ReloadResult): void => {
    this.metrics?.configReloaded(result.outcome);
    this.log[result.outcome === "applied" ? "info" : "error"]("reload", { file, ...result });
  };

  readonly onTls = (listener: string, outcome: TlsOutcome): void => {
    this.metrics?.tlsReloaded(listener, outcome.outcome);
    this.log[outcome.outcome === "taken" ? "info" : "error"]("tls", { of: listener, ...outcome });
  };

  readonly onKeys = (issuer: string, outcome: KeyOutcome): void => {
    this.metrics?.keysRead(issuer, outcome.outcome);
    this.log[outcome.outcome === "read" ? "info" : "error"]("jwt_keys", { of: issuer, ...outcome });
  };

  readonly onAudit = (state: "failing" | "recovered", cause: unknown): void => {
    const what = cause instanceof Error ? { what: cause.message } : {};
    this.log[state === "failing" ? "error" : "info"]("audit", { state, ...what });
  };

  readonly onClockStep = (seconds: number): void => {
    this.metrics?.clockStepped(seconds);
    this.log.warn("clock_step", { seconds });
  };

  /** Whether the clock can be believed, when that changes. */
  readonly onClock = (right: boolean): void => {
    this.metrics?.clockJudged(right);
    this.log[right ? "info" : "error"]("clock", { right });
  };

  readonly onUncaught = (error: unknown, told: boolean): void => {
    this.metrics?.faulted("uncaught");
    if (told) this.log.fatal("uncaught", { ...traceOf(error) });
  };

  /** Something that nobody waits for went wrong. */
  readonly onBackground = (event: string, error: unknown): void => {
    this.metrics?.faulted("background");
    this.log.error(event, { ...traceOf(error) });
  };

  /** The same check, counted where it fails. */
  counted<Argument>(check: (argument: Argument) => void): (argument: Argument) => void {
    return (argument) => {
      try {
        check(argument);
      } catch (error) {
        this.metrics?.selfCheckFailed();
        throw error;
      }
    };
  }

  /** A configuration is in use from now on. */
  configured({ log: { level }, ...settings }: Settings, projects: () => Iterable<ProjectReading>, clock: Clock): void {
    this.log.setLevel(level);
    const [hash, loadedAt] = [hashOf({ ...settings, places: undefined }), clock()];
    this.metrics?.watch({ configuration: () => ({ hash, loadedAt, projects: projects() }) });
  }

  /** An audit is written from now on. */
  audited(trail: Trail, onFull: string): void {
    this.metrics?.watch({ audit: () => ({ onFull, ...trail.state }) });
  }
}

interface ProjectReading {
  readonly id: string;
  readonly certificates: readonly { readonly id: string; readonly state: string }[];
}

/** Observes a service with a configuration. What that takes is loaded here, so that commands do not wait for it. */
export async function observing(around: Surroundings): Promise<Observing> {
  const [{ jsonLog }, { Metrics }] = await Promise.all([
    import("../observe/json-log.ts"),
    import("../observe/metrics.ts"),
  ]);
  const version = packageJson.version;
  const metrics = new Metrics({ version, nodeVersion: process.version, methods: METHOD_NAMES });
  const { errorsLost } = around;
  if (errorsLost) metrics.watch({ logLost: errorsLost });
  return new Observing(jsonLog(around.error), metrics);
}

/** Observes the demo: trouble is told, on the terminal that it runs in. */
export function observingDemo({ error }: Surroundings): Observing {
  const least = LEVELS.indexOf("warn");
  const tells = (level: Level) => LEVELS.indexOf(level) >= least;
  const tell = (level: Level | "fatal") => (event: string, fields?: Fields) => {
    if (level === "fatal" || tells(level)) error(JSON.stringify({ level, event, ...fields }));
  };
  const [debug, info, warn, fault, fatal] = [tell("debug"), tell("info"), tell("warn"), tell("error"), tell("fatal")];
  return new Observing({ debug, info, warn, error: fault, fatal, tells, setLevel: () => undefined });
}

function tokensOf({ asked, signed }: Ledger): IssuedToken[] {
  return signed.map(({ version, grants }, index) => ({
    project: asked[index]?.project ?? "",
    version,
    services: grants.map(({ service }) => spelledService(service)),
    renewed: asked[index]?.original !== undefined,
  }));
}

// It tells two configurations apart, and nothing of either.
function hashOf(settings: object): string {
  return createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 12);
}
