import { afterEach, expect, test, vi } from "vitest";
import { EXIT, run } from "../../src/cli/run.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

test.each([
  [["serve", "--port", "70000"], "0 to 65535"],
  [["serve", "--port", "x"], "0 to 65535"],
  [["serve", "--confg", "x"], "--config"],
  [["srve"], "did you mean serve?"],
])("%j is wrong use, and says why", async (args, words) => {
  let said = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
  expect(await run(args)).toBe(EXIT.USAGE);
  expect(said).toContain(words);
});
