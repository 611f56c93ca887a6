import { expect, test } from "vitest";
import { Health } from "../../src/api/health.ts";
import { Readiness } from "../../src/cli/readiness.ts";
import { WRITTEN_AT } from "../../src/cli/release.ts";
import { rightClock } from "../../src/cli/time.ts";
import { ClockWatch } from "../../src/server/clock-watch.ts";

test("this version was written before now", () => {
  expect(WRITTEN_AT).toBeLessThan(Date.now());
});

test("nothing is signed by a clock that is wrong", () => {
  let wall = Date.now();
  const watch = new ClockWatch({ monotonic: () => 0, wall: () => wall, builtAt: WRITTEN_AT });
  const clock = rightClock(watch);
  expect(Math.abs(clock() - Date.now() / 1000)).toBeLessThan(5);
  wall -= 61_000;
  expect(clock).toThrow(expect.objectContaining({ reason: "CLOCK_UNRELIABLE" }));
});

test("it serves while it has started, signs what is right, and knows the time", () => {
  const health = new Health(["", "a"]);
  const readiness = new Readiness(health, ["", "a"]);
  const serving = () => [health.check(""), health.check("a")];
  readiness.set("clock", true);
  expect(serving()).toEqual([false, false]);
  readiness.set("started", true);
  expect(serving()).toEqual([true, true]);
  for (const condition of ["signing", "clock"] as const) {
    readiness.set(condition, false);
    expect(serving()).toEqual([false, false]);
    readiness.set(condition, true);
    expect(serving()).toEqual([true, true]);
  }
});
