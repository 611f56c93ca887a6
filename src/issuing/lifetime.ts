import type { Instant, Seconds } from "../clock.ts";
import { Failure, type Place } from "../failure.ts";

/** How long, as it is asked: until a time, or for a while from the issue on. */
export type Lifetime = { readonly until: Instant } | { readonly for: Seconds };

/** How long, as it is decided. */
export interface Span {
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
}

/** The longest that Agora accepts a token, and takes one for that says nothing or more. Source: Agora's token guide. */
export const MAX_LIFETIME: Seconds = 86_400;

/** The end of a lifetime that begins now. */
export function endOf(lifetime: Lifetime, now: Instant): Instant {
  return "until" in lifetime ? lifetime.until : now + lifetime.for;
}

/**
 * Decides how long a token lasts. Nothing is shortened.
 *
 * @throws Failure EXPIRATION_PASSED, or REQUEST_INVALID over 24 hours
 */
export function spanOf(lifetime: Lifetime, now: Instant): Span {
  const expiresAt = endOf(lifetime, now);
  const place: Place = { part: "expiration" };
  if (expiresAt <= now) {
    throw new Failure("EXPIRATION_PASSED", {
      at: { place, rule: "expiration.passed", description: `is not after now, ${now}` },
    });
  }
  if (expiresAt - now > MAX_LIFETIME) {
    const description = "is over 24 hours from now, which is the longest that Agora accepts";
    throw new Failure("REQUEST_INVALID", { at: { place, rule: "expiration.max", description } });
  }
  return { issuedAt: now, expiresAt };
}

/** When to renew: when three quarters have passed, so that an outage leaves time for retries. */
export function renewalOf({ issuedAt, expiresAt }: Span): Instant {
  return issuedAt + Math.floor(((expiresAt - issuedAt) * 3) / 4);
}
