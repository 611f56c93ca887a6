import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test, vi } from "vitest";
import { processSurroundings, startedWith } from "../../src/cli/process.ts";
import { serve } from "../../src/cli/serve.ts";

test("what the process was started with", () => {
  vi.stubEnv("NODE_OPTIONS", "--inspect=0  --no-warnings");
  const { env, flags, inspected } = startedWith();
  vi.unstubAllEnvs();
  expect(env).toBe(process.env);
  expect(flags).toEqual([...process.execArgv, "--inspect=0", "--no-warnings"]);
  expect(inspected).toBe(false);
});

test("signals stop it, reload it, and do not open it to a debugger", async () => {
  const before = process.listenerCount("SIGTERM");
  const around = processSurroundings();
  expect(process.listenerCount("SIGUSR1")).toBeGreaterThan(0);
  // While nobody waits for it to stop, a signal ends it as the system does.
  expect(process.listenerCount("SIGTERM")).toBe(before);

  let stopped = 0;
  const stops = [around.stop(), around.stop()].map((stop) => stop.then(() => stopped++));
  expect(process.listenerCount("SIGTERM")).toBe(before + 1);
  process.emit("SIGTERM");
  await stops[0];
  expect(stopped).toBe(1);
  process.emit("SIGINT");
  await stops[1];
  expect(stopped).toBe(2);

  let reloads = 0;
  const forget = around.onReloadAsked?.(() => reloads++);
  process.emit("SIGHUP");
  expect(reloads).toBe(1);
  forget?.();
  expect(process.listenerCount("SIGHUP")).toBe(0);
});

test("no report with the environment is written by itself", () => {
  processSurroundings();
  const { report } = process;
  const { reportOnFatalError, reportOnSignal, reportOnUncaughtException } = report;
  if ("excludeEnv" in report) expect(report.excludeEnv).toBe(true);
  else expect([reportOnFatalError, reportOnSignal, reportOnUncaughtException]).toEqual([false, false, false]);
});

test("lines that nobody reads do not fill the memory", () => {
  const written: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((line) => written.push(String(line)) > 0);
  const waiting = vi.spyOn(process.stderr, "writableLength", "get");
  const { error, errorsLost } = processSurroundings();
  waiting.mockReturnValue(0);
  error("one");
  waiting.mockReturnValue(1024 * 1024);
  error("two");
  waiting.mockReturnValue(1);
  error("three");
  vi.restoreAllMocks();
  expect(written).toEqual(["one\n", "three\n"]);
  expect(errorsLost?.()).toBe(1);
});

test("once it serves, less is left in its heap before that is collected", async () => {
  const mostMb = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--import",
      "tsx",
      "test/cli/growing-heap.ts",
      ...args,
    ]);
    return Number(stdout);
  };
  // 210 to 300, and 130 to 165.
  expect(await mostMb("serving")).toBeLessThan(0.9 * (await mostMb()));
});

test("it is told that it serves, once, when it does", async () => {
  const told: string[] = [];
  const around = { out: (line: string) => told.push(line), error: expect.unreachable, stop: () => Promise.resolve() };
  await serve({ port: 0 }, { ...around, onServing: () => told.push("it serves") });
  const lines = told.filter((line) => /^agora-tokend serves on|^it serves|is stopping/.test(line));
  expect(lines).toEqual([expect.stringContaining("serves on"), "it serves", expect.stringContaining("is stopping")]);
});
