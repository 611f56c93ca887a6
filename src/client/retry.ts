import { Status } from "nice-grpc";
import type { TokenServiceError } from "./error.ts";

/** The trailer by which a server says when to call again, or not at all. Source: gRPC proposal A6. */
export const PUSHBACK_TRAILER = "grpc-retry-pushback-ms";

const FIRST_MS = 100;
const LONGEST_MS = 2000;
/** No wait that a server may ask for is longer. */
const MILLISECONDS = /^\d{1,9}$/;

/**
 * How long to wait before a call is tried again, in milliseconds; undefined if it is not to be.
 *
 * Only what may be otherwise elsewhere or in a moment is tried again: a server that cannot be reached or is stopping,
 * and, where the server says how long to wait, one that is asked too much.
 *
 * @param tried how often the call was tried so far
 * @param pushback what the server said in {@link PUSHBACK_TRAILER}, which counts alone
 * @param random from 0 up to 1
 */
export function waitBeforeRetry(
  { code, retryAfterMs }: Pick<TokenServiceError, "code" | "retryAfterMs">,
  tried: number,
  pushback: string | undefined,
  random: number,
): number | undefined {
  if (code !== Status.UNAVAILABLE && code !== Status.RESOURCE_EXHAUSTED) return undefined;
  // What is no number of milliseconds, such as -1, says not to.
  if (pushback !== undefined) return MILLISECONDS.test(pushback) ? Number(pushback) : undefined;
  if (code === Status.UNAVAILABLE) return Math.max(backOff(tried, FIRST_MS, LONGEST_MS, random), retryAfterMs ?? 0);
  // Clients that were told the same must not come back at the same time.
  return retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs * (1 + random / 10));
}

/** Twice as long each time, up to the longest, and somewhere between half of that and all of it. */
export function backOff(tried: number, first: number, longest: number, random: number): number {
  return Math.ceil(Math.min(longest, first * 2 ** (tried - 1)) * (0.5 + random / 2));
}
