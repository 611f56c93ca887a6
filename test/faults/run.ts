// Runs the fault tests. `--long` has each at full length; all else is vitest's.

import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const LONG = "--long";
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const given = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--config", "test/faults/vitest.config.ts", ...given.filter((argument) => argument !== LONG)],
  { stdio: "inherit", env: { ...process.env, ...(given.includes(LONG) && { LONG: "1" }) } },
);
process.exitCode = status ?? 1;
