// That time tells no more than words do, on demand, since it takes a quiet machine: a caller without a permit for a
// project waits as long whether the project exists or not, and whatever its original is.
// `TIMING_RUNS=200000 npx vitest run test/api/timing.test.ts`

import { describe, expect, test } from "vitest";
import { call } from "./harness.ts";
import { rtc007 } from "./originals.ts";
import { build, DIGITS, NOW, renew, world } from "./world.ts";

const RUNS = Number(process.env["TIMING_RUNS"] ?? 0);
/** Beyond it, a difference is hardly chance: the usual bound of tests for leaks by time. */
const MOST_T = 4.5;

const around = world([{ projects: ["other"] }]);
const genuine = rtc007();
/** Of the same length, as they come: longer requests take longer, which their sender knows. */
function ofLength(make: (salt: number) => string): string {
  for (let salt = 1; salt < 10_000; salt++) {
    const token = make(salt);
    if (token.length === genuine.length) return token;
  }
  throw new Error("no such token");
}

const ORIGINALS = {
  genuine,
  "signed by nobody": ofLength((salt) => rtc007({ salt, digits: "0123456789abcdef0123456789abcdef" })),
  "signed by a revoked certificate": ofLength((salt) => rtc007({ salt, digits: DIGITS.revoked })),
  expired: ofLength((salt) => rtc007({ salt, issuedAt: NOW - 9999 })),
  "no base64": `007${"!".repeat(genuine.length - 3)}`,
} as const;

const grants = [{ service: { case: "rtc", value: { channelName: "room-1", uid: 42, role: 1 } } }] as const;

/** What is asked, for a project that exists and for one that does not, both without a permit. */
const CALLS: Readonly<Record<string, (project: string) => () => Promise<unknown>>> = {
  BuildToken: (project) => () => call("buildToken", build([...grants], { project }), around),
  ...Object.fromEntries(
    Object.entries(ORIGINALS).map(([what, token]) => [
      `RenewToken, ${what}`,
      (project: string) => () => call("renewToken", renew(token, { project }), around),
    ]),
  ),
};

describe.skipIf(RUNS === 0)("a caller without a permit waits as long", () => {
  test.each(Object.keys(CALLS))("whether the project exists or not: %s", { timeout: 3_600_000 }, async (name) => {
    const of = (project: string) => CALLS[name]?.(project) ?? (() => Promise.resolve());
    const t = await compare(of("live"), of("none"));
    console.log(`${name}: t = ${t.toFixed(2)}`);
    expect(Math.abs(t)).toBeLessThan(MOST_T);
  });

  test.each(Object.keys(ORIGINALS).slice(1, -1))(
    "as for a genuine original, for one that is %s",
    {
      timeout: 3_600_000,
    },
    async (what) => {
      const of = (token: string) => () => call("renewToken", renew(token), around);
      const t = await compare(of(genuine), of(ORIGINALS[what as keyof typeof ORIGINALS]));
      console.log(`${what}: t = ${t.toFixed(2)}`);
      expect(Math.abs(t)).toBeLessThan(MOST_T);
    },
  );

  test("and a difference of two microseconds would be seen", { timeout: 3_600_000 }, async () => {
    const plain = CALLS["BuildToken"]?.("live") ?? (() => Promise.resolve());
    const slower = async () => {
      await plain();
      const until = process.hrtime.bigint() + 2000n;
      while (process.hrtime.bigint() < until);
    };
    expect(Math.abs(await compare(plain, slower))).toBeGreaterThan(MOST_T);
  });
});

/** Welch's t of the times of two calls, made in turns in an order that chance decides, without the slowest tenth. */
async function compare(a: () => Promise<unknown>, b: () => Promise<unknown>): Promise<number> {
  const times: [number[], number[]] = [[], []];
  const calls = [a, b];
  for (let run = -1000; run < RUNS; run++) {
    const first = Math.random() < 0.5 ? 0 : 1;
    for (const which of [first, 1 - first] as const) {
      const began = process.hrtime.bigint();
      await calls[which]?.();
      const took = Number(process.hrtime.bigint() - began);
      if (run >= 0) times[which as 0 | 1].push(took);
    }
  }
  const [x, y] = times.map(momentsOf);
  if (!x || !y) throw new Error("no times");
  return (x.mean - y.mean) / Math.sqrt(x.variance / x.count + y.variance / y.count);
}

function momentsOf(times: readonly number[]) {
  const kept = times.toSorted((a, b) => a - b).slice(0, Math.floor(times.length * 0.9));
  const count = kept.length;
  const mean = kept.reduce((sum, time) => sum + time, 0) / count;
  return { count, mean, variance: kept.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (count - 1) };
}
