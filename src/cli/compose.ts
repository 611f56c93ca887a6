// From the configuration to what a server is made of.

import { readFileSync } from "node:fs";
import type { Caller } from "../access/caller.ts";
import { Policy } from "../access/policy.ts";
import type { ListenSettings, Settings } from "../config/config.ts";
import { MAX_LIFETIME } from "../issuing/lifetime.ts";
import { loadKeyRing } from "../keyring/file-source.ts";
import type { Identify } from "../server/peer.ts";
import type { Snapshot } from "../server/snapshot.ts";

/** What the configuration says, in the words of the service. */
export interface Composition extends Snapshot {
  readonly identify: (listener: ListenSettings) => Identify;
}

/** @throws KeyRingInvalid if a certificate file cannot be used */
export function compose(settings: Settings): Composition {
  const rows = settings.permits.map((permit) => ({ ...permit, maxTtl: permit.maxTtl ?? MAX_LIFETIME }));
  const ids = (entries: readonly { id: string }[]) => entries.map(({ id }) => id);
  return {
    keyRing: loadKeyRing(settings.projects, (file) => readFileSync(file)),
    policy: new Policy(rows, ids(settings.callers), ids(settings.projects)),
    identify: (listener) => identifyBy(settings, listener),
  };
}

function identifyBy({ callers }: Settings, { loopback }: ListenSettings): Identify {
  const local = loopback ? callers.find(({ match }) => match.kind === "loopback") : undefined;
  const caller: Caller | undefined = local && { id: local.id, proof: "loopback" };
  return () => caller;
}
