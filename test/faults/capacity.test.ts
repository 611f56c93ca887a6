// What it holds with everything on: callers by certificates over mutual TLS, policy, audit to a file. What is answered, how
// soon, and what it takes is told in the table; that every call is answered, and that nothing is left behind, is judged.
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { makeApiKey } from "../../src/access/by-api-key.ts";
import { CERTIFICATES, configIn } from "../cli/files.ts";
import { makeAuthority, makeClientCertificate, makeServerCertificate } from "../fixtures/certificates.ts";
import { pause, percentile } from "./load.ts";
import { type Counts, Pressure, type PressureOptions } from "./pressure.ts";
import { LONG, sized } from "./programs.ts";
import { busyMs, type Process, residentMib, type StartOptions, startProcess, UNLIMITED } from "./service.ts";
import { addRow } from "./table.ts";

const CONNECTIONS = 8;
const IN_FLIGHT = 128;
const RATE = 1000;
/** What a process takes for good while it gets going, such as code that is compiled, is no growth. */
const SETTLES_MS = sized(1000, 300_000);

test("a load of 128 calls at a time: every one is answered", async () => {
  const { server, secure } = await overMutualTls();
  const pressure = pressed(server, CONNECTIONS, { secure });
  await pressure.closed(IN_FLIGHT, 1000);
  const lengthMs = sized(2000, 60_000);
  const before = busyMs(server.pid);
  const counts = await pressure.closed(IN_FLIGHT, lengthMs);
  const microseconds = ((busyMs(server.pid) - before) * 1000) / counts.ok;
  tell(`load for ${lengthMs / 1000} s`, `mutual TLS, ${CONNECTIONS} connections, ${IN_FLIGHT} in flight`, counts, [
    `${Math.round(counts.ok / (lengthMs / 1000))}/s`,
    `${Math.round(microseconds)} us of CPU a call`,
  ]);
});

test("1,000 calls a second: every one is answered", async () => {
  const { server, secure } = await overMutualTls();
  const pressure = pressed(server, CONNECTIONS, { secure });
  await warmed(pressure);
  const lengthMs = sized(3000, 120_000);
  const counts = await pressure.open(RATE, lengthMs);
  const load = `mutual TLS, ${CONNECTIONS} connections, ${RATE} a second`;
  tell(`calls in their time for ${lengthMs / 1000} s`, load, counts, [latencyOf(counts)]);
});

test("what is refused since nobody knows who calls costs little", async () => {
  const { server } = await knownByKey();
  const { key } = makeApiKey("lobby");
  const pressure = pressed(server, CONNECTIONS, bearing(key));
  await pressure.closed(IN_FLIGHT, 1000);
  const before = busyMs(server.pid);
  const { ok, refused, reset, sent } = await pressure.closed(IN_FLIGHT, sized(2000, 10_000));
  expect([ok, reset, refused]).toEqual([0, 0, sent]);
  const microseconds = ((busyMs(server.pid) - before) * 1000) / refused;
  addRow({
    fault: "a key that nobody has",
    load: `${CONNECTIONS} connections, ${IN_FLIGHT} in flight`,
    calls: sent,
    failed: 0,
    seen: `all refused, ${Math.round(microseconds)} us of CPU a call`,
  });
});

test("for long, in a heap of 128 MB: nothing fails, and nothing grows", { timeout: 3_600_000 }, async () => {
  const { server, secure } = await overMutualTls(["--max-old-space-size=128"]);
  const descriptors = () => readdirSync(`/proc/${server.pid}/fd`).length;
  const before = descriptors();
  const pressure = pressed(server, CONNECTIONS, { secure });
  await warmed(pressure);
  const readings: { readonly minutes: number; readonly mib: number }[] = [];
  const lengthMs = sized(4000, 1_800_000);
  const began = performance.now();
  const read = setInterval(
    () => {
      const sinceMs = performance.now() - began;
      if (sinceMs > SETTLES_MS) readings.push({ minutes: sinceMs / 60_000, mib: residentMib(server.pid) });
    },
    sized(100, 10_000),
  );
  const counts = await pressure.open(RATE, lengthMs);
  clearInterval(read);
  pressure.end();
  while (descriptors() > before + 2) await pause(20);
  const growth = slopeOf(readings) * 10;
  const last = readings.at(-1)?.mib ?? Number.NaN;
  const load = `mutual TLS, ${RATE} a second, ${(lengthMs / 60_000).toFixed(1)} minutes`;
  const grows = LONG ? `, ${growth.toFixed(1)} MiB more in 10 minutes` : "";
  tell("soak", load, counts, [latencyOf(counts), `holds ${last} MiB${grows}`]);
  // A leak of a hundred bytes a call would be 57.
  if (LONG) expect(growth).toBeLessThan(20);
});

