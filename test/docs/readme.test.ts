// What the README says is what the code does. `UPDATE_DOCS=1` writes anew what is generated in it.

import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FINDING_REASONS } from "../../src/issuing/findings.ts";
import { findingsTable } from "./findings-table.ts";

const README = new URL("../../README.md", import.meta.url);
const START = "<!-- findings -->\n";
const END = "<!-- /findings -->";
const UPDATES = process.env["UPDATE_DOCS"] === "1";
if (UPDATES && process.env["CI"]) throw new Error("documents are written by people, who read them, and not by CI");

function parts(): { readonly before: string; readonly section: string; readonly after: string } {
  const text = readFileSync(README, "utf8");
  const from = text.indexOf(START) + START.length;
  const to = text.indexOf(END);
  if (from < START.length || to < from) throw new Error(`the README has no section between ${START.trim()} and ${END}`);
  return { before: text.slice(0, from), section: text.slice(from, to), after: text.slice(to) };
}

if (UPDATES) {
  const { before, after } = parts();
  writeFileSync(README, `${before}${findingsTable()}\n${after}`);
}

test("the README has the table of findings, as the code has it: UPDATE_DOCS=1 writes it", () => {
  expect(parts().section).toBe(`${findingsTable()}\n`);
});

describe("the table of findings", () => {
  const [head = "", line = "", ...rows] = findingsTable().split("\n");

  test("has a row for each, the gravest first", () => {
    expect(rows.map((row) => /`([A-Z_0-9]+)`/.exec(row.split(" | ")[1] ?? "")?.[1])).toEqual(FINDING_REASONS);
    expect(rows[0]).toContain("| rejects, 110 |");
  });

  test("is a table", () => {
    expect(head).toMatch(/^\| What you see \| /);
    expect(line).toBe("| - | - | - | - |");
    for (const row of [head, ...rows]) expect(row.replaceAll("\\|", "").match(/\|/g)).toHaveLength(5);
  });
});
