import { Metadata, Status } from "nice-grpc";
import { describe, expect, test } from "vitest";
import { makeApiKey } from "../../src/access/by-api-key.ts";
import { fingerprintOfText } from "../../src/audit/fingerprint.ts";
import { RECORD_KEYS } from "../../src/audit/record.ts";
import type { Identify } from "../../src/server/peer.ts";
import { rtc007, token006 } from "../api/originals.ts";
import { build, build006, DIGITS, NOW, renew, ttl, until as untilTime, world } from "../api/world.ts";
import { failureOf } from "../e2e/client.ts";
import { answerTo, framed, opened, running, sessionTo, until } from "./running.ts";

const rtc = { service: { case: "rtc", value: { channelName: "room-1", uid: 42, role: 1 } } } as const;
const request = build(rtc);

describe("what is recorded", () => {
  test("a token, before its answer leaves", async () => {
    const { client, calls, sink } = await running();
    let requestId: string | undefined;
    const { issuedToken } = await client.buildToken(request, {
      onHeader: (header) => {
        requestId = header.get("x-request-id");
      },
    });
    expect(calls()).toEqual([
      {
        seq: 2,
        prev_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        time: "2027-01-15T08:00:00.000Z",
        event: "call",
        request_id: requestId,
        caller: "lobby",
        proof: "loopback",
        peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        method: "BuildToken",
        decision: "issued",
        project: "live",
        certificate: "primary",
        version: "007",
        grants: [
          {
            service: "rtc",
            channel: "room-1",
            user: "42",
            privileges: ["join_channel", "publish_audio_stream", "publish_video_stream", "publish_data_stream"],
          },
        ],
        asked_ttl: 600,
        ttl: 600,
        expire_time: "2027-01-15T08:10:00Z",
        fingerprint: fingerprintOfText(issuedToken?.token ?? ""),
      },
    ]);
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
    sink.behaviour = "blocks";
    let answered = false;
    const call = client.buildToken(request).then(() => {
      answered = true;
    });
    await until(() => sink.waiting > 0);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    sink.unblock();
    await call;
    expect(calls()).toHaveLength(2);
  });

  test("each token of a batch, a renewal, an inspection, and version 006", async () => {
    const { client, calls } = await running();
    const { issuedTokens } = await client.batchBuildTokens({
      requests: [request, build({ service: { case: "rtm", value: { userId: "bob", privileges: { login: {} } } } })],
    });
    const original = issuedTokens[0]?.token ?? "";
    await client.renewToken(renew(original));
    await client.inspectToken({ token: original });
    await client.buildToken(build006(rtc, { expiration: untilTime(NOW + 60) }));
    const [first, second, renewed, inspected, old] = calls();
    expect(first?.["request_id"]).toBe(second?.["request_id"]);
    expect([first, second]).toMatchObject([
      { method: "BatchBuildTokens", decision: "issued", index: 0, of: 2 },
      { index: 1, of: 2, grants: [{ service: "rtm", user: "bob", privileges: ["login"] }] },
    ]);
    expect(renewed).toMatchObject({
      method: "RenewToken",
      decision: "issued",
      renews: first?.["fingerprint"],
      ttl: 1200,
    });
    expect(inspected).toMatchObject({
      method: "InspectToken",
      decision: "inspected",
      verdict: "ACCEPTED",
      project: "live",
    });
    expect(old).toMatchObject({ version: "006", asked_expire_time: "2027-01-15T08:01:00Z", ttl: 60 });
  });

  test("a request ID that is fit to be repeated, and no other", async () => {
    const { client, calls } = await running();
    const told: (string | undefined)[] = [];
    const ids = ["a.B_9-", "x".repeat(64), "x".repeat(65), "a b", "", 'a"', "a/b", makeApiKey("job").key];
    for (const id of ids) {
      const metadata = Metadata({ "x-request-id": id });
      await client.buildToken(request, { metadata, onHeader: (header) => told.push(header.get("x-request-id")) });
    }
    expect(calls().map(({ request_id }) => request_id)).toEqual(told);
    expect(told.slice(0, 2)).toEqual(ids.slice(0, 2));
    for (const id of told.slice(2)) expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("refusals, each with its reason, and with what was asked as far as it was understood", async () => {
    const rows = [{ channels: ["room-*"], methods: ["BuildToken", "BatchBuildTokens", "RenewToken"], maxTtl: 600 }];
    const { client, calls, address } = await running({ around: world(rows) });
    const other = build({ service: { case: "rtc", value: { channelName: "other", uid: 42, role: 1 } } });
    const reasons = [
      await failureOf((options) => client.buildToken(other, options)),
      await failureOf((options) => client.buildToken({ ...request, project: "unknown" }, options)),
      await failureOf((options) => client.buildToken(build(rtc, { expiration: ttl(601) }), options)),
      await failureOf((options) => client.buildToken({ ...request, project: "Not/Valid" }, options)),
      await failureOf((options) => client.batchBuildTokens({ requests: [request, other] }, options)),
      await failureOf((options) => client.renewToken(renew(rtc007({ digits: DIGITS.other })), options)),
      await failureOf((options) => client.inspectToken({ token: rtc007() }, options)),
    ].map(({ errorInfo }) => errorInfo?.reason);
    await answerTo(opened(sessionTo(address)).end(Buffer.from([0, 0, 0, 0, 2, 0xff, 0xff])));
    expect(calls().map(({ reason }) => reason)).toEqual([...reasons, "REQUEST_INVALID"]);
    expect(calls()).toMatchObject([
      {
        decision: "denied",
        reason: "NOT_PERMITTED",
        project: "live",
        asked_ttl: 600,
        grants: [{ channel: "other", user: "42" }],
      },
      { reason: "NOT_PERMITTED", grants: [{ channel: "room-1" }] },
      { reason: "LIFETIME_NOT_PERMITTED", asked_ttl: 601 },
      { reason: "REQUEST_INVALID" },
      { method: "BatchBuildTokens", reason: "NOT_PERMITTED", index: 1, grants: [{ channel: "other" }] },
      { method: "RenewToken", reason: "TOKEN_NOT_GENUINE", project: "live" },
      { method: "InspectToken", reason: "NOT_PERMITTED" },
      { reason: "REQUEST_INVALID" },
    ]);
    expect(calls()[1]).not.toHaveProperty("project");
    expect(calls()[3]).not.toHaveProperty("grants");
    expect(calls().every((record) => !("fingerprint" in record))).toBe(true);
  });

  test("what is our fault", async () => {
    const around = world();
    const salt = () => {
      throw new Error("no salt");
    };
    const { client, calls, faults } = await running({ around: { ...around, salt } });
    await expect(client.buildToken(request)).rejects.toMatchObject({ code: Status.INTERNAL });
    expect(calls()).toMatchObject([{ decision: "failed", reason: "INTERNAL", grants: [{ channel: "room-1" }] }]);
    expect(faults()).toHaveLength(1);
  });

  test("strangers, as far as they do not fill the disk", async () => {
    const { client, calls, sink, trail, timers } = await running({ identify: () => undefined });
    const flood = async (count: number) => {
      for (let n = 0; n < count; n++)
        await expect(client.buildToken(request)).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
    };
    await flood(60);
    expect(calls()).toHaveLength(50);
    expect(calls()[0]).toEqual({
      seq: 2,
      prev_hash: expect.any(String),
      time: "2027-01-15T08:00:00.000Z",
      event: "call",
      peer: expect.stringMatching(/^127/),
      method: "BuildToken",
      decision: "denied",
      reason: "CALLER_UNKNOWN",
    });
    await timers.pass(100);
    await flood(1);
    await until(() => calls().length === 51);
    expect(sink.records.at(-1)).toMatchObject({ suppressed: 10 });
    expect(trail.state.suppressed).toBe(10);
  });

  test("names as pseudonyms", async () => {
    const names = { kind: "pseudonym", key: new Uint8Array(32).fill(1) } as const;
    const { client, calls, sink } = await running({ names, around: world([{ channels: ["room-*"] }]) });
    await client.buildToken(request);
    await failureOf((options) =>
      client.buildToken(
        build({ service: { case: "rtc", value: { channelName: "hall-9", userAccount: "amy", role: 1 } } }),
        options,
      ),
    );
    expect(sink.text).not.toMatch(/room-1|hall-9|amy|"42"/);
    expect(calls()[0]).toMatchObject({ grants: [{ channel_hmac: expect.any(String), user_hmac: expect.any(String) }] });
  });
});

describe("what cannot be recorded", () => {
  test("deny: the call fails by name, and no token leaves", async () => {
    const { client, sink, calls, timers, reports } = await running();
    await client.buildToken(request);
    sink.behaviour = "fails";
    const failure = await failureOf((options) => client.buildToken(request, options));
    expect(failure).toMatchObject({
      code: Status.UNAVAILABLE,
      message: "this server cannot record what it decides, so it decides nothing: retry elsewhere",
      errorInfo: { reason: "AUDIT_UNAVAILABLE", domain: "agora.token.v1" },
    });
    const denied = await failureOf((options) => client.buildToken({ ...request, project: "unknown" }, options));
    expect(denied.errorInfo?.reason).toBe("AUDIT_UNAVAILABLE");
    sink.behaviour = "takes";
    await timers.pass(250);
    await client.buildToken(request);
    expect(calls().at(-1)).toMatchObject({ seq: 3, decision: "issued", refused: 2 });
    expect(reports).toEqual(["failing: no space", "recovered"]);
  });

  test("deny: a reader that has stopped keeps nobody waiting for longer than a second", async () => {
    const { client, sink, timers } = await running();
    sink.behaviour = "blocks";
    const call = failureOf((options) => client.buildToken(request, options));
    await until(() => sink.waiting > 0);
    await timers.pass(1000);
    expect((await call).errorInfo?.reason).toBe("AUDIT_UNAVAILABLE");
    const next = await failureOf((options) => client.buildToken(request, options));
    expect(next.errorInfo?.reason).toBe("AUDIT_UNAVAILABLE");
    sink.unblock();
  });

  test("drop: the call goes on without", async () => {
    const { client, sink, trail } = await running({ trail: { onFull: "drop" } });
    sink.behaviour = "fails";
    for (let n = 0; n < 3; n++) await client.buildToken(request);
    expect(trail.state.healthy).toBe(false);
    sink.behaviour = "takes";
  });
});

test("no token, certificate or bearer is ever in a line, nor any key that is not listed", async () => {
  const bearer = "Bearer-canary-7f3a9c";
  const identify: Identify = (headers) => {
    const given = String(headers.get("authorization")[0] ?? "");
    return given.includes("stranger") ? undefined : { id: "lobby", proof: "api_key" };
  };
  const { client, sink, address } = await running({ identify, limits: { perCaller: { rate: 1, burst: 20 } } });
  const secrets = new Set([bearer, ...Object.values(DIGITS)]);
  const tokens = [rtc007(), token006(), rtc007({ digits: DIGITS.other }), rtc007({ issuedAt: NOW - 9000 })];
  for (const token of tokens) secrets.add(token);
  const metadata = Metadata({ authorization: `Bearer ${bearer}`, "x-api-key": bearer });
  const ask = async (act: () => Promise<unknown>) => {
    await act().catch(() => undefined);
  };
  const built = await client.buildToken(request, { metadata });
  secrets.add(built.issuedToken?.token ?? "");
  for (const token of [...tokens, `"${tokens[0]}"`, "007junk"]) {
    await ask(() => client.inspectToken({ token }, { metadata }));
    await ask(async () => secrets.add((await client.renewToken(renew(token), { metadata })).issuedToken?.token ?? ""));
  }
  // Tokens and certificates where they do not belong.
  await ask(() => client.buildToken({ ...request, project: tokens[0] ?? "" }, { metadata }));
  await ask(() => client.buildToken({ ...request, project: DIGITS.retiring }, { metadata }));
  await ask(() =>
    client.buildToken(build({ service: { case: "rtc", value: { channelName: tokens[0] ?? "", uid: 1, role: 1 } } }), {
      metadata,
    }),
  );
  await ask(() => client.inspectToken({ token: "", project: tokens[0] ?? "" }, { metadata }));
  await ask(() => client.buildToken(request, { metadata: Metadata({ "x-request-id": `${tokens[0]}` }) }));
  await ask(() => client.buildToken(request, { metadata: Metadata({ authorization: `Bearer stranger ${bearer}` }) }));
  await answerTo(
    opened(sessionTo(address), { authorization: `Bearer ${bearer}` }).end(framed("renewToken", renew(tokens[0] ?? ""))),
  );
  for (let n = 0; n < 20; n++) await ask(() => client.buildToken(request, { metadata }));
  await until(() => sink.records.some(({ reason }) => reason === "RATE_LIMITED"));

  const keys = new Set(["seq", "prev_hash", "refused", "suppressed", "undelivered", ...RECORD_KEYS]);
  for (const record of sink.records) expect(Object.keys(record).filter((key) => !keys.has(key))).toEqual([]);
  const seen = new Set(sink.records.map(({ decision, reason, method }) => `${method} ${reason ?? decision}`));
  expect([...seen]).toEqual(
    expect.arrayContaining([
      "BuildToken issued",
      "RenewToken issued",
      "InspectToken inspected",
      "BuildToken CALLER_UNKNOWN",
      "RenewToken TOKEN_NOT_GENUINE",
    ]),
  );
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(10);
    // A part of it is a part too many.
    for (let at = 0; at + 16 <= secret.length; at += 8) {
      const part = secret.slice(at, at + 16);
      if (tokenHead(part)) continue;
      expect(sink.text.includes(part), `${part} of a secret`).toBe(false);
    }
  }
});

/** Whether a part of a token is its version and App ID, which are no secret. */
function tokenHead(part: string): boolean {
  return "0060123456789abcdef0123456789ABCDEF".includes(part);
}
