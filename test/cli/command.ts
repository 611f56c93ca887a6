// Runs a command line in this process, and keeps what it prints.

import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import { run } from "../../src/cli/run.ts";
import type { Started } from "../../src/config/surroundings.ts";
import { CERTIFICATES, type ConfigParts, configIn } from "./files.ts";

/** How a command ended, and what it printed. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** What a process is started with that nothing is wrong with. */
export const QUIET: Started = { env: {}, flags: [], inspected: false };

/** Runs a command line. What serves is stopped as soon as it does. */
export async function command(args: readonly string[], started: Partial<Started> = {}): Promise<Ended> {
  const out: string[] = [];
  const error: string[] = [];
  const around = {
    out: (line: string) => out.push(line),
    error: (line: string) => error.push(line),
    stop: () => Promise.resolve(),
  };
  const code = await run(args, around, { ...QUIET, ...started });
  return { code, out: out.join("\n"), error: error.join("\n") };
}

// What root has in memory, others may read: there, no file could show that they may not.
const TMPFS = 0x01021994;
const BASE = statfsSync(tmpdir()).type === TMPFS ? resolve("node_modules") : tmpdir();

/** A folder with the certificates, which is gone when the test ends. */
export function folder(): string {
  const path = mkdtempSync(join(BASE, "agora-tokend-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  for (const [id, digits] of Object.entries(CERTIFICATES)) write(path, id, digits);
  return path;
}

/** Writes a file that its owner alone may read, and gives its path. */
export function write(path: string, name: string, text: string, mode = 0o600): string {
  const file = join(path, name);
  writeFileSync(file, text, { mode });
  return file;
}

/** A folder with a configuration in `config.yaml`, and its path. */
export function configured(parts: ConfigParts = {}): string {
  const path = folder();
  return write(path, "config.yaml", configIn(path, parts), 0o644);
}
