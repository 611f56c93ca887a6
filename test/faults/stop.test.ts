// How the server stops: without losing a call, at once when told twice, and how it is when it was killed.
import { once } from "node:events";
import { connect } from "node:http2";
import { createClient } from "nice-grpc";
import { describe, expect, test } from "vitest";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { define } from "../../src/rpc/definition.ts";
import { channelTo } from "../e2e/client.ts";
import { CALL_HEADERS, FLAG, frame, headerBlock, MESSAGE, RawConnection, TYPE } from "./frames.ts";
import { Load, pause } from "./load.ts";
import { sized } from "./programs.ts";
import { type Process, serving, startProcess } from "./service.ts";
import { addRow } from "./table.ts";

const STOPPED = { code: 0, signal: null };

test("watches of its health are told and ended, and neither they nor idle streams hold it up", async () => {
  const server = await startProcess();
  const channel = channelTo(server.address);
  const told: number[][] = [];
  let first = 0;
  const watches = Array.from({ length: 50 }, async () => {
    const states: number[] = [];
    told.push(states);
    for await (const { status } of createClient(define(Health), channel).watch({})) {
      if (states.push(status) === 1) first++;
    }
  });
  const reflecting = (async () => {
    const questions = async function* () {
      yield { messageRequest: { case: "listServices" as const, value: "" } };
      await new Promise(() => undefined);
    };
    for await (const _ of createClient(define(ServerReflection), channel).serverReflectionInfo(questions()));
  })();
  while (first < watches.length) await pause(5);
  const began = performance.now();
  server.signal("SIGTERM");
  for (const watch of [...watches, reflecting]) await expect(watch).rejects.toMatchObject({ code: 14 });
  for (const states of told) expect(states).toEqual([1, 2]);
  channel.close();
  expect(await server.ended).toEqual(STOPPED);
  const took = performance.now() - began;
  // The delay is 1 s, and the deadline 15.
  expect(took).toBeGreaterThan(950);
  expect(took).toBeLessThan(5000);
  addRow({
    fault: "SIGTERM",
    load: "50 watches, reflection",
    calls: 51,
    failed: 0,
    seen: `ended after ${Math.round(took)} ms`,
  });
});

test("it serves as ever while it says that it does not", async () => {
  const server = await startProcess();
  const load = new Load([server.address], { inFlight: 4 });
  await load.more(20);
  server.signal("SIGTERM");
  while (!server.printed().includes("is stopping")) await pause(1);
  expect(await serving(server.address)).toBe(false);
  const before = load.calls;
  await load.more(40);
  expect(load.failures).toEqual({});
  await load.stop();
  expect(load.calls).toBeGreaterThan(before);
  expect(await server.ended).toEqual(STOPPED);
});

test("calls whose requests are half sent when it is told to stop are answered", async () => {
  const server = await startProcess();
  const [calls, connections] = [200, 4];
  const half = Math.floor(MESSAGE.length / 2);
  const answered = new Set<string>();
  const lines = Array.from({ length: connections }, (_, line) =>
    new RawConnection(server.address, (type, flags, stream) => {
      if (type === TYPE.DATA) answered.add(`${line} ${stream} token`);
      else if (type === TYPE.HEADERS && (flags & FLAG.END_STREAM) !== 0) answered.add(`${line} ${stream} over`);
    }).open(),
  );
  const streams = Array.from({ length: calls / connections }, (_, call) => 1 + 2 * call);
  const head = (stream: number) => frame(TYPE.HEADERS, FLAG.END_HEADERS, stream, headerBlock(CALL_HEADERS));
  const first = (stream: number) => frame(TYPE.DATA, FLAG.NONE, stream, MESSAGE.subarray(0, half));
  const rest = (stream: number) => frame(TYPE.DATA, FLAG.END_STREAM, stream, MESSAGE.subarray(half));
  for (const line of lines) line.send(Buffer.concat(streams.flatMap((stream) => [head(stream), first(stream)])));
  const load = new Load([server.address], { inFlight: 4 });
  await load.more(20);
  await load.stop();
  const began = performance.now();
  server.signal("SIGTERM");
  while (!server.printed().includes("is stopping")) await pause(1);
  await pause(500);
  expect(answered.size).toBe(0);
  for (const line of lines) line.send(Buffer.concat(streams.map(rest)));
  expect(await server.ended).toEqual(STOPPED);
  const took = Math.round(performance.now() - began);
  const failed = calls - [...answered].filter((each) => each.endsWith("token")).length;
  addRow({ fault: "SIGTERM", load: `${calls} calls half sent`, calls, failed, seen: `ended after ${took} ms` });
  expect(answered.size).toBe(2 * calls);
  for (const line of lines) line.end();
});

