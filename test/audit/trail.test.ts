import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Verifier } from "../../src/audit/verify.ts";
import { type Sink, settled, trailOf } from "./sink.ts";

// With characters of more bytes than one, so that a line may be cut within one.
const body = (n: number) => JSON.stringify({ time: "t", event: "call", n, text: "é語" });

/** How a promise ended, or that it has not. */
function watched(promise: Promise<void>): { state: string } {
  const seen = { state: "waits" };
  promise.then(
    () => {
      seen.state = "written";
    },
    (error) => {
      seen.state = (error as { reason: string }).reason;
    },
  );
  return seen;
}

function faultsOf(sink: Sink, ...more: Sink[]): string[] {
  const verifier = new Verifier();
  for (const { lines } of [sink, ...more]) for (const line of lines) verifier.take(Buffer.from(line), "line");
  return verifier.finish().faults.map(({ what }) => what);
}

/** The numbers of the calls that are recorded, without those that are told to have been refused. */
function delivered(sink: Sink): number[] {
  const undelivered = new Set(sink.records.flatMap(({ undelivered = [] }) => undelivered as number[]));
  return sink.records
    .filter(({ seq, n }) => n !== undefined && !undelivered.has(seq as number))
    .map(({ n }) => n as number);
}

describe("deny", () => {
  test("a call waits until its record is written", async () => {
    const { trail, sink } = trailOf();
    await settled();
    sink.behaviour = "blocks";
    const first = watched(trail.record([body(1)]));
    const second = watched(trail.record([body(2)]));
    await settled();
    expect([first.state, second.state, sink.lines.length]).toEqual(["waits", "waits", 1]);
    sink.unblock();
    await settled();
    expect([first.state, second.state]).toEqual(["written", "written"]);
    expect(sink.records).toMatchObject([
      { seq: 1, event: "started", release: "0.0.0" },
      { seq: 2, n: 1 },
      { seq: 3, n: 2 },
    ]);
    expect(trail.state).toEqual({ queuedBytes: 0, lost: 0, suppressed: 0, healthy: true });
    expect(faultsOf(sink)).toEqual([]);
  });

  test("a reader that is blocked: calls are refused after a second, then at once, and all is told afterwards", async () => {
    const { trail, sink, timers, reports } = trailOf();
    await settled();
    sink.behaviour = "blocks";
    const first = watched(trail.record([body(1)]));
    const second = watched(trail.record([body(2)]));
    await timers.pass(999);
    expect(first.state).toBe("waits");
    await timers.pass(1);
    const third = watched(trail.record([body(3)]));
    await settled();
    expect([first.state, second.state, third.state]).toEqual(Array(3).fill("AUDIT_UNAVAILABLE"));
    expect(trail.state).toMatchObject({ queuedBytes: expect.any(Number), lost: 3, healthy: false });
    sink.unblock();
    await settled();
    await trail.record([body(4)]);
    // What was on its way is written, and taken back; what only waited never was.
    expect(sink.records.slice(1)).toMatchObject([{ n: 1 }, { n: 4, refused: 3, undelivered: [2] }]);
    expect(reports).toEqual(["failing: a write takes over 1000 ms", "recovered"]);
    expect(faultsOf(sink)).toEqual([]);
    expect(trail.state).toMatchObject({ queuedBytes: 0, healthy: true });
  });

  test("a disk that is full: calls are refused at once, until there is room", async () => {
    const { trail, sink, timers, reports } = trailOf();
    await settled();
    sink.behaviour = "fails";
    await expect(trail.record([body(1)])).rejects.toMatchObject({ reason: "AUDIT_UNAVAILABLE" });
    await expect(trail.record([body(2)])).rejects.toMatchObject({ reason: "AUDIT_UNAVAILABLE" });
    // A call that comes when it is time to try again tells whether there is room.
    await timers.pass(250);
    await expect(trail.record([body(3)])).rejects.toMatchObject({ reason: "AUDIT_UNAVAILABLE" });
    await timers.pass(250);
    sink.behaviour = "takes";
    expect(trail.state.healthy).toBe(false);
    await trail.record([body(4)]);
    expect(trail.state.healthy).toBe(true);
    expect(delivered(sink)).toEqual([4]);
    expect(sink.records.at(-1)).toMatchObject({ seq: 2, refused: 3 });
    expect(reports).toEqual(["failing: no space", "recovered"]);
    expect(faultsOf(sink)).toEqual([]);
  });

  test("a line that is cut short is completed when there is room, and taken back", async () => {
    const { trail, sink, timers } = trailOf();
    await settled();
    sink.behaviour = { room: 40 };
    await expect(trail.record([body(1)])).rejects.toMatchObject({ reason: "AUDIT_UNAVAILABLE" });
    expect(sink.text.endsWith("\n")).toBe(false);
    await timers.pass(250);
    expect(trail.state.healthy).toBe(false);
    sink.behaviour = "takes";
    await timers.pass(250);
    expect(trail.state.healthy).toBe(true);
    await trail.record([body(2)]);
    expect(sink.records.slice(1)).toMatchObject([{ n: 1 }, { n: 2, refused: 1, undelivered: [2] }]);
    expect(faultsOf(sink)).toEqual([]);
  });

  test("the queue is bounded", async () => {
    const { trail, sink } = trailOf();
    sink.behaviour = "blocks";
    const large = JSON.stringify({ text: "x".repeat(1024 * 1024) });
    const calls = Array.from({ length: 9 }, () => watched(trail.record([large])));
    await settled();
    expect(calls.map(({ state }) => state)).toEqual([...Array(7).fill("waits"), ...Array(2).fill("AUDIT_UNAVAILABLE")]);
    expect(trail.state.queuedBytes).toBeLessThanOrEqual(8 * 1024 * 1024);
    sink.unblock();
    await settled();
    expect(trail.state.queuedBytes).toBe(0);
  });
});

