import type { ServerHttp2Stream } from "node:http2";
import fc from "fast-check";
import { Status } from "nice-grpc";
import { describe, expect, test } from "vitest";
import { Bucket } from "../../src/access/rate.ts";
import { Failure } from "../../src/failure.ts";
import { DETAILS_TRAILER, decodeDetails } from "../../src/rpc/error-details.ts";
import { Gate } from "../../src/server/gate.ts";
import { LAG_TICK_MS, LoopLag } from "../../src/server/lag.ts";
import { type Excess, Limiter, limit } from "../../src/server/middleware/limit.ts";
import { type Begun, Overdue } from "../../src/server/overdue.ts";
import { Turn } from "../../src/server/turn.ts";
import { build } from "../api/world.ts";
import { failureOf } from "../e2e/client.ts";
import { answerTo, framed, healthOf, opened, running, sessionTo, until } from "./running.ts";

const request = build({ service: { case: "rtc", value: { channelName: "room-1", uid: 42, role: 1 } } });
const BODY = framed("buildToken", request);

describe("a bucket", () => {
  test("lets through a burst, then what the rate allows, and says how long to wait", () => {
    const bucket = new Bucket({ rate: 10, burst: 3 }, 0);
    expect([0, 0, 0].map(() => bucket.take(1, 0))).toEqual([0, 0, 0]);
    expect(bucket.take(1, 0)).toBe(100);
    expect(bucket.take(1, 40)).toBe(60);
    expect(bucket.take(1, 100)).toBe(0);
    expect(bucket.take(1, 100)).toBe(100);
    // A long pause fills no more than the burst.
    expect([0, 0, 0].map(() => bucket.take(1, 1_000_000))).toEqual([0, 0, 0]);
    expect(bucket.take(1, 1_000_000)).toBe(100);
  });

  test("what is more than a burst is let through when it is full, and owed afterwards", () => {
    const bucket = new Bucket({ rate: 10, burst: 5 }, 0);
    expect(bucket.take(100, 0)).toBe(0);
    expect(bucket.take(1, 0)).toBe(9600);
    expect(bucket.take(1, 9600)).toBe(0);
    expect(bucket.take(100, 9600)).toBe(500);
    expect(bucket.isFull(10_000)).toBe(false);
    expect(bucket.isFull(10_200)).toBe(true);
  });

  test("over any time no more than burst and rate", () => {
    const bucket = new Bucket({ rate: 7, burst: 4 }, 0);
    let passed = 0;
    for (let now = 0; now <= 60_000; now += 13) if (bucket.take(1, now) === 0) passed++;
    expect(passed).toBeGreaterThan(7 * 60);
    expect(passed).toBeLessThanOrEqual(7 * 60 + 4);
  });
});

describe("the limiter", () => {
  const limits = { maxInFlight: 2, perCaller: { rate: 1, burst: 3 } };
  /** A call that arrives, and is read. */
  const call = (limiter: Limiter, caller: string, count = 1) => {
    const wait = limiter.arrive(caller);
    return wait > 0 ? `refused ${wait}` : reasonOf(() => limiter.enter(caller, count));
  };
  const reasonOf = (act: () => void) => {
    try {
      act();
      return "let in";
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return `${error.reason} ${error.facts.retryAfterMs}`;
    }
  };

  test("counts each caller by itself, and those in progress together", () => {
    let now = 0;
    const told: Excess[] = [];
    const limiter = new Limiter(
      limits,
      () => now,
      (excess) => told.push(excess),
    );
    const enter = (caller: string, count = 1) => call(limiter, caller, count);
    expect([enter("a"), enter("b"), enter("c")]).toEqual(["let in", "let in", "RATE_LIMITED 50"]);
    expect(limiter.inFlight).toBe(2);
    limiter.leave(1);
    limiter.leave(1);
    expect([enter("a", 3), enter("a", 2)]).toEqual(["RATE_LIMITED 1000", "let in"]);
    expect([limiter.inFlight, limiter.isFull]).toEqual([2, true]);
    limiter.leave(2);
    expect([enter("a"), enter("b")]).toEqual(["refused 1000", "let in"]);
    now = 1000;
    expect(enter("a")).toBe("let in");
    expect(told).toEqual(["in_flight", "rate", "rate"]);
  });

  test("lets what is larger than all that may be in progress in alone", () => {
    const limiter = new Limiter({ maxInFlight: 10, perCaller: { rate: 1, burst: 1000 } }, () => 0);
    const enter = (count: number) => call(limiter, "a", count);
    expect([enter(100), enter(1)]).toEqual(["let in", "RATE_LIMITED 50"]);
    limiter.leave(100);
    expect([enter(1), enter(100), enter(9), enter(1)]).toEqual([
      "let in",
      "RATE_LIMITED 66",
      "let in",
      "RATE_LIMITED 82",
    ]);
  });

  test("gives back what a call was counted as that is not let in for others", () => {
    const limiter = new Limiter({ maxInFlight: 1, perCaller: { rate: 1, burst: 2 } }, () => 0);
    expect(call(limiter, "a")).toBe("let in");
    for (let n = 0; n < 10; n++) expect(call(limiter, "a")).toMatch(/^RATE_LIMITED \d+$/);
    limiter.leave(1);
    expect([call(limiter, "a"), call(limiter, "a")]).toEqual(["let in", "refused 1000"]);
  });

  test("remembers no more callers than there may be", () => {
    let now = 0;
    const limiter = new Limiter({ maxInFlight: 100_000, perCaller: { rate: 1, burst: 1 } }, () => now);
    call(limiter, "first");
    for (let n = 0; n < 9999; n++) call(limiter, `caller-${n}`);
    now = 1_000_000;
    call(limiter, "last");
    expect(call(limiter, "last")).toBe("refused 1000");
    expect(call(limiter, "first")).toBe("let in");
  });
});

