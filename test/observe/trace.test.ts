import { expect, test } from "vitest";
import { traceOf } from "../../src/observe/trace.ts";

const SECRET = "007eJxTYHi";

test("tells where an error comes from, and not what it says", () => {
  function fails(): never {
    const cause = Object.assign(new RangeError(`bad ${SECRET}`), { code: "ERR_OUT_OF_RANGE" });
    throw new TypeError(`${SECRET}\n    at ${SECRET} (a.js:1:1)`, { cause });
  }
  let thrown: unknown;
  try {
    fails();
  } catch (error) {
    thrown = error;
  }
  const trace = traceOf(thrown);
  expect(trace).toMatchObject({ name: "TypeError", cause: { name: "RangeError", code: "ERR_OUT_OF_RANGE" } });
  expect(trace.frames[0]).toMatch(/^at fails \(.*trace\.test\.ts:\d+:\d+\)$/);
  expect(JSON.stringify(trace)).not.toContain(SECRET);
});

test.each([SECRET, undefined, null, 7, { message: SECRET }])("tells nothing of what is no error: %j", (thrown) => {
  expect(traceOf(thrown)).toEqual({ name: typeof thrown, frames: [] });
});

test("odd names and codes are left out, and causes end", () => {
  const error = Object.assign(new Error(SECRET), { name: `${SECRET} x`, code: `${SECRET}-` });
  error.cause = error;
  const text = JSON.stringify(traceOf(error));
  expect(text).not.toContain(SECRET);
  expect(text.split("cause").length).toBe(4);
});
