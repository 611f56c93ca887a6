// Every configuration in deploy/ is one that the service starts with, once the files are there that it names.

import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readConfig, type Settings } from "../../src/config/config.ts";
import { checkRules } from "../../src/config/rules.ts";
import { command, folder } from "../cli/command.ts";
import { DEPLOY, yamlFiles } from "./documents.ts";
import { layOut } from "./laid-out.ts";

const CONFIGURATIONS = yamlFiles().filter((file) => /^config\/|config\.yaml$/.test(file));

test("there are configurations for one machine, SPIFFE, a mesh, Compose and Kubernetes", () => {
  const expected = ["compose/config.yaml", "config/machine.yaml", "config/mesh.yaml", "config/spiffe.yaml"];
  expect(CONFIGURATIONS).toEqual([...expected, "kubernetes/config.yaml"]);
});

test.each(CONFIGURATIONS)("check-config accepts %s", async (file) => {
  const { path } = layOut(folder(), file);
  const { code, out, error } = await command(["check-config", path]);
  expect({ code, error }).toEqual({ code: 0, error: "" });
  expect(out).toContain(`${path}: no problems`);
});

test.each(CONFIGURATIONS)("%s is not accepted with a certificate that others may read", async (file) => {
  const { path, root } = layOut(folder(), file);
  const [certificate = ""] = secretsOf(file);
  chmodSync(join(root, certificate), 0o644);
  expect(await command(["check-config", path])).toMatchObject({
    code: 78,
    error: expect.stringContaining("readable file"),
  });
});

test.each(CONFIGURATIONS)("%s permits no token for every user or channel, and none without an end", (file) => {
  for (const { anyUser, anyChannel, channels, maxTtl, methods } of settingsOf(file).permits) {
    expect({ anyUser, anyChannel }).toEqual({ anyUser: false, anyChannel: false });
    expect(channels).not.toContain("*");
    if (methods.some((method) => method !== "InspectToken")) expect(maxTtl).toBeLessThanOrEqual(3600);
  }
});

function settingsOf(file: string): Settings {
  return readConfig(file, () => readFileSync(join(DEPLOY, file)), checkRules);
}

function secretsOf(file: string): string[] {
  return settingsOf(file).projects.flatMap(({ certificates }) => certificates.map((each) => each.file));
}
