import { expect, test } from "vitest";
import { type Candidate, cpuOf, type Goal, median, ratio, reach, run } from "./harness.ts";
import { reportOf, tableOf } from "./report.ts";

const costs = { slow: [80, 800, 8], fast: [10, 100, 4], free: [1, 1, 1] };
const goal = (bound: Goal["bound"], stretch?: number): Goal => ({
  candidate: "fast",
  bound,
  ...(stretch === undefined ? {} : { stretch }),
});
const verdict = (each: Goal): string => reach(each, costs, "slow").verdict;

test("the median of numbers, in whatever order", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("a ratio is the median of those of each round, not that of medians", () => {
  expect(ratio(costs.fast, costs.slow)).toBe(1 / 8);
  expect(ratio([1, 1, 1], [1, 10, 100])).toBe(0.1);
});

test("a goal is reached, reached by far, or missed, in each of the three ways to state it", () => {
  expect(verdict(goal({ atLeastTimesAsCheap: 8 }))).toBe("reached");
  expect(verdict(goal({ atLeastTimesAsCheap: 4 }, 8))).toBe("stretch");
  expect(verdict(goal({ atLeastTimesAsCheap: 8.1 }))).toBe("missed");
  expect(verdict(goal({ atMostTimes: 0.125 }))).toBe("reached");
  expect(verdict(goal({ atMostTimes: 0.5 }, 0.2))).toBe("stretch");
  expect(verdict(goal({ atMostTimes: 0.1 }))).toBe("missed");
  expect(verdict(goal({ atMost: 10 }, 9))).toBe("reached");
  expect(verdict(goal({ atMost: 9 }))).toBe("missed");
  expect(verdict({ ...goal({ atMostTimes: 10 }), against: "free" })).toBe("reached");
  expect(() => verdict({ ...goal({ atMost: 1 }), candidate: "none" })).toThrow("none");
});

test("every candidate is measured once a round, and the warm-up does not count", async () => {
  let calls = 0;
  const candidate = (name: string): Candidate => ({ name, measure: async () => ++calls });
  const contest = { title: "t", unit: "calls", baseline: "a", candidates: ["a", "b", "c"].map(candidate), goals: [] };
  const { rounds } = await run(contest, 3);
  expect(calls).toBe(15);
  expect(
    Object.values(rounds)
      .flat()
      .sort((a, b) => a - b),
  ).toEqual([7, 8, 9, 10, 11, 12, 13, 14, 15]);
  for (const [round, low] of [7, 10, 13].entries()) {
    for (const name of ["a", "b", "c"]) expect(rounds[name]?.[round]).toSatisfy((n: number) => n >= low && n < low + 3);
  }
});

test("the cost of an operation is that of all divided by their number", () => {
  let ran = 0;
  expect(cpuOf(1000, () => ran++)()).toBeLessThan(1000);
  expect(ran).toBe(1000);
});

test("the table and the report have every figure", () => {
  const reached = [reach(goal({ atLeastTimesAsCheap: 4 }, 8), costs, "slow")];
  const result = { title: "tokens", unit: "us", baseline: "slow", rounds: costs, reached };
  const table = tableOf(result);
  expect(table).toContain("tokens (3 rounds)");
  expect(table).toMatch(/fast +10\.00 +4\.00 +0\.13/);
  expect(table).toContain("stretch  fast: 8.00 times as cheap as slow (goal: at least 4, better 8)");
  expect(reportOf({ core: [result] }, new Date(0))).toMatchObject({
    at: "1970-01-01T00:00:00.000Z",
    contests: { core: [{ rounds: costs, medians: { fast: { median: 10, best: 4, timesBaseline: 1 / 8 } } }] },
  });
});
