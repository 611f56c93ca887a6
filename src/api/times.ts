import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import type { Instant, Seconds } from "../clock.ts";
import { Failure } from "../failure.ts";
import type { Lifetime } from "../issuing/lifetime.ts";

/** How the contract asks for an end. */
type Expiration =
  | { readonly case: "expireTime"; readonly value: Timestamp }
  | { readonly case: "ttl"; readonly value: Duration }
  | { readonly case: undefined; readonly value?: undefined };

/** What is asked for, in whole seconds, rounded down; undefined if nothing is. */
export function lifetimeFrom(expiration: Expiration): Lifetime | undefined {
  switch (expiration.case) {
    case "expireTime":
      return { until: instantFrom(expiration.value) };
    case "ttl":
      return { for: wholeSeconds(expiration.value) };
    default:
      return undefined;
  }
}

/** What a request must ask for: that it does was validated. */
export function requiredLifetimeFrom(expiration: Expiration): Lifetime {
  const lifetime = lifetimeFrom(expiration);
  if (!lifetime) throw new Failure("INTERNAL", { detail: "an expiration passed validation unset" });
  return lifetime;
}

/** A time in whole seconds, rounded down. */
export function instantFrom(timestamp: Timestamp): Instant {
  return wholeSeconds(timestamp);
}

/** A time for an answer. */
export function timestampOf(at: Instant): Timestamp {
  // As `create` makes it, in a tenth of the time: an answer has three.
  return { $typeName: "google.protobuf.Timestamp", seconds: BigInt(at), nanos: 0 };
}

// Nanos out of their range, which a client must not send and can, count for what they are.
function wholeSeconds({ seconds, nanos }: { seconds: bigint; nanos: number }): Seconds {
  return Number(seconds) + Math.floor(nanos / 1_000_000_000);
}
