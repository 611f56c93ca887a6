import type { ClientHttp2Session } from "node:http2";
import { describe, expect, test } from "vitest";
import { Backpressure, type Seen } from "../../src/server/backpressure.ts";
import { build } from "../api/world.ts";
import { answerTo, framed, opened, running, sessionTo, until } from "./running.ts";

const BODY = framed(
  "buildToken",
  build({ service: { case: "rtc", value: { channelName: "room-1", uid: 42, role: 1 } } }),
);
const QUIET = { shed: 0, turn: undefined, connections: 10 };

function looking(limits = { maxConcurrentStreams: 128, maxInFlight: 512 }) {
  const clock = { ms: 0 };
  const backpressure = new Backpressure({ ...limits, clock: () => clock.ms });
  /** Looks after so many milliseconds, and gives how many calls a connection may have open. */
  const look = (afterMs: number, seen: Partial<Seen> = {}) => {
    clock.ms += afterMs;
    backpressure.look({ ...QUIET, ...seen });
    return backpressure.most;
  };
  return { backpressure, look };
}

describe("how many calls a connection may have open", () => {
  test("is what is configured, however many connections there are, while nothing is shed", () => {
    const { backpressure, look } = looking();
    expect([look(0), look(100, { connections: 1000 }), look(60_000)]).toEqual([128, 128, 128]);
    expect(backpressure.isOn).toBe(false);
  });

  test("is its share of what may be in progress, as soon as something is shed", () => {
    const { backpressure, look } = looking();
    expect(look(100, { shed: 1 })).toBe(51);
    expect(backpressure.isOn).toBe(true);
  });

  test("is its share of what a turn has time for, if that is less", () => {
    expect(looking().look(100, { shed: 1, turn: 200 })).toBe(20);
    expect(looking().look(100, { shed: 1, turn: 9000 })).toBe(51);
  });

  test("is one at least, and what is configured at most", () => {
    expect(looking().look(100, { shed: 1, connections: 5000 })).toBe(1);
    expect(looking().look(100, { shed: 1, connections: 2 })).toBe(128);
    expect(looking().look(100, { shed: 1, connections: 0 })).toBe(128);
  });

  test("is not less again before clients do what they were told", () => {
    const { look } = looking();
    expect(look(100, { shed: 900, turn: 400 })).toBe(40);
    expect([look(100, { shed: 800, turn: 100 }), look(800, { shed: 800, turn: 100 })]).toEqual([40, 40]);
    expect(look(200, { shed: 10, turn: 100 })).toBe(10);
  });

  test("is less when there are more connections, and more when there are fewer, but for small changes", () => {
    const { look } = looking();
    expect(look(100, { shed: 1 })).toBe(51);
    expect([look(100, { connections: 20 }), look(100, { connections: 19 }), look(100, { connections: 16 })]).toEqual([
      25, 25, 32,
    ]);
  });

  test("rises by a quarter every five seconds without a call that is shed, and then is what is configured", () => {
    const { backpressure, look } = looking();
    expect(look(0, { shed: 1 })).toBe(51);
    expect([look(4900), look(100)]).toEqual([51, 64]);
    expect([look(5000), look(5000), look(5000)]).toEqual([80, 100, 125]);
    expect([look(5000), backpressure.isOn]).toEqual([128, false]);
    expect(look(100, { connections: 1000 })).toBe(128);
  });
});

describe("a client", () => {
  const LIMITS = { maxInFlight: 4 };
  const told = (session: ClientHttp2Session) => session.remoteSettings.maxConcurrentStreams;

  /** A server that sheds, and a session that was there before it did. */
  async function shedding() {
    const at = await running({ limits: LIMITS });
    const session = sessionTo(at.address);
    expect(await answerTo(opened(session).end(BODY))).toMatchObject({ status: 0 });
    at.sink.behaviour = "blocks";
    const waiting = Array.from({ length: 4 }, () => answerTo(opened(session).end(BODY)));
    await until(() => at.sink.waiting > 0 && at.bounds.limiter.isFull);
    expect(told(session)).toBe(128);
    expect(await answerTo(opened(session).end(BODY))).toMatchObject({ status: 8 });
    at.pass(100);
    return { ...at, session, waiting };
  }

  test("is told with its next call that it may have fewer open, and holds the others back", async () => {
    const { session, sink, waiting, address, bounds, pass } = await shedding();
    expect(bounds.backpressure.most).toBe(4);
    expect(await answerTo(opened(session).end(BODY))).toMatchObject({ status: 8 });
    await until(() => told(session) === 4);
    // Of this one the server sees nothing until another is over.
    const held = answerTo(opened(session).end(BODY));
    sink.unblock();
    for (const answer of waiting) expect(await answer).toMatchObject({ status: 0 });
    expect(await held).toMatchObject({ status: 0 });
    // A session that begins meanwhile is told as soon as it calls.
    const other = sessionTo(address);
    expect(await answerTo(opened(other).end(BODY))).toMatchObject({ status: 0 });
    await until(() => told(other) === 4);
    // And all of them that they may have more again.
    for (let step = 0; step < 20; step++) pass(5000);
    expect(bounds.backpressure.isOn).toBe(false);
    for (const each of [session, other]) {
      expect(await answerTo(opened(each).end(BODY))).toMatchObject({ status: 0 });
      await until(() => told(each) === 128);
    }
  });

  test("may have as many calls beside a watch", async () => {
    const { bounds, address } = await running({ limits: { maxInFlight: 1 } });
    const watch = (session: ClientHttp2Session) =>
      opened(session, { ":path": "/grpc.health.v1.Health/Watch" }).end(Buffer.alloc(5));
    const [before, after] = [sessionTo(address), sessionTo(address)];
    const watches = [watch(before)];
    await until(() => bounds.sessions.busy === 1);
    bounds.backpressure.look({ shed: 1, turn: undefined, connections: 1 });
    watches.push(watch(after));
    for (const session of [before, after]) {
      expect(await answerTo(opened(session).end(BODY))).toMatchObject({ status: 0 });
      await until(() => told(session) === 2);
    }
    for (const each of watches) each.close();
    expect(await answerTo(opened(before).end(BODY))).toMatchObject({ status: 0 });
    expect(await answerTo(opened(before).end(BODY))).toMatchObject({ status: 0 });
    await until(() => told(before) === 1);
  });

  test("is not told again and again, as Node.js ends a session of which nghttp2 refused too much", async () => {
    const { bounds, address, pass } = await running({ limits: { maxInFlight: 100 } });
    const session = sessionTo(address);
    const say = async (shed: boolean) => {
      if (shed) bounds.backpressure.look({ shed: 1, turn: undefined, connections: 1 });
      else for (let step = 0; step < 3; step++) pass(5000);
      expect(await answerTo(opened(session).end(BODY))).toMatchObject({ status: 0 });
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      return told(session);
    };
    const seen: (number | undefined)[] = [];
    for (let round = 0; round < 8; round++) seen.push(await say(true), await say(false));
    // 6 times 128 are 768.
    expect(seen).toEqual([...Array.from({ length: 6 }, () => [100, 128]).flat(), 128, 128, 128, 128]);
  });
});
