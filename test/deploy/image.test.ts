// The image: small rules for a file that cannot be built everywhere.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DEPLOY } from "./documents.ts";

const ROOT = join(DEPLOY, "..");
const text = readFileSync(join(DEPLOY, "docker", "Dockerfile"), "utf8");
const instructions = text
  .replaceAll(/\\\n/g, " ")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)] as const);
const IGNORE = readFileSync(join(DEPLOY, "docker", "Dockerfile.dockerignore"), "utf8").split("\n");

function all(name: string): string[] {
  return instructions.flatMap(([each, value]) => (each === name ? [value] : []));
}

test("it runs as nobody in particular, by number", () => {
  expect(all("USER")).toEqual(["65532:65532"]);
  const last = instructions.map(([name]) => name).lastIndexOf("FROM");
  expect(instructions.slice(last).map(([name]) => name)).toContain("USER");
});

test("each base is one that whoever builds it names, and what it runs on has no default", () => {
  expect(all("FROM").map((value) => value.replaceAll(/[${}]/g, ""))).toEqual(["BUILD_IMAGE AS build", "RUNTIME_IMAGE"]);
  expect(all("ARG")).toEqual(["BUILD_IMAGE=node:24-bookworm-slim", "RUNTIME_IMAGE"]);
});

test("nothing secret can get in: no ADD, no ENV, no COPY of all, and only what is listed is in reach", () => {
  expect(all("ADD")).toEqual([]);
  expect(all("ENV")).toEqual([]);
  const copied = all("COPY").filter((value) => !value.startsWith("--from=build"));
  const sources = copied.flatMap((value) => value.split(" ").slice(0, -1));
  expect(sources.sort()).toEqual([".ci", "LICENSE", "gen", "package-lock.json", "package.json", "src"]);
  expect(IGNORE.filter((line) => line !== "" && !line.startsWith("#"))[0]).toBe("*");
  const reached = IGNORE.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
  for (const path of reached) expect(existsSync(join(ROOT, path)), path).toBe(true);
  expect(new Set(reached.map((path) => path.split("/")[0]))).toEqual(
    new Set(sources.map((path) => path.split("/")[0])),
  );
});

test("it is installed as the lock file says, without scripts of packages", () => {
  expect(all("RUN")).toContainEqual(expect.stringMatching(/^npm ci --ignore-scripts /));
});

test("what runs cannot change what it is, and knows no shell", () => {
  expect(all("COPY").at(-1)).toMatch(/--chown=0:0 --chmod=0444 .* \/app\/$/);
  const [entry = ""] = all("ENTRYPOINT");
  const command = ["/nodejs/bin/node", "--disable-proto=delete", "--report-exclude-env", "/app/main.cjs"];
  expect(JSON.parse(entry)).toEqual(command);
  expect(JSON.parse(all("CMD")[0] ?? "")).toEqual(["serve", "--config", "/etc/agora-tokend/config.yaml"]);
});
