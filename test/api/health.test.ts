import { expect, test } from "vitest";
import { Health } from "../../src/api/health.ts";

const anyone = () => new AbortController().signal;

test("a service is known from the start, and serves once it is set to", () => {
  const health = new Health(["", "token"]);
  expect([...health.list()]).toEqual([
    ["", false],
    ["token", false],
  ]);
  health.set("token", true);
  expect([health.check(""), health.check("token"), health.check("other")]).toEqual([false, true, undefined]);
});

test("names that are special to JavaScript are no services", () => {
  const health = new Health();
  expect(["__proto__", "constructor", "size"].map((name) => health.check(name))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("nothing brings back what drains", () => {
  const health = new Health(["token"]);
  health.set("token", true);
  health.drain();
  health.set("token", true);
  health.set("late", true);
  expect([...health.list()]).toEqual([["token", false]]);
});

test("a change while a watcher is busy with the last one is not missed", async () => {
  const health = new Health(["token"]);
  const watch = health.watch("token", anyone());
  expect(await watch.next()).toEqual({ done: false, value: false });
  // The watcher stands at its yield now, and waits for nothing.
  health.set("token", true);
  expect(await watch.next()).toEqual({ done: false, value: true });
});

test("a slow watcher comes to the last state, and hears nothing if that is the one it knows", async () => {
  const health = new Health(["token"]);
  const watch = health.watch("token", anyone());
  await watch.next();
  for (const serving of [true, false, true, false]) health.set("token", serving);
  const next = watch.next();
  health.set("other", true);
  health.set("token", true);
  expect(await next).toEqual({ done: false, value: true });
});

test("a drain is the last that a watcher hears, also one that comes later", async () => {
  const health = new Health(["token"]);
  health.set("token", true);
  const early = health.watch("token", anyone());
  await early.next();
  health.drain();
  const heard = async (watch: AsyncIterable<unknown>) => {
    const states: unknown[] = [];
    for await (const state of watch) states.push(state);
    return states;
  };
  expect(await heard(early)).toEqual([false]);
  expect(await heard(health.watch("token", anyone()))).toEqual([false]);
  expect(await heard(health.watch("other", anyone()))).toEqual([undefined]);
});

test("a watch ends when its watcher leaves", async () => {
  const health = new Health(["token"]);
  const leaving = new AbortController();
  const watch = health.watch("token", leaving.signal);
  await watch.next();
  const next = watch.next();
  leaving.abort();
  await expect(next).rejects.toMatchObject({ name: "AbortError" });
});

test("a thousand watchers each hear every change, and the runtime warns of nothing", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on("warning", onWarning);
  const health = new Health(["token"]);
  const watches = Array.from({ length: 1000 }, () => health.watch("token", anyone()));
  const round = async () =>
    new Set((await Promise.all(watches.map((watch) => watch.next()))).map(({ value }) => value));
  expect(await round()).toEqual(new Set([false]));
  const next = round();
  // All of them wait by now.
  await new Promise(setImmediate);
  health.set("token", true);
  expect(await next).toEqual(new Set([true]));
  health.drain();
  expect([await round(), await round()]).toEqual([new Set([false]), new Set([undefined])]);
  // Warnings come a tick late.
  await new Promise(setImmediate);
  process.off("warning", onWarning);
  expect(warnings).toEqual([]);
});
