import { getActiveResourcesInfo } from "node:process";
import { expect, test } from "vitest";
import { pause, systemTiming } from "../../src/client/timing.ts";
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
