// agora-token-service, Agora's own: a server in Go, fetched as a module by its name. One call of it is one token.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { resolve } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import type { Candidate } from "./harness.ts";

/** It, running. */
export interface Peer {
  readonly candidate: Candidate;
  stop(): Promise<void>;
}

const MODULE = "github.com/AgoraIO-Community/agora-token-service@latest";
const FOLDER = resolve("dist/bench/go");
const PROGRAM = `${FOLDER}/bin/agora-token-service`;
const PORT = 18_080;
const CALLS = 500;
const AT_ONCE = 16;
const MS_A_TICK = 10;
const TRIES = 100;

/** Starts it with GOMAXPROCS=1, which is its cheaper setting. Undefined, and says why, where it cannot be had. */
export async function peerOf(): Promise<Peer | undefined> {
  const fault = process.platform === "linux" ? install() : "CPU time is read from /proc, which is Linux's";
  if (fault !== undefined) {
    process.stdout.write(`agora-token-service is left out: ${fault}\n\n`);
    return undefined;
  }
  const credentials = {
    APP_ID: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    APP_CERTIFICATE: "a1b2c3d4e5f60718293a4b5c6d7e8f90",
  };
  const env = { ...process.env, ...credentials, SERVER_PORT: String(PORT), GOMAXPROCS: "1", GIN_MODE: "release" };
  const child = spawn(PROGRAM, { env, stdio: "ignore" });
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const measure = async () => {
    const before = cpuUsOf(child.pid);
    await askAll(agent);
    return (cpuUsOf(child.pid) - before) / CALLS;
  };
  for (let left = TRIES; left > 0; left--) {
    const answers = await ask(agent, 0).then(
      () => true,
      () => false,
    );
    if (answers) break;
    await setTimeout(100);
  }
  return {
    candidate: { name: "agora-token-service", measure },
    async stop() {
      agent.destroy();
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** What keeps it from being installed; undefined if nothing does. */
function install(): string | undefined {
  if (existsSync(PROGRAM)) return undefined;
  if (spawnSync("go", ["version"]).status !== 0) return "there is no Go on this machine";
  mkdirSync(FOLDER, { recursive: true });
  try {
    const env = { ...process.env, GOBIN: `${FOLDER}/bin`, GOFLAGS: "-mod=mod" };
    execFileSync("go", ["install", MODULE], { env, stdio: "pipe" });
    return undefined;
  } catch (error) {
    return `go install ${MODULE} fails: ${String((error as { stderr?: unknown }).stderr)
      .trim()
      .split("\n")
      .at(-1)}`;
  }
}

async function askAll(agent: Agent): Promise<void> {
  let asked = 0;
  const worker = async () => {
    while (asked < CALLS) await ask(agent, asked++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function ask(agent: Agent, n: number): Promise<void> {
  const path = `/rtc/room-${10_000_000_000 + n}/publisher/uid/${100_000 + n}/?expiry=3600`;
  return new Promise((done, reject) => {
    const request = get({ host: "127.0.0.1", port: PORT, path, agent }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += String(chunk);
      });
      response.on("end", () => (text.includes('"rtcToken":"007') ? done() : reject(new Error(`it answers ${text}`))));
    });
    request.on("error", reject);
  });
}

function cpuUsOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MS_A_TICK * 1000;
}
