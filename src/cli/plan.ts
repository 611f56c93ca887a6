// What a server is made of, and where it comes from: the demo, or a configuration that is followed.

import type { ServerCredentials } from "@grpc/grpc-js";
import type { Health } from "../api/health.ts";
import { systemClock } from "../clock.ts";
import { type Address, addressText } from "../config/address.ts";
import type { LimitSettings, ListenSettings, ShutdownSettings } from "../config/config.ts";
import type { Identify } from "../server/peer.ts";
import type { Snapshot } from "../server/snapshot.ts";
import type { AdminPlace } from "./admin.ts";
import { type OpenAuditing, openAuditing } from "./auditing.ts";
import type { Composition } from "./compose.ts";
import { demo, demoListener } from "./demo.ts";
import { readPlainFile } from "./files.ts";
import { fetchKeySet, Issuers } from "./issuers.ts";
import { selfCheckAt } from "./load.ts";
import type { Observing } from "./observing.ts";
import { Reloading, type ReloadResult } from "./reloading.ts";
import type { ServeOptions, Surroundings } from "./serve.ts";
import { TlsListeners } from "./tls.ts";

/** What servers are made of. */
export interface Plan {
  readonly listeners: readonly ListenSettings[];
  readonly reflection: boolean;
  readonly limits: LimitSettings;
  readonly shutdown: ShutdownSettings;
  /** Gives what may change, as it is now. */
  readonly snapshot: () => Snapshot;
  readonly identify: (listener: ListenSettings) => Identify;
  /** Where operators and probes connect. The demo has no such address. */
  readonly admin: AdminPlace | undefined;
  /** Opens where decisions are recorded. The demo records none. */
  readonly auditing: () => Promise<OpenAuditing | undefined>;
  /** The credentials of a listener with TLS. */
  readonly credentials: (listener: ListenSettings) => Promise<ServerCredentials | undefined>;
  /** Follows the configuration from now on. Gives what ends that. */
  readonly follow: () => () => void;
}

/** The health service that tells whether the configuration in use is what the files say. */
export const CONFIGURATION = "configuration";

const DEFAULT_PORT = 50051;
// Those of the configuration's schema, but for the rate: who tries it out may measure it too.
const DEMO_LIMITS = {
  maxMessageBytes: 262_144,
  maxConcurrentStreams: 128,
  maxInFlight: 512,
  perCaller: { rate: 100_000, burst: 100_000 },
  maxConnections: 2000,
  maxConnectionsPerAddress: 200,
};
// Nobody sends calls on to it, so nobody has to be told first.
const DEMO_SHUTDOWN = { drainDelay: 0, deadline: 15 };
/** How often the files are looked at, in milliseconds. What is new is taken when two looks agree. */
const POLL_MS = 2000;
/** Thousands of files take a while to look at: then the next look waits so many times as long. */
const REST = 20;

/**
 * The demo project, on this machine alone.
 *
 * @throws SelfCheckFailed
 */
export function planOfDemo(port = DEFAULT_PORT): Plan {
  const composition = demo();
  selfCheckAt(systemClock)(composition.keyRing);
  return {
    listeners: [demoListener(port)],
    reflection: true,
    limits: DEMO_LIMITS,
    shutdown: DEMO_SHUTDOWN,
    admin: undefined,
    snapshot: () => composition,
    identify: (listener) => composition.identify(listener, () => undefined, systemClock),
    auditing: () => Promise.resolve(undefined),
    credentials: () => Promise.resolve(undefined),
    follow: () => () => undefined,
  };
}

/**
 * What a configuration file says, followed.
 *
 * @param onSigning is told whether this process may sign
 * @throws ConfigInvalid or SelfCheckFailed
 */
