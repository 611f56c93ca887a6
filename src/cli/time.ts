// What the service knows of the time.

import { type Clock, systemClock } from "../clock.ts";
import { Failure } from "../failure.ts";
import { ClockWatch } from "../server/clock-watch.ts";
import { WRITTEN_AT } from "./release.ts";
import type { Surroundings } from "./serve.ts";

/** Watches the clock of this machine, and logs what happens to it. @param onChange is told when it is wrong, and right again */
export function watchClock(around: Surroundings, onChange: (right: boolean) => void): ClockWatch {
  const log = (level: string, event: string, facts: object) => around.error(JSON.stringify({ level, event, ...facts }));
  const parts = {
    monotonic: () => performance.now(),
    wall: () => Date.now(),
    builtAt: WRITTEN_AT,
    onStep: (step: number) => log("warn", "clock_step", { seconds: Math.round(step / 1000) }),
  };
  return new ClockWatch({
    ...parts,
    onChange: (right) => {
      log(right ? "info" : "error", "clock", { right });
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
