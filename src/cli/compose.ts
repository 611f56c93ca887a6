// From the configuration to what a server is made of.

import type { KeysOf } from "../access/by-jwt.ts";
import { Callers } from "../access/callers.ts";
import { type Permit, Policy } from "../access/policy.ts";
import type { Clock } from "../clock.ts";
import type { ListenSettings, Settings } from "../config/config.ts";
import { type KeyRingRules, loadKeyRing, type ReadSecret } from "../keyring/file-source.ts";
import { identifyBy } from "../server/identify.ts";
import type { Identify } from "../server/peer.ts";
import type { Snapshot } from "../server/snapshot.ts";

/** What the configuration says, in the words of the service. */
export interface Composition extends Snapshot {
  /** Identifies the callers of a listener, with the keys of the issuers of JWTs. */
  readonly identify: (listener: ListenSettings, keysOf: KeysOf, clock: Clock) => Identify;
}

/**
 * @param read gives a certificate file
 * @throws KeyRingInvalid if a certificate file cannot be used
 */
export function compose(settings: Settings, read: ReadSecret, rules: KeyRingRules): Composition {
  const callers = new Callers(settings.callers);
  const ids = (entries: readonly { id: string }[]) => entries.map(({ id }) => id);
  return {
    keyRing: loadKeyRing(settings.projects, read, rules),
    policy: new Policy(rowsOf(settings), ids(settings.callers), ids(settings.projects)),
    isStill: (caller) => callers.isStill(caller),
    identify: (listener, keysOf, clock) => identifyBy(callers.recognizer(keysOf, clock), localOf(listener)),
  };
}

/** The rows of the policy, in the order of the file. */
export function rowsOf({ permits }: Settings): Permit[] {
  // A row that does not say how long permits nothing that lasts.
  return permits.map((permit) => ({ ...permit, maxTtl: permit.maxTtl ?? 0 }));
}

// What is in front of a listener is on this machine, and whoever is in front of that need not be.
function localOf({ loopback, terminatedUpstream, address }: ListenSettings): "loopback" | "unix" | undefined {
  if (!loopback || terminatedUpstream) return undefined;
  return address.kind === "unix" ? "unix" : "loopback";
}
