// The table of test/README.md is of the folders that there are.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };

const TESTS = new URL("../", import.meta.url);
const rows = readFileSync(new URL("README.md", TESTS), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|").map((cell) => cell.trim()));
const codeIn = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
const folders = readdirSync(TESTS, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

test("it has each folder once, and no other", () => {
  const named = rows.flatMap(([, first]) => codeIn(first)).filter((name) => name.endsWith("/"));
  expect(named.sort()).toEqual(folders.map((name) => `${name}/`).sort());
});

test("every file that it names is there, in the folders of its row", () => {
  for (const [, first, shows] of rows) {
    const named = codeIn(first);
    const files = [...named.filter((name) => !name.endsWith("/")).map((name) => [name])];
    for (const name of codeIn(shows).filter((text) => /\.\w+$/.test(text)))
      files.push(named.map((folder) => `${folder}${name}`));
    for (const places of files)
      expect(
        places.some((path) => existsSync(new URL(path, TESTS))),
        places.join(),
      ).toBe(true);
  }
});

test("every command that it names is one", () => {
  for (const [command = ""] of rows.map((row) => codeIn(row[3]))) {
    const script = /^npm (?:run )?([a-z:]+)$/.exec(command)?.[1] ?? "";
    expect(Object.keys(packageJson.scripts), command).toContain(script);
  }
});