describe("drop", () => {
  test("no call waits, and what there is no room for is counted and told", async () => {
    const { trail, sink, timers, reports } = trailOf({ onFull: "drop" });
    await settled();
    sink.behaviour = "blocks";
    const large = JSON.stringify({ text: "x".repeat(1024 * 1024) });
    for (let n = 0; n < 9; n++) await trail.record([large]);
    await timers.pass(1000);
    await trail.record([body(1)]);
    expect(trail.state).toMatchObject({ lost: 2, healthy: false });
    sink.unblock();
    await settled();
    expect(trail.state).toMatchObject({ queuedBytes: 0, healthy: true });
    expect(sink.records).toHaveLength(9);
    expect(sink.records.filter(({ dropped }) => dropped === 2)).toHaveLength(1);
    expect(reports).toEqual(["failing: a write takes over 1000 ms", "recovered"]);
    expect(faultsOf(sink)).toEqual([]);
  });

  test("a disk that is full loses nothing that fits into the queue, and repeats nothing", async () => {
    const { trail, sink, timers } = trailOf({ onFull: "drop" });
    await settled();
    sink.behaviour = { room: 300 };
    for (let n = 1; n <= 5; n++) await trail.record([body(n)]);
    await timers.pass(250);
    sink.behaviour = "takes";
    await timers.pass(250);
    expect(delivered(sink)).toEqual([1, 2, 3, 4, 5]);
    expect(sink.text).not.toContain("undelivered");
    expect(faultsOf(sink)).toEqual([]);
  });
});

test("what a record cut short was to tell of earlier ones is told in the next file, if its own call was refused", async () => {
  const { trail, sink, timers, reopened } = trailOf();
  await settled();
  sink.behaviour = { room: 1 };
  expect(watched(trail.record([body(1)]))).toBeDefined();
  await settled();
  sink.behaviour = "takes";
  await timers.pass(250);
  sink.behaviour = { room: 1 };
  const second = watched(trail.record([body(2)]));
  await settled();
  trail.reopen();
  await timers.pass(250);
  await trail.record([body(3)]);
  expect(second.state).toBe("AUDIT_UNAVAILABLE");
  const [next] = reopened;
  expect(next?.records).toMatchObject([{ event: "reopened", refused: 2, undelivered: [2] }, { n: 3 }]);
});

