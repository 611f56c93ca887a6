// What a build leaves for the garbage collector, inside V8's heap and outside it.

import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Contest, median } from "./harness.ts";

// Few enough that no collection runs in between, and often enough that one that does is an outlier.
const BUILDS = 50;
const SAMPLES = 21;

type Kind = "heapUsed" | "external";

/** Bytes allocated by a build. */
export function* memoryContests(ours: () => unknown, official: () => unknown): Generator<Contest> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const contestOf = (kind: Kind, where: string, goal: Omit<Contest["goals"][number], "candidate">): Contest => ({
    title: `memory allocated ${where} by a build of version 007`,
    unit: "bytes",
    baseline: "agora-token",
    candidates: [
      { name: "ours", measure: () => allocated(kind, ours, collect) },
      { name: "agora-token", measure: () => allocated(kind, official, collect) },
    ],
    goals: [{ candidate: "ours", ...goal }],
  });
  yield contestOf("heapUsed", "in the heap", { bound: { atMost: 600 }, stretch: 300 });
  yield contestOf("external", "outside the heap", { bound: { atMost: 0 } });
}

function allocated(kind: Kind, build: () => unknown, collect: () => void): number {
  collect();
  const once = (each: () => unknown): number => {
    const before = process.memoryUsage()[kind];
    for (let n = BUILDS; n > 0; n--) each();
    return process.memoryUsage()[kind] - before;
  };
  const medianOf = (each: () => unknown): number => median(Array.from({ length: SAMPLES }, () => once(each)));
  // Reading the figure allocates too.
  return (medianOf(build) - medianOf(() => undefined)) / BUILDS;
}