test("a neighbour who asks for ten times what he may: he is refused the rest, and nobody else is", async () => {
  const may = sized(200, 500);
  const limits = `limits: { per_caller: { rate: ${may}, burst: ${may} } }`;
  const { server, keys } = await knownByKey(limits, ["lobby", "neighbour"]);
  const [lobby, neighbour] = keys.map((key) => pressed(server, 4, bearing(key)));
  if (!lobby || !neighbour) throw new Error("no callers");
  const both = async (neighbours: number, lengthMs: number) =>
    Promise.all([lobby.open(100, lengthMs), neighbour.open(neighbours, lengthMs)]);
  await both(may, 1000);
  await both(10 * may, 2000);
  const lengthMs = sized(3000, 30_000);
  const [good, bad] = await both(10 * may, lengthMs);
  const refused = `the neighbour: ${bad.refused} of ${bad.sent} refused`;
  tell("a neighbour who asks for ten times what he may", "keys, 100 a second", good, [latencyOf(good), refused]);
  expect(bad.reset).toBe(0);
  expect(bad.refused).toBeGreaterThan(0);
  // He has what he may, and at first what he had saved up.
  expect(bad.ok).toBeGreaterThanOrEqual(may);
});

/** A process that has just started is slower, until V8 has compiled what calls need. */
async function warmed(pressure: Pressure): Promise<void> {
  await pressure.open(RATE / 4, 1000);
  await pressure.open(RATE, 1000);
}

/** Adds a row, and holds that every call was answered with a token. */
function tell(fault: string, load: string, counts: Counts, seen: readonly string[]): void {
  const { ok, sent, held } = counts;
  addRow({ fault, load, calls: sent, failed: sent - ok, seen: seen.join(", ") });
  expect(ok).toBeGreaterThan(0);
  expect({ sent: ok, held: 0 }).toEqual({ sent, held });
}

function latencyOf({ okMs }: Counts): string {
  return [50, 99, 99.9].map((part) => `p${part} ${percentile(okMs, part)} ms`).join(", ");
}

function pressed({ address }: Process, connections: number, options: PressureOptions): Pressure {
  const pressure = new Pressure(address, connections, options);
  onTestFinished(() => pressure.end());
  return pressure;
}

function bearing(key: string): PressureOptions {
  return { headers: { authorization: `Bearer ${key}` } };
}

/** A server whose callers have certificates, and how one of them connects. */
async function overMutualTls(flags: StartOptions["flags"] = []) {
  const [servers, clients] = [makeAuthority("servers"), makeAuthority("clients")];
  const own = makeServerCertificate(servers);
  const lobby = makeClientCertificate(clients, "spiffe://prod.example/lobby");
  const server = await startProcess({
    flags,
    config: (folder) => {
      const put = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
      put("a", CERTIFICATES.a);
      put("tls.crt", own.pem);
      put("tls.key", own.keyPem);
      put("ca.crt", clients.pem);
      const pair = `certificate_file: ${folder}/tls.crt, key_file: ${folder}/tls.key, client_ca_file: ${folder}/ca.crt`;
      return configIn(folder, {
        listen: `[{ address: 127.0.0.1:0, tls: { ${pair} } }]`,
        callers: "[{ id: local, match: { spiffe_id: spiffe://prod.example/lobby } }]",
        rest: `${UNLIMITED}\naudit: { file: ${folder}/audit.jsonl }`,
      });
    },
  });
  const secure: ConnectionOptions = { ca: servers.pem, cert: lobby.pem, key: lobby.keyPem };
  return { server, secure };
}

/** A server whose callers have keys. */
async function knownByKey(limits = UNLIMITED, ids: readonly string[] = ["lobby"]) {
  const made = ids.map((id) => ({ id, ...makeApiKey(id) }));
  const server = await startProcess({
    config: (folder) => {
      writeFileSync(join(folder, "a"), CERTIFICATES.a, { mode: 0o600 });
      const callers = made.map(({ id, sha256 }) => `{ id: ${id}, match: { api_key_sha256: ${sha256} } }`);
      return configIn(folder, {
        callers: `[${callers.join(", ")}]`,
        caller: ids.join(", "),
        rest: `${limits}\naudit: { file: ${folder}/audit.jsonl }`,
      });
    },
  });
  return { server, keys: made.map(({ key }) => key) };
}

/** How much is added in a minute, by the line that comes closest to all readings. */
function slopeOf(readings: readonly { readonly minutes: number; readonly mib: number }[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(readings.map(({ minutes }) => minutes)), mean(readings.map(({ mib }) => mib))];
  const over = mean(readings.map(({ minutes, mib }) => (minutes - x) * (mib - y)));
  return over / mean(readings.map(({ minutes }) => (minutes - x) ** 2));
}
