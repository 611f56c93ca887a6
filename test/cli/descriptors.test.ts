import { expect, test } from "vitest";
import { descriptorWarning } from "../../src/cli/descriptors.ts";

const limits = (soft: string) => `Limit                     Soft Limit           Hard Limit           Units
Max processes             100                  100                  processes
Max open files            ${soft}                 524288               files
`;

test.each([
  ["524288", 2000, undefined],
  ["2064", 2000, undefined],
  ["unlimited", 2000, undefined],
  ["2063", 2000, "2063 file descriptors are too few for limits.max_connections of 2000: raise the limit"],
  ["64", 1, "64 file descriptors are too few"],
])("%s descriptors for %d connections: %s", (soft, connections, expected) => {
  const warning = descriptorWarning(connections, limits(soft));
  if (expected === undefined) expect(warning).toBeUndefined();
  else expect(warning).toContain(expected);
});

test("where nothing tells of them, there is nothing to say", () => {
  expect(descriptorWarning(1_000_000, "")).toBeUndefined();
});
