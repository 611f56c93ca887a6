// The systemd unit, as far as it can be read: test/faults asks systemd itself.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readConfig } from "../../src/config/config.ts";
import { checkRules } from "../../src/config/rules.ts";
import { DEPLOY } from "./documents.ts";

const unit = readFileSync(join(DEPLOY, "systemd", "agora-tokend.service"), "utf8");
const entries = unit.split("\n").flatMap((line) => {
  const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
  return key === undefined ? [] : [[key, value ?? ""] as const];
});
const { projects, listen, audit, shutdown } = readConfig(
  "machine.yaml",
  () => readFileSync(join(DEPLOY, "config", "machine.yaml")),
  checkRules,
);

function all(key: string): string[] {
  return entries.flatMap(([each, value]) => (each === key ? [value] : []));
}

test("every line is an entry, a heading or a comment", () => {
  for (const line of unit.split("\n")) expect(line).toMatch(/^(|#.*|\[\w+\]|\w+=.*)$/);
});

test("each secret of the configuration is a credential, and each credential is used", () => {
  const shown = all("LoadCredential").map((value) => `/run/credentials/agora-tokend.service/${value.split(":")[0]}`);
  const certificates = projects.flatMap((project) => project.certificates.map(({ file }) => file));
  const tls = listen.flatMap((at) => [at.tls?.certificateFile, at.tls?.keyFile]).filter((path) => path !== undefined);
  expect(shown.sort()).toEqual([...certificates, ...tls].sort());
  expect(all("Environment")).toEqual([]);
  expect(all("EnvironmentFile")).toEqual([]);
});

test("it may take the time of a whole stop, and is not started again with a configuration that is wrong", () => {
  expect(Number.parseInt(all("TimeoutStopSec")[0] ?? "", 10)).toBeGreaterThan(shutdown.deadline);
  expect(all("RestartPreventExitStatus")).toEqual(["78"]);
});

test("the audit is in the folder that the service may write", () => {
  expect(all("LogsDirectory").map((name) => `/var/log/${name}/audit.jsonl`)).toEqual([audit.file]);
  expect(all("ProtectSystem")).toEqual(["strict"]);
  expect(all("DynamicUser")).toEqual(["yes"]);
});
