import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { BuildTokenRequestSchema, InspectTokenRequestSchema } from "../../gen/agora/token/v1/token_pb.ts";
import { requestValidator } from "../../src/api/violations.ts";
import { build } from "./world.ts";

const PLAIN = create(
  BuildTokenRequestSchema,
  build({ service: { case: "rtc", value: { channelName: "room-1", uid: 42, role: 1 } } }),
);
const WRONG = create(BuildTokenRequestSchema, { ...PLAIN, grants: [] });

test("a plain request is valid at once, and one that is not is judged by the rules", async () => {
  const validate = requestValidator();
  expect(validate(BuildTokenRequestSchema, PLAIN)).toBeUndefined();
  const refusal = { reason: "REQUEST_INVALID", facts: { violations: [{ field: "grants" }] } };
  await expect(validate(BuildTokenRequestSchema, WRONG)).rejects.toMatchObject(refusal);
  await expect(validate(BuildTokenRequestSchema, WRONG)).rejects.toMatchObject(refusal);
  // Each method has rules of its own.
  await expect(validate(InspectTokenRequestSchema, create(InspectTokenRequestSchema))).rejects.toThrow();
});

test("while rules are compiled, message by message, others have their turns", async () => {
  // Or the turns that it takes to load it would be counted.
  await import("@bufbuild/protovalidate");
  const validate = requestValidator();
  let turns = 0;
  let beat = setImmediate(function next() {
    turns++;
    beat = setImmediate(next);
  });
  try {
    const both = [WRONG, WRONG].map((request) => validate(BuildTokenRequestSchema, request));
    await Promise.allSettled(both);
  } finally {
    clearImmediate(beat);
  }
  expect(turns).toBeGreaterThan(10);
});
