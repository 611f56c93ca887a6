/** A point in time: whole seconds since 1970-01-01T00:00:00Z. */
export type Instant = number;

/** A length of time in whole seconds. */
export type Seconds = number;

/** Tells the time. Read once for each call, so that all of one answer agrees with itself. */
export type Clock = () => Instant;

/** The clock of this machine. */
export const systemClock: Clock = () => Math.floor(Date.now() / 1000);

/** `2026-11-24T10:00:00Z`. */
export function isoTime(at: Instant): string {
  // What is issued in one second mostly ends in one second too.
  if (at !== last.at) last = { at, text: new Date(at * 1000).toISOString().replace(".000Z", "Z") };
  return last.text;
}

let last = { at: Number.NaN, text: "" };
