// Measures candidates side by side: each once a round, in an order drawn anew, and compares within the round alone. A
// shared machine is up to twice as slow from one minute to the next, which a ratio of the same round does not show.

import process from "node:process";

/** What is compared. A measurement is a cost: less is better. */
export interface Contest {
  readonly title: string;
  /** Of a measurement: `us of CPU a token`. */
  readonly unit: string;
  readonly candidates: readonly Candidate[];
  /** The candidate that the others are told as a multiple of. */
  readonly baseline: string;
  readonly goals: readonly Goal[];
  /** How many rounds count, if not as many as asked for. A round of something that takes seconds is dear. */
  readonly rounds?: number;
}

/** One way to do it. */
export interface Candidate {
  readonly name: string;
  /** Measures once, and gives the cost in the contest's unit. */
  readonly measure: () => number | Promise<number>;
}

/** What a candidate should reach, in the median. One of the three bounds. */
export interface Goal {
  readonly candidate: string;
  /** Another baseline than the contest's. */
  readonly against?: string;
  /** `atLeastTimesAsCheap: 4` is a quarter of the baseline's cost or less. */
  readonly bound:
    | { readonly atLeastTimesAsCheap: number }
    | { readonly atMostTimes: number }
    | { readonly atMost: number };
  /** A better bound of the same kind, to be hoped for. */
  readonly stretch?: number;
}

/** A goal, and what was reached. */
export interface Reached {
  readonly goal: Goal;
  readonly value: number;
  readonly verdict: "stretch" | "reached" | "missed";
}

/** What was measured. */
export interface Result {
  readonly title: string;
  readonly unit: string;
  readonly baseline: string;
  /** By candidate, a cost for each round. */
  readonly rounds: Readonly<Record<string, readonly number[]>>;
  readonly reached: readonly Reached[];
}

// Enough that what is measured is compiled, and that caches are as they will be.
const WARM_UP = 2;

/** Runs a contest: warm-up rounds, then as many as count. */
export async function run(contest: Contest, rounds: number): Promise<Result> {
  const { title, unit, baseline, candidates, goals } = contest;
  const costs: Record<string, number[]> = Object.fromEntries(candidates.map(({ name }) => [name, []]));
  const counted = contest.rounds ?? rounds;
  for (let round = -WARM_UP; round < counted; round++) {
    for (const { name, measure } of shuffled(candidates)) {
      const cost = await measure();
      if (round >= 0) costs[name]?.push(cost);
    }
  }
  return { title, unit, baseline, rounds: costs, reached: goals.map((goal) => reach(goal, costs, baseline)) };
}

/** The CPU time of this process for one operation, of many, in microseconds: all of its threads, GC too. */
export function cpuOf(operations: number, operation: () => unknown): () => number {
  return () => {
    const before = process.cpuUsage();
    for (let n = operations; n > 0; n--) kept = operation();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / operations;
  };
}

/** The same for an operation that gives a promise, one after the other. */
export function cpuOfAsync(operations: number, operation: () => Promise<unknown>): () => Promise<number> {
  return async () => {
    const before = process.cpuUsage();
    for (let n = operations; n > 0; n--) kept = await operation();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / operations;
  };
}

// What an operation gave is used, so that no compiler leaves the operation out.
let kept: unknown;

/** What the last operation gave. */
export function lastResult(): unknown {
  return kept;
}

/** How many times the baseline a candidate costs: the median of the ratios of each round. */
export function ratio(candidate: readonly number[], baseline: readonly number[]): number {
  return median(candidate.map((cost, round) => cost / (baseline[round] ?? Number.NaN)));
}

/** The middle of numbers, NaN of none. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Whether a goal was reached, from the costs of all candidates. */
export function reach(goal: Goal, costs: Readonly<Record<string, readonly number[]>>, baseline: string): Reached {
  const mine = costs[goal.candidate];
  const others = costs[goal.against ?? baseline];
  if (!mine || !others) throw new Error(`a goal names a candidate that its contest has not: ${goal.candidate}`);
  const { bound, stretch } = goal;
  const least = "atLeastTimesAsCheap" in bound;
  const value = "atMost" in bound ? median(mine) : least ? ratio(others, mine) : ratio(mine, others);
  const within = (limit: number): boolean => (least ? value >= limit : value <= limit);
  const isReached = within(Object.values(bound)[0] ?? Number.NaN);
  const verdict = !isReached ? "missed" : stretch !== undefined && within(stretch) ? "stretch" : "reached";
  return { goal, value, verdict };
}

function shuffled<T>(items: readonly T[]): T[] {
  const drawn = items.map((item) => [Math.random(), item] as const);
  return drawn.sort(([a], [b]) => a - b).map(([, item]) => item);
}
