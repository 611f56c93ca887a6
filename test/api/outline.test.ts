import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  BatchBuildTokensRequestSchema,
  BuildTokenRequestSchema,
  InspectTokenRequestSchema,
  IssuedTokenSchema,
  RtcRole,
} from "../../gen/agora/token/v1/token_pb.ts";
import { outlineOf, outlineOfMessage } from "../../src/api/outline.ts";

const request = create(BuildTokenRequestSchema, {
  project: "live",
  expiration: { case: "ttl", value: { seconds: 600n } },
  grants: [{ service: { case: "rtc", value: { channelName: "secret-room", uid: 42, role: RtcRole.PUBLISHER } } }],
});

test("the fields of a request, without what was written in them", () => {
  expect(outlineOf(request)).toEqual({
    project: "4 characters",
    ttl: { seconds: 600 },
    grants: [{ rtc: { channel_name: "11 characters", uid: 42, role: "RTC_ROLE_PUBLISHER" } }],
  });
});

test("what the contract marks is not even told the length of", () => {
  const token = "007eJxTYHi";
  expect(outlineOf(create(InspectTokenRequestSchema, { token }))).toEqual({ token: "[redacted]" });
  const issued = create(IssuedTokenSchema, { token, appId: "a", certificateId: "b" });
  expect(outlineOfMessage(IssuedTokenSchema, issued)).toMatchObject({ token: "[redacted]", app_id: "1 characters" });
});

test("a long list is cut", () => {
  const batch = create(BatchBuildTokensRequestSchema, { requests: Array(100).fill(request) });
  const { requests } = outlineOf(batch) as { requests: unknown[] };
  expect(requests).toHaveLength(5);
  expect(requests.at(-1)).toBe("96 more");
});

test("what is no request has none", () => {
  expect([outlineOf(undefined), outlineOf({ token: "x" }), outlineOf("x")]).toEqual([undefined, undefined, undefined]);
});
