import { inspect } from "node:util";
import { Status } from "nice-grpc";
import { expect, onTestFinished, test } from "vitest";
import {
  expireTime,
  type IssuedToken,
  TokenServiceError,
  TokenSource,
  type TokenSourceOptions,
} from "../../src/client/client.ts";
import { clientTo, REQUEST, scripted, settled, Turned, tokenOf } from "./scripted.ts";

const SECOND = 1000;
const UNAVAILABLE = new TokenServiceError({
  method: "BuildToken",
  code: Status.UNAVAILABLE,
  description: "down",
  attempts: 5,
});

/** A service that a test answers for. */
class Service {
  readonly asked: {
    answer(token?: IssuedToken): void;
    fail(error?: unknown): void;
    readonly signal: AbortSignal | undefined;
  }[] = [];
  /** What it does with each call by itself, if not nothing. */
  always: "answer" | "fail" | "nothing" = "answer";
  lifetime = 600;

  readonly buildToken = (_: unknown, options: { signal?: AbortSignal } = {}) =>
    new Promise<never>((resolve, reject) => {
      const number = this.asked.length + 1;
      const answer = (issuedToken = tokenOf(`007-${number}`, this.lifetime)) => resolve({ issuedToken } as never);
      const fail = (error: unknown = UNAVAILABLE) => reject(error);
      this.asked.push({ answer, fail, signal: options.signal });
      if (this.always === "answer") answer();
      if (this.always === "fail") fail();
    });
}

function start(options: TokenSourceOptions = {}) {
  const service = new Service();
  const timing = new Turned();
  const tokens: string[] = [];
  const failures: [string, string | undefined][] = [];
  const source = new TokenSource(service, REQUEST, {
    timing,
    onToken: ({ token }) => tokens.push(token),
    onFailure: (error, until) => failures.push([error.status, until?.toISOString()]),
    ...options,
  });
  onTestFinished(() => source.stop());
  const get = async () => (await source.get()).token;
  return { service, timing, source, get, tokens, failures, asked: () => service.asked.length };
}

test("nothing is asked for before it is needed", async () => {
  const { asked, timing } = start();
  await timing.pass(3600 * SECOND);
  expect(asked()).toBe(0);
});

test("many who ask at once are served by one request", async () => {
  const { service, get, asked } = start();
  service.always = "nothing";
  const all = Promise.all([get(), get(), get()]);
  await settled();
  service.asked[0]?.answer();
  expect(await all).toEqual(["007-1", "007-1", "007-1"]);
  expect(await get()).toBe("007-1");
  expect(asked()).toBe(1);
});

test("a new token is asked for ahead of renew_time, and pushed on", async () => {
  const { get, timing, asked, tokens } = start();
  timing.chance = 0.5;
  await get();
  // Three quarters of ten minutes are 450 s; half of a tenth earlier are 427.5 s.
  await timing.pass(427_499);
  expect(asked()).toBe(1);
  await timing.pass(1);
  expect(asked()).toBe(2);
  expect(tokens).toEqual(["007-1", "007-2"]);
  expect(await get()).toBe("007-2");
});

test("it stays fresh for a day with nobody asking", async () => {
  const { get, timing, asked } = start();
  await get();
  await timing.pass(86_400 * SECOND);
  expect(asked()).toBe(1 + Math.floor(86_400 / 450));
  expect(timing.running).toBe(1);
});

test("the current token is served while the next one is on its way", async () => {
  const { service, get, timing, asked } = start();
  await get();
  service.always = "nothing";
  await timing.pass(450 * SECOND);
  expect(asked()).toBe(2);
  expect(await get()).toBe("007-1");
  service.asked[1]?.answer();
  await settled();
  expect(await get()).toBe("007-2");
});

test("it survives an outage until the token expires, and says why afterwards", async () => {
  const { service, get, timing, failures, asked } = start();
  await get();
  service.always = "fail";
  await timing.pass(598 * SECOND);
  expect(await get()).toBe("007-1");
  expect(failures.length).toBeGreaterThan(5);
  expect(failures[0]).toEqual(["UNAVAILABLE", "2030-03-17T17:56:39.000Z"]);
  await timing.pass(SECOND);
  const before = asked();
  const error = await get().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TokenServiceError);
  expect(error).toMatchObject({
    status: "UNAVAILABLE",
    message:
      "BuildToken: UNAVAILABLE: the token expired at 2027-01-15T08:10:00.000Z, and no new one could be had: down",
    cause: UNAVAILABLE,
  });
  service.always = "answer";
  await timing.pass(30 * SECOND);
  expect(await get()).toBe(`007-${asked()}`);
  expect(asked()).toBeGreaterThan(before);
});

test("it waits longer from failure to failure, up to half a minute", async () => {
  const { service, get, timing } = start();
  service.always = "fail";
  await expect(get()).rejects.toThrow("no new one could be had: down");
  await timing.pass(60 * SECOND);
  expect(timing.waits.slice(0, 8)).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
});

