// The configuration that our server is measured with: as an operator would write it, as large as a contest wants it.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeApiKey } from "../../src/access/by-api-key.ts";

/** How large a configuration is. */
export interface Size {
  readonly projects?: number;
  readonly permits?: number;
  readonly callers?: number;
}

/** A configuration in a folder of its own. */
export interface Configured {
  readonly file: string;
  readonly auditFile: string;
  /** The value of the header by which the benchmark calls. */
  readonly authorization: string;
  /** The project that it asks for, the last of them. */
  readonly project: string;
  remove(): void;
}

/** Writes a configuration with API keys, policy, audit to a file, and everything else on. */
export function configure({ projects = 1, permits = 1, callers = 1 }: Size = {}): Configured {
  const folder = mkdtempSync(join(tmpdir(), "agora-tokend-bench-"));
  const auditFile = join(folder, "audit.jsonl");
  const keys = numbered("caller", callers).map((id) => ({ id, ...makeApiKey(id) }));
  const ids = numbered("project", projects);
  const caller = keys.at(-1);
  const project = ids.at(-1) ?? "";
  const text = [
    "listen: [{ address: 127.0.0.1:0 }]",
    `audit: { file: ${auditFile} }`,
    "limits:",
    "  per_caller: { rate: 1000000, burst: 1000000 }",
    "projects:",
    ...ids.flatMap((id) => projectLines(folder, id)),
    "callers:",
    ...keys.map(({ id, sha256 }) => `  - { id: ${id}, match: { api_key_sha256: ${sha256} } }`),
    "permits:",
    ...Array.from({ length: permits - 1 }, (_, index) =>
      permitLine(`caller-${(index % callers) + 1}`, `project-${(index % projects) + 1}`, `other-${index}-*`),
    ),
    permitLine(caller?.id ?? "", project, "room-*"),
    "",
  ].join("\n");
  const file = join(folder, "config.yaml");
  writeFileSync(file, text);
  return {
    file,
    auditFile,
    authorization: `Bearer ${caller?.key}`,
    project,
    remove: () => rmSync(folder, { recursive: true }),
  };
}

function numbered(word: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${word}-${index + 1}`);
}

function projectLines(folder: string, id: string): string[] {
  const file = join(folder, `${id}.certificate`);
  writeFileSync(file, randomBytes(16).toString("hex"), { mode: 0o400 });
  return [
    `  - id: ${id}`,
    `    app_id: "${randomBytes(16).toString("hex")}"`,
    `    certificates: [{ id: "2026-11", state: primary, file: ${file} }]`,
  ];
}

function permitLine(caller: string, project: string, channels: string): string {
  return (
    `  - { callers: [${caller}], projects: [${project}], methods: [BuildToken, BatchBuildTokens, InspectToken], ` +
    `services: [rtc], channels: ["${channels}"], users: { uids: true }, roles: [publisher], max_ttl: 86400s }`
  );
}
