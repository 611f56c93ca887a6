// docs/grpcurl-and-ghz.md, run from top to bottom as it is written.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { environment, ROOT } from "./harness.ts";
import { requires } from "./programs.ts";

const PAGE = readFileSync(join(import.meta.dirname, "docs", "grpcurl-and-ghz.md"), "utf8");
/** The ports that the page names. */
const PORTS = [...new Set(PAGE.match(/\b5005\d\b/g))].sort();
const MARK = "\u0001";

interface Block {
  readonly title: string;
  readonly commands: string;
  /** Lines that their output must have, in this order; `…` stands for any text. */
  readonly shown: readonly string[];
}

const blocks = [...PAGE.matchAll(/^```sh\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm)].map(
  ({ 1: commands = "", 2: shown = "", index }, number): Block => {
    const chapter = PAGE.slice(0, index).split(/^## /m).at(-1)?.split("\n")[0] ?? "";
    const title = `${chapter}: block ${number + 1}`;
    return { title, commands, shown: shown.split("\n").filter((line) => line !== "") };
  },
);

const folder = mkdtempSync(join(tmpdir(), "agora-tokend-recipes-"));
let shell: ChildProcess | undefined;
let outputs: readonly string[] = [];

describe.skipIf(["bash", "openssl", "grpcurl", "ghz"].some(requires))("docs/grpcurl-and-ghz.md", () => {
  beforeAll(async () => {
    const ports = await freePorts(PORTS.length);
    const own = (text: string) => text.replace(/\b5005\d\b/g, (port) => String(ports[PORTS.indexOf(port)] ?? port));
    const script = blocks.map(({ commands }) => `printf '${MARK}\\n'\n${own(commands)}`).join("\n");
    // A group of its own: whatever it leaves running ends with it.
    shell = spawn("bash", ["-euo", "pipefail", "-c", script], {
      cwd: ROOT,
      env: { ...environment(), TMPDIR: folder },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    outputs = await printedBy(shell);
  });

  afterAll(() => {
    try {
      if (shell?.pid !== undefined) process.kill(-shell.pid, "SIGKILL");
    } catch {
      // Nothing was left running.
    }
    rmSync(folder, { recursive: true, force: true });
  });

  test("has blocks, and they all run", () => {
    expect(blocks.length).toBeGreaterThan(15);
    expect(outputs).toHaveLength(blocks.length);
  });

  test.each(blocks.map((block, index) => ({ ...block, index })).filter(({ shown }) => shown.length > 0))(
    "$title",
    ({ shown, index }) => {
      const output = outputs[index] ?? "";
      const pattern = shown.map((line) => line.trim().split("…").map(escaped).join(".*")).join("[\\s\\S]*?");
      expect(output).toMatch(new RegExp(pattern));
    },
  );
});

// What each block printed.
async function printedBy(child: ChildProcess): Promise<string[]> {
  let [out, error] = ["", ""];
  child.stdout?.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    error += chunk.toString();
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`the page ended with ${code}:\n${out}\n${error}`);
  return out.split(`${MARK}\n`).slice(1);
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once("listening", resolve))));
  const ports = servers.map((server) => {
    const at = server.address();
    return typeof at === "object" && at !== null ? at.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
