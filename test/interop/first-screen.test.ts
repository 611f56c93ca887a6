// What a newcomer does: clone, `npm ci && npm start`, paste what it prints, Ctrl-C.
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requires } from "./programs.ts";

const clone = mkdtempSync(join(tmpdir(), "agora-tokend-clone-"));
let server: ChildProcess;
let printed = "";

beforeAll(async () => {
  execFileSync("git", ["clone", "--quiet", "--depth=1", `file://${process.cwd()}`, clone]);
  execFileSync("npm", ["ci", "--no-fund", "--no-audit"], { cwd: clone, stdio: "ignore" });
  // A group of its own, so that it can be interrupted as a terminal would.
  server = spawn("npm", ["start"], { cwd: clone, detached: true, stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    server.once("exit", (code) => reject(new Error(`npm start ended with ${code}`)));
    server.stdout?.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
      if (/^npx buf curl .*InspectToken$/m.test(printed)) resolve();
    });
  });
}, 240_000);

afterAll(() => {
  // A test that failed before the interrupt must not leave the port taken.
  if (server?.pid !== undefined && server.exitCode === null && server.signalCode === null)
    process.kill(-server.pid, "SIGKILL");
  rmSync(clone, { recursive: true, force: true });
});

const lines = (start: string) =>
  printed.split("\n").filter((line) => line.startsWith(start) || line.startsWith(`TOKEN=$(${start}`));
const paste = (start: string) => promisify(execFile)("sh", ["-ec", lines(start).join("\n")], { cwd: clone });

test("the demo is served where the README says", () => {
  expect(printed).toContain("agora-tokend serves on 127.0.0.1:50051");
});

test.skipIf(requires("grpcurl"))("the grpcurl lines work when pasted", async () => {
  expect(lines("grpcurl")).toHaveLength(4);
  expectAnswers((await paste("grpcurl")).stdout);
});

test("the buf curl lines work when pasted", async () => {
  expect(lines("npx buf curl")).toHaveLength(4);
  expectAnswers((await paste("npx buf curl")).stdout);
}, 60_000);

describe("Ctrl-C", () => {
  test("ends it cleanly", async () => {
    const exit = new Promise((resolve) => {
      server.removeAllListeners("exit").once("close", (code, signal) => resolve(code ?? signal));
    });
    process.kill(-(server.pid ?? 0), "SIGINT");
    // npm itself ends as it was interrupted, once the server has ended.
    expect(["SIGINT", 0]).toContain(await exit);
    expect(printed).toContain("agora-tokend is stopping");
  });
});

function expectAnswers(stdout: string) {
  expect(stdout.match(/"issuedToken"/g)).toHaveLength(2);
  expect(stdout).toContain('"verdict": "VERDICT_ACCEPTED"');
}
