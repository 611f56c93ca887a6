import { ServerError } from "nice-grpc";
import { expect, test } from "vitest";
import { Status, statusError, statusMessage } from "../../src/rpc/status.ts";

test.each([
  ["plain text", "unknown service", "unknown service"],
  ["half of a surrogate pair", "bad 😀".slice(0, 5), "bad ?"],
  ["letters beyond ASCII", "größer", "gr??er"],
  ["line ends and control characters", "a\r\nb\u0000\u007f", "a??b??"],
  ["text without end", "x".repeat(100_000), "x".repeat(512)],
])("makes %s safe to send", (_, text, sent) => {
  expect(statusMessage(text)).toBe(sent);
});

test("an error carries its status to nice-grpc", () => {
  const error = statusError(Status.NOT_FOUND, "ünknown");
  expect(error).toBeInstanceOf(ServerError);
  expect(error).toMatchObject({ code: 5, details: "?nknown" });
});
