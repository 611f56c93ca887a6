// Every promise that the contract makes of BatchBuildTokens.

import { describe, expect, test } from "vitest";
import { RtcRole } from "../../gen/agora/token/v1/token_pb.ts";
import { answered, type Request, refused } from "./harness.ts";
import { read007 } from "./reading.ts";
import { APP_IDS, build, type GrantInit, NOW, ttl, until, world } from "./world.ts";

const room = (channelName: string): GrantInit => ({
  service: { case: "rtc", value: { channelName, uid: 1, role: RtcRole.PUBLISHER } },
});
const GOOD = build(room("room-1"));
/** A batch in which one request is another. */
const batchWith = (at: number, bad: Request<"buildToken">): Request<"batchBuildTokens"> => ({
  requests: Array.from({ length: 5 }, (_, index) => (index === at ? bad : GOOD)),
});
const refuse = (request: Request<"batchBuildTokens">, around = world()) => refused("batchBuildTokens", request, around);

test("the tokens stand in the order of the requests, all of one moment", async () => {
  const names = ["c", "a", "b", "a"];
  const { issuedTokens } = await answered(
    "batchBuildTokens",
    { requests: names.map((name, n) => build(room(name), { expiration: ttl(60 + n) })) },
    world(),
  );
  const read = issuedTokens.map(({ token }) => read007(token));
  expect(read.map(({ services }) => services[0]?.channel)).toEqual(names);
  expect(read.map(({ lifetime }) => lifetime)).toEqual([60, 61, 62, 63]);
  expect(new Set(read.map(({ issuedAt }) => issuedAt))).toEqual(new Set([NOW]));
  expect(new Set(read.map(({ salt }) => salt)).size).toBe(4);
});

test("the clock is read once for all of them", async () => {
  // The harness gives the same time at each reading, so a time that moves must be seen to be asked for once.
  let readings = 0;
  const around = world();
  const moving = {
    ...around,
    get now() {
      return NOW + readings++;
    },
  };
  const { issuedTokens } = await answered("batchBuildTokens", { requests: [GOOD, GOOD, GOOD] }, moving);
  expect(new Set(issuedTokens.map(({ issueTime }) => issueTime?.seconds))).toEqual(new Set([BigInt(NOW)]));
});

test("requests may name different projects", async () => {
  const requests = [GOOD, build(room("a"), { project: "other" })];
  const { issuedTokens } = await answered("batchBuildTokens", { requests }, world());
  expect(issuedTokens.map(({ appId, certificateId }) => [appId, certificateId])).toEqual([
    [APP_IDS.live, "primary"],
    [APP_IDS.other, "other"],
  ]);
});

test("100 are built, and 101 or none are refused", async () => {
  const requests = (count: number) => ({ requests: Array.from({ length: count }, () => GOOD) });
  expect((await answered("batchBuildTokens", requests(100), world())).issuedTokens).toHaveLength(100);
  for (const count of [0, 101]) {
    const { reason, code, violations, metadata } = await refuse(requests(count));
    expect([reason, code, violations.map(({ field }) => field)]).toEqual(["REQUEST_INVALID", 3, ["requests"]]);
    expect(metadata).not.toHaveProperty("index");
  }
});

describe("if one fails, all fail, and the index names it", () => {
  const privileges = { joinChannel: { expiration: until(NOW + 9999) } };
  const outlasts: GrantInit = { service: { case: "rtc", value: { channelName: "a", uid: 1, privileges } } };
  const noPrivileges: GrantInit = { service: { case: "rtm", value: { userId: "a" } } };
  const cases: readonly (readonly [string, Request<"buildToken">, string, string | undefined])[] = [
    ["a rule of the contract", build(room("a*")), "REQUEST_INVALID", "grants[0].rtc.channel_name"],
    ["no expiration", { project: "live", grants: [room("a")] }, "REQUEST_INVALID", "expiration"],
    ["no privileges", build([room("a"), noPrivileges]), "REQUEST_INVALID", "grants[1].rtm.privileges"],
    ["006 of another service", build([room("a"), room("b")], { version: 6 }), "REQUEST_INVALID", "version"],
    ["a time that has passed", build(room("a"), { expiration: until(NOW - 1) }), "EXPIRATION_PASSED", "expire_time"],
    ["over 24 hours", build(room("a"), { expiration: until(NOW + 86_401) }), "REQUEST_INVALID", "expire_time"],
    [
      "a privilege too long",
      build([room("a"), outlasts]),
      "PRIVILEGE_OUTLASTS_TOKEN",
      "grants[1].rtc.privileges.join_channel.expire_time",
    ],
    ["a project that does not exist", build(room("a"), { project: "absent" }), "NOT_PERMITTED", undefined],
    ["a channel that is not permitted", build(room("hall")), "NOT_PERMITTED", undefined],
    [
      "a lifetime that is not permitted",
      build(room("room-1"), { expiration: ttl(3601) }),
      "LIFETIME_NOT_PERMITTED",
      undefined,
    ],
    [
      "a version that is not allowed",
      build(room("room-1"), { project: "other", version: 6 }),
      "VERSION_NOT_ALLOWED",
      undefined,
    ],
    ["nothing to sign with", build(room("room-1"), { project: "unsigned" }), "NO_SIGNING_CERTIFICATE", undefined],
  ];
  const around = world([{ channels: ["room-*"], maxTtl: 3600 }]);

  test.each(cases.flatMap((each) => [0, 3, 4].map((index) => [index, ...each] as const)))(
    "at %d: %s",
    async (index, _, bad, reason, field) => {
      const refusal = await refuse(batchWith(index, bad), around);
      expect(refusal).toMatchObject({ reason, metadata: { index: String(index) } });
      const fields = refusal.violations.map((violation) => violation.field);
      expect(fields).toEqual(field === undefined ? [] : [`requests[${index}].${field}`]);
    },
  );

  test("of several that break rules of the contract, the first is named", async () => {
    const { requests } = batchWith(2, build(room("a*")));
    const { metadata, violations } = await refuse({ requests: [...(requests ?? []), build(room("b*"))] });
    expect(metadata["index"]).toBe("2");
    expect(violations.map(({ field }) => field)).toEqual([
      "requests[2].grants[0].rtc.channel_name",
      "requests[5].grants[0].rtc.channel_name",
    ]);
  });

  test("a project that is denied and one that does not exist are told alike", async () => {
    const row = world([{ projects: ["live"] }]);
    const denied = await refuse(batchWith(1, build(room("a"), { project: "other" })), row);
    const absent = await refuse(batchWith(1, build(room("a"), { project: "absent" })), row);
    expect(denied).toEqual(absent);
  });
});

test("it needs the permission of BuildToken in the same row", async () => {
  const request = { requests: [GOOD] };
  const rows = (...methods: string[][]) => world(methods.map((each) => ({ methods: each })));
  for (const around of [rows(["BatchBuildTokens"]), rows(["BuildToken"]), rows(["BatchBuildTokens"], ["BuildToken"])]) {
    expect((await refuse(request, around)).reason).toBe("NOT_PERMITTED");
  }
  const { issuedTokens } = await answered("batchBuildTokens", request, rows(["BuildToken", "BatchBuildTokens"]));
  expect(issuedTokens).toHaveLength(1);
});

test("a large batch lets other calls come first again and again", async () => {
  const requests = Array.from({ length: 100 }, () => GOOD);
  let turns = 0;
  let isDone = false;
  const turn = () => {
    turns++;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await answered("batchBuildTokens", { requests }, world());
  isDone = true;
  expect(turns).toBeGreaterThanOrEqual(6);
});
