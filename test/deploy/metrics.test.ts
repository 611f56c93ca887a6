// What operators copy names no metric that the service does not have. `UPDATE_DOCS=1` writes deploy/METRICS.md anew.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Metrics } from "../../src/observe/metrics.ts";
import { TABLE } from "../../src/observe/table.ts";
import { page } from "../e2e/admin.ts";
import { configuration, startService } from "../e2e/service.ts";
import { DEPLOY, documentsOf } from "./documents.ts";

const UPDATES = process.env["UPDATE_DOCS"] === "1";
if (UPDATES && process.env["CI"]) throw new Error("documents are written by people, who read them, and not by CI");

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: { readonly summary?: string };
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}
interface Dashboard {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly templating: { readonly list: readonly { readonly query: string }[] };
}

const [alerts] = documentsOf("prometheus", "alerts.yaml") as { groups: { rules: Rule[] }[] }[];
const rules = alerts?.groups.flatMap((group) => group.rules) ?? [];
const [trials] = documentsOf("prometheus", "alerts.test.yaml") as {
  tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[];
}[];
const dashboard = JSON.parse(readFileSync(join(DEPLOY, "grafana", "dashboard.json"), "utf8")) as Dashboard;
const panels = dashboard.panels.filter(({ type }) => type !== "row");
const expressions = [
  ...rules.map(({ expr }) => expr),
  ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.annotations.list.map(({ expr }) => expr),
  ...dashboard.templating.list.map(({ query }) => query),
];
const METRIC = /(?<![:\w])(?:agora_tokend|rpc_server|process|nodejs)_\w+/g;

/** The rows of deploy/METRICS.md: what a service registers, and in that order. */
function rowsOfRegistry(): { name: string; type: string; labels: readonly string[]; help: string }[] {
  const { registry } = new Metrics({ version: "", nodeVersion: "", methods: [] });
  return registry.getMetricsAsArray().map((metric) => {
    const { name, help, labelNames = [] } = metric as typeof metric & { readonly labelNames?: readonly string[] };
    const type = metric.constructor.name.toLowerCase();
    return { name, type, labels: labelNames, help: help.replaceAll("|", "\\|") };
  });
}

function tableOfRegistry(): string {
  const rows = rowsOfRegistry().map(({ name, type, labels, help }) => {
    return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |`;
  });
  return ["| metric | type | labels | what it says |", "| - | - | - | - |", ...rows, ""].join("\n");
}

const START = "<!-- metrics -->\n";
const END = "<!-- /metrics -->";

test("deploy/METRICS.md lists what is registered: UPDATE_DOCS=1 writes it", () => {
  const file = join(DEPLOY, "METRICS.md");
  const text = readFileSync(file, "utf8");
  const [from, to] = [text.indexOf(START) + START.length, text.indexOf(END)];
  expect(from).toBeGreaterThanOrEqual(START.length);
  if (UPDATES) writeFileSync(file, `${text.slice(0, from)}${tableOfRegistry()}${text.slice(to)}`);
  else expect(text.slice(from, to)).toBe(tableOfRegistry());
});

test("every metric of the dashboard and the alerts is told by a running service", async () => {
  const service = await startService(configuration);
  const { text } = await page(service, "/metrics");
  await service.stop();
  const told = new Set(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = "", type]) =>
      type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => name + end) : [name],
    ),
  );
  const named = new Set(expressions.flatMap((expression) => expression.match(METRIC) ?? []));
  expect(named.size).toBeGreaterThan(30);
  expect([...named].filter((name) => !told.has(name))).toEqual([]);
});

test("every metric of ours is on the dashboard", () => {
  const shown = panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => expr.match(METRIC) ?? []));
  const names = shown.map((name) => name.replace(/_(bucket|count)$/, ""));
  expect(Object.values(TABLE).flatMap(({ name }) => (names.includes(name) ? [] : [name]))).toEqual([]);
});

test("what is selected and grouped by is a label of the metric", () => {
  const labels = new Map(rowsOfRegistry().map((row) => [row.name, new Set(row.labels)]));
  for (const expression of expressions) {
    for (const [, name = "", selector = ""] of expression.matchAll(/((?:agora_tokend|rpc_server)_\w+)\{([^}]*)\}/g)) {
      const own = labels.get(name.replace(/_(bucket|count|sum)$/, ""));
      for (const [, label = ""] of selector.matchAll(/(\w+)(?:=|!=|=~|!~)"/g)) {
        expect(["job", "instance", "le", ...(own ?? [])], expression).toContain(label);
      }
    }
  }
});

describe("alerts", () => {
  const alarms = rules.filter(({ alert }) => alert !== undefined);

  test.each(alarms.map((rule) => [rule.alert ?? "", rule] as const))("%s", (name, { labels, annotations }) => {
    expect(["page", "ticket"]).toContain(labels?.severity);
    expect(annotations?.summary).toMatch(/\w/);
    const fired = trials?.tests.flatMap((trial) => trial.alert_rule_test) ?? [];
    expect(fired.some(({ alertname, exp_alerts = [] }) => alertname === name && exp_alerts.length > 0)).toBe(true);
  });

  test("have names of their own", () => {
    expect(new Set(alarms.map(({ alert }) => alert)).size).toBe(alarms.length);
    expect(alarms.length).toBeGreaterThan(20);
  });
});

test("the panels of the dashboard do not cover each other", () => {
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  const taken = new Map<string, string>();
  for (const { title, gridPos } of dashboard.panels) {
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      expect(x).toBeLessThan(24);
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(taken.get(`${x} ${y}`), `${title} covers`).toBeUndefined();
        taken.set(`${x} ${y}`, title);
      }
    }
  }
});
