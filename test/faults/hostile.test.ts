// Hostile clients: the process lives, others are served, and what it took for them it gives back.
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ATTACKS, attack } from "./attacks.ts";
import { CALL_HEADERS, FLAG, frame, headerBlock, PREFACE, settings, TYPE } from "./frames.ts";
import { Load, pause, percentile } from "./load.ts";
import { sized } from "./programs.ts";
import { type Process, residentMib, serving, startProcess, startServer, UNLIMITED, underLoad } from "./service.ts";
import { addRow } from "./table.ts";

// What the process holds once what is not needed any more is gone. The system may not get all of that back at once.
const TELLS_MEMORY = `process.on("SIGUSR2", () => {
  gc();
  setTimeout(() => {
    gc();
    const { heapUsed, external } = process.memoryUsage();
    console.error("memory " + Math.round((heapUsed + external) / 1048576) + " MiB");
  }, 200);
});`;

const LENGTH_MS = sized(1000, 10_000);
const CONNECTIONS = 4;
/** Connections that are made at the same time. */
const AT_ONCE = 200;
/** What the machine may add to the answer for a probe before it is the server that keeps it waiting, in milliseconds. */
const PATIENCE_MS = 5000;

describe("one server, and one attack after the other", () => {
  let server: Process;
  let before = 0;
  const file = join(tmpdir(), `agora-tokend-${process.pid}-memory.cjs`);

  beforeAll(async () => {
    writeFileSync(file, TELLS_MEMORY);
    server = await startServer({ flags: ["--expose-gc", "--require", file] });
    const warm = new Load([server.address], { inFlight: 16 });
    await warm.more(500);
    await warm.stop();
    before = await heldMib(server);
  });

  test.each(Object.entries(ATTACKS))("%s", async (name, act) => {
    const probe = new Load([server.address], { client: "ours", inFlight: 1, pauseMs: 20 });
    await probe.more(1);
    const { sentMib, closed } = await attack(server.address, act, CONNECTIONS, LENGTH_MS);
    await probe.more(1);
    await probe.stop();
    const seen = [
      `p99 ${percentile(probe.latencies, 99)} ms`,
      `${sentMib.toFixed(1)} MiB sent`,
      `${closed} closed`,
      `holds ${residentMib(server.pid)} MiB`,
    ];
    const load = `${CONNECTIONS} connections, a probe`;
    addRow({ fault: name, load, ...probe.counted, seen: seen.join(", ") });
    expect(probe.failures).toEqual({});
    expect(Math.max(...probe.latencies)).toBeLessThan(PATIENCE_MS);
  });

  afterAll(async () => {
    const load = new Load([server.address], { inFlight: 16 });
    await load.more(500);
    await load.stop();
    const now = await heldMib(server);
    addRow({
      fault: "after all of them",
      load: "16 in flight",
      ...load.counted,
      seen: `${before} MiB before, ${now} after`,
    });
    server.signal("SIGKILL");
    await server.ended;
    rmSync(file);
    expect(load.failures).toEqual({});
    expect(now - before).toBeLessThan(32);
  });
});

test("clients that say nothing, half of something, or never the end are let go, and others are served", async () => {
  const fromOne = sized(200, 2000);
  const some = sized(150, 1700);
  const limits = `{ max_connections: 10000, max_connections_per_address: ${fromOne},`;
  const server = await startProcess({
    config: (folder) => underLoad()(folder).replace(UNLIMITED, UNLIMITED.replace("{", limits)),
  });
  const probe = new Load([server.address], { inFlight: 1, pauseMs: 20 });
  await probe.more(1);
  const descriptors = () => readdirSync(`/proc/${server.pid}/fd`).length;
  const before = descriptors();
  const call = Buffer.concat([
    PREFACE,
    settings(),
    frame(TYPE.HEADERS, FLAG.END_HEADERS, 1, headerBlock(CALL_HEADERS)),
  ]);
  // From addresses of their own, as one address may have so many connections and no more.
  const silent = [
    ...(await opened(server, some, "127.0.0.2", "")),
    ...(await opened(server, some, "127.0.0.3", PREFACE.subarray(0, 10))),
    ...(await opened(server, some, "127.0.0.4", PREFACE)),
  ];
  const unending = await opened(server, fromOne, "127.0.0.5", call);
  const refused = await opened(server, 50, "127.0.0.5", call);
  const began = performance.now();
  await Promise.all([...silent, ...refused].map(({ closed }) => closed));
  const took = Math.round(performance.now() - began);
  expect(took).toBeLessThan(15_000);
  for (const { socket } of unending) socket.destroy();
  while (descriptors() > before) await pause(20);
  await probe.stop();
  addRow({
    fault: `${3 * some + fromOne + 50} connections, silent, half open, never ending`,
    load: "a probe",
    ...probe.counted,
    seen: `let go after ${took} ms, p99 ${percentile(probe.latencies, 99)} ms`,
  });
  expect(probe.failures).toEqual({});
  expect(await serving(server.address)).toBe(true);
});

async function heldMib(server: Process): Promise<number> {
  const told = () => [...server.printed().matchAll(/^memory (\d+) MiB$/gm)];
  const before = told().length;
  server.signal("SIGUSR2");
  while (told().length === before) await pause(10);
  return Number(told().at(-1)?.[1]);
}

interface Opened {
  readonly socket: Socket;
  readonly closed: Promise<void>;
}

/** Connections from an address of this machine, on which the same was sent. */
async function opened(
  { address }: Process,
  count: number,
  localAddress: string,
  bytes: string | Uint8Array,
): Promise<Opened[]> {
  const [host = "", port = ""] = address.split(":");
  const one = async () => {
    const socket = connect({ port: Number(port), host, localAddress });
    socket.on("error", () => undefined).resume();
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    await Promise.race([new Promise((resolve) => socket.once("connect", resolve)), closed]);
    if (bytes.length > 0) socket.write(bytes);
    return { socket, closed };
  };
  const all: Opened[] = [];
  // More at once than wait to be accepted, the system takes for accepted and forgets.
  while (all.length < count) {
    all.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - all.length) }, one))));
  }
  return all;
}
