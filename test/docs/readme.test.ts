// What the README says is what the code does. `UPDATE_DOCS=1` writes anew what is generated in it.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FINDING_REASONS } from "../../src/issuing/findings.ts";
import { findingsTable } from "./findings-table.ts";
import { AT_THE_PROMPT, BLOCKS, blockOf } from "./readme-blocks.ts";

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

describe("the code blocks", () => {
  // Where each is run as it stands: a block that is added is run there, and then added here.
  test.each([
    ["agora-tokend", "sh", "npm ci && npm start", "test/interop/first-screen.test.ts"],
    ["agora-tokend", "sh", "$ grpcurl -plaintext", "test/interop/readme.test.ts"],
    ["From Node.js", "sh", "npm install agora-tokend", "test/interop/package.test.ts"],
    ["From Node.js", "ts", "import { createTokenClient", "test/interop/readme.test.ts"],
    ["At the prompt", "sh", "npx agora-tokend build", "test/interop/readme.test.ts"],
    ["Configuration", "sh", "npm start -- --config FILE", "test/interop/readme.test.ts"],
    ["Configuration", "yaml", "listen:", "test/interop/readme.test.ts"],
  ])("%s, %s: %s", (heading, language, start, file) => {
    const starts = BLOCKS.filter((block) => block.heading === heading && block.language === language);
    expect(starts.filter(({ text }) => text.startsWith(start))).toHaveLength(1);
    expect(existsSync(new URL(`../../${file}`, import.meta.url))).toBe(true);
  });

  test("there are no others", () => {
    expect(BLOCKS).toHaveLength(7);
  });

  test("every line of At the prompt has an expected outcome", () => {
    expect(blockOf("At the prompt", "sh").trimEnd().split("\n")).toEqual(AT_THE_PROMPT.map(([line]) => line));
  });

  test("the example for Node.js is the one that is compiled", () => {
    const compiled = readFileSync(new URL("client-example.ts", import.meta.url), "utf8");
    const lines = /^\/\/ readme: begin\n([\s\S]*?)^\/\/ readme: end$/m.exec(compiled)?.[1] ?? "";
    expect(lines.replace("../../src/client/client.ts", "agora-tokend/client")).toBe(blockOf("From Node.js", "ts"));
  });
});
