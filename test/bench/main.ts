// `npm run bench`: all groups, or those that are named. `npm run bench -- core --rounds 9`.

import { mkdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { contests as core } from "./core.ts";
import { type Contest, type Result, run } from "./harness.ts";
import { reportOf, tableOf } from "./report.ts";
import { contests as server } from "./server.ts";
import { contests as start } from "./start.ts";

/** What a group of contests may ask about the run. */
export interface BenchOptions {
  /** Whether to run other projects' servers too, where their tools are present. */
  readonly peers: boolean;
}

/** Makes contests one after the other: what it opens for one, it closes before it makes the next. */
export type Group = (options: BenchOptions) => Iterable<Contest> | AsyncIterable<Contest>;

// Imported at once: what a bundle loads later is wrapped, and runs slower than in the server's bundle.
const GROUPS: Readonly<Record<string, Group>> = { core, start, server };

const OUT = "dist/bench";
const USAGE = `npm run bench -- [${Object.keys(GROUPS).join("|")}]... [--rounds N] [--peers] [--check]`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "15" },
    peers: { type: "boolean", default: false },
    // For CI: a goal that is missed is a failure.
    check: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const names = positionals.length > 0 ? positionals : Object.keys(GROUPS);
const unknown = names.filter((name) => !Object.hasOwn(GROUPS, name));
if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write(`no such group, or no number of rounds\nusage: ${USAGE}\n`);
  process.exit(2);
}

async function bench(): Promise<void> {
  const done: Record<string, Result[]> = {};
  for (const name of names) {
    const results: Result[] = [];
    done[name] = results;
    for await (const contest of GROUPS[name]?.({ peers: values.peers }) ?? []) {
      const result = await run(contest, rounds);
      results.push(result);
      process.stdout.write(`${tableOf(result)}\n\n`);
    }
  }
  mkdirSync(OUT, { recursive: true });
  writeFileSync(`${OUT}/report.json`, `${JSON.stringify(reportOf(done, new Date()), null, 2)}\n`);
  process.stdout.write(`all rounds are in ${OUT}/report.json\n`);
  const reached = Object.values(done).flatMap((results) => results.flatMap((result) => result.reached));
  if (values.check && reached.some(({ verdict }) => verdict === "missed")) process.exitCode = 1;
}

bench().catch((error: unknown) => {
  process.exitCode = 1;
  console.error(error);
});
