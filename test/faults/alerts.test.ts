// The alerts that operators copy, by Prometheus's own tool.
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { missing } from "./programs.ts";

const FOLDER = "deploy/prometheus";

describe.skipIf(missing("promtool"))("promtool", () => {
  test("takes the rules", () => {
    const said = execFileSync("promtool", ["check", "rules", `${FOLDER}/alerts.yaml`], { encoding: "utf8" });
    expect(said).toMatch(/SUCCESS: \d+ rules found/);
  });

  test("sees every alert fire when it should, and not when it should not", () => {
    const said = execFileSync("promtool", ["test", "rules", `${FOLDER}/alerts.test.yaml`], { encoding: "utf8" });
    expect(said).toContain("SUCCESS");
  });
});
