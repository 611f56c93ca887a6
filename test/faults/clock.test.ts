// A clock that is set while the server runs. libfaketime sets it for this one process.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { channelTo, clientOf, failureOf } from "../e2e/client.ts";
import { pause, REQUEST } from "./load.ts";
import { LONG, missing } from "./programs.ts";
import { type Process, serving, startProcess } from "./service.ts";
import { addRow } from "./table.ts";

const HOUR = 3600;

/** A server whose clock differs from that of this machine by some seconds, or shows a time that is fixed. */
async function startAt(time: string): Promise<{ server: Process; set: (time: string) => void }> {
  const folder = mkdtempSync(join(tmpdir(), "agora-tokend-time-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "time");
  const set = (next: string) => writeFileSync(file, `${next}\n`);
  set(time);
  const env = {
    LD_PRELOAD: library(),
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
  return { server: await startProcess({ env }), set };
}

function library(): string {
  const found = readdirSync("/usr/lib")
    .map((folder) => join("/usr/lib", folder, "faketime/libfaketime.so.1"))
    .find(existsSync);
  if (found === undefined) throw new Error("libfaketime is not where Debian puts it");
  return found;
}

/** Builds tokens one after the other for some time, and gives their issue times less the time of this machine. */
async function built(server: Process, milliseconds: number) {
  const channel = channelTo(server.address);
  const client = clientOf(channel);
  const offsets: number[] = [];
  let refused = 0;
  for (const until = performance.now() + milliseconds; performance.now() < until; await pause(20)) {
    try {
      const { issuedToken } = await client.buildToken(REQUEST);
      offsets.push(Number(issuedToken?.issueTime?.seconds) - Math.floor(Date.now() / 1000));
    } catch {
      refused++;
    }
  }
  channel.close();
  return { offsets, refused, calls: offsets.length + refused };
}

async function refusal(server: Process) {
  const channel = channelTo(server.address);
  try {
    return await failureOf((options) => clientOf(channel).buildToken(REQUEST, options));
  } finally {
    channel.close();
  }
}

describe.skipIf(missing("faketime"))("the clock", () => {
  test("goes back an hour: no token is built by it, and it says so, until it goes evenly for a minute", async () => {
    const { server, set } = await startAt("+0");
    await built(server, 300);
    const load = built(server, 3000);
    set(`-${HOUR}`);
    const began = performance.now();
    while ((await serving(server.address)) !== false) await pause(20);
    const noticed = Math.round(performance.now() - began);
    expect(noticed).toBeLessThan(2000);
    expect(await refusal(server)).toMatchObject({ code: 14, errorInfo: { reason: "CLOCK_UNRELIABLE" } });
    const { offsets, refused, calls } = await load;
    expect(refused).toBeGreaterThan(0);
    expect(offsets.filter((offset) => Math.abs(offset) > 5)).toEqual([]);
    expect(server.printed()).toContain('"event":"clock_step","seconds":-3600}');
    expect(server.printed()).toContain('"event":"clock","right":false}');
    addRow({
      fault: "clock back an hour",
      load: "one after the other",
      calls,
      failed: 0,
      seen: `noticed in ${noticed} ms`,
    });
    if (!LONG) return;
    while ((await serving(server.address)) !== true) await pause(500);
    expect(performance.now() - began).toBeGreaterThan(59_000);
    expect((await built(server, 500)).refused).toBe(0);
  });

  test("goes forward an hour: it says so, and serves by it", async () => {
    const { server, set } = await startAt("+0");
    await built(server, 300);
    set(`+${HOUR}`);
    await pause(1500);
    expect(server.printed()).toContain('"event":"clock_step","seconds":3600}');
    const { offsets, refused, calls } = await built(server, 500);
    expect(refused).toBe(0);
    for (const offset of offsets) expect(Math.abs(offset - HOUR)).toBeLessThan(5);
    addRow({ fault: "clock forward an hour", load: "one after the other", calls, failed: refused });
  });

  test("shows 1970 from the start: it starts, and does not serve", async () => {
    const { server } = await startAt("@1970-01-02 00:00:00");
    expect(await serving(server.address)).toBe(false);
    expect(await refusal(server)).toMatchObject({ code: 14, errorInfo: { reason: "CLOCK_UNRELIABLE" } });
    addRow({ fault: "clock shows 1970", load: "one call", calls: 1, failed: 0 });
  });
});
