// A server process whose secrets are known, and that can be made to show what it holds.

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { ADMIN, CALLERS, type Credentials, credentials, everywhere, row } from "../fixtures/everywhere.ts";
import { KEYS } from "../fixtures/jwts.ts";
import { contentOf, filesIn, keyMarker, type Marker, marker, type Place, padsOf, stringsOf } from "./markers.ts";

/** A server, what it was given to keep, and where it may have left it. */
export interface Marked extends Credentials {
  readonly addresses: readonly string[];
  readonly folder: string;
  readonly markers: readonly Marker[];
  /** Tokens that it gave or got. */
  readonly tokens: Set<string>;
  /** What calls were told. */
  readonly told: string[];
  readonly certificates: Readonly<Record<"first" | "second", string>>;
  /** Writes the configuration, with changes, and waits until the server has looked at it. */
  reload(change?: (text: string) => string): Promise<string>;
  /** Has it write a heap snapshot. */
  snapshot(): Promise<void>;
  /** Asks it to stop, and gives all places. */
  stop(): Promise<Place[]>;
}

// Otherwise strings are cut at 1024: those of requests are shown whole.
const FLAGS = ["--heapsnapshot-signal=SIGUSR2", "--heap-snapshot-string-limit=100000", "--report-on-signal"];

/** How a process is made to give its secrets away: a module that runs before it, and its environment. */
export interface Leak {
  readonly preload: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Starts one.
 *
 * @param leak makes it give away what it should keep: a control
 */
export async function startMarked(leak?: (certificates: Marked["certificates"]) => Leak): Promise<Marked> {
  const folder = mkdtempSync(join(tmpdir(), "agora-tokend-"));
  const known = credentials();
  const certificates = { first: madeUp(), second: madeUp() };
  const namesKey = randomBytes(32).toString("hex");
  const file = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
  file("second", certificates.second);
  file("names-key", namesKey);
  const audit = `audit: { file: ${folder}/audit.jsonl, names: pseudonym, names_key_file: ${folder}/names-key }\n`;
  const text = `${everywhere(folder, known, { certificate: certificates.first, permits: row(CALLERS, ["*"]) })}${audit}`;
  const config = join(folder, "config.yaml");
  writeFileSync(config, text);
  const { preload, env } = leak?.(certificates) ?? {};
  if (preload !== undefined) file("preload.cjs", preload);
  const preloaded = preload === undefined ? [] : ["-r", join(folder, "preload.cjs")];
  const flags = [...FLAGS, "--report-signal=SIGWINCH", `--diagnostic-dir=${folder}`, ...preloaded];
  const args = [...flags, "dist/main.cjs", "serve", "--config", config, "--unsafe-debug"];
  const child = spawn(process.execPath, args, { env: { PATH: process.env["PATH"], ...env } });
  const printed = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("latin1").on("data", (chunk: string) => {
      printed[stream] += chunk;
    });
  }
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(folder, { recursive: true });
  });
  const serves = /^agora-tokend serves on (\S+)$/gm;
  await until(child, () => [...printed.stdout.matchAll(serves)].length === 5 || undefined, printed);
  const tokens = new Set<string>();
  const told: string[] = [];
  const heaps = () => filesIn(folder, ".heapsnapshot");
  return {
    ...known,
    addresses: [...printed.stdout.matchAll(serves)].map(([, address = ""]) => address),
    folder,
    markers: markersOf(known, certificates, namesKey),
    tokens,
    told,
    certificates,
    async reload(change = (same) => same) {
      const seen = printed.stderr.length;
      writeFileSync(config, change(text));
      child.kill("SIGHUP");
      return until(child, () => /"event":"reload".*\n/.exec(printed.stderr.slice(seen))?.[0], printed);
    },
    async snapshot() {
      const count = heaps().length;
      child.kill("SIGUSR2");
      await until(child, () => heaps().slice(count).find(isWhole), printed);
      // Node.js 20 cannot leave the environment out of a report, so there the service writes none.
      child.kill("SIGWINCH");
    },
    async stop() {
      const proc = (name: string): Place => [name, [readFileSync(`/proc/${child.pid}/${name}`, "latin1")]];
      const admin = ADMIN.exec(printed.stdout)?.[1] ?? "";
      const page = async (path: string): Promise<Place> => [
        path,
        [await (await fetch(`http://${admin}${path}`)).text()],
      ];
      const kept = [
        proc("environ"),
        proc("cmdline"),
        await page("/metrics"),
        await page("/livez"),
        await page("/readyz"),
      ];
      child.kill("SIGTERM");
      await once(child, "exit");
      return [
        ...kept,
        ["stdout", [printed.stdout]],
        ["stderr", [printed.stderr]],
        ["audit", [contentOf(join(folder, "audit.jsonl"))]],
        ["told", told],
        ["report", filesIn(folder, ".json").filter(isReport).map(contentOf)],
        ...heaps().map((heap): Place => ["heap", stringsOf(readFileSync(heap, "utf8"))]),
      ];
    },
  };
}

function markersOf(
  { key, nextKey, jwt, server, lobby }: Credentials,
  certificates: Marked["certificates"],
  namesKey: string,
): Marker[] {
  const apps = Object.entries(certificates).flatMap(([name, digits]) => [
    marker(`App Certificate (${name})`, digits),
    { name: `pads of App Certificate (${name})`, needles: padsOf(digits) },
  ]);
  return [
    ...apps,
    marker("API key", key.key.slice(-43)),
    marker("next API key", nextKey.key.slice(-43)),
    marker("JWT", jwt.slice(jwt.lastIndexOf(".") + 1), [jwt]),
    marker("key of names", namesKey),
    keyMarker("TLS key", server.keyPem),
    keyMarker("key of a client", lobby.keyPem),
    keyMarker("key of the issuer", KEYS.ec.privateKey.export({ type: "pkcs8", format: "pem" }).toString()),
  ];
}

// In both cases, so that each spelling is another.
function madeUp(): string {
  const digits = randomBytes(16).toString("hex");
  return [...digits].map((digit, at) => (at % 2 === 0 ? digit.toUpperCase() : digit)).join("");
}

function isReport(file: string): boolean {
  return /report\.[^/]*\.json$/.test(file);
}

function isWhole(file: string): boolean {
  const { size } = statSync(file);
  const end = Buffer.alloc(16);
  const handle = openSync(file, "r");
  readSync(handle, end, 0, end.length, Math.max(0, size - end.length));
  closeSync(handle);
  return end.toString("latin1").trimEnd().endsWith("]}");
}

async function until<T>(child: ChildProcess, holds: () => T | undefined, printed: object): Promise<T> {
  for (;;) {
    const found = holds();
    if (found !== undefined) return found;
    if (child.exitCode !== null) throw new Error(`the server has ended: ${JSON.stringify(printed)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
