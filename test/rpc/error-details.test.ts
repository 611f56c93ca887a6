import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Any, AnySchema, anyPack, DurationSchema, durationFromMs } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { createClient } from "nice-grpc";
import { expect, test } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import type { Violation } from "../../src/failure.ts";
import { define, type Implementation } from "../../src/rpc/definition.ts";
import { DETAILS_TRAILER, type DetailedStatus, decodeDetails, encodeDetails } from "../../src/rpc/error-details.ts";
import { Status, statusError } from "../../src/rpc/status.ts";
import { serve } from "./serve.ts";

const errorInfo = {
  reason: "TOKEN_EXPIRED",
  domain: "agora.token.v1",
  metadata: { expireTime: "2026-11-24T10:00:00Z" },
};
const violation: Violation = {
  field: "grants[0].rtc.channel_name",
  description: "has a character that Agora does not allow",
  rule: "string.pattern",
};

test.each<[string, DetailedStatus]>([
  ["nothing but the status", { code: 13, message: "internal error" }],
  ["the reason", { code: 9, message: "the token expired", errorInfo }],
  ["what is wrong", { code: 3, message: "the request is invalid", violations: [violation] }],
  ["when to retry", { code: 8, message: "too many calls", retryAfterMs: 1500 }],
  ["all of it", { code: 8, message: "so be it", errorInfo, violations: [violation, violation], retryAfterMs: 0 }],
])("carries %s", (_, status) => {
  expect(decodeDetails(encodeDetails(status))).toEqual(status);
});

test("writes what google.rpc says", () => {
  const status = fromBinary(
    StatusSchema,
    encodeDetails({ code: 9, message: "late", errorInfo, violations: [violation] }),
  );
  expect([status.code, status.message]).toEqual([9, "late"]);
  expect(status.details.map((any) => any.typeUrl)).toEqual([
    "type.googleapis.com/google.rpc.ErrorInfo",
    "type.googleapis.com/google.rpc.BadRequest",
  ]);
});

test("leaves out violations that do not fit, the last first", () => {
  const violations = Array.from({ length: 1000 }, (_, at) => ({ ...violation, field: `requests[${at}].project` }));
  const told = decodeDetails(encodeDetails({ code: 3, message: "invalid", errorInfo, violations }));
  expect(told?.errorInfo).toEqual(errorInfo);
  expect(told?.violations?.length).toBeGreaterThan(20);
  expect(told?.violations).toEqual(violations.slice(0, told?.violations?.length));
});

test("leaves out one violation that is too large, and tells the others", () => {
  const huge = { ...violation, description: "x".repeat(10_000) };
  const told = decodeDetails(encodeDetails({ code: 3, message: "invalid", violations: [violation, huge, violation] }));
  expect(told?.violations).toEqual([violation, violation]);
});

test("tells a wait without end as a day", () => {
  const told = (retryAfterMs: number) =>
    decodeDetails(encodeDetails({ code: 8, message: "", retryAfterMs }))?.retryAfterMs;
  expect([Number.POSITIVE_INFINITY, Number.NaN, 1e300, -5, 0.25].map(told)).toEqual([
    86_400_000, 86_400_000, 86_400_000, 0, 1,
  ]);
});

// Any 16-bit units: lone surrogates too, which encodeURI does not take.
const text = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 })
  .map((units) => String.fromCharCode(...units));
const long = fc.tuple(text, fc.constantFrom(0, 1, 20, 300)).map(([part, times]) => part.repeat(times));

test("stays below 8 KiB with its message, whatever it is to carry", () => {
  const status = fc.record(
    {
      code: fc.integer({ min: 0, max: 16 }),
      message: long,
      errorInfo: fc.record({ reason: long, domain: long, metadata: fc.dictionary(text, long, { maxKeys: 40 }) }),
      violations: fc.array(fc.record({ field: text, description: long, rule: text }), { maxLength: 100 }),
      retryAfterMs: fc.double(),
    },
    { requiredKeys: ["code", "message"] },
  );
  fc.assert(
    fc.property(status, (input) => {
      const bytes = encodeDetails(input);
      const told = decodeDetails(bytes);
      expect(Buffer.from(bytes).toString("base64").length + encodeURI(told?.message ?? "").length).toBeLessThan(
        8192 - 1000,
      );
      expect(told?.code).toBe(input.code);
      expect(told?.errorInfo === undefined).toBe(input.errorInfo === undefined);
    }),
    { numRuns: 200, seed: 1 },
  );
});

test("keeps a fact whose name is special to JavaScript", () => {
  const metadata = Object.fromEntries([
    ["__proto__", "a"],
    ["constructor", "b"],
  ]);
  const told = decodeDetails(encodeDetails({ code: 3, message: "", errorInfo: { ...errorInfo, metadata } }));
  expect(Object.entries(told?.errorInfo?.metadata ?? {})).toEqual(Object.entries(metadata));
});

test("reads a status whose details it does not know or that are damaged", () => {
  const strange = anyPack(DurationSchema, durationFromMs(1));
  const damaged = create(AnySchema, {
    typeUrl: `type.googleapis.com/${ErrorInfoSchema.typeName}`,
    value: new Uint8Array([0xff]),
  });
  const empty = anyPack(RetryInfoSchema, create(RetryInfoSchema));
  const bytes = (details: Any[]) =>
    toBinary(StatusSchema, create(StatusSchema, { code: 14, message: "gone", details }));
  expect(decodeDetails(bytes([strange, damaged, empty]))).toEqual({ code: 14, message: "gone" });
});

test("reads bytes that are no status as nothing, and never throws", () => {
  expect(decodeDetails(new Uint8Array([0xff, 0xff]))).toBeUndefined();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeDetails(bytes)),
    { seed: 1 },
  );
});

test("reaches a client, as much of it as is ever sent", async () => {
  const violations = Array.from({ length: 1000 }, () => ({ ...violation, description: "no ".repeat(20) }));
  const sent = encodeDetails({ code: Status.INVALID_ARGUMENT, message: "%".repeat(512), errorInfo, violations });
  const definition = define(Health);
  const fail: Implementation<typeof Health>["check"] = async (_request, { trailer }) => {
    trailer.set(DETAILS_TRAILER, sent);
    throw statusError(Status.INVALID_ARGUMENT, "%".repeat(512));
  };
  const { channel } = await serve(definition, { check: fail, list: async () => ({}), async *watch() {} });
  let received: Uint8Array | undefined;
  const call = createClient(definition, channel).check(
    {},
    { onTrailer: (trailer) => (received = trailer.get(DETAILS_TRAILER)) },
  );
  await expect(call).rejects.toMatchObject({ code: Status.INVALID_ARGUMENT, details: "%".repeat(512) });
  expect(sent.length).toBeGreaterThan(3000);
  expect(received && decodeDetails(received)).toEqual(decodeDetails(sent));
});
