// The blocks of README.md, run as they are written. The first is what first-screen.test.ts does, in an empty clone.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { AT_THE_PROMPT, BLOCKS, blockOf } from "../docs/readme-blocks.ts";
import { environment, ROOT } from "./harness.ts";
import { requires } from "./programs.ts";

const MAIN = join(ROOT, "dist", "main.cjs");
const folder = mkdtempSync(join(tmpdir(), "agora-tokend-readme-"));
const socket = join(folder, "token.sock");
const servers: ChildProcess[] = [];
let recorded = "";

/** What the README names that no test may write to, in the test's own folder. */
const here = (text: string) =>
  text.replaceAll("unix:/run/token.sock", `unix:${socket}`).replaceAll("/run/secrets/live", folder);
const sh = (line: string, cwd = folder) =>
  promisify(execFile)("sh", ["-ec", line], { cwd, env: environment() }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
  );

/** Starts a server in a group of its own, which ends with the tests, and waits until it serves. */
async function start(line: string, cwd: string): Promise<ChildProcess> {
  const server = spawn("sh", ["-c", line], {
    cwd,
    env: environment(),
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  servers.push(server);
  let printed = "";
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      printed += chunk.toString();
      if (/serves on /.test(printed)) resolve();
    };
    server.stdout?.on("data", read);
    server.stderr?.on("data", read);
    server.once("close", (code) => reject(new Error(`it ended with ${code}:\n${printed}`)));
  });
  return server;
}

beforeAll(async () => {
  // As npm installs a package, whose program `npx` runs.
  mkdirSync(join(folder, "node_modules", ".bin"), { recursive: true });
  symlinkSync(ROOT, join(folder, "node_modules", "agora-tokend"));
  chmodSync(MAIN, 0o755);
  symlinkSync(MAIN, join(folder, "node_modules", ".bin", "agora-tokend"));
  writeFileSync(join(folder, "package.json"), '{"private": true}');
  writeFileSync(join(folder, "2026-11"), "A1b2C3d4E5f60718293a4B5c6D7e8F90", { mode: 0o600 });
  const onSocket = here(blockOf("Configuration", "yaml")).replace("127.0.0.1:50051", `"unix:${socket}"`);
  writeFileSync(join(folder, "FILE"), onSocket);
  await start(`node ${MAIN}`, folder);
  const own = await start(blockOf("Configuration", "sh").trim().replace("FILE", join(folder, "FILE")), ROOT);
  own.stdout?.on("data", (chunk: Buffer) => {
    recorded += chunk.toString();
  });
});

afterAll(() => {
  for (const { pid } of servers) {
    try {
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  }
  rmSync(folder, { recursive: true, force: true });
});

test.skipIf(requires("grpcurl"))("the call of the first screen answers as is shown", async () => {
  const block = BLOCKS.find(({ text }) => text.startsWith("$ grpcurl"))?.text ?? "";
  const at = block.indexOf("\n{\n");
  const { stdout } = await sh(block.slice(2, at));
  expect(normalised(stdout)).toEqual(normalised(block.slice(at)));
});

test("the example for Node.js runs, and its source pushes a token", async () => {
  const file = join(folder, "example.mjs");
  const push = "const push = (token) => console.log(token.slice(0, 5));\n";
  writeFileSync(file, `${push}${blockOf("From Node.js", "ts")}\nsource.stop();\nclient.close();\n`);
  const { code, stdout } = await sh(`node ${file}`);
  expect(stdout).toMatch(/^[0-9a-f]{32}\n007eJ\n$/);
  expect(code).toBe(0);
});

test("the configuration is served as it is shown, and its project builds", async () => {
  const file = join(folder, "as-shown.yaml");
  writeFileSync(file, here(blockOf("Configuration", "yaml")));
  expect((await sh(`npx --no agora-tokend check-config ${file}`)).code).toBe(0);
});

describe("At the prompt", () => {
  test.each(AT_THE_PROMPT)("%s", async (line, code, prints) => {
    const ofFile = /FILE|audit/.test(line);
    const asked = "--channel room-1 --uid 42 --role publisher";
    const from = ofFile ? `--server unix:${socket} --project live` : "--project demo";
    const before = recorded.length;
    await sh(`npx --no agora-tokend build ${from} --ttl 1h ${asked} > token.txt`);
    // Its record was written before its answer, and is on its way through a pipe.
    if (ofFile) await vi.waitFor(() => expect(recorded.length).toBeGreaterThan(before), 5000);
    writeFileSync(join(folder, "request.json"), REQUEST);
    writeFileSync(join(folder, "audit.jsonl"), recorded.replace(/^[^{].*\n/gm, ""));
    const told = await sh(here(line));
    expect(told.stdout).toMatch(prints);
    expect(told.code).toBe(code);
  });
});

const REQUEST = JSON.stringify({
  project: "live",
  ttl: "3600s",
  grants: [{ rtc: { channelName: "room-1", uid: 42, role: "RTC_ROLE_PUBLISHER" } }],
});

/** An answer with what differs from call to call in words; times by how far they are from the issue. */
function normalised(answer: string): unknown {
  const { issuedToken } = JSON.parse(answer) as { issuedToken: Record<string, string> };
  const since = (name: string) =>
    (Date.parse(issuedToken[name] ?? "") - Date.parse(issuedToken["issueTime"] ?? "")) / 1000;
  expect(issuedToken["token"]).toMatch(/^007eJ[A-Za-z0-9+/]+=*$/);
  expect(issuedToken["appId"]).toMatch(/^[0-9a-f]{32}$/);
  const times = { issueTime: 0, expireTime: since("expireTime"), renewTime: since("renewTime") };
  return { ...issuedToken, ...times, token: "", appId: "" };
}
