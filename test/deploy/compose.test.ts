// The Compose file: each key is one that Compose has, each file that it mounts is there, and Prometheus finds the service.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readConfig } from "../../src/config/config.ts";
import { checkRules } from "../../src/config/rules.ts";
import { DEPLOY, documentsOf, portOf } from "./documents.ts";
import { misfits, type Shape } from "./shape.ts";

const FOLDER = join(DEPLOY, "compose");
// biome-ignore lint/suspicious/noExplicitAny: the shape is checked by the first test, and not by the compiler.
type Document = Record<string, any>;
const [compose = {}] = documentsOf("compose", "compose.yaml") as Document[];
const [prometheus = {}] = documentsOf("compose", "prometheus.yaml") as Document[];
const settings = readConfig("config.yaml", () => readFileSync(join(FOLDER, "config.yaml")), checkRules);

// Source: the Compose specification.
const SERVICE = {
  "image!": "text",
  build: { context: "text", dockerfile: "text", args: "labels" },
  command: ["text"],
  user: "text",
  read_only: "flag",
  "cap_drop!": ["text"],
  "security_opt!": ["text"],
  mem_limit: "text",
  pids_limit: "whole",
  ulimits: { core: "whole", nofile: "whole" },
  "restart!": "text",
  stop_grace_period: "text",
  "ports!": ["text"],
  environment: "labels",
  volumes: ["text"],
  secrets: ["text"],
  networks: ["text"],
  healthcheck: { test: ["text"], interval: "text", timeout: "text", start_period: "text", retries: "whole" },
} as const satisfies Shape;

test("it has known keys alone", () => {
  const { services, secrets, networks, volumes, name, ...others } = compose;
  expect(others).toEqual({});
  expect(name).toBe("agora-tokend");
  expect(Object.keys(services)).toEqual(["tokend", "prometheus", "grafana"]);
  for (const [each, service] of Object.entries(services)) expect(misfits(SERVICE, service, each)).toEqual([]);
  const used = Object.values<Document>(services);
  expect(new Set(used.flatMap((each) => each["networks"]))).toEqual(new Set(Object.keys(networks)));
  expect(services.tokend.secrets).toEqual(Object.keys(secrets));
  expect(Object.keys(volumes)).toEqual(["prometheus", "grafana"]);
});

test("each file that it mounts is here, and is not writable from within", () => {
  const mounts = Object.values<Document>(compose["services"]).flatMap((each) => (each["volumes"] ?? []) as string[]);
  const files = mounts.map((mount) => mount.split(":")).filter(([from = ""]) => from.startsWith("."));
  expect(files.length).toBeGreaterThanOrEqual(6);
  for (const [from = "", , mode] of files) {
    expect(mode, from).toBe("ro");
    expect(existsSync(join(FOLDER, from)), from).toBe(true);
  }
});

test("it publishes to this machine alone", () => {
  for (const each of Object.values<Document>(compose["services"]))
    for (const port of each["ports"]) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
});

test("each secret of the configuration is one of Compose, and no environment holds any", () => {
  const files = [
    ...settings.projects.flatMap((project) => project.certificates.map(({ file }) => file)),
    ...settings.listen.flatMap(({ tls }) => [tls?.certificateFile, tls?.keyFile]),
  ];
  expect(files.sort()).toEqual(
    Object.keys(compose["secrets"])
      .map((name) => `/run/secrets/${name}`)
      .sort(),
  );
  expect(compose["services"].tokend).not.toHaveProperty("environment");
});

test("the service is hardened, has time to stop, and asks itself over the admin address", () => {
  const { tokend } = compose["services"];
  expect(tokend).toMatchObject({ user: "65532:65532", read_only: true, cap_drop: ["ALL"] });
  expect(Number.parseInt(tokend.stop_grace_period, 10)).toBeGreaterThan(settings.shutdown.deadline);
  expect(tokend.healthcheck.test.at(-1)).toBe(`127.0.0.1:${portOf(settings.admin.address)}`);
});

test("Prometheus scrapes the admin address, with the rules", () => {
  const admin = portOf(settings.admin.address);
  expect(prometheus["scrape_configs"]).toEqual([
    { job_name: "agora-tokend", static_configs: [{ targets: [`tokend:${admin}`] }] },
  ]);
  const mounts: string[] = compose["services"].prometheus.volumes;
  for (const file of prometheus["rule_files"]) expect(mounts.join("\n")).toContain(`:${file}:ro`);
});
