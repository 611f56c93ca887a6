// The alerts that operators copy, by Prometheus's own tool.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { missing } from "./programs.ts";

const FOLDER = "deploy/prometheus";

describe.skipIf(missing("promtool"))("promtool", () => {
  test("takes the rules", () => {
    const said = execFileSync("promtool", ["check", "rules", `${FOLDER}/alerts.yaml`], { encoding: "utf8" });
    expect(said).toMatch(/SUCCESS: \d+ rules found/);
  });

  test("takes what Docker Compose has Prometheus scrape, with the rules", () => {
    const folder = mkdtempSync(join(tmpdir(), "agora-tokend-"));
    const config = join(folder, "prometheus.yaml");
    const text = readFileSync("deploy/compose/prometheus.yaml", "utf8");
    writeFileSync(config, text.replace("/etc/prometheus/alerts.yaml", resolve(FOLDER, "alerts.yaml")));
    try {
      const said = execFileSync("promtool", ["check", "config", config], { encoding: "utf8" });
      expect(said).toMatch(/SUCCESS: 1 rule files found/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("sees every alert fire when it should, and not when it should not", () => {
    const said = execFileSync("promtool", ["test", "rules", `${FOLDER}/alerts.test.yaml`], { encoding: "utf8" });
    expect(said).toContain("SUCCESS");
  });
});
