/** What passes of time, and chance. For tests: everything that waits or spreads out is told by it. */
export interface Timing {
  /** The time in milliseconds since 1970. */
  readonly now: () => number;
  /**
   * Calls back once, after so many milliseconds, and gives what prevents it.
   *
   * @param idle whether nobody waits for it, so that the process may end before
   */
  readonly after: (milliseconds: number, act: () => void, idle?: boolean) => () => void;
  /** A number from 0 up to 1, to spread what many clients would do at once. */
  readonly random: () => number;
}

/** The clock and the timers of this machine. */
export const systemTiming: Timing = {
  now: Date.now,
  after: (milliseconds, act, idle = false) => {
    const timer = setTimeout(act, milliseconds);
    if (idle) timer.unref();
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

/** Waits, or rejects with the reason of the signal as soon as that is aborted. */
export function pause(timing: Timing, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = timing.after(milliseconds, () => {
      signal.removeEventListener("abort", give);
      resolve();
    });
    const give = () => {
      cancel();
      reject(signal.reason);
    };
    if (signal.aborted) give();
    else signal.addEventListener("abort", give, { once: true });
  });
}
