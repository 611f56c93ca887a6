import { getActiveResourcesInfo } from "node:process";
import { expect, test } from "vitest";
import { orAborted, pause, steady, systemTiming } from "../../src/client/timing.ts";
import { Turned } from "./scripted.ts";

const holding = () => getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;

test("a timer that somebody waits for keeps the process alive, and one that nobody waits for does not", () => {
  const before = holding();
  const waited = systemTiming.after(60_000, () => undefined);
  expect(holding()).toBe(before + 1);
  const idle = systemTiming.after(60_000, () => undefined, true);
  expect(holding()).toBe(before + 1);
  waited();
  idle();
  expect(holding()).toBe(before);
});

test("the clock is that of the machine, and the timer fires", async () => {
  expect(Math.abs(systemTiming.now() - Date.now())).toBeLessThan(1000);
  await new Promise<void>((resolve) => systemTiming.after(0, resolve));
});

test("a pause ends with its time or with its signal, and leaves nothing behind", async () => {
  const timing = new Turned();
  const ending = new AbortController();
  const first = pause(timing, 100, ending.signal);
  await timing.pass(100);
  await first;
  const second = pause(timing, 100, ending.signal);
  ending.abort(new Error("enough"));
  await expect(second).rejects.toThrow("enough");
  await expect(pause(timing, 100, ending.signal)).rejects.toThrow("enough");
  expect(timing.running).toBe(0);
});

test("a clock that is set back does not go back, and one that was put forward stays there", () => {
  const at = { wall: 1_000_000, elapsed: 50 };
  const now = steady(
    () => at.wall,
    () => at.elapsed,
  );
  const pass = (wall: number, elapsed: number) => {
    at.wall += wall;
    at.elapsed += elapsed;
    return now();
  };
  expect(now()).toBe(1_000_000);
  expect(pass(10, 10)).toBe(1_000_010);
  // Set back by an hour, while ten milliseconds pass.
  expect(pass(10 - 3_600_000, 10)).toBe(1_000_020);
  expect(pass(10, 10)).toBe(1_000_030);
  // The machine slept for two hours, which only the wall clock tells.
  expect(pass(7_200_000, 10)).toBe(1_000_000 + 3_600_000 + 40 - 10);
});

test("what is waited for is given up with its signal, and leaves no listener", async () => {
  const ending = new AbortController();
  expect(await orAborted(Promise.resolve(7), ending.signal)).toBe(7);
  await expect(orAborted(Promise.reject(new Error("sealed")), ending.signal)).rejects.toThrow("sealed");
  const hanging = orAborted(new Promise(() => undefined), ending.signal);
  ending.abort(new Error("enough"));
  await expect(hanging).rejects.toThrow("enough");
  await expect(orAborted(Promise.reject(new Error("late")), ending.signal)).rejects.toThrow("enough");
});
