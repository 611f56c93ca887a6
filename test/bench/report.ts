// What was measured, as a table to read and as JSON to keep.

import os from "node:os";
import process from "node:process";
import { type Goal, median, type Reached, type Result, ratio } from "./harness.ts";

/** A table of one contest: the median, the best round, the multiple of the baseline; then the goals. */
export function tableOf({ title, unit, baseline, rounds, reached }: Result): string {
  const rows = Object.entries(rounds).map(([name, costs]) => [
    name,
    shown(median(costs)),
    shown(Math.min(...costs)),
    name === baseline ? "1" : shown(ratio(costs, rounds[baseline] ?? [])),
  ]);
  const head = ["", unit, "best", `times ${baseline}`];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const lineOf = (row: readonly string[]): string =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  ");
  const count = Object.values(rounds)[0]?.length ?? 0;
  const goals = reached.map((each) => `  ${each.verdict.padEnd(8)} ${inWords(each, baseline)}`);
  return [`${title} (${count} rounds)`, ...[head, ...rows].map((row) => `  ${lineOf(row)}`), ...goals].join("\n");
}

/** All that is needed to compare a run with another. */
export function reportOf(groups: Readonly<Record<string, readonly Result[]>>, at: Date): object {
  const { node, v8, zlib, openssl } = process.versions;
  const machine = { cpu: os.cpus()[0]?.model, cpus: os.cpus().length, platform: `${os.platform()} ${os.arch()}` };
  const contests = Object.fromEntries(
    Object.entries(groups).map(([group, results]) => [group, results.map(withMedians)]),
  );
  return { at: at.toISOString(), versions: { node, v8, zlib, openssl }, machine, contests };
}

function withMedians(result: Result): object {
  const { rounds, baseline } = result;
  const medians = Object.entries(rounds).map(([name, costs]) => [
    name,
    { median: median(costs), best: Math.min(...costs), timesBaseline: ratio(costs, rounds[baseline] ?? []) },
  ]);
  return { ...result, medians: Object.fromEntries(medians) };
}

function inWords({ goal, value }: Reached, baseline: string): string {
  const against = goal.against ?? baseline;
  const stretch = goal.stretch === undefined ? "" : `, better ${goal.stretch}`;
  const { bound } = goal;
  if ("atMost" in bound) return `${goal.candidate}: ${shown(value)} (goal: at most ${bound.atMost}${stretch})`;
  if ("atMostTimes" in bound)
    return `${goal.candidate}: ${shown(value)} times ${against} (goal: at most ${bound.atMostTimes}${stretch})`;
  return `${goal.candidate}: ${shown(value)} times as cheap as ${against} (goal: at least ${leastOf(bound)}${stretch})`;
}

function leastOf(bound: Extract<Goal["bound"], { atLeastTimesAsCheap: number }>): number {
  return bound.atLeastTimesAsCheap;
}

function shown(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
}
