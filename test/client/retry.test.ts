import { Status } from "nice-grpc";
import { describe, expect, test } from "vitest";
import { TokenServiceError } from "../../src/client/client.ts";
import { backOff, waitBeforeRetry } from "../../src/client/retry.ts";
import { clientTo, REQUEST, refuse, type Script, scripted, Turned } from "./scripted.ts";

const { UNAVAILABLE, RESOURCE_EXHAUSTED } = Status;

describe("how long to wait", () => {
  test.each([
    [1, 0, 50],
    [1, 1, 100],
    [3, 0, 200],
    [6, 0, 1000],
    [60, 1, 2000],
  ])("before attempt %i + 1 with chance %d: %i ms", (tried, random, wait) => {
    expect(waitBeforeRetry({ code: UNAVAILABLE, retryAfterMs: undefined }, tried, undefined, random)).toBe(wait);
    expect(backOff(tried, 100, 2000, random)).toBe(wait);
  });

  test("what the server asks for is the least, and does not bring all back at once", () => {
    expect(waitBeforeRetry({ code: UNAVAILABLE, retryAfterMs: 700 }, 1, undefined, 0)).toBe(700);
    expect(waitBeforeRetry({ code: RESOURCE_EXHAUSTED, retryAfterMs: 700 }, 1, undefined, 0)).toBe(700);
    expect(waitBeforeRetry({ code: RESOURCE_EXHAUSTED, retryAfterMs: 800 }, 1, undefined, 0.5)).toBe(840);
  });

  test("who is asked too much and does not say how long to wait is not asked again", () => {
    expect(waitBeforeRetry({ code: RESOURCE_EXHAUSTED, retryAfterMs: undefined }, 1, undefined, 0)).toBeUndefined();
  });

  test.each([
    ["0", 0],
    ["250", 250],
    ["-1", undefined],
    ["", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["99999999999", undefined],
  ])("pushback %j counts alone", (pushback, wait) => {
    for (const code of [UNAVAILABLE, RESOURCE_EXHAUSTED]) {
      expect(waitBeforeRetry({ code, retryAfterMs: 9000 }, 5, pushback, 0.5)).toBe(wait);
    }
  });

  const others = Object.values(Status).filter((code) => typeof code === "number");
  test.each(others.filter((code) => code !== UNAVAILABLE && code !== RESOURCE_EXHAUSTED))(
    "status %i is not tried again",
    (code) => {
      expect(waitBeforeRetry({ code, retryAfterMs: 1 }, 1, "0", 0)).toBeUndefined();
    },
  );
});

describe("against a server", () => {
  const call = async (script: Script, retries = 4) => {
    const timing = new Turned(5000);
    timing.hurried = true;
    const server = await scripted(script);
    const outcome = await clientTo(server.address, { timing, retries })
      .buildToken(REQUEST)
      .catch((error: unknown) => error);
    return { outcome, waits: timing.waits, calls: server.calls.length };
  };

  test("a server that is stopping is asked again until it answers", async () => {
    const { outcome, waits, calls } = await call((context, number) => number < 4 && refuse(context, UNAVAILABLE));
    expect(outcome).toMatchObject({ issuedToken: { token: "007-4" } });
    expect(waits).toEqual([50, 100, 200]);
    expect(calls).toBe(4);
  });

  test("no more often than was said", async () => {
    const { outcome, calls } = await call((context) => refuse(context, UNAVAILABLE), 2);
    expect(outcome).toMatchObject({ status: "UNAVAILABLE", attempts: 3 });
    expect(calls).toBe(3);
  });

  test("its pushback is obeyed", async () => {
    const told = await call((context, number) => number < 2 && refuse(context, UNAVAILABLE, { pushback: "333" }));
    expect(told).toMatchObject({ waits: [333], calls: 2 });
    const never = await call((context) => refuse(context, UNAVAILABLE, { pushback: "-1" }));
    expect(never).toMatchObject({ waits: [], calls: 1 });
    expect(never.outcome).toBeInstanceOf(TokenServiceError);
  });

  test("a limit is waited for as its RetryInfo says", async () => {
    const limit = { retryAfterMs: 420 };
    const told = await call((context, number) => number < 2 && refuse(context, RESOURCE_EXHAUSTED, limit));
    expect(told).toMatchObject({ waits: [420], calls: 2 });
    const untold = await call((context) => refuse(context, RESOURCE_EXHAUSTED));
    expect(untold).toMatchObject({ waits: [], calls: 1 });
  });

  test("what the caller did wrong is said at once", async () => {
    const { outcome, calls } = await call((context) => refuse(context, Status.INVALID_ARGUMENT, { retryAfterMs: 1 }));
    expect(outcome).toMatchObject({ status: "INVALID_ARGUMENT", attempts: 1 });
    expect(calls).toBe(1);
  });
});