test("whatever the output does, the chain holds, and what is recorded as delivered was", async () => {
  const step = fc.oneof(
    fc.record({ call: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ become: fc.constantFrom("takes", "blocks", "fails", "unblocks") }),
    fc.record({ room: fc.integer({ min: 0, max: 700 }) }),
    fc.record({ pass: fc.constantFrom(250, 1000) }),
    fc.constant({ reopen: true as const }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("deny" as const, "drop" as const),
      fc.array(step, { maxLength: 25 }),
      async (onFull, steps) => {
        const { trail, sink: first, timers, reopened } = trailOf({ onFull });
        const sinks = () => [first, ...reopened];
        const calls: { n: number[]; seen: { state: string } }[] = [];
        let n = 0;
        for (const each of steps) {
          const sink = sinks().at(-1) ?? first;
          if ("call" in each) {
            const numbers = Array.from({ length: each.call }, () => ++n);
            calls.push({ n: numbers, seen: watched(trail.record(numbers.map(body))) });
          } else if ("become" in each) {
            if (each.become === "unblocks") sink.unblock();
            else sink.unblock(each.become);
          } else if ("room" in each) sink.unblock({ room: each.room });
          else if ("pass" in each) await timers.pass(each.pass);
          else trail.reopen();
          await settled();
        }
        for (const sink of sinks()) sink.unblock();
        for (let turn = 0; turn < 4; turn++) {
          await timers.pass(250);
          for (const sink of sinks()) sink.unblock();
        }
        await trail.record([body(0)]);
        const [whole, ...rest] = sinks();
        expect(faultsOf(whole as Sink, ...rest)).toEqual([]);
        const undelivered = new Set(
          sinks().flatMap((s) => s.records.flatMap(({ undelivered = [] }) => undelivered as number[])),
        );
        const told = sinks()
          .flatMap((s) => s.records)
          .filter(({ seq, n }) => n !== undefined && !undelivered.has(seq as number))
          .map(({ n }) => n);
        const answered = calls.filter(({ seen }) => seen.state === "written").flatMap(({ n }) => n);
        expect(calls.every(({ seen }) => seen.state !== "waits")).toBe(true);
        if (onFull === "deny") expect(told).toEqual([...answered, 0]);
        else expect(told.length + trail.state.lost).toBe(answered.length + 1);
      },
    ),
    { numRuns: Number(process.env["FUZZ_RUNS"] ?? 300) },
  );
});

test("refusals that anybody can cause are sampled, and the others counted", async () => {
  const { trail, sink, timers } = trailOf();
  let made = 0;
  const flood = (count: number) => {
    for (let n = 0; n < count; n++)
      trail.sample(() => {
        made++;
        return body(n);
      });
  };
  flood(1000);
  await settled();
  expect([made, sink.records.length, trail.state.suppressed]).toEqual([50, 51, 950]);
  await timers.pass(1000);
  flood(20);
  await settled();
  expect(sink.records).toHaveLength(61);
  await trail.record([body(1)]);
  const told = sink.records.map(({ suppressed = 0 }) => suppressed as number);
  expect(told.reduce((sum, each) => sum + each, 0)).toBe(960);
});

test("rotation goes on in the new file, and keeps the old one if there is none", async () => {
  const { trail, sink, reopened } = trailOf();
  await trail.record([body(1)]);
  trail.reopen();
  await trail.record([body(2)]);
  const [next] = reopened;
  expect(sink.closed).toBe(true);
  expect(sink.records.map(({ seq }) => seq)).toEqual([1, 2]);
  expect(next?.records).toMatchObject([
    { seq: 3, event: "reopened" },
    { seq: 4, n: 2 },
  ]);
  expect(faultsOf(sink, next as Sink)).toEqual([]);

  const failing = trailOf({ reopen: () => Promise.reject(new Error("no such folder")) });
  failing.trail.reopen();
  await failing.trail.record([body(1)]);
  expect(failing.sink.records.at(-1)).toMatchObject({ n: 1 });
  expect(failing.reports).toEqual(["failing: no such folder"]);
});

test("at the end everything is written, or given up after a while", async () => {
  const { trail, sink } = trailOf();
  void trail.record([body(1)]);
  await trail.close();
  expect(sink.records.map(({ event }) => event)).toEqual(["started", "call", "stopped"]);
  expect(sink.closed).toBe(true);

  const stuck = trailOf();
  stuck.sink.behaviour = "blocks";
  const closing = watched(stuck.trail.close());
  await stuck.timers.pass(2000);
  await settled();
  expect(closing.state).toBe("written");
});
