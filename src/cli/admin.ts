// The address for operators and probes, while the service runs.

import type { Health } from "../api/health.ts";
import { type Address, addressText } from "../config/address.ts";
import { type Admin, serveAdmin } from "../server/admin.ts";
import type { Bounds } from "../server/bounds.ts";
import type { Observing } from "./observing.ts";
import { every } from "./timers.ts";

/** An event loop that has not looked at the clock for so long, in milliseconds, does no work any more. */
const STALLED_MS = 30_000;

/** Where operators and probes connect. */
export interface AdminPlace {
  readonly address: Address;
  /** Whether the configuration states it: a default may be taken by another process. */
  readonly stated: boolean;
}

/** What the address tells. */
export interface AdminSources {
  readonly observed: Observing;
  readonly health: Health;
  readonly bounds: Bounds;
}

/** An address that is served. */
export interface OpenAdmin extends Pick<Admin, "close"> {
  /** `127.0.0.1:9464`, with the port that the system chose. */
  readonly address: string;
}

/**
 * Serves the address, if there is one.
 *
 * @param at where; without effect where it is a default that another process has
 * @throws Error with a code, if an address that is stated cannot be had
 */
export async function openAdmin(
  at: AdminPlace | undefined,
  { observed, health, bounds }: AdminSources,
): Promise<OpenAdmin | undefined> {
  const { metrics, log } = observed;
  if (!at || !metrics || at.address.kind !== "tcp") return undefined;
  metrics.watch({
    serving: () => health.list(),
    bounds: () => ({
      lagMs: bounds.lag.lagMs,
      share: bounds.gate.share,
      backpressure: bounds.backpressure.isOn,
      connections: bounds.connections.state,
      flooding: bounds.sessions.flooding,
    }),
  });
  try {
    const admin = await serveAdmin(at.address, {
      health,
      metrics: () => metrics.page(),
      isLive: () => bounds.lag.sinceLookMs < STALLED_MS,
      monotonic: () => performance.now(),
      every,
    });
    return { address: addressText({ ...at.address, port: admin.port }), close: () => admin.close() };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = `admin.address ${addressText(at.address)} cannot be listened on (${code}): state one that is free`;
    if (at.stated) throw Object.assign(new Error(what, { cause: error }), { code });
    log.warn("admin", { what: `${what}. The service goes on without metrics and probes` });
    return undefined;
  }
}
