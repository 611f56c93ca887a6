import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { createChannel, createClient } from "nice-grpc";
import { describe, expect, onTestFinished, test } from "vitest";
import { HealthCheckResponse_ServingStatus, Health as HealthService } from "../../gen/grpc/health/v1/health_pb.ts";
import { Health } from "../../src/api/health.ts";
import { createHealthClient } from "../../src/client/client.ts";
import { define } from "../../src/rpc/definition.ts";
import { type Admin, serveAdmin } from "../../src/server/admin.ts";

const SERVICE = "agora.token.v1.TokenService";

/** An admin address on a free port, with a clock and timers that the test turns. */
async function admin() {
  const health = new Health(["", SERVICE]);
  const ticks: (() => void)[] = [];
  const state = { ms: 0, live: true, made: 0 };
  const served: Admin = await serveAdmin(
    { host: "127.0.0.1", port: 0 },
    {
      health,
      isLive: () => state.live,
      metrics: async () => ({ type: "text/plain; version=0.0.4", text: `made ${++state.made}\n` }),
      monotonic: () => state.ms,
      every: (_, act) => {
        ticks.push(act);
        return () => undefined;
      },
    },
  );
  onTestFinished(() => served.close());
  const get = (path: string, method = "GET") => fetch(`http://127.0.0.1:${served.port}${path}`, { method });
  return Object.assign(state, {
    health,
    served,
    get,
    pass(milliseconds: number) {
      state.ms += milliseconds;
      for (const tick of ticks) tick();
    },
  });
}

async function dialled(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

const closed = (socket: Socket) => new Promise((resolve) => socket.once("close", resolve));

function texts(socket: Socket): () => string {
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  return () => text;
}

describe("pages", () => {
  test("readyz follows health", async () => {
    const { get, health } = await admin();
    const before = await get("/readyz");
    expect([before.status, await before.text()]).toEqual([503, `not ready\nnot serving: ${SERVICE}\n`]);
    health.set("", true);
    expect((await get("/readyz?verbose=1")).status).toBe(200);
    health.drain();
    expect((await get("/readyz")).status).toBe(503);
  });

  test("livez is about the event loop alone", async () => {
    const at = await admin();
    at.health.drain();
    expect((await at.get("/livez")).status).toBe(200);
    at.live = false;
    expect((await at.get("/livez")).status).toBe(503);
  });

  test("metrics are made once a second, however many ask", async () => {
    const at = await admin();
    const answers = await Promise.all([at.get("/metrics"), at.get("/metrics"), at.get("/metrics")]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers[0]?.headers.get("content-type")).toBe("text/plain; version=0.0.4");
    expect(await answers[2]?.text()).toBe("made 1\n");
    at.pass(1000);
    expect(await (await at.get("/metrics")).text()).toBe("made 2\n");
  });

  test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])("%s is not taken", async (method) => {
    const { get } = await admin();
    const answer = await get("/metrics", method);
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET"]);
  });

  test.each(["/", "/metrics/", "/debug/pprof", "/__proto__", "/constructor"])("%s is not there", async (path) => {
    const { get } = await admin();
    const answer = await get(path);
    expect([answer.status, await answer.text()]).toEqual([404, "there is /metrics, /livez and /readyz\n"]);
  });

  test("a request that comes byte by byte", async () => {
    const { served } = await admin();
    const socket = await dialled(served.port);
    const text = texts(socket);
    for (const byte of "GET /livez HTTP/1.1\r\nhost: a\r\n\r\n") {
      socket.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await closed(socket);
    expect(text()).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*connection: close\r\n[\s\S]*alive\n$/);
  });
});

describe("grpc.health.v1 on the same port", () => {
  test("Check and List", async () => {
    const { served, health } = await admin();
    health.set("", true);
    const client = createHealthClient(`127.0.0.1:${served.port}`);
    onTestFinished(() => client.close());
    expect(await client.check("")).toBe("SERVING");
    expect(await client.check(SERVICE)).toBe("NOT_SERVING");
    expect(await client.list()).toEqual(
      new Map([
        ["", "SERVING"],
        [SERVICE, "NOT_SERVING"],
      ]),
    );
    await expect(client.check("nobody")).rejects.toMatchObject({ message: expect.stringContaining("List") });
  });

  test("Watch tells of each change, and ends with the process", async () => {
    const { served, health } = await admin();
    const told = await watched(served.port, health);
    expect(told).toEqual(["NOT_SERVING", "SERVING", "NOT_SERVING", "14"]);
  });
});

describe("bounds", () => {
  test("a request larger than 8 KiB is refused", async () => {
    const { served } = await admin();
    const status = await new Promise((resolve, reject) => {
      request({ port: served.port, host: "127.0.0.1", path: "/livez", headers: { a: "a".repeat(9000) } })
        .on("response", ({ statusCode }) => resolve(statusCode))
        .on("error", reject)
        .end();
    });
    expect(status).toBe(431);
  });

  test("a connection that says nothing, or never ends, is closed", async () => {
    const at = await admin();
    const silent = await dialled(at.served.port);
    const slow = await dialled(at.served.port);
    slow.write("GET /livez HTTP/1.1\r\nx-one-header: and-the-rest-never");
    const both = Promise.all([closed(silent), closed(slow)]);
    await at.get("/livez");
    at.pass(10_001);
    await both;
  });

  test("16 connections from one address, and no more", async () => {
    const at = await admin();
    const first = await dialled(at.served.port);
    const answers = await Promise.all(Array.from({ length: 15 }, () => dialled(at.served.port)));
    const late = await dialled(at.served.port);
    await closed(late);
    first.destroy();
    for (const socket of answers) socket.destroy();
    // The server learns of it in its own time.
    let status: number | undefined;
    while (status === undefined)
      status = await at.get("/livez").then(
        (answer) => answer.status,
        () => undefined,
      );
    expect(status).toBe(200);
  });

  test.each(["\u0000\u0001\u0002", "PRI * HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX", "\u0016\u0003\u0001"])(
    "odd bytes end their own connection: %j",
    async (bytes) => {
      const at = await admin();
      const socket = await dialled(at.served.port);
      socket.resume();
      const end = closed(socket);
      socket.end(Buffer.from(`${bytes}${"\u0000".repeat(64)}`, "latin1"));
      await end;
      expect((await at.get("/livez")).status).toBe(200);
    },
  );
});

test("an address that is taken is refused", async () => {
  const { served, health } = await admin();
  const parts = { health, isLive: () => true, metrics: async () => ({ type: "", text: "" }), monotonic: () => 0 };
  const again = serveAdmin({ host: "127.0.0.1", port: served.port }, { ...parts, every: () => () => undefined });
  await expect(again).rejects.toMatchObject({ code: "EADDRINUSE" });
});

/** What a watch tells, when a service begins to serve and then its process drains. */
async function watched(port: number, health: Health): Promise<string[]> {
  const channel = createChannel(`127.0.0.1:${port}`);
  onTestFinished(() => channel.close());
  const told: string[] = [];
  try {
    for await (const { status } of createClient(define(HealthService), channel).watch({ service: SERVICE })) {
      told.push(status === HealthCheckResponse_ServingStatus.SERVING ? "SERVING" : "NOT_SERVING");
      if (told.length === 1) health.set(SERVICE, true);
      if (told.length === 2) health.drain();
    }
  } catch (error) {
    told.push(String((error as { code?: number }).code));
  }
  return told;
}
