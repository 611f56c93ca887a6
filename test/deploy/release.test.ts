// The workflow that publishes, as far as it can be read: only its host can run it.

import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";

const text = readFileSync(".github/workflows/release.yaml", "utf8");
const workflow = parse(text);
const { publish } = workflow.jobs;

test("actions are named by the commit, which nobody can move", () => {
  const actions = [...text.matchAll(/uses: (\S+)( # v[\d.]+)?$/gm)];
  expect(actions).toHaveLength(publish.steps.filter((step: object) => "uses" in step).length);
  for (const [, action, version] of actions) {
    expect(action).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/);
    expect(version).toBeDefined();
  }
});

test("it may prove who it is, and write nothing", () => {
  expect(workflow.permissions).toEqual({});
  expect(publish.permissions).toEqual({ contents: "read", "id-token": "write" });
  expect(text).not.toMatch(/secrets\.|NODE_AUTH_TOKEN|NPM_TOKEN/);
});

test("it runs for the tag of a version alone, and does what .ci/release does", () => {
  expect(workflow.on).toEqual({ push: { tags: ["v*.*.*"] } });
  const commands = publish.steps.flatMap(({ run }: { run?: string }) => run ?? []);
  expect(commands).toEqual([".ci/release"]);
  expect(existsSync(".ci/release")).toBe(true);
});
