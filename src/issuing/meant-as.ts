// Numbers of seconds that were meant as something else.

import { type Instant, isoTime, type Seconds } from "../clock.ts";
import { MAX_LIFETIME } from "./lifetime.ts";
import { lengthOfTime } from "./words.ts";

const DAY = 86_400;
const YEAR = 365 * DAY;
// Past this many seconds since 1970, a number of seconds is a time: it was passed in September 2001.
const A_TIME = 1_000_000_000;

/** What a number of seconds was meant as, and what to pass in its place. */
export interface Meant {
  /** Completes "… seconds, ". */
  readonly as: string;
  readonly mend: string;
}

/**
 * What was meant by a number of seconds from the issue that is more than Agora accepts: a time since 1970, or
 * milliseconds; undefined if it may well be what it says.
 */
export function meantAs(seconds: Seconds, issuedAt: Instant): Meant | undefined {
  const isTime = seconds >= A_TIME;
  if (isTime && Math.abs(seconds - issuedAt) <= 2 * YEAR) return time(seconds, issuedAt);
  if (isMilliseconds(seconds)) {
    const mend = `Pass ${seconds / 1000}: 007 builders take seconds.`;
    return { as: `which read as milliseconds is ${lengthOfTime(seconds / 1000)}`, mend };
  }
  return isTime ? time(seconds, issuedAt) : undefined;
}

// In whole minutes up to a week; but whole days up to a hundred, and whole years, are what somebody wanted.
function isMilliseconds(seconds: Seconds): boolean {
  const isWanted = (seconds % DAY === 0 && seconds <= 100 * DAY) || seconds % YEAR === 0;
  return seconds > MAX_LIFETIME && seconds % 60_000 === 0 && seconds / 1000 <= 7 * DAY && !isWanted;
}

function time(seconds: Seconds, issuedAt: Instant): Meant {
  const from = seconds - issuedAt;
  const instead =
    from > 0 && from <= 2 * YEAR ? `Pass ${from}, the seconds from the issue to that time` : "Pass seconds from now";
  return {
    as: `which read as a time is ${isoTime(seconds)}`,
    mend: `${instead}: 007 builders take a length of time, and 006 builders take a time.`,
  };
}
