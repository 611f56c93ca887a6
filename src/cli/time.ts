// What the service knows of the time.

import { type Clock, systemClock } from "../clock.ts";
import { Failure } from "../failure.ts";
import { ClockWatch } from "../server/clock-watch.ts";
import type { Observing } from "./observing.ts";
import { WRITTEN_AT } from "./release.ts";

/** Watches the clock of this machine, and tells what happens to it. @param onChange is told when it is wrong, and right again */
export function watchClock(observing: Observing, onChange: (right: boolean) => void): ClockWatch {
  return new ClockWatch({
    monotonic: () => performance.now(),
    wall: () => Date.now(),
    builtAt: WRITTEN_AT,
    onStep: (step) => observing.onClockStep(Math.round(step / 1000)),
    onChange: (right) => {
      observing.onClock(right);
      onChange(right);
    },
  });
}

/** The clock of this machine while it is right. Otherwise it throws Failure CLOCK_UNRELIABLE: nothing is signed by it. */
export function rightClock(watch: ClockWatch): Clock {
  return () => {
    if (!watch.look()) throw new Failure("CLOCK_UNRELIABLE");
    return systemClock();
  };
}