test("the lag of the event loop is by how much a look is late", () => {
  let now = 0;
  const lag = new LoopLag(() => now);
  now += LAG_TICK_MS + 300;
  lag.look();
  expect(lag.lagMs).toBe(300);
  now += 50;
  expect(lag.sinceLookMs).toBe(50);
  lag.look();
  expect(lag.lagMs).toBe(0);
});

describe("a turn of the event loop", () => {
  const turning = () => {
    const state = { busy: 0, now: 0 };
    const afterTurn: (() => void)[] = [];
    const turn = new Turn(
      () => state.busy,
      () => state.now,
      (act) => afterTurn.push(act),
    );
    /** How many of so many calls are taken, each of which takes some milliseconds. */
    const taken = (calls: number, each: number) => {
      let count = 0;
      for (let n = 0; n < calls; n++) {
        if (!turn.takes()) continue;
        state.busy += each;
        state.now += each;
        count++;
      }
      return count;
    };
    const end = () => {
      for (const act of afterTurn.splice(0)) act();
    };
    return { taken, end };
  };

  test("takes calls for 120 ms, and refuses the rest of it", () => {
    const { taken, end } = turning();
    // The first 16 are not counted, and the clock is looked at with every fourth.
    expect(taken(1000, 0.25)).toBe(500);
    expect(taken(10, 0)).toBe(0);
    end();
    expect(taken(1000, 1)).toBe(140);
  });

  test("takes all there are, where they take less", () => {
    const { taken } = turning();
    expect(taken(100_000, 0.001)).toBe(100_000);
  });

  test("takes 64 whatever they take", () => {
    const { taken, end } = turning();
    expect(taken(64, 1000)).toBe(64);
    expect(taken(10, 1)).toBe(0);
    end();
    expect(taken(64, 1000)).toBe(64);
  });
});

test.each([{ destroyed: true }, { closed: true }])("a call that its caller reset has no answer: %j", (state) => {
  const turn = { takes: () => false } as unknown as Turn;
  const gate = new Gate({
    isBrief: () => true,
    isServed: () => true,
    isTimeRight: () => false,
    isFull: () => false,
    turn,
  });
  const respond = () => {
    throw new Error("ERR_HTTP2_INVALID_STREAM");
  };
  const stream = { destroyed: false, closed: false, ...state, respond, on: () => undefined };
  const headers = { ":path": "/x" };
  expect(gate.sheds(stream as unknown as ServerHttp2Stream, headers)).toBe(true);
  expect(gate.refuses(stream as unknown as ServerHttp2Stream, headers, [])).toBe(true);
});

test("a call that was given up is not let in", async () => {
  const limiter = new Limiter({ maxInFlight: 1, perCaller: { rate: 1, burst: 1 } }, () => 0);
  const gaveUp = { signal: AbortSignal.abort(), caller: { id: "a", proof: "loopback" }, requestId: "r" };
  const call = { method: { path: "/x/Y" }, requestStream: false, request: {}, next: () => expect.unreachable() };
  const limited = limit({ limiter, countOf: () => 1 }) as unknown as (...of: unknown[]) => Promise<unknown>;
  await expect(limited(call, gaveUp, () => expect.unreachable())).rejects.toMatchObject({ name: "AbortError" });
  limiter.enter("a", 1);
});

