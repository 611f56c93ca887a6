// What deploy/README.md names is there. test/faults/runbook.test.ts runs its commands.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ANSWERS } from "../../src/api/answers.ts";
import { TABLE } from "../../src/observe/table.ts";
import { command } from "../cli/command.ts";
import { DEPLOY, documentsOf } from "./documents.ts";
import { blocks, PAGE, runsHere } from "./runbook.ts";

const commands = blocks()
  .filter(({ kind }) => kind === "sh")
  .flatMap(({ text }) => text.replaceAll(/\\\n/g, " ").split(/[\n|]/))
  .flatMap((line) => /^\s*agora-tokend (.*)$/.exec(line)?.[1] ?? []);

describe("the page for who is on call", () => {
  test("has commands, and most of them run anywhere", () => {
    expect(commands.length).toBeGreaterThan(10);
    expect(blocks().filter(runsHere).length).toBeGreaterThan(blocks().filter(({ kind }) => kind === "sh").length / 2);
  });

  test.each([...new Set(commands)])("agora-tokend %s: the command and its options are there", async (line) => {
    const words = line.split(/\s+/);
    const name = words[0] === "audit" ? words.slice(0, 2) : words.slice(0, 1);
    const { code, out } = await command([...name, "--help"]);
    expect(code).toBe(0);
    for (const option of words.filter((word) => word.startsWith("--"))) expect(out).toContain(` ${option}`);
  });

  test("links to what is there", () => {
    const links = [...PAGE.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = ""]) => link);
    expect(links.length).toBeGreaterThan(6);
    for (const link of links) expect(existsSync(join(DEPLOY, link)), link).toBe(true);
  });

  test("has a line for each alert, and chapters where it says so", () => {
    const [groups] = documentsOf("prometheus", "alerts.yaml") as [{ groups: { rules: { alert?: string }[] }[] }];
    const alerts = groups.groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []));
    const [, table = ""] = /^## An alert fires\n([\s\S]*?)^## /m.exec(PAGE) ?? [];
    const named = new Set([...table.matchAll(/`(AgoraTokend\w+)`/g)].map(([, alert = ""]) => alert));
    expect([...named].sort()).toEqual(alerts.sort());
    const chapters = new Set([...PAGE.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => anchorOf(title)));
    for (const [, anchor = ""] of PAGE.matchAll(/\]\(#([^)]+)\)/g)) expect(chapters).toContain(anchor);
  });

  test("names reasons and metrics that there are", () => {
    const reasons = [...PAGE.matchAll(/^ *\| `([A-Z_]+)` \|/gm)].map(([, reason = ""]) => reason);
    expect(reasons).toHaveLength(4);
    for (const reason of reasons) expect(ANSWERS).toHaveProperty([reason]);
    const metrics = [...PAGE.matchAll(/`(agora_tokend_\w+)`/g)].map(([, metric = ""]) => metric);
    const known = Object.values(TABLE).map(({ name }) => name);
    expect(metrics.length).toBeGreaterThan(5);
    for (const metric of metrics) expect(known).toContain(metric);
  });
});

function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-");
}
