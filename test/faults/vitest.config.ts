import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/faults/**/*.test.ts"],
    globalSetup: "test/faults/table.ts",
    // One at a time: each measures a process under load.
    fileParallelism: false,
    testTimeout: process.env["LONG"] === "1" ? 3_600_000 : 120_000,
    hookTimeout: 60_000,
  },
});
