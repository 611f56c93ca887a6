import { expect, test } from "vitest";
import { CallLog, type FailedCall } from "../../src/observe/call-log.ts";
import { jsonLog } from "../../src/observe/json-log.ts";
import type { Level } from "../../src/observe/log.ts";

const CALL: FailedCall = {
  method: "agora.token.v1.TokenService/BuildToken",
  reason: "NOT_PERMITTED",
  requestId: "r-1",
  caller: "lobby",
  peer: "127.0.0.1:5",
};

function logged(level: Level = "info") {
  const lines: string[] = [];
  const clock = { ms: 0 };
  const calls = new CallLog(
    jsonLog((line) => lines.push(line), level),
    () => clock.ms,
  );
  return { calls, clock, lines: () => lines.map((line) => JSON.parse(line)) };
}

test("a refusal is a line", () => {
  const { calls, lines } = logged();
  calls.failed(CALL);
  expect(lines()).toEqual([
    {
      level: "info",
      time: expect.any(String),
      event: "call",
      request_id: "r-1",
      caller: "lobby",
      peer: "127.0.0.1:5",
      method: CALL.method,
      reason: "NOT_PERMITTED",
    },
  ]);
});

test("what repeats is counted, and what is another kind is not held up by it", () => {
  const { calls, clock, lines } = logged();
  for (let n = 0; n < 1000; n++) calls.failed(CALL);
  expect(lines()).toHaveLength(5);
  calls.failed({ ...CALL, reason: "REQUEST_INVALID" });
  calls.failed({ ...CALL, caller: "billing" });
  expect(lines()).toHaveLength(7);
  clock.ms += 1000;
  calls.failed(CALL);
  expect(lines().at(-1)).toMatchObject({ reason: "NOT_PERMITTED", suppressed: 995 });
  clock.ms += 1000;
  calls.failed(CALL);
  expect(lines().at(-1)).not.toHaveProperty("suppressed");
});

test("a fault is an error, with where it comes from and not what it says", () => {
  const { calls, lines } = logged("error");
  calls.failed(CALL);
  calls.failed({ ...CALL, reason: "INTERNAL", cause: new RangeError("bad value 007eJxTYHi") });
  expect(lines()).toMatchObject([{ level: "error", reason: "INTERNAL", name: "RangeError", request_id: "r-1" }]);
  expect(lines()[0].frames[0]).toContain("call-log.test.ts");
  expect(JSON.stringify(lines())).not.toContain("007eJ");
});

test("what is shed is a warning, now and then", () => {
  const { calls, clock, lines } = logged("warn");
  for (let n = 0; n < 100; n++) calls.shed("lag");
  expect(lines()).toHaveLength(5);
  clock.ms += 1000;
  calls.shed("lag");
  expect(lines().at(-1)).toMatchObject({ level: "warn", event: "shed", why: "lag", suppressed: 95 });
});

test("many kinds take no more memory than some", () => {
  const { calls, lines } = logged();
  for (let n = 0; n < 2500; n++) calls.failed({ ...CALL, caller: `c-${n}` });
  expect(lines()).toHaveLength(2500);
  calls.failed({ ...CALL, caller: "c-2499" });
  expect(lines().at(-1)).toMatchObject({ caller: "c-2499" });
});
