import type { Caller } from "../access/caller.ts";
import type { Policy } from "../access/policy.ts";
import type { KeyRing } from "../keyring/keyring.ts";

/** What may change while the service runs, as it is at one moment. A call sees one from its beginning to its end. */
export interface Snapshot {
  readonly keyRing: KeyRing;
  readonly policy: Policy;
  /** Whether a caller, recognized maybe before this, is recognized by the same still. */
  readonly isStill: (caller: Caller) => boolean;
}
