import { createClient, createServer, Status } from "nice-grpc";
import { expect, test } from "vitest";
import {
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
  Health as HealthService,
} from "../../gen/grpc/health/v1/health_pb.ts";
import { Health } from "../../src/api/health.ts";
import { healthApi } from "../../src/api/health-api.ts";
import { define } from "../../src/rpc/definition.ts";
import { endOfCall, serve } from "../rpc/serve.ts";

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;
const TOKENS = "agora.token.v1.TokenService";
const definition = define(HealthService);

async function healthServer(server = createServer()) {
  const health = new Health(["", "readiness", TOKENS]);
  health.set("", true);
  const served = await serve(definition, healthApi(health), server);
  return { health, ...served, client: createClient(definition, served.channel) };
}

/** The states of a watch, one at a time. */
function statesOf(watch: AsyncIterable<HealthCheckResponse>) {
  const responses = watch[Symbol.asyncIterator]();
  return async () => (await responses.next()).value?.status;
}

test("Check tells the state of a service", async () => {
  const { health, client } = await healthServer();
  expect((await client.check({})).status).toBe(SERVING);
  expect((await client.check({ service: TOKENS })).status).toBe(NOT_SERVING);
  health.set(TOKENS, true);
  expect((await client.check({ service: TOKENS })).status).toBe(SERVING);
});

test("Check does not find a service that it does not know, and does not repeat its name", async () => {
  const { client } = await healthServer();
  await expect(client.check({ service: "room 😀 of Ann" })).rejects.toMatchObject({
    code: Status.NOT_FOUND,
    details: "the server keeps no health for a service of this name: List tells the names",
  });
});

test("List tells the state of every service", async () => {
  const { client } = await healthServer();
  const { statuses } = await client.list({});
  const states = Object.entries(statuses).map(([service, { status }]) => [service, status]);
  expect(new Map(states as [string, number][])).toEqual(
    new Map([
      ["", SERVING],
      ["readiness", NOT_SERVING],
      [TOKENS, NOT_SERVING],
    ]),
  );
});

test("Watch tells the state now and each change, and nothing twice", async () => {
  const { health, client } = await healthServer();
  const next = statesOf(client.watch({ service: TOKENS }));
  expect(await next()).toBe(NOT_SERVING);
  health.set(TOKENS, false);
  health.set("readiness", true);
  health.set(TOKENS, true);
  expect(await next()).toBe(SERVING);
  health.set(TOKENS, true);
  health.set(TOKENS, false);
  expect(await next()).toBe(NOT_SERVING);
});

test("Watch waits for a service that it does not know yet", async () => {
  const { health, client } = await healthServer();
  const next = statesOf(client.watch({ service: "agora.token.v2.TokenService" }));
  expect(await next()).toBe(SERVICE_UNKNOWN);
  health.set("agora.token.v2.TokenService", true);
  expect(await next()).toBe(SERVING);
});

test("Watch ends when the client leaves", async () => {
  const { middleware, ended } = endOfCall();
  const { client } = await healthServer(createServer().use(middleware));
  const leaving = new AbortController();
  const next = statesOf(client.watch({}, { signal: leaving.signal }));
  await next();
  leaving.abort();
  await expect(next()).rejects.toMatchObject({ name: "AbortError" });
  expect(await ended).toMatchObject({ name: "AbortError" });
});

test("a drain tells a hundred watchers, ends them, and lets the server stop", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on("warning", onWarning);
  const { health, client, server } = await healthServer();
  const watchers = Array.from({ length: 100 }, () => client.watch({})[Symbol.asyncIterator]());
  const first = await Promise.all(watchers.map((watcher) => watcher.next()));
  expect(first.every(({ value }) => value?.status === SERVING)).toBe(true);
  health.drain();
  const last = await Promise.all(watchers.map((watcher) => watcher.next()));
  expect(last.every(({ value }) => value?.status === NOT_SERVING)).toBe(true);
  const ends = await Promise.allSettled(watchers.map((watcher) => watcher.next()));
  expect(new Set(ends.map((end) => (end.status === "rejected" ? end.reason.code : "ended")))).toEqual(
    new Set([Status.UNAVAILABLE]),
  );
  await server.shutdown();
  process.off("warning", onWarning);
  expect(warnings).toEqual([]);
});