test("what is late is told once, and what has ended is not", () => {
  let now = 0;
  const late: string[] = [];
  const overdue = new Overdue<string>(
    100,
    () => now,
    (item) => late.push(item),
  );
  overdue.begin("a");
  now = 50;
  overdue.begin("b");
  const [c, d] = [overdue.begin("c"), overdue.begin("d")];
  overdue.end(c);
  overdue.end(c);
  overdue.end(d);
  now = 99;
  overdue.sweep();
  expect(late).toEqual([]);
  now = 100;
  overdue.sweep();
  now = 150;
  overdue.sweep();
  overdue.sweep();
  expect([late, overdue.size]).toEqual([["a", "b"], 0]);
});

test("what has ended in any order is not late, and what has not is, in the order in which it began", () => {
  const items = Array.from({ length: 12 }, (_, item) => item);
  fc.assert(
    fc.property(fc.shuffledSubarray(items), (ended) => {
      let now = 0;
      const late: number[] = [];
      const overdue = new Overdue<number>(
        10,
        () => now,
        (item) => late.push(item),
      );
      const begun = items.map((item) => overdue.begin(item));
      for (const item of ended) overdue.end(begun[item] as Begun<number>);
      const left = items.filter((item) => !ended.includes(item));
      expect(overdue.size).toBe(left.length);
      now = 10;
      overdue.sweep();
      expect([late, overdue.size]).toEqual([left, 0]);
    }),
  );
});

