/** What passes of time, and chance. For tests: everything that waits or spreads out is told by it. */
export interface Timing {
  /** The time in milliseconds since 1970. It never goes back. */
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

/**
 * A clock that is set back by nobody, and forward by whoever sets `wall`.
 *
 * @param wall the time, in milliseconds
 * @param elapsed milliseconds from some moment on; they may stand still while the machine sleeps
 */
export function steady(wall: () => number, elapsed: () => number): () => number {
  let ahead = Number.NEGATIVE_INFINITY;
  return () => {
    const passed = elapsed();
    // A token does not get younger when somebody sets the clock back, and does get older while the machine sleeps.
    ahead = Math.max(ahead, wall() - passed);
    return ahead + passed;
  };
}

/** The clock and the timers of this machine. */
export const systemTiming: Timing = {
  now: steady(Date.now, () => performance.now()),
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

/** What a promise gives, or a rejection with the reason of the signal as soon as that is aborted. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = () => reject(signal.reason);
    if (signal.aborted) give();
    else signal.addEventListener("abort", give, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", give));
  });
}
