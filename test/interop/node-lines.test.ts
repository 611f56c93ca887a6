// The program, and the tests of what differs between versions, on the other lines of Node.js.
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { environment, INTEROP, ROOT } from "./harness.ts";

const LINES = [22, 24, 26];
const MAIN = join(ROOT, "dist", "main.cjs");
// zlib, http2, TLS and text are Node.js's own, and have differed from line to line.
const TESTS = ["token", "vectors", "rpc", "client", "server", "e2e"].map((folder) => `test/${folder}/`);
// A run inside a run must not take itself for a part of it.
const env = Object.fromEntries(Object.entries(environment()).filter(([name]) => !name.startsWith("VITEST")));

/** What vitest's JSON says, as far as it is read here. */
interface Results {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}

describe.each(LINES)("Node.js %i", (line) => {
  const node = join(INTEROP, "node-lines", String(line), "bin", "node");
  const run = (args: readonly string[]) => promisify(execFile)(node, args, { cwd: ROOT, env, maxBuffer: 1 << 24 });

  test.skipIf(isMissing(node))("serves without a warning, builds and inspects, and stops", async () => {
    const server = spawn(node, [MAIN, "serve", "--port", "0"], { env, stdio: ["ignore", "pipe", "pipe"] });
    let complained = "";
    server.stderr.on("data", (chunk: Buffer) => {
      complained += chunk.toString();
    });
    const ended = new Promise((resolve) => server.once("close", (code, signal) => resolve(code ?? signal)));
    try {
      const address = await addressOf(server.stdout, ended);
      const asked = ["--server", address, "--channel", "room-1", "--uid", "42", "--role", "publisher"];
      const { stdout: token } = await run([MAIN, "build", "--project", "demo", "--ttl", "1h", ...asked]);
      const inspection = run([MAIN, "inspect", ...asked]);
      inspection.child.stdin?.end(token);
      expect((await inspection).stdout).toMatch(/^accepted: /);
    } finally {
      server.kill("SIGTERM");
    }
    expect(await ended).toBe(0);
    expect(complained).toBe("");
  });

  test.skipIf(isMissing(node))("passes the tests of the formats, the client and the server", async () => {
    // It ends with 1 if one failed, and says which.
    const { stdout } = await run(["node_modules/vitest/vitest.mjs", "run", "--reporter=json", ...TESTS]).catch(
      (error: { stdout: string }) => error,
    );
    const { numPassedTests, testResults } = JSON.parse(stdout) as Results;
    const failed = testResults.flatMap(({ assertionResults }) =>
      assertionResults.filter((each) => each.status === "failed"),
    );
    expect(failed.map(({ fullName, failureMessages }) => [fullName, failureMessages])).toEqual([]);
    expect(numPassedTests).toBeGreaterThan(1500);
  });
});

function isMissing(node: string): boolean {
  if (existsSync(node)) return false;
  const how = "run test/interop/install.sh, which knows Linux on x64 and arm64";
  if (process.env["CI"] === "true") throw new Error(`${node} is missing: ${how}`);
  console.warn(`skipped: a line of Node.js is missing: ${how}`);
  return true;
}

async function addressOf(stdout: NodeJS.ReadableStream, ended: Promise<unknown>): Promise<string> {
  let printed = "";
  const address = new Promise<string>((resolve) => {
    stdout.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
      const at = /serves on (\S+)/.exec(printed)?.[1];
      if (at !== undefined) resolve(at);
    });
  });
  const end = ended.then((code) => {
    throw new Error(`the server ended with ${code}:\n${printed}`);
  });
  return Promise.race([address, end]);
}
