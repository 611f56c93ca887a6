// Three times what the server can do. What it does is reckoned by the processor time that it got, so that neighbours on
// the machine, and this test itself, change the figures less.
import { Status } from "nice-grpc";
import { expect, onTestFinished, test } from "vitest";
import { channelTo, clientOf, failureOf } from "../e2e/client.ts";
import { pause, percentile, REQUEST } from "./load.ts";
import { Pressure } from "./pressure.ts";
import { sized } from "./programs.ts";
import { busyMs, type Process, serving, startProcess } from "./service.ts";
import { addRow } from "./table.ts";

const LENGTH_MS = sized(4000, 60_000);

test("three times its capacity: it goes on with what it can, and the rest is told at once when to come back", async () => {
  const server = await startProcess();
  const pressure = new Pressure(server.address, 64);
  onTestFinished(() => pressure.end());
  await pressure.closed(64, 2000);

  const calm = await measured(server, () => pressure.closed(64, LENGTH_MS));
  const capacity = calm.counts.ok / calm.busySeconds;
  const refusal = refusedCall(server);
  const health = probed(server, LENGTH_MS);
  const storm = await measured(server, () => pressure.open(3 * capacity, LENGTH_MS));

  const { sent, ok, refused, reset, full, okMs, refusedMs } = storm.counts;
  const offered = sent / storm.busySeconds / capacity;
  const goodput = ok / storm.busySeconds / capacity;
  const answerSeconds = 1 / capacity;
  const refusalSeconds = (storm.busySeconds - ok * answerSeconds) / refused;
  const seen = [
    `capacity ${Math.round(calm.counts.ok / (LENGTH_MS / 1000))}/s`,
    `offered x${offered.toFixed(1)}`,
    `goodput ${Math.round(goodput * 100)} %`,
    `a refusal takes ${(refusalSeconds / answerSeconds).toFixed(2)} of an answer`,
    `answered p99 ${percentile(okMs, 99)} ms`,
    `refused p50 ${percentile(refusedMs, 50)} ms`,
  ].join(", ");
  addRow({
    fault: "overload",
    load: `by hand, ${LENGTH_MS / 1000} s, 64 connections`,
    calls: sent,
    failed: reset,
    seen,
  });

  expect(reset).toBe(0);
  expect(ok + refused).toBe(sent);
  expect(full).toBeGreaterThanOrEqual(0);
  expect(await refusal).toMatchObject({
    code: Status.RESOURCE_EXHAUSTED,
    errorInfo: { reason: "RATE_LIMITED" },
    retryAfterMs: expect.any(Number),
  });
  for (const answer of await health) expect(answer).toBe(true);
  // What the server is there for is done meanwhile, and to refuse costs little of what to answer costs: 0.3 was measured.
  expect(goodput).toBeGreaterThan(0.1);
  expect(refusalSeconds / answerSeconds).toBeLessThan(0.6);

  await pause(2000);
  const after = await pressure.closed(8, 1000);
  expect([after.refused, after.reset]).toEqual([0, 0]);
  expect(after.ok).toBeGreaterThan(0);
});

/** Does something, and tells for how long the server worked. */
async function measured<T>({ pid }: Process, act: () => Promise<T>): Promise<{ counts: T; busySeconds: number }> {
  const before = busyMs(pid);
  const counts = await act();
  return { counts, busySeconds: (busyMs(pid) - before) / 1000 };
}

/** How gRPC's own client is refused, as soon as it is. */
async function refusedCall(server: Process) {
  const channel = channelTo(server.address);
  const client = clientOf(channel);
  try {
    for (;;) {
      const refusal = await failureOf((options) => client.buildToken(REQUEST, options)).catch(() => undefined);
      if (refusal) return refusal;
    }
  } finally {
    channel.close();
  }
}

/** Whether it says that it serves, again and again. */
async function probed(server: Process, milliseconds: number): Promise<(boolean | undefined)[]> {
  const answers: (boolean | undefined)[] = [];
  for (const until = performance.now() + milliseconds; performance.now() < until; await pause(250)) {
    answers.push(await serving(server.address, 10_000));
  }
  return answers;
}