test("who asks during an outage is told at once, and does not make it worse", async () => {
  const { service, get, timing, asked } = start();
  service.always = "fail";
  timing.chance = 1;
  await expect(get()).rejects.toThrow("down");
  for (let time = 0; time < 999; time += 111) {
    await expect(get()).rejects.toThrow("down");
    await timing.pass(111);
  }
  expect(asked()).toBe(1);
});

test("and who asks a second later finds out whether it is over", async () => {
  const { service, get, timing, asked } = start();
  service.always = "fail";
  timing.chance = 1;
  await expect(get()).rejects.toThrow("down");
  await timing.pass(10 * SECOND);
  const before = asked();
  service.always = "answer";
  await timing.pass(1500);
  expect(asked()).toBe(before);
  expect(await get()).toBe(`007-${before + 1}`);
});

test("a server that says how long to wait is not asked before", async () => {
  const { service, get, timing, asked } = start();
  const limited = new TokenServiceError({
    method: "BuildToken",
    code: 8,
    description: "slow down",
    attempts: 1,
    retryAfterMs: 90_000,
  });
  service.always = "nothing";
  const first = get();
  await settled();
  service.asked[0]?.fail(limited);
  await expect(first).rejects.toMatchObject({ status: "RESOURCE_EXHAUSTED", retryAfterMs: 90_000 });
  await timing.pass(89_999);
  await expect(get()).rejects.toThrow("slow down");
  expect(asked()).toBe(1);
  await timing.pass(1);
  expect(asked()).toBe(2);
});

test("a timer that is late is made up for by who asks", async () => {
  const service = new Service();
  // As on a machine that slept: the clock moves on, and no timer fires.
  const asleep = { now: 0, after: () => () => undefined, random: () => 0 };
  const source = new TokenSource(service, REQUEST, { timing: { ...asleep, now: () => asleep.now } });
  const get = async () => (await source.get()).token;
  expect(await get()).toBe("007-1");
  asleep.now = 500 * SECOND;
  expect(await get()).toBe("007-1");
  await settled();
  expect(await get()).toBe("007-2");
  asleep.now = 2000 * SECOND;
  expect(await get()).toBe("007-3");
});

test("the clocks need not agree: lengths of time count from when it asked", async () => {
  const { service, get, timing } = start();
  service.always = "nothing";
  const first = get();
  await timing.pass(5 * SECOND);
  service.asked[0]?.answer();
  await first;
  service.always = "fail";
  await timing.pass(593 * SECOND);
  expect(await get()).toBe("007-1");
  await timing.pass(SECOND);
  await expect(get()).rejects.toThrow("the token expired");
});

test("a token that is over as soon as it is there keeps nobody busy", async () => {
  const { service, get, timing, asked } = start();
  service.lifetime = 1;
  await expect(get()).rejects.toMatchObject({ status: "DEADLINE_EXCEEDED" });
  await timing.pass(10 * SECOND);
  expect(asked()).toBeLessThanOrEqual(11);
});

test("an answer without a token is a failure, not an exception", async () => {
  const { service, get, failures } = start();
  service.always = "nothing";
  const first = get();
  await settled();
  service.asked[0]?.answer({} as IssuedToken);
  await expect(first).rejects.toMatchObject({ status: "INTERNAL" });
  expect(failures).toEqual([["INTERNAL", undefined]]);
});

test("stopped, it asks no more and gives no token", async () => {
  const { service, source, get, timing, asked } = start();
  await get();
  service.always = "nothing";
  await timing.pass(450 * SECOND);
  source.stop();
  expect(service.asked[1]?.signal?.aborted).toBe(true);
  service.asked[1]?.answer();
  await timing.pass(3600 * SECOND);
  expect(asked()).toBe(2);
  expect(timing.running).toBe(0);
  await expect(get()).rejects.toMatchObject({ status: "CANCELLED" });
  source.stop();
});

test("stopped while somebody waits, it says so", async () => {
  const { service, source, get } = start();
  service.always = "nothing";
  const waiting = get();
  await settled();
  source.stop();
  service.asked[0]?.fail();
  await expect(waiting).rejects.toThrow("the token source was stopped");
});

test("it shows no token when it is printed, nor does its error", async () => {
  const { service, source, get, timing } = start();
  await get();
  service.always = "fail";
  await timing.pass(500 * SECOND);
  const shown = inspect(source, { depth: 10, showHidden: true }) + JSON.stringify(source) + String(source);
  expect(shown).toContain("2027-01-15T08:10:00.000Z");
  expect(shown).toContain("UNAVAILABLE");
  expect(shown).not.toContain("007-");
});

test("a request until a certain time is refused: it cannot be kept fresh", () => {
  expect(() => new TokenSource(new Service(), { project: "live", expiration: expireTime(new Date()) })).toThrow(
    "no ttl",
  );
});

test("it works with a client and a server", async () => {
  const { address } = await scripted(() => undefined);
  const source = new TokenSource(clientTo(address), REQUEST);
  onTestFinished(() => source.stop());
  expect((await source.get()).token).toBe("007-1");
  expect((await source.get()).token).toBe("007-1");
});
