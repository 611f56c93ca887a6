// What the quick starts of this folder are tested with: a server in a process of its own, and the README's own commands.
import { execFile, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { promisify } from "node:util";

/** The root of the checkout. */
export const ROOT = join(import.meta.dirname, "..", "..");

/** Where the programs are built: a copy of the folders they need, laid out as here. Nothing of it is committed. */
export const INTEROP = join(ROOT, "node_modules", ".cache", "agora-tokend-interop");

/** PHP's gRPC extension, where install.sh builds it. */
export const PHP_EXTENSION = join(INTEROP, "php", "src", "php", "ext", "grpc", "modules", "grpc.so");

/** The public App ID of Agora's own tests. No project has it. */
export const APP_ID = "970CA35de60c44645bbae8a215061b33";

/** The public App Certificate that goes with it. */
export const CERTIFICATE = "5CFd2fd1755d40ecb72977518be15d3b";

/** A server that runs in a process of its own. */
export interface Server {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  stop(): Promise<void>;
}

const BUILT = ["build", "node_modules", "__pycache__"];

/** Copies what the programs are built from, and keeps what was built of it. */
export function copySources(): void {
  for (const name of ["buf.yaml", "proto", join("test", "interop")]) {
    const copy = join(INTEROP, name);
    removeSources(copy);
    const filter = (source: string) => !BUILT.includes(basename(source));
    cpSync(join(ROOT, name), copy, { recursive: true, preserveTimestamps: true, filter });
  }
}

function removeSources(folder: string): void {
  mkdirSync(join(folder, ".."), { recursive: true });
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory();
  const entries = isFolder ? readdirSync(folder, { withFileTypes: true }) : [];
  for (const entry of entries.filter(({ name }) => !BUILT.includes(name))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeSources(path);
    else rmSync(path);
  }
}

/** Serves Agora's test project under the ID of the demo, which the quick starts name. */
export async function startServer(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "agora-tokend-"));
  const config = join(folder, "config.yaml");
  writeFileSync(join(folder, "certificate"), CERTIFICATE, { mode: 0o600 });
  writeFileSync(config, configuration(join(folder, "certificate")));
  // What Agora's own tests sign with is refused without being asked for.
  const command = [join(ROOT, "dist", "main.cjs"), "serve", "--config", config, "--unsafe-samples"];
  const server = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<void>((resolve) => server.once("close", () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    let printed = "";
    const read = (chunk: Buffer) => {
      printed += chunk.toString();
      const serves = /^agora-tokend serves on (\S+)$/m.exec(printed)?.[1];
      if (serves !== undefined) resolve(serves);
    };
    server.stdout.on("data", read);
    server.stderr.on("data", read);
    server.once("close", (code) => reject(new Error(`the server ended with ${code}:\n${printed}`)));
  });
  return {
    address,
    async stop() {
      server.kill();
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

function configuration(certificate: string): string {
  return `listen: [{ address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
projects:
  - id: demo
    app_id: "${APP_ID}"
    certificates: [{ id: first, state: primary, file: ${certificate} }]
callers: [{ id: local, match: { loopback: true } }]
permits:
  - callers: [local]
    projects: [demo]
    methods: [BuildToken, RenewToken, InspectToken]
    services: [rtc]
    channels: ["room-*"]
    users: { uids: true }
    roles: [publisher]
    max_ttl: 7200s
`;
}

/** The commands that the README gives under a heading. */
export function commandsOf(heading: string): string {
  const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
  const section = readme.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const commands = /^```sh\n(.*?)^```$/ms.exec(section)?.[1];
  if (commands === undefined) throw new Error(`README.md has no commands under ${heading}`);
  return commands;
}

/** Runs commands in the copy, as a person would in the checkout, and gives what they print. */
export async function run(commands: string, server?: Server): Promise<string> {
  const env = {
    ...environment(),
    PATH: [join(ROOT, "node_modules", ".bin"), process.env["PATH"]].join(delimiter),
    // Beside the folder that PHP reads by itself.
    PHP_INI_SCAN_DIR: `:${join(INTEROP, "php")}`,
    AGORA_APP_CERTIFICATE: CERTIFICATE,
    TOKEND: server?.address,
  };
  const options = { cwd: INTEROP, env, encoding: "utf8", maxBuffer: 1 << 24 } as const;
  const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", commands], options);
  return stdout;
}

/** The environment of a person at the prompt: without what npm adds for the scripts that it runs. */
export function environment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")));
}
