import { mkdtempSync } from "node:fs";
import { connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FindingReason, RtcRole, SignatureCheck, TokenVersion, Verdict } from "../../gen/agora/token/v1/token_pb.ts";
import { official007 } from "../token/official.ts";
import { channelTo, clientOf, failureOf } from "./client.ts";
import { APP_ID, CERTIFICATE, configuration, type Service, startService } from "./service.ts";

const ttl = (seconds: number) => ({ case: "ttl", value: { seconds: BigInt(seconds) } }) as const;
const rtc = { service: { case: "rtc", value: { channelName: "room-1", uid: 42, role: RtcRole.PUBLISHER } } } as const;

describe("over a socket", () => {
  let service: Service;
  let channel: ReturnType<typeof channelTo>;
  let client: ReturnType<typeof clientOf>;

  beforeAll(async () => {
    service = await startService(configuration);
    channel = channelTo(service.addresses[0] ?? "");
    client = clientOf(channel);
  });
  afterAll(async () => {
    channel.close();
    await service.stop();
  });

  test("a token is built, is good by npm agora-token, is inspected and renewed", async () => {
    const { issuedToken } = await client.buildToken({ project: "live", expiration: ttl(600), grants: [rtc] });
    expect(issuedToken).toMatchObject({
      appId: APP_ID,
      version: TokenVersion.TOKEN_VERSION_007,
      certificateId: "first",
    });
    const official = new official007.AccessToken2("", "", 0, 0);
    expect(official.from_string(issuedToken?.token ?? "")).toBe(true);
    expect(official.verifySignature(CERTIFICATE)).toBe(true);

    const token = issuedToken?.token ?? "";
    const inspection = await client.inspectToken({ token, expectedGrant: rtc });
    expect(inspection).toMatchObject({
      verdict: Verdict.ACCEPTED,
      signatureCheck: SignatureCheck.VALID,
      project: "live",
    });
    expect(inspection.findings).toEqual([]);

    const renewed = await client.renewToken({ project: "live", token, expiration: ttl(3600) });
    expect(renewed.issuedToken?.token).not.toBe(token);
    expect((await client.inspectToken({ token: renewed.issuedToken?.token ?? "", expectedGrant: rtc })).verdict).toBe(
      Verdict.ACCEPTED,
    );
  });

  test("a bad token is a finding", async () => {
    const inspection = await client.inspectToken({ token: "hello" });
    expect(inspection.findings.map(({ reason }) => reason)).toEqual([FindingReason.MALFORMED]);
  });

  test("an invalid request names its fields", async () => {
    const failure = await failureOf((options) => client.buildToken({ project: "live", grants: [rtc] }, options));
    expect(failure).toMatchObject({
      code: Status.INVALID_ARGUMENT,
      errorInfo: { reason: "REQUEST_INVALID", domain: "agora.token.v1", metadata: { method: "BuildToken" } },
      violations: [{ field: "expiration" }],
    });
  });

  test("what no row permits is denied, and so is what does not exist, alike", async () => {
    const build = (project: string) =>
      failureOf((options) => client.buildToken({ project, expiration: ttl(60), grants: [rtc] }, options));
    const elsewhere = { service: { case: "rtc", value: { ...rtc.service.value, channelName: "lobby" } } } as const;
    const denied = await failureOf((options) =>
      client.buildToken({ project: "live", expiration: ttl(60), grants: [elsewhere] }, options),
    );
    expect(await build("absent")).toEqual(denied);
    expect(denied).toMatchObject({ code: Status.PERMISSION_DENIED, errorInfo: { reason: "NOT_PERMITTED" } });
  });

  test("a longer lifetime than the row's is told apart", async () => {
    const failure = await failureOf((options) =>
      client.buildToken({ project: "live", expiration: ttl(3601), grants: [rtc] }, options),
    );
    expect(failure.errorInfo).toMatchObject({ reason: "LIFETIME_NOT_PERMITTED", metadata: { max_ttl: "3600s" } });
  });

  test("a message over the limit is RESOURCE_EXHAUSTED", async () => {
    const call = client.inspectToken({ token: "x".repeat(300_000) });
    await expect(call).rejects.toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
  });

  test("bytes that are no message are the caller's fault", async () => {
    expect(await raw(service, Buffer.from([0, 0, 0, 0, 3, 0xff, 0xff, 0xff]))).toBe(String(Status.INVALID_ARGUMENT));
  });

  test("odd metadata and texts do not end the process", async () => {
    const odd = {
      "x-caller": "someone",
      "x-odd": "\u00ff\u00e9",
      "grpc-timeout": "99999999H",
      authorization: "Bearer \u00ff",
    };
    await raw(service, Buffer.alloc(5), odd);
    const token = `${"\u{1F600}".repeat(100)}\u202e%00\n`;
    expect((await client.inspectToken({ token })).verdict).toBe(Verdict.REJECTED);
    for (const project of ["__proto__", "constructor", "\u{1F600}", "a".repeat(10_000)]) {
      const failure = await failureOf((options) =>
        client.buildToken({ project, expiration: ttl(60), grants: [rtc] }, options),
      );
      expect(failure.message).toMatch(/^[\x20-\x7e]{1,512}$/);
      expect(failure.message).not.toContain(project);
    }
    expect((await client.inspectToken({ token: "still there" })).verdict).toBe(Verdict.REJECTED);
  });
});

test("a unix socket is served, and its file removed", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "agora-tokend-")), "token.sock");
  const service = await startService((folder) => configuration(folder, { listen: `[{ address: "unix:${path}" }]` }));
  const channel = channelTo(service.addresses[0] ?? "");
  const { verdict } = await clientOf(channel).inspectToken({ token: "hello" });
  expect(verdict).toBe(Verdict.REJECTED);
  channel.close();
  await service.stop();
});

test("the demo greets with lines to paste", async () => {
  const service = await startService();
  expect(service.lines.filter((line) => line.startsWith("grpcurl "))).toHaveLength(3);
  expect(service.lines.filter((line) => line.startsWith("npx buf curl "))).toHaveLength(3);
  await service.stop();
});

/** Sends bytes as they are to BuildToken, and gives the gRPC status. */
async function raw(service: Service, body: Buffer, headers: Record<string, string> = {}): Promise<string | undefined> {
  const session = connect(`http://${service.addresses[0]}`);
  const stream = session.request({
    ":method": "POST",
    ":path": "/agora.token.v1.TokenService/BuildToken",
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  const status = new Promise<string | undefined>((resolve) => {
    stream.on("response", (headers) => headers["grpc-status"] && resolve(String(headers["grpc-status"])));
    stream.on("trailers", (trailers) => resolve(String(trailers["grpc-status"])));
  });
  stream.resume().end(body);
  const told = await status;
  session.close();
  return told;
}
