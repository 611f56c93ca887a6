// How the server stops: without losing a call, at once when told twice, and how it is when it was killed.
import { once } from "node:events";
import { connect } from "node:http2";
import { connect as dial } from "node:net";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { createChannel, createClient } from "nice-grpc";
import { describe, expect, test } from "vitest";
import { type BuildTokenRequestSchema, RtcRole } from "../../gen/agora/token/v1/token_pb.ts";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { define } from "../../src/rpc/definition.ts";
import { channelTo, clientOf } from "../e2e/client.ts";
import { type Process, startProcess } from "./service.ts";

const REQUEST = {
  project: "live",
  expiration: { case: "ttl" as const, value: { seconds: 60n } },
  grants: [{ service: { case: "rtc" as const, value: { channelName: "room-1", uid: 1, role: RtcRole.PUBLISHER } } }],
} satisfies MessageInitShape<typeof BuildTokenRequestSchema>;

test("a watch of its health is told, and does not hold it up", async () => {
  const server = await startProcess();
  const channel = channelTo(server.address);
  const told: number[] = [];
  const watching = (async () => {
    for await (const { status } of createClient(define(Health), channel).watch({})) {
      told.push(status);
      if (told.length === 1) server.signal("SIGTERM");
    }
  })();
  await expect(watching).rejects.toMatchObject({ code: 14 });
  expect(told).toEqual([1, 2]);
  channel.close();
  expect(await server.ended).toEqual({ code: 0, signal: null });
});

test("SIGTERM under load: a client with two addresses loses no call, by gRPC's own retries alone", async () => {
  const servers = [await startProcess(), await startProcess()];
  const target = `ipv4:${servers.map(({ address }) => address).join(",")}`;
  const config = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });
  const channel = createChannel(target, undefined, { "grpc.service_config": config });
  const client = clientOf(channel);
  const failures: string[] = [];
  for (let round = 0; round < 40; round++) {
    const calls = Array.from({ length: 50 }, () =>
      client.buildToken(REQUEST).catch((e: Error) => failures.push(e.message)),
    );
    // While the calls are on their way, so that some meet a server that no longer takes them.
    if (round === 10) servers[0]?.signal("SIGTERM");
    await Promise.all(calls);
  }
  expect(failures).toEqual([]);
  expect(await servers[0]?.ended).toEqual({ code: 0, signal: null });
  channel.close();
  servers[1]?.signal("SIGTERM");
  expect(await servers[1]?.ended).toEqual({ code: 0, signal: null });
});

describe("a call that its client never finishes", () => {
  test("does not outlive a second signal", async () => {
    const server = await startProcess();
    const session = await openStream(server);
    server.signal("SIGTERM");
    await printed(server, "is stopping");
    server.signal("SIGTERM");
    expect(await server.ended).toEqual({ code: 0, signal: null });
    session.destroy();
  }, 10_000);

  test("does not outlive the deadline", async () => {
    const server = await startProcess();
    const session = await openStream(server);
    server.signal("SIGTERM");
    expect(await server.ended).toEqual({ code: 0, signal: null });
    session.destroy();
  }, 30_000);
});

test("kill -9 while another serves: a client with both addresses and one retry loses no call", async () => {
  const servers = [await startProcess(), await startProcess()];
  const target = `ipv4:${servers.map(({ address }) => address).join(",")}`;
  const retry = {
    retryPolicy: {
      maxAttempts: 4,
      initialBackoff: "0.05s",
      maxBackoff: "0.5s",
      backoffMultiplier: 2,
      retryableStatusCodes: ["UNAVAILABLE"],
    },
  };
  const config = { loadBalancingConfig: [{ round_robin: {} }], methodConfig: [{ name: [{}], ...retry }] };
  const channel = createChannel(target, undefined, { "grpc.service_config": JSON.stringify(config) });
  const client = clientOf(channel);
  let failed = 0;
  for (let round = 0; round < 40; round++) {
    if (round === 10) servers[0]?.signal("SIGKILL");
    const calls = Array.from({ length: 25 }, () => client.buildToken(REQUEST).catch(() => failed++));
    await Promise.all(calls);
  }
  expect(failed).toBe(0);
  expect(await servers[0]?.ended).toEqual({ code: null, signal: "SIGKILL" });
  channel.close();
  servers[1]?.signal("SIGTERM");
  expect(await servers[1]?.ended).toEqual({ code: 0, signal: null });
});

test("a flood of odd bytes on other connections costs nobody a call", async () => {
  const server = await startProcess();
  const channel = channelTo(server.address);
  const client = clientOf(channel);
  const [host = "", port = ""] = server.address.split(":");
  const junk = Array.from({ length: 200 }, (_, index) => {
    const socket = dial(Number(port), host, () => socket.end(Buffer.alloc(index * 37, index)));
    return new Promise<void>((resolve) =>
      socket
        .once("close", () => resolve())
        .on("error", () => undefined)
        .resume(),
    );
  });
  const calls = Array.from({ length: 500 }, () => client.buildToken(REQUEST));
  expect(await Promise.all(calls)).toHaveLength(500);
  await Promise.all(junk);
  channel.close();
  server.signal("SIGTERM");
  expect(await server.ended).toEqual({ code: 0, signal: null });
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

async function printed(server: Process, words: string): Promise<void> {
  while (!server.printed().includes(words)) await new Promise((resolve) => setImmediate(resolve));
}
