import { describe, expect, test } from "vitest";
import { complaint, complaints, PROJECTS } from "./fixtures/read.ts";

describe("what is no mapping at all", () => {
  test.each([
    ["", "1:1: the file is empty: it needs `projects`"],
    ["# nothing but a comment\n", "1:1: the file is empty: it needs `projects`"],
    ["---\n...\n", "1:1: the file is empty: it needs `projects`"],
    ["just text\n", "1:1: must be a mapping with keys such as listen"],
    ["- projects\n", "1:1: must be a mapping with keys such as listen"],
    ["~\n", "1:1: the file is empty: it needs `projects`"],
  ])("%j", (text, expected) => {
    expect(complaint(text)).toBe(expected);
  });
});

describe("mistakes in the text", () => {
  test.each([
    [
      "an open bracket",
      "permits: [\n",
      "6:1: the indentation does not fit to what is above, or a bracket is not closed",
    ],
    ["an open quote", "audit: { file: 'x }\n", "6:1: something is missing here"],
    ["a tab", "limits:\n\tmax_in_flight: 1\n", "6:1: tabs cannot indent"],
    ["a second colon", "audit: file: x\n", "5:8: a second key on the line"],
    ["a reserved character", "audit: @x\n", "5:8: a value cannot begin with this character"],
    [
      "a deeper line",
      "reflection: true\n  audit: x\n",
      "5:13: a second key on the line, or the indentation is too deep",
    ],
    ["a bracket too many", "audit: {}}\n", "5:10: this does not belong here"],
    ["a lone dash in brackets", "audit: { file: - }\n", "5:16: inside brackets"],
    ["an escape", 'audit: { file: "\\x" }\n', "5:17: there is no such escape"],
  ])("%s", (_, line, expected) => {
    expect(complaints(PROJECTS + line)[0]?.slice(0, expected.length)).toBe(expected);
  });

  test("one of each line is enough", () => {
    expect(complaints("a: b: c: d\nx: [1\n").map((line) => line.split(":")[0])).toEqual(["1", "3"]);
  });
});

describe("what YAML can do and the configuration does not", () => {
  test.each([
    ["a second document", `${PROJECTS}---\n${PROJECTS}`, "5:1: a second document begins here"],
    ["a version", `%YAML 1.1\n---\n${PROJECTS}`, "1:1: directives (lines with %) are not supported: leave them out"],
    ["a prefix", `%TAG ! x:\n---\n${PROJECTS}`, "1:1: directives (lines with %) are not supported: leave them out"],
    ["a directive", `%FOO x\n---\n${PROJECTS}`, "1:1: directives (lines with %) are not supported: leave them out"],
    [
      "an anchor",
      `${PROJECTS}reflection: &x true\n`,
      "5:16: reflection: anchors and aliases are not supported: write the value out",
    ],
    [
      "an alias",
      `${PROJECTS}reflection: *x\n`,
      "5:13: reflection: anchors and aliases are not supported: write the value out",
    ],
    [
      "an anchored list",
      `${PROJECTS}permits: &x []\n`,
      "5:13: permits: anchors and aliases are not supported: write the value out",
    ],
    [
      "an anchored key",
      `${PROJECTS}&x reflection: true\n`,
      "5:4: ?: anchors and aliases are not supported: write the value out",
    ],
    ["a known tag", `${PROJECTS}reflection: !!bool "true"\n`, "5:20: reflection: tags are not supported: leave it out"],
    ["a tag of its own", `${PROJECTS}audit: !x { file: y }\n`, "5:11: audit: tags are not supported: leave it out"],
    [
      "a merge key",
      `${PROJECTS}<<: { reflection: true }\n`,
      "5:1: ?: merge keys are not supported: write the keys out",
    ],
    ["a number as a key", `${PROJECTS}1: 2\n`, "5:1: ?: a key must be a plain word"],
    ["a list as a key", `${PROJECTS}? [a]\n: 2\n`, "5:3: ?: a key must be a plain word"],
    ["a key without a value", `${PROJECTS}{}: 2\n`, "5:1: ?: a key must be a plain word"],
  ])("%s", (_, text, expected) => {
    expect(complaint(text)).toBe(expected);
  });

  test("a tagged root", () => {
    expect(complaint("!!map { projects: [] }\n")).toBe("1:7: tags are not supported: leave it out");
  });

  test("aliases that multiply are not followed", () => {
    const bomb = Array.from({ length: 30 }, (_, i) => `a${i}: &a${i} [*a${i - 1}, *a${i - 1}]\n`).join("");
    expect(complaints(PROJECTS + bomb)).toHaveLength(30);
  });
});

describe("a text that is nested too deep is refused before it can end the process", () => {
  test.each([
    ["lists", "[".repeat(20_000)],
    ["mappings", "a: {b: ".repeat(20_000)],
    ["lists in a column", "- ".repeat(20_000)],
    ["keys in a column", "? ".repeat(20_000)],
    ["lines", Array.from({ length: 500 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
  ])("%s", (_, text) => {
    expect(complaint(text)).toMatch(/^\d+:\d+: lists and mappings are nested too deep$/);
  });
});

test("a key that is there twice is refused, and the first is named", () => {
  expect(complaint(`reflection: true\n${PROJECTS}reflection: true\n`)).toBe(
    "6:1: reflection: the key is there twice, first in line 1",
  );
  expect(complaint(`${PROJECTS}audit: { file: a, file: b }\n`)).toBe(
    "5:19: audit.file: the key is there twice, first in line 5",
  );
});

test("names of the language are names like others", () => {
  for (const name of ["__proto__", "constructor", "toString"]) {
    expect(complaint(`${PROJECTS}${name}: 1\n`)).toMatch(`5:1: ${name}: unknown key \`${name}\``);
  }
});
