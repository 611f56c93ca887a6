// The shipped server as a process of its own, so that it can be stopped and killed.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "nice-grpc";
import { onTestFinished } from "vitest";
import { Health, HealthCheckResponse_ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import { define } from "../../src/rpc/definition.ts";
import { channelTo } from "../e2e/client.ts";
import { configuration } from "../e2e/service.ts";

/** How a process ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A server process. */
export interface Process {
  readonly address: string;
  readonly pid: number;
  /** Resolves when it has ended. */
  readonly ended: Promise<End>;
  /** The folder of its configuration, which is gone when it has ended. */
  readonly folder: string;
  readonly child: ChildProcess;
  signal(name: NodeJS.Signals): void;
  /** What it printed, both streams. */
  printed(): string;
}

/** How to start a server. */
export interface StartOptions {
  /** Gives the configuration. */
  readonly config?: (folder: string) => string;
  /** A command that the server is started by, as its last arguments. */
  readonly by?: readonly string[];
  /** Flags of Node.js. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The port. The default is one that the system chooses. */
  readonly port?: number;
}

/** The kernel counts processor time in hundredths of a second. */
const JIFFY_MS = 10;

/** A rate that no load of these tests reaches. */
export const UNLIMITED = "limits: { per_caller: { rate: 1000000, burst: 1000000 } }";

/** A configuration for load, which stops after a second of lame duck. */
export function underLoad(port = 0, more = ""): (folder: string) => string {
  return (folder) => {
    const audit = `audit: { file: ${join(folder, "audit.jsonl")} }`;
    const rest = `${UNLIMITED}\n${more.includes("audit:") ? "" : audit}\nshutdown: { drain_delay: 1s }\n${more}`;
    return configuration(folder, { listen: `[{ address: 127.0.0.1:${port} }]`, rest });
  };
}

/** As {@link startServer}. It ends with the test. */
export async function startProcess(options: StartOptions = {}): Promise<Process> {
  const { process: started, serves } = launched(options);
  onTestFinished(async () => {
    started.child.kill("SIGCONT");
    started.child.kill("SIGKILL");
    await started.ended;
  });
  return { ...started, address: await serves };
}

/** Starts `dist/main.cjs`, which `npm run build` makes, and waits until it serves. */
export async function startServer(options: StartOptions = {}): Promise<Process> {
  const { process: started, serves } = launched(options);
  return { ...started, address: await serves };
}

function launched(options: StartOptions): { process: Omit<Process, "address">; serves: Promise<string> } {
  const folder = mkdtempSync(join(tmpdir(), "agora-tokend-"));
  const file = join(folder, "config.yaml");
  writeFileSync(file, (options.config ?? underLoad(options.port))(folder), { mode: 0o644 });
  const node = [process.execPath, ...(options.flags ?? []), "dist/main.cjs", "serve", "--config", file];
  const [program = "", ...args] = [...(options.by ?? []), ...node];
  const child = spawn(program, args, { env: { ...process.env, ...options.env } });
  let printed = "";
  const ended = new Promise<End>((resolve) => {
    child.once("exit", (code, signal) => {
      rmSync(folder, { recursive: true, force: true });
      resolve({ code, signal });
    });
  });
  const serves = new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      printed += chunk.toString();
      const served = /^agora-tokend serves on (\S+)$/m.exec(printed)?.[1];
      if (served) resolve(served);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    ended.then(() => reject(new Error(`the server did not start: ${printed}`)));
  });
  const started = {
    pid: child.pid ?? 0,
    ended,
    folder,
    child,
    signal: (name: NodeJS.Signals) => child.kill(name),
    printed: () => printed,
  };
  return { process: started, serves };
}

/** Asks for its health, on a connection of its own. Undefined if there is no answer. */
export async function serving(address: string, deadlineMs = 2000): Promise<boolean | undefined> {
  const channel = channelTo(address);
  try {
    const { status } = await createClient(define(Health), channel).check(
      {},
      { signal: AbortSignal.timeout(deadlineMs) },
    );
    return status === HealthCheckResponse_ServingStatus.SERVING;
  } catch {
    return undefined;
  } finally {
    channel.close();
  }
}

/** The memory that a process holds, in MiB. */
export function residentMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kib) / 1024);
}

/** The processor time that a process has had, in milliseconds. */
export function busyMs(pid: number): number {
  const [, , ...fields] = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * JIFFY_MS;
}

/** Ports that nobody listens on at this moment, for programs that cannot choose their own. */
export async function freePorts(count: number): Promise<number[]> {
  const { createServer } = await import("node:net");
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Waits until something listens on a port. */
export async function listens(port: number): Promise<void> {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
