import { describe, expect, test } from "vitest";
import { build } from "../api/world.ts";
import { answerTo, framed, opened, running, sessionTo, until } from "./running.ts";

const request = build({ service: { case: "rtc", value: { channelName: "room-1", uid: 42, role: 1 } } });
const BODY = framed("buildToken", request);
const MINUTE = 60_000;

function ended(session: ReturnType<typeof sessionTo>): { goaway: boolean; closed: boolean } {
  const seen = { goaway: false, closed: false };
  session.once("goaway", (code) => {
    seen.goaway = code === 0;
  });
  session.once("close", () => {
    seen.closed = true;
  });
  return seen;
}

describe("a session that is too old", () => {
  test("is closed once it has no call, and not before", async () => {
    const { address, bounds, pass } = await running();
    const session = sessionTo(address);
    const seen = ended(session);
    expect(await answerTo(opened(session).end(BODY))).toMatchObject({ status: 0 });
    expect(bounds.sessions.open).toBe(1);
    pass(4.4 * MINUTE);
    expect(await answerTo(opened(session).end(BODY))).toMatchObject({ status: 0 });
    expect(seen.goaway).toBe(false);
    // Its age has a jitter of a tenth. Each look comes a second after the other, and lets what was sent arrive.
    for (let step = 0; step < 70 && !seen.closed; step++) {
      pass(1000);
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => seen.closed && bounds.sessions.open === 0);
    expect(seen.goaway).toBe(true);
  });

  test("is told although it is busy, after 10 seconds, and cut after 20", async () => {
    const { address, bounds, pass } = await running();
    const session = sessionTo(address);
    const seen = ended(session);
    const watch = opened(session, { ":path": "/grpc.health.v1.Health/Watch" }).end(Buffer.alloc(5));
    const answer = answerTo(watch);
    await until(() => bounds.sessions.open === 1);
    pass(4.4 * MINUTE);
    expect(await answerTo(opened(session).end(BODY))).toMatchObject({ status: 0 });
    expect(seen.goaway).toBe(false);
    while (!seen.goaway) {
      pass(5000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([seen.closed, watch.closed]).toEqual([false, false]);
    pass(10_000);
    await answer;
    await until(() => bounds.sessions.open === 0);
  });
});
