// What a running service tells operators: its admin address, its log, and what becomes of changes.

import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { RtcRole } from "../../gen/agora/token/v1/token_pb.ts";
import { serve } from "../../src/cli/serve.ts";
import { page, series } from "../e2e/admin.ts";
import { channelTo, clientOf } from "../e2e/client.ts";
import { configuration, type Service, startService } from "../e2e/service.ts";
import { makeAuthority, makeServerCertificate } from "../fixtures/certificates.ts";
import { CLAIMS, KEYS, keySet } from "../fixtures/jwts.ts";
import { configured, folder, write } from "./command.ts";
import { CERTIFICATES, configIn } from "./files.ts";
import { serving } from "./serving.ts";

const expiration = { case: "ttl", value: { seconds: 600n } } as const;
const build = (channelName: string) => ({
  project: "live",
  expiration,
  grants: [{ service: { case: "rtc", value: { channelName, uid: 42, role: RtcRole.PUBLISHER } } } as const],
});

async function started(more: Parameters<typeof configuration>[1] = {}) {
  const service = await startService((folder) => configuration(folder, more));
  const channel = channelTo(service.addresses[0] ?? "");
  onTestFinished(async () => {
    channel.close();
    await service.stop();
  });
  return { service, client: clientOf(channel) };
}

const lines = ({ errors }: Pick<Service, "errors">) =>
  errors.map((line) => JSON.parse(line) as Record<string, unknown>);

describe("metrics", () => {
  test("10,000 channels are no more series than one", async () => {
    const toldAfter = async (batches: number) => {
      const rest = "limits: { max_message_bytes: 1048576, per_caller: { rate: 100000, burst: 100000 } }";
      const { service, client } = await started({ rest });
      for (let batch = 0; batch < batches; batch++) {
        await client.batchBuildTokens({ requests: Array.from({ length: 100 }, (_, n) => build(`room-${batch}-${n}`)) });
        await expect(client.buildToken(build(`lobby-${batch}`))).rejects.toThrow();
      }
      const told = [...(await series(service))].filter(([name]) => !name.startsWith("nodejs_"));
      return new Map(told);
    };
    const [one, many] = [await toldAfter(1), await toldAfter(100)];
    const names = (told: ReadonlyMap<string, number>) =>
      [...told.keys()].map((name) => name.replace(/hash="\w+"/, "")).sort();
    expect(names(many)).toEqual(names(one));
    expect(many.get('agora_tokend_tokens_issued_total{project="live",service="rtc",version="007"}')).toBe(10_000);
  });

  test("changes of the configuration, of TLS, and of the keys of issuers", async () => {
    const authority = makeAuthority();
    const certificate = makeServerCertificate(authority);
    const path = folder();
    write(path, "tls.crt", certificate.pem);
    write(path, "tls.key", certificate.keyPem);
    write(path, "jwks.json", keySet(KEYS.ec).toString());
    const tls = `tls: { certificate_file: ${path}/tls.crt, key_file: ${path}/tls.key }`;
    const parts = {
      listen: `[{ address: 127.0.0.1:0 }, { address: 127.0.0.1:0, ${tls} }]`,
      rest: `admin: { address: 127.0.0.1:0 }\njwt_issuers: [{ issuer: ${CLAIMS.iss}, jwks_file: ${path}/jwks.json }]`,
    };
    const service = await serving({}, write(path, "config.yaml", configIn(path, parts), 0o644));
    service.configure({ ...parts, permit: "max_tll: 1s" });
    await service.hangUp();
    service.configure({ ...parts, certificates: { a: "primary", b: "standby" } });
    await service.hangUp();
    write(path, "tls.crt", makeServerCertificate(authority).pem);
    write(path, "jwks.json", "{");
    service.now += 2;
    await service.tick();
    const told = await series(service);
    const name = (metric: string, labels: string) => told.get(`agora_tokend_${metric}{${labels}}`);
    expect(name("config_reloads_total", 'outcome="applied"')).toBe(1);
    expect(name("config_reloads_total", 'outcome="refused"')).toBe(1);
    expect(name("certificate_info", 'project="live",certificate="b",state="standby"')).toBe(1);
    const listener = 'listener="127.0.0.1:0"';
    expect(name("tls_reloads_total", `${listener},outcome="refused"`)).toBe(1);
    expect(name("tls_certificate_not_after_seconds", listener)).toBeGreaterThan(service.now);
    const issuer = `issuer="${CLAIMS.iss}"`;
    expect(name("jwks_reads_total", `${issuer},outcome="failed"`)).toBe(1);
    expect(name("jwks_usable", issuer)).toBe(1);
    expect(name("jwks_age_seconds", issuer)).toBe(2);
    // TLS and keys are looked at together.
    expect(lines(service).map(({ event, level, outcome }) => `${event} ${level} ${outcome}`)).toEqual([
      "jwt_keys info read",
      "started info undefined",
      "reload error refused",
      "reload info applied",
      ...["jwt_keys error failed", "tls error refused"].map(() => expect.stringMatching(/^(jwt_keys|tls) error/)),
    ]);
  });
});