test("Ctrl-C does not wait for balancers", async () => {
  const server = await startProcess();
  while (!(await serving(server.address))) await pause(5);
  server.signal("SIGINT");
  const began = performance.now();
  expect(await server.ended).toEqual(STOPPED);
  expect(performance.now() - began).toBeLessThan(900);
});

test("SIGTERM under load: a client with two addresses loses no call, by gRPC's own retries alone", async () => {
  let servers = [await startProcess(), await startProcess()];
  const load = new Load(
    servers.map(({ address }) => address),
    { inFlight: 64 },
  );
  const restarts = sized(2, 20);
  for (let round = 0; round < restarts; round++) {
    await load.more(1000);
    const [old, other] = servers as [Process, Process];
    old.signal("SIGTERM");
    expect(await old.ended).toEqual(STOPPED);
    const port = Number(old.address.split(":")[1]);
    servers = [other, await startProcess({ port })];
    // The client finds the one that is new within a second, before the other goes.
    await pause(1500);
  }
  await load.stop();
  addRow({ fault: `SIGTERM, ${restarts} restarts`, load: "gRPC, two addresses, 64 in flight", ...load.counted });
  expect(load.failures).toEqual({});
});

describe("a call that its client never finishes", () => {
  test("does not outlive a second signal", async () => {
    const server = await startProcess();
    const session = await openStream(server);
    server.signal("SIGTERM");
    while (!server.printed().includes("is stopping")) await pause(1);
    const began = performance.now();
    server.signal("SIGTERM");
    expect(await server.ended).toEqual(STOPPED);
    expect(performance.now() - began).toBeLessThan(900);
    session.destroy();
  }, 10_000);

  test("does not outlive its own time, which is before the deadline", async () => {
    const server = await startProcess();
    const session = await openStream(server);
    const began = performance.now();
    server.signal("SIGTERM");
    expect(await server.ended).toEqual(STOPPED);
    expect(performance.now() - began).toBeLessThan(10_000);
    session.destroy();
  }, 30_000);
});

test("kill -9 while another serves: our client with both addresses loses no call", async () => {
  const servers = [await startProcess(), await startProcess()];
  const load = new Load(
    servers.map(({ address }) => address),
    { inFlight: 25, client: "ours" },
  );
  await load.more(250);
  servers[0]?.signal("SIGKILL");
  await load.more(sized(1000, 20_000));
  await load.stop();
  addRow({ fault: "SIGKILL", load: "our client, two addresses, 25 in flight", ...load.counted });
  expect(load.failures).toEqual({});
  expect(await servers[0]?.ended).toEqual({ code: null, signal: "SIGKILL" });
});

/** A call whose message is announced and never sent. */
async function openStream({ address }: Process) {
  const session = connect(`http://${address}`);
  session.on("error", () => undefined);
  await once(session, "connect");
  const path = "/agora.token.v1.TokenService/BuildToken";
  const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
  const stream = session.request(headers, { endStream: false });
  stream.on("error", () => undefined);
  stream.write(Buffer.from([0, 0, 0, 0, 8]));
  await new Promise<void>((resolve) => session.ping(() => resolve()));
  return session;
}