export async function planOfFile(
  file: string,
  options: ServeOptions,
  around: Surroundings,
  health: Health,
  onSigning: (right: boolean) => void,
  observing: Observing,
): Promise<Plan> {
  // SIGHUP ends a process that does not listen to it: before the files are followed, and while calls finish at the end.
  around.onReloadAsked?.(() => undefined);
  const clock = around.clock ?? systemClock;
  const issuers = new Issuers({ read: readPlainFile, fetch: fetchKeySet, clock, onOutcome: observing.onKeys });
  const tls = new TlsListeners({ read: readPlainFile, clock, onOutcome: observing.onTls });
  const takeOver = () => {
    const { settings } = reloading.current;
    issuers.follow(settings.jwtIssuers);
    observing.configured(settings, () => now().keyRing.projects, clock);
  };
  const onReload = (result: ReloadResult) => {
    if (result.outcome === "applied") takeOver();
    health.set(CONFIGURATION, result.outcome === "applied");
    observing.onReload(file, result);
    around.onReload?.(result);
  };
  const rules = { samples: options.unsafeSamples ?? false };
  const selfCheck = observing.counted(selfCheckAt(clock));
  const reloading = await Reloading.start({ file, read: readPlainFile, rules, selfCheck, clock, onReload, onSigning });
  health.set(CONFIGURATION, true);
  const now = () => reloading.current.composition;
  takeOver();
  await issuers.poll();
  const { listen: listeners, reflection, limits, shutdown, admin, places } = reloading.current.settings;
  observing.metrics?.watch({
    tls: () => tls.ends,
    issuers: () => issuers.ages,
    insecure: () => listeners.filter(isInsecure).map(({ address }) => addressText(address)),
  });
  return {
    listeners,
    reflection,
    limits,
    shutdown,
    admin: adminOf(admin.address, places.has("admin.address"), around),
    snapshot: now,
    identify: (listener) => identifyAsOf(now, (composition) => composition.identify(listener, issuers.keysOf, clock)),
    auditing: () => openAuditing(file, reloading.current.settings, around, observing),
    credentials: (listener) => tls.credentialsOf(listener),
    follow: () => follow(reloading, [tls, issuers], around, observing),
  };
}

/** What is looked at from time to time. */
interface Followed {
  poll(): Promise<void>;
}

/** Identifies callers as the composition of the moment does. */
function identifyAsOf(now: () => Composition, identifyOf: (composition: Composition) => Identify): Identify {
  let last = now();
  let identify = identifyOf(last);
  return (headers, call) => {
    const current = now();
    if (current !== last) {
      last = current;
      identify = identifyOf(current);
    }
    return identify(headers, call);
  };
}

function adminOf(address: Address, stated: boolean, { standalone }: Surroundings): AdminPlace | undefined {
  return stated || standalone ? { address, stated } : undefined;
}

/** In plain text, and for others than this machine: something in front does TLS. */
function isInsecure({ loopback, tls }: ListenSettings): boolean {
  return !loopback && tls === undefined;
}

function follow(
  reloading: Reloading,
  others: readonly Followed[],
  around: Surroundings,
  observing: Observing,
): () => void {
  const after = around.after ?? soon;
  const failed = (error: unknown) => observing.onBackground("reload", error);
  let cancel: (() => void) | undefined;
  let ended = false;
  const look = async () => {
    const began = performance.now();
    await reloading.poll().catch(failed);
    await Promise.all(others.map((each) => each.poll())).catch(failed);
    if (!ended) wait(Math.max(POLL_MS, (performance.now() - began) * REST));
  };
  const wait = (milliseconds: number) => {
    cancel = after(milliseconds, () => void look());
  };
  wait(POLL_MS);
  // What was asked for is all that is followed: the files of TLS and the keys of issuers as well.
  const reread = async () => {
    await reloading.reload();
    await Promise.all(others.map((each) => each.poll()));
  };
  const forget = around.onReloadAsked?.(() => void reread().catch(failed));
  return () => {
    ended = true;
    cancel?.();
    forget?.();
  };
}

function soon(milliseconds: number, act: () => void): () => void {
  const timer = setTimeout(act, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
}
