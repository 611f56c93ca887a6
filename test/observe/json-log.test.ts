import { expect, test } from "vitest";
import { jsonLog } from "../../src/observe/json-log.ts";

function logged(level?: Parameters<typeof jsonLog>[1]) {
  const lines: string[] = [];
  return { lines, log: jsonLog((line) => lines.push(line), level) };
}

test("a line is an object with its level, its time, its event, and what else there is to say", () => {
  const { lines, log } = logged();
  log.warn("shed", { why: "lag" });
  expect(lines).toHaveLength(1);
  const { time, ...rest } = JSON.parse(lines[0] ?? "");
  expect(rest).toEqual({ level: "warn", event: "shed", why: "lag" });
  expect(new Date(time).toISOString()).toBe(time);
  expect(Object.keys(JSON.parse(lines[0] ?? ""))).toEqual(["level", "time", "event", "why"]);
});

test("levels, and a change of them", () => {
  const { lines, log } = logged("warn");
  log.debug("a");
  log.info("b");
  expect([log.tells("info"), log.tells("warn"), lines.length]).toEqual([false, true, 0]);
  log.setLevel("debug");
  log.debug("c");
  log.setLevel("error");
  log.warn("d");
  log.error("e");
  log.fatal("f");
  expect(lines.map((line) => JSON.parse(line).event)).toEqual(["c", "e", "f"]);
});

test.each(["\n", "\u001b[2J", "\u0000", "\u009b", "\u007f", "\u2028", "\u202e", "\u{e0001}"])(
  "nothing in a line moves the cursor or turns the text: %j",
  (odd) => {
    const { lines, log } = logged();
    log.info("odd", { odd: `a${odd}b` });
    expect(lines[0]).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(lines[0] ?? "").odd).toBe(`a${odd}b`);
  },
);

test("half a character does not make a line that is no text", () => {
  const { lines, log } = logged();
  log.info("odd", { odd: "a\ud83d" });
  expect(lines[0]?.isWellFormed()).toBe(true);
});
