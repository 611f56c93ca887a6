import { expect, test } from "vitest";
import { runtimeWarning } from "../../src/cli/runtime.ts";

test.each(["v22.23.2", "v22.24.0", "v24.18.1", "v24.21.0", "v26.5.1", "v26.10.0", "v28.0.0"])(
  "%s is good",
  (version) => {
    expect(runtimeWarning(version)).toBeUndefined();
  },
);

test.each([
  ["v22.23.1", "22.23.2"],
  ["v22.9.0", "22.23.2"],
  ["v24.18.0", "24.18.1"],
  ["v26.5.0", "26.5.1"],
  ["v26.0.0", "26.5.1"],
])("%s lacks fixes that %s has", (version, fixed) => {
  expect(runtimeWarning(version)).toBe(`Node.js ${version} lacks fixes of http2: run version ${fixed} or later`);
});

test.each(["v20.19.0", "v20.20.2", "v23.11.0", "v25.9.0"])("%s is of a line that has no more fixes", (version) => {
  expect(runtimeWarning(version)).toMatch(/^Node\.js v\S+ is past its end of life .+: run version 22\.23\.2 or later/);
});
