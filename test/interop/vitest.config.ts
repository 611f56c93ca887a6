import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/interop/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/build/**"],
    globalSetup: "test/interop/table.ts",
    // One at a time: each builds a program with all cores, and the first screen takes the port that the README names.
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 240_000,
  },
});
