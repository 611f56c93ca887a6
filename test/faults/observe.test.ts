// What a process tells while it is in trouble, and to a tracer that an operator brings.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Metadata } from "nice-grpc";
import { expect, onTestFinished, test } from "vitest";
import { page, series } from "../e2e/admin.ts";
import { channelTo, clientOf } from "../e2e/client.ts";
import { Load, pause, percentile, REQUEST } from "./load.ts";
import { Pressure } from "./pressure.ts";
import { sized } from "./programs.ts";
import { type Process, startProcess, underLoad } from "./service.ts";
import { addRow } from "./table.ts";

const LENGTH_MS = sized(3000, 30_000);

/** The lines that it printed, as a page of the admin address is found by. */
const printed = (server: Process) => ({ lines: server.printed().split("\n") });

async function withAdmin(server: Process) {
  while (!server.printed().includes("metrics and probes are at")) await pause(1);
  return printed(server);
}

test("probes and metrics are answered under three times its capacity", async () => {
  const server = await startProcess();
  const at = await withAdmin(server);
  const pressure = new Pressure(server.address, 64);
  onTestFinished(() => pressure.end());
  await pressure.closed(64, 1000);
  const calm = await pressure.closed(64, 2000);
  const storm = pressure.open((3 * calm.ok) / 2, LENGTH_MS);
  const times: number[] = [];
  const until = performance.now() + LENGTH_MS - 500;
  while (performance.now() < until) {
    const began = performance.now();
    for (const path of ["/readyz", "/livez", "/metrics"]) expect((await page(at, path)).status).toBe(200);
    times.push((performance.now() - began) / 3);
    await pause(100);
  }
  const { sent, ok, refused, reset } = await storm;
  expect(reset).toBe(0);
  // The page is made once in a second, and the last one may be from within the storm.
  await pause(1100);
  const told = await series(at);
  const shed = ["lag", "in_flight"].map((why) => told.get(`agora_tokend_calls_shed_total{why="${why}"}`) ?? 0);
  expect(shed[0]).toBeGreaterThanOrEqual(0);
  expect((shed[0] ?? 0) + (shed[1] ?? 0)).toBe(refused);
  addRow({
    fault: "probes and metrics under overload",
    load: `by hand, ${sent} calls, ${ok} answered`,
    calls: times.length * 3,
    failed: 0,
    seen: `a page p99 ${Math.round(percentile(times, 99))} ms`,
  });
});

test("a reader of the log that has stopped costs nobody a call", async () => {
  const server = await startProcess({ config: underLoad(0, "log: { level: debug }") });
  const at = await withAdmin(server);
  server.child.stderr?.pause();
  const load = new Load([server.address], { inFlight: 8 });
  // A line of some 300 bytes each, and a pipe takes 64 KiB.
  await load.more(500);
  await load.stop();
  expect(load.failures).toEqual({});
  expect((await page(at, "/readyz")).status).toBe(200);
  addRow({ fault: "the reader of the log has stopped", load: "8 in flight", ...load.counted });
});

test("a tracer that an operator brings sees the calls of the bundle", async () => {
  const folder = resolve("node_modules");
  const file = resolve("dist", "tracer.mjs");
  // Not an SDK, which needs a later Node.js: the interface that one registers itself by, in a copy of its own.
  writeFileSync(
    file,
    `import { createRequire } from "node:module";
const { propagation, trace, ROOT_CONTEXT, createContextKey } = createRequire("${folder}/")("@opentelemetry/api");
const PARENT = createContextKey("parent");
const startSpan = (name, { attributes }, context) => {
  const span = { name, parent: context.getValue(PARENT), ...attributes };
  return {
    isRecording: () => true,
    setAttribute: (key, value) => { span[key] = value; },
    setStatus: () => undefined,
    end: () => process.stderr.write("SPAN " + JSON.stringify(span) + "\\n"),
  };
};
trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) });
propagation.setGlobalPropagator({
  extract: (context, carrier, { get }) => context.setValue(PARENT, get(carrier, "traceparent")),
  inject: () => undefined,
  fields: () => [],
});
`,
  );
  const server = await startProcess({ env: { NODE_OPTIONS: `--import ${file}` } });
  const channel = channelTo(server.address);
  onTestFinished(() => channel.close());
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await clientOf(channel).buildToken(REQUEST, { metadata: Metadata({ traceparent }) });
  while (!server.printed().includes("SPAN ")) await pause(1);
  const span = JSON.parse(/^SPAN (.*)$/m.exec(server.printed())?.[1] ?? "");
  expect(span).toEqual({
    name: "agora.token.v1.TokenService/BuildToken",
    parent: traceparent,
    "rpc.system.name": "grpc",
    "rpc.method": "agora.token.v1.TokenService/BuildToken",
    "rpc.response.status_code": "OK",
  });
});
