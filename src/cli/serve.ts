import type { Server } from "nice-grpc";
import packageJson from "../../package.json" with { type: "json" };
import { Health } from "../api/health.ts";
import type { Output } from "../audit/writer.ts";
import type { Clock } from "../clock.ts";
import { Bounds } from "../server/bounds.ts";
import { type DrainTimes, drain } from "../server/drain.ts";
import { isBrief, isServed, SERVICES, tokenServer } from "../server/server.ts";
import { randomSalt } from "../token/salt.ts";
import { type OpenAdmin, openAdmin } from "./admin.ts";
import { descriptorWarning } from "./descriptors.ts";
import { demoLines } from "./greeting.ts";
import { listen, placeOf } from "./listening.ts";
import { observing, observingDemo } from "./observing.ts";
import { type Plan, planOfDemo, planOfFile } from "./plan.ts";
import { processTime } from "./process.ts";
import { Readiness } from "./readiness.ts";
import type { ReloadResult } from "./reloading.ts";
import { rightClock, watchClock } from "./time.ts";
import { every } from "./timers.ts";
import { Uncaught } from "./uncaught.ts";

/** Where a command writes to, and what ends it. */
export interface Surroundings {
  out(line: string): void;
  error(line: string): void;
  /** Resolves when a stop is asked for, and again, for a second promise, when it is asked for once more. */
  stop(): Promise<void>;
  /**
   * Who asked for the stop. Where it was the system, others may still send calls here, and find out first. The default
   * is a person.
   */
  readonly stoppedBy?: () => "system" | "person";
  /** Calls back with each error that nobody catches, until the process has ended. The default is what Node.js does. */
  readonly onUncaught?: (act: (error: unknown) => void) => void;
  /** Calls back whenever a reload is asked for, and gives what ends that. */
  readonly onReloadAsked?: (act: () => void) => () => void;
  /** Calls back once, after so many milliseconds, and gives what prevents it. The default is the timer of the system. */
  readonly after?: (milliseconds: number, act: () => void) => () => void;
  /** Tells the time. The default is the clock of the system. */
  readonly clock?: Clock;
  /** Opens standard output for records. The default is {@link out}, a line at a time. */
  readonly standardOutput?: () => Output;
  /** Whether this is a process of its own, which has the default address for operators. Another states one. */
  readonly standalone?: boolean;
  /** Is told once it serves. */
  readonly onServing?: () => void;
  /** How many lines were lost, since nobody took them. */
  readonly errorsLost?: () => number;
  /** Is told what became of each change of the configuration. */
  readonly onReload?: (result: ReloadResult) => void;
}

/** What is served. */
export interface ServeOptions {
  /** The configuration file. Without it, the demo project is served. */
  readonly config?: string;
  /** The port of the demo. */
  readonly port?: number;
  /** Whether the credentials of Agora's samples may be served. */
  readonly unsafeSamples?: boolean;
}

/** Why the service does not start. */
export class Unfit extends Error {
  override readonly name = "Unfit";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

const SECOND = 1000;
const ALL_SERVICES = ["", ...SERVICES.map(({ typeName }) => typeName)];

/**
 * Serves until a stop is asked for.
 *
 * @throws ConfigInvalid or SelfCheckFailed before anything is served
 */
export async function serve(options: ServeOptions, around: Surroundings): Promise<void> {
  const health = new Health(ALL_SERVICES);
  const readiness = new Readiness(health, ALL_SERVICES);
  const setSigning = (right: boolean) => readiness.set("signing", right);
  const observed = options.config === undefined ? observingDemo(around) : await observing(around);
  const plan =
    options.config === undefined
      ? planOfDemo(options.port)
      : await planOfFile(options.config, options, around, health, setSigning, observed);
  const warning = descriptorWarning(plan.limits.maxConnections);
  if (warning !== undefined) observed.log.warn("descriptors", { what: warning });
  const auditing = await plan.auditing();
  const clockWatch = watchClock(observed, (right) => readiness.set("clock", right));
  const endWatch = every(SECOND, () => clockWatch.look());
  const bounds = new Bounds({
    limits: plan.limits,
    isBrief,
    isServed,
    monotonic: () => performance.now(),
    busy: processTime,
    now: () => Date.now(),
    isTimeRight: () => clockWatch.look(),
    every,
    onExcess: observed.onExcess,
    onShed: observed.onShed,
    onStream: observed.onStream,
  });
  const uncaught = new Uncaught(around, observed.onUncaught);
  const servers: Server[] = [];
  let admin: OpenAdmin | undefined;
  try {
    admin = await openAdmin(plan.admin, { observed, health, bounds });
    for (const listener of plan.listeners) {
      const server = tokenServer({
        identify: plan.identify(listener),
        snapshot: plan.snapshot,
        clock: around.clock ?? rightClock(clockWatch),
        salt: randomSalt,
        health,
        reflection: plan.reflection,
        bounds,
        auditing,
        report: observed.onFailed,
      });
      servers.push(server);
      const address = await listen(server, listener, await plan.credentials(listener));
      bounds.connections.watch(placeOf(address));
      around.out(`agora-tokend serves on ${address}`);
      if (options.config === undefined) for (const line of demoLines(address)) around.out(line);
    }
    if (admin) around.out(`metrics and probes are at http://${admin.address}`);
    auditing?.trail.start();
    readiness.set("started", true);
    around.onServing?.();
    observed.log.info("started", { version: packageJson.version, node: process.version });
    const unfollow = plan.follow();
    const stop = around.stop();
    await Promise.race([stop, uncaught.first]);
    unfollow();
    observed.log.info("stopping");
    around.out("agora-tokend is stopping: calls in progress may finish");
    const now = uncaught.count > 0 ? stop : around.stop();
    await drain(servers, { health, bounds, times: timesOf(plan, around, uncaught), now });
  } finally {
    for (const server of servers) server.forceShutdown();
    endWatch();
    bounds.stop();
    await auditing?.close();
    admin?.close();
    observed.log.info("stopped");
  }
  uncaught.judge();
}

function timesOf({ shutdown }: Plan, { stoppedBy }: Surroundings, { count }: Uncaught): DrainTimes {
  const byPerson = count === 0 && stoppedBy?.() !== "system";
  return { delayMs: byPerson ? 0 : shutdown.drainDelay * SECOND, deadlineMs: shutdown.deadline * SECOND };
}
