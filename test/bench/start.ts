// What a start costs: the bundle, and the same code and packages a file each.

import { type ExecFileSyncOptions, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import type { Contest } from "./harness.ts";

const UNBUNDLED = "dist/bench/unbundled";
// As build:lib compiles: no type of it is looked at here.
const OPTIONS =
  "--module nodenext --target es2023 --lib es2024 --types node --resolveJsonModule --rewriteRelativeImportExtensions";
/** Of the figures in /proc. Source: proc(5), sysconf(_SC_CLK_TCK), which is 100 on every Linux. */
const MS_A_TICK = 10;

/** The start of the server. */
export function* contests(): Generator<Contest> {
  if (process.platform !== "linux")
    throw new Error("the CPU time of another process is read from /proc: run it on Linux");
  const quietly: ExecFileSyncOptions = { stdio: ["ignore", "ignore", "inherit"] };
  execFileSync("npm", ["run", "--silent", "build:server"], quietly);
  const compile = ["--ignoreConfig", "src/main.ts", "--rootDir", ".", "--outDir", UNBUNDLED, "--noCheck"];
  execFileSync("node_modules/.bin/tsc", [...compile, ...OPTIONS.split(" ")], quietly);
  yield {
    title: "a start, from the command to the first call that it can take",
    unit: "ms of CPU a start",
    baseline: "unbundled",
    rounds: 9,
    candidates: [
      { name: "bundled", measure: () => costOfStart("dist/main.cjs") },
      { name: "unbundled", measure: () => costOfStart(`${UNBUNDLED}/src/main.js`) },
    ],
    // A third faster.
    goals: [{ candidate: "bundled", bound: { atLeastTimesAsCheap: 1.5 } }],
  };
}

async function costOfStart(file: string): Promise<number> {
  const server = spawn(process.execPath, [file, "serve", "--port", "0"], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    let printed = "";
    for await (const chunk of server.stdout) {
      printed += chunk;
      if (/serves on/.test(printed)) return cpuOf(server.pid);
    }
    throw new Error(`${file} does not serve: ${printed}`);
  } finally {
    server.kill("SIGKILL");
  }
}

function cpuOf(pid: number | undefined): number {
  // The name comes second, in brackets, and may hold anything.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MS_A_TICK;
}
