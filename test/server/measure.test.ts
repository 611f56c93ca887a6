import type { MessageInitShape } from "@bufbuild/protobuf";
import { Status } from "nice-grpc";
import { expect, test } from "vitest";
import { type BuildTokenRequestSchema, RtcRole } from "../../gen/agora/token/v1/token_pb.ts";
import { measure } from "../../src/server/middleware/measure.ts";
import { answerTo, type Change, framed, opened, running, sessionTo, until } from "./running.ts";

const METHOD = "agora.token.v1.TokenService/BuildToken";
const request = {
  project: "live",
  expiration: { case: "ttl" as const, value: { seconds: 600n } },
  grants: [{ service: { case: "rtc" as const, value: { channelName: "room-1", uid: 42, role: RtcRole.PUBLISHER } } }],
} satisfies MessageInitShape<typeof BuildTokenRequestSchema>;

/** A server whose calls are measured: by method and status, and how long they took. */
async function measured(change: Change = {}) {
  const calls: { method: string; status: string; seconds: number }[] = [];
  const clock = { ms: 0 };
  let open = 0;
  const meter = {
    callBegan: () => open++,
    callEnded: (method: string, status: string, seconds: number) => {
      open--;
      calls.push({ method, status, seconds });
    },
  };
  const at = await running({ ...change, onStream: measure(meter, () => clock.ms) });
  return Object.assign(at, {
    measuredClock: clock,
    measured: calls,
    open: () => open,
    /** The next call that ended. */
    async next() {
      const { length } = calls;
      return async () => {
        await until(() => calls.length > length);
        return [calls[length]?.method, calls[length]?.status];
      };
    },
  });
}

test("a call from its headers to its end", async () => {
  const at = await measured();
  const stream = opened(sessionTo(at.address));
  await until(() => at.open() === 1);
  at.measuredClock.ms += 1500;
  stream.end(framed("buildToken", request));
  await answerTo(stream);
  await until(() => at.open() === 0);
  expect(at.measured).toEqual([{ method: METHOD, status: "OK", seconds: 1.5 }]);
});

test("a call that its caller gives up", async () => {
  const at = await measured();
  const stream = opened(sessionTo(at.address));
  stream.on("error", () => undefined);
  await until(() => at.open() === 1);
  stream.close(8);
  await until(() => at.measured.length === 1);
  expect(at.measured[0]).toMatchObject({ method: METHOD, status: "CANCELLED" });
});

test.each<[string, Change, Record<string, string>, string, string]>([
  ["a refusal of the contract", {}, {}, METHOD, "PERMISSION_DENIED"],
  ["a stranger", { identify: () => undefined }, {}, METHOD, "UNAUTHENTICATED"],
  ["a method that there is not", {}, { ":path": "/made.up/Method" }, "made.up/Method", "UNIMPLEMENTED"],
  ["headers that are wrong", {}, { "grpc-timeout": "abc" }, METHOD, "INVALID_ARGUMENT"],
  ["headers that are too many", {}, { a: "a".repeat(9000) }, METHOD, "RESOURCE_EXHAUSTED"],
  ["a compressed request", {}, { "grpc-encoding": "gzip" }, METHOD, "UNIMPLEMENTED"],
  ["what is no gRPC", {}, { "content-type": "text/plain" }, METHOD, "UNKNOWN"],
])("whoever answers it: %s", async (_, change, headers, method, status) => {
  const at = await measured(change);
  const next = await at.next();
  const stream = opened(sessionTo(at.address), headers);
  stream.on("error", () => undefined);
  stream.end(framed("buildToken", { ...request, project: "none" }));
  await answerTo(stream);
  expect(await next()).toEqual([method, status]);
  expect(at.open()).toBe(0);
});

test("a call that is shed, and one that is over the limit", async () => {
  const at = await measured({ limits: { perCaller: { rate: 1, burst: 1 } } });
  await at.client.buildToken(request);
  await expect(at.client.buildToken(request)).rejects.toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
  await until(() => at.measured.length === 2);
  expect(at.measured.map(({ status }) => status)).toEqual(["OK", "RESOURCE_EXHAUSTED"]);
  expect(at.failed).toMatchObject([{ method: METHOD, reason: "RATE_LIMITED", caller: "lobby" }]);
});
