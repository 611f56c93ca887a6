// The shipped server as a process of its own, so that it can be stopped and killed.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configuration } from "../e2e/service.ts";

/** A server process. */
export interface Process {
  readonly address: string;
  readonly pid: number;
  /** Resolves when it has ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  signal(name: NodeJS.Signals): void;
  /** What it printed, both streams. */
  printed(): string;
}

/** Starts `dist/main.cjs`, which `npm run build` makes, and waits until it serves. */
export async function startProcess(config: (folder: string) => string = configuration): Promise<Process> {
  const folder = mkdtempSync(join(tmpdir(), "agora-tokend-"));
  const file = join(folder, "config.yaml");
  writeFileSync(file, config(folder));
  const child: ChildProcess = spawn(process.execPath, ["dist/main.cjs", "serve", "--config", file]);
  let printed = "";
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("exit", (code, signal) => {
      rmSync(folder, { recursive: true, force: true });
      resolve({ code, signal });
    });
  });
  const address = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      printed += chunk.toString();
      const served = /^agora-tokend serves on (\S+)$/m.exec(printed)?.[1];
      if (served) resolve(served);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    ended.then(() => reject(new Error(`the server did not start: ${printed}`)));
  });
  return {
    address,
    pid: child.pid ?? 0,
    ended,
    signal: (name) => child.kill(name),
    printed: () => printed,
  };
}