describe("the log", () => {
  test("begins, tells of each refusal, and ends", async () => {
    const { service, client } = await started();
    await client.buildToken(build("room-1"));
    await expect(client.buildToken(build("lobby"))).rejects.toThrow();
    expect(lines(service)).toMatchObject([
      { level: "info", event: "started", version: expect.stringMatching(/^\d/) },
      {
        level: "info",
        event: "call",
        request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        caller: "local",
        method: "agora.token.v1.TokenService/BuildToken",
        reason: "NOT_PERMITTED",
      },
    ]);
  });

  test("tells of every call where that is asked for, without what callers wrote", async () => {
    const { service, client } = await started({ rest: "log: { level: debug }" });
    const { issuedToken } = await client.buildToken(build("room-secret"));
    await client.inspectToken({ token: issuedToken?.token ?? "" });
    await expect(client.inspectToken({ token: "007secret", project: "secret" })).rejects.toThrow();
    const calls = lines(service).filter(({ event }) => event === "call");
    expect(calls).toMatchObject([
      { level: "debug", method: "BuildToken", tokens: 1, request: { project: "4 characters" } },
      { level: "debug", method: "InspectToken", request: { token: "[redacted]" } },
      { level: "info", reason: "NOT_PERMITTED" },
    ]);
    const text = service.errors.join("\n");
    for (const secret of ["secret", issuedToken?.token ?? "?", ...Object.values(CERTIFICATES)]) {
      expect(text).not.toContain(secret);
    }
  });

  test("changes its level with a reload", async () => {
    const service = await serving({ rest: "log: { level: error }" });
    expect(service.errors).toEqual([]);
    service.configure({ rest: "log: { level: debug }" });
    await service.hangUp();
    await service.client.buildToken(build("room-1"));
    expect(lines(service).map(({ event }) => event)).toEqual(["reload", "call"]);
  });
});

describe("the admin address", () => {
  test("is there before the service serves, and until it has stopped", async () => {
    const { service } = await started();
    expect(await page(service, "/livez")).toEqual({ status: 200, text: "alive\n" });
    expect(service.lines.some((line) => line.startsWith("metrics and probes are at http://127.0.0.1:"))).toBe(true);
  });

  const taken = async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await new Promise((resolve) => other.once("listening", resolve));
    return (other.address() as { port: number }).port;
  };

  test("that is stated and taken is a reason not to start", async () => {
    const port = await taken();
    const file = configured({ rest: `admin: { address: 127.0.0.1:${port} }` });
    const around = { out: () => undefined, error: () => undefined, stop: () => Promise.resolve() };
    await expect(serve({ config: file }, around)).rejects.toMatchObject({
      code: "EADDRINUSE",
      message: `admin.address 127.0.0.1:${port} cannot be listened on (EADDRINUSE): state one that is free`,
    });
  });

  test("shows no secret", async () => {
    const { service, client } = await started();
    const { issuedToken } = await client.buildToken(build("room-hidden"));
    const { text } = await page(service, "/metrics");
    for (const secret of ["room-hidden", issuedToken?.token ?? "?", ...Object.values(CERTIFICATES)]) {
      expect(text).not.toContain(secret);
    }
  });
});