describe("over a connection", () => {
  test("a caller over its rate is told how long to wait, three times", async () => {
    const { address, client, excess, calls, pass } = await running({ limits: { perCaller: { rate: 2, burst: 2 } } });
    await client.buildToken(request);
    await client.buildToken(request);
    const answer = await answerTo(opened(sessionTo(address)).end(BODY));
    expect(answer).toMatchObject({
      status: Status.RESOURCE_EXHAUSTED,
      message: "too many calls: wait 500 ms before the next",
      headers: { "grpc-retry-pushback-ms": "500" },
    });
    expect(await failureOf((options) => client.buildToken(request, options))).toMatchObject({
      errorInfo: { reason: "RATE_LIMITED" },
      retryAfterMs: 500,
    });
    expect(excess).toEqual(["rate", "rate"]);
    expect(calls().map(({ decision, reason }) => reason ?? decision)).toEqual([
      "issued",
      "issued",
      "RATE_LIMITED",
      "RATE_LIMITED",
    ]);
    pass(500);
    await client.buildToken(request);
  });

  test("what is over its rate is refused by its headers, and keeps the name that its caller gave it", async () => {
    const { address, client, sink, failed } = await running({ limits: { perCaller: { rate: 1, burst: 1 } } });
    await client.buildToken(request);
    // The body is never sent.
    const named = await answerTo(opened(sessionTo(address), { "x-request-id": "a-1" }));
    expect(named).toMatchObject({ status: Status.RESOURCE_EXHAUSTED, headers: { "x-request-id": "a-1" } });
    const unfit = await answerTo(opened(sessionTo(address), { "x-request-id": "a b" }));
    expect(unfit.status).toBe(Status.RESOURCE_EXHAUSTED);
    expect(unfit.headers["x-request-id"]).toBeUndefined();
    const told = { reason: "RATE_LIMITED", caller: "lobby", method: "agora.token.v1.TokenService/BuildToken" };
    expect(failed).toMatchObject([
      { ...told, requestId: "a-1" },
      { ...told, requestId: undefined },
    ]);
    await until(() => sink.records.some(({ reason }) => reason === "RATE_LIMITED"));
    expect(sink.records.filter(({ reason }) => reason === "RATE_LIMITED")).toMatchObject([
      { caller: "lobby", request_id: "a-1", peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
      { caller: "lobby" },
    ]);
    expect(await healthOf(address)).toMatchObject({ status: 0 });
  });

  test("a batch that is refused, for its size or for all that is in progress, has cost nothing", async () => {
    const limits = { maxInFlight: 1, perCaller: { rate: 1, burst: 3 } };
    const { client, sink, address } = await running({ limits });
    const batch = (count: number) =>
      client.batchBuildTokens({ requests: Array.from({ length: count }, () => request) });
    sink.behaviour = "blocks";
    const first = client.buildToken(request);
    await until(() => sink.waiting > 0);
    // As many as there may be are in progress, so the gate refuses the next one, which is not counted at all.
    expect(await answerTo(opened(sessionTo(address)))).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
    sink.unblock();
    await first;
    await expect(batch(3)).rejects.toMatchObject({ details: "too many calls: wait 1000 ms before the next" });
    await batch(2);
    await expect(client.buildToken(request)).rejects.toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
  });

  test("each request of a batch counts", async () => {
    const { client } = await running({ limits: { perCaller: { rate: 1, burst: 4 } } });
    await client.batchBuildTokens({ requests: [request, request, request] });
    await client.buildToken(request);
    await expect(client.buildToken(request)).rejects.toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
  });

  test("a caller over its rate does not disturb another", async () => {
    const { client, address } = await running({
      limits: { perCaller: { rate: 1, burst: 1 } },
      identify: (headers) => ({ id: headers.get("x-caller").length > 0 ? "stranger" : "lobby", proof: "loopback" }),
    });
    await client.buildToken(request);
    await expect(client.buildToken(request)).rejects.toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
    const other = await answerTo(opened(sessionTo(address), { "x-caller": "1" }).end(BODY));
    expect(other.status).toBe(Status.PERMISSION_DENIED);
  });

  test("too many in progress, and health all the same", async () => {
    const { client, sink, excess, address } = await running({ limits: { maxInFlight: 2 } });
    sink.behaviour = "blocks";
    const waiting = [client.buildToken(request), client.buildToken(request)];
    await until(() => sink.waiting > 0);
    await expect(client.buildToken(request)).rejects.toMatchObject({
      code: Status.RESOURCE_EXHAUSTED,
      details: expect.stringMatching(/^too many calls are in progress: wait \d+ ms/),
    });
    // Its body was not waited for.
    expect(await answerTo(opened(sessionTo(address)))).toMatchObject({ status: Status.RESOURCE_EXHAUSTED });
    expect(excess).toEqual(["in_flight", "in_flight"]);
    expect(await healthOf(address)).toMatchObject({ status: 0 });
    sink.unblock();
    await Promise.all(waiting);
    await client.buildToken(request);
  });

  test("what there is no time for is shed before its body is read, and health is not", async () => {
    const state: { pass?: (milliseconds: number) => void } = {};
    const { address, client, excess, calls, pass, bounds } = await running({
      identify: () => {
        state.pass?.(2);
        return { id: "lobby", proof: "loopback" };
      },
    });
    state.pass = pass;
    const session = sessionTo(address);
    // Sent at once, so that the server reads all of them in one turn.
    const streams = Array.from({ length: 100 }, () => opened(session).end(BODY));
    const health = opened(session, { ":path": "/grpc.health.v1.Health/Check" }).end(Buffer.alloc(5));
    const answers = await Promise.all(streams.map(answerTo));
    expect(await answerTo(health)).toMatchObject({ status: 0 });
    const shed = answers.filter(({ status }) => status === Status.RESOURCE_EXHAUSTED);
    expect(answers.filter(({ status }) => status === 0)).toHaveLength(80);
    expect(shed).toHaveLength(20);
    for (const { headers, message, reset } of shed) {
      expect(message).toMatch(/^the server has more calls than time: wait \d+ ms before the next$/);
      expect(Number(headers["grpc-retry-pushback-ms"])).toBeGreaterThanOrEqual(250);
      expect(decodeDetails(Buffer.from(String(headers[DETAILS_TRAILER]), "base64"))).toMatchObject({
        errorInfo: { reason: "RATE_LIMITED" },
        retryAfterMs: Number(headers["grpc-retry-pushback-ms"]),
      });
      expect(reset).toBe(0);
    }
    expect(new Set(shed.map(({ headers }) => headers["grpc-retry-pushback-ms"])).size).toBeGreaterThan(4);
    expect([excess.length, calls().length]).toEqual([20, 80]);
    pass(100);
    expect(bounds.gate.share).toBeLessThanOrEqual(1);
    pass(100);
    expect(bounds.gate.share).toBe(0);
    for (let n = 0; n < 20; n++) await client.buildToken(request);
  });

  test("while the clock is wrong, no token is built, and health answers", async () => {
    const clock = { right: false };
    const { address, client, calls } = await running({ isTimeRight: () => clock.right });
    expect(await failureOf((options) => client.buildToken(request, options))).toMatchObject({
      code: Status.UNAVAILABLE,
      errorInfo: { reason: "CLOCK_UNRELIABLE" },
    });
    expect(await healthOf(address)).toMatchObject({ status: 0 });
    clock.right = true;
    await client.buildToken(request);
    expect(calls()).toHaveLength(1);
  });
});
