import type { ServerHttp2Stream } from "node:http2";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { build } from "../api/world.ts";
import { FLAG, frame, PREFACE, settings, TYPE } from "../faults/frames.ts";
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

test("a stream that is closed keeps nothing of its call, and everybody was told", async () => {
  const streams: ServerHttp2Stream[] = [];
  const told: string[] = [];
  const { address } = await running({
    onStream: (stream) => {
      streams.push(stream);
      stream.once("close", () => told.push("closed"));
    },
  });
  const session = sessionTo(address);
  expect(await answerTo(opened(session).end(BODY))).toMatchObject({ status: 0 });
  // It breaks off.
  const broken = opened(session);
  await until(() => streams.length === 2);
  broken.close(8);
  await until(() => told.length === 2);
  for (const stream of streams) {
    expect(stream.eventNames()).toEqual(["error"]);
    // Whatever else goes wrong with it ends nobody.
    expect(stream.emit("error", new Error("late"))).toBe(true);
  }
});

describe("a session that sends more than its calls can hold", () => {
  // From version 22 on, Node.js ends floods of other odd frames by itself.
  const update = frame(TYPE.WINDOW_UPDATE, FLAG.NONE, 0, Buffer.from([0, 0, 0, 1]));

  async function flooding(bytes: number) {
    const { port, address, bounds, pass } = await running();
    // The session of the very first connection is known by its first stream alone.
    await answerTo(opened(sessionTo(address)).end(BODY));
    const socket = connect(port, "127.0.0.1");
    const seen = { closed: false };
    socket
      .on("error", () => undefined)
      .once("close", () => {
        seen.closed = true;
      });
    socket.write(Buffer.concat([PREFACE, settings()]));
    await until(() => bounds.sessions.open === 2);
    pass(1000);
    socket.write(Buffer.concat(Array(Math.ceil(bytes / update.length)).fill(update)));
    await until(() => socket.bytesWritten >= bytes && socket.writableLength === 0);
    // An answer to a ping comes after all that was sent before it was read.
    socket.write(frame(TYPE.PING, FLAG.NONE, 0, Buffer.from("all read")));
    let answers = "";
    socket.on("data", (answer) => {
      answers += answer.toString("latin1");
    });
    await until(() => answers.includes("all read"));
    pass(1000);
    await until(() => bounds.sessions.flooding > 0 || bytes < 262_144);
    return { socket, seen, bounds };
  }

  test("is cut", async () => {
    const { seen, bounds } = await flooding(300_000);
    await until(() => seen.closed && bounds.sessions.open === 1);
    expect(bounds.sessions.flooding).toBe(1);
  });

  test("and one that sends less is not", async () => {
    const { socket, seen, bounds } = await flooding(200_000);
    expect([seen.closed, bounds.sessions.flooding, bounds.sessions.open]).toEqual([false, 0, 2]);
    socket.destroy();
  });

  test("nor is one that calls with large messages", async () => {
    const { address, bounds, pass } = await running();
    const session = sessionTo(address);
    const large = framed("renewToken", { project: "live", token: "x".repeat(200_000) });
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 20 }, () => answerTo(opened(session).end(large))));
      pass(1000);
    }
    expect([bounds.sessions.flooding, session.destroyed]).toEqual([0, false]);
  });

  test("nor is one with huge headers once, but one that goes on with them is", async () => {
    const { address, bounds } = await running();
    const session = sessionTo(address);
    const huge = { "x-huge": "x".repeat(40_000) };
    for (let n = 0; n < 8; n++) expect(await answerTo(opened(session, huge).end(BODY))).toMatchObject({ status: 8 });
    expect([bounds.sessions.flooding, session.destroyed]).toEqual([0, false]);
    await answerTo(opened(session, huge).end(BODY));
    await until(() => session.destroyed);
    expect(bounds.sessions.flooding).toBe(1);
  });
});
