import { readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

const ELSEWHERE = ["interop", "faults"].map((folder) => `test/${folder}/**`);
const FILES = readdirSync("test", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".test.ts"))
  .map((path) => `test/${path}`);
// A file that replaces modules, or weighs the process that it runs in, would disturb others or be disturbed by them.
const ALONE = FILES.filter((path) => /vi\.(?:do)?[mM]ock\(|memoryUsage/.test(readFileSync(path, "utf8")));

export default defineConfig({
  test: {
    typecheck: { enabled: false },
    setupFiles: ["test/seed.ts"],
    testTimeout: 30_000,
    maxWorkers: "100%",
    // Two thirds of the time went into reading the same modules anew for every file: most files share them.
    projects: [
      {
        extends: true,
        test: { name: "shared", include: ["test/**/*.test.ts"], exclude: [...ELSEWHERE, ...ALONE], isolate: false },
      },
      { extends: true, test: { name: "alone", include: ALONE, exclude: ELSEWHERE, isolate: true } },
    ],
  },
});
