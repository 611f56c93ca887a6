// The real grpcurl, as a person at the prompt uses it.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configuration, type Service, startService } from "../e2e/service.ts";
import { requires } from "./programs.ts";

const TOKEN_SERVICE = "agora.token.v1.TokenService";
const BUILD = {
  project: "live",
  ttl: "600s",
  grants: [{ rtc: { channel_name: "room-1", uid: 42, role: "RTC_ROLE_PUBLISHER" } }],
};

describe.skipIf(requires("grpcurl"))("grpcurl", () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService(configuration);
  });
  afterAll(() => service.stop());

  const grpcurl = async (...args: string[]) => {
    const run = promisify(execFile)("grpcurl", args, { encoding: "utf8" });
    return run.then(
      ({ stdout }) => ({ code: 0, stdout, stderr: "" }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  };
  const at = () => service.addresses[0] ?? "";
  const call = (method: string, request: unknown) =>
    grpcurl("-plaintext", "-d", JSON.stringify(request), at(), `${TOKEN_SERVICE}/${method}`);
  const described = async (symbol: string) => (await grpcurl("-plaintext", at(), "describe", symbol)).stdout;

  test("lists the services and their methods", async () => {
    const { stdout } = await grpcurl("-plaintext", at(), "list");
    expect(stdout.trim().split("\n")).toEqual([
      TOKEN_SERVICE,
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
    ]);
    const methods = await grpcurl("-plaintext", at(), "list", TOKEN_SERVICE);
    expect(methods.stdout).toContain(`${TOKEN_SERVICE}.RenewToken`);
  });

  test.each([
    [TOKEN_SERVICE, "Builds, renews and inspects Agora access tokens for backend callers."],
    [`${TOKEN_SERVICE}.BuildToken`, "Two equal requests give two different"],
    ["agora.token.v1.RtcGrant", "Every channel of the project. A caller needs permission for it."],
    ["agora.token.v1.RtcGrant.uid", "Zero is not a user ID"],
    ["agora.token.v1.RtcRole", "May join, and publish audio, video and data."],
    ["agora.token.v1.FINDING_REASON_EXPIRED", "Rejects: the token has expired."],
    ["buf.validate.field", "extend .google.protobuf.FieldOptions"],
    ["google.rpc.BadRequest", "Which fields of a request are wrong."],
  ])("describes %s with its comments", async (symbol, comment) => {
    expect(await described(symbol)).toContain(comment);
  });

  test("builds, renews and inspects", async () => {
    const built = await call("BuildToken", BUILD);
    const { token } = JSON.parse(built.stdout).issuedToken as { token: string };
    const renewed = await call("RenewToken", { project: "live", ttl: "1200s", token });
    expect(JSON.parse(renewed.stdout).issuedToken.token).toMatch(/^007/);
    const inspected = await call("InspectToken", {
      token,
      expected_grant: { rtc: { channel_name: "room-2", uid: 42 } },
    });
    expect(JSON.parse(inspected.stdout)).toMatchObject({
      verdict: "VERDICT_REJECTED",
      findings: [{ reason: "FINDING_REASON_CHANNEL_MISMATCH", agoraErrorCode: 110 }],
      signatureCheck: "SIGNATURE_CHECK_VALID",
    });
  });

  test("shows the path of a field that is wrong", async () => {
    const grants = [{ rtc: { channel_name: "room/1", uid: 42, role: "RTC_ROLE_PUBLISHER" } }];
    const { code, stderr } = await call("BuildToken", { ...BUILD, grants });
    expect(code).not.toBe(0);
    expect(stderr).toContain("Code: InvalidArgument");
    expect(stderr).toContain('"reason": "REQUEST_INVALID"');
    expect(stderr).toContain('"field": "grants[0].rtc.channel_name"');
  });

  test("reads health", async () => {
    const { stdout } = await grpcurl("-plaintext", at(), "grpc.health.v1.Health/Check");
    expect(JSON.parse(stdout)).toEqual({ status: "SERVING" });
  });
});
