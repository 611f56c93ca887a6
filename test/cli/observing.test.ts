// What a running service tells operators: its admin address, its log, and what becomes of changes.

import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { RtcRole } from "../../gen/agora/token/v1/token_pb.ts";
import { Ledger } from "../../src/audit/ledger.ts";
import { Observing } from "../../src/cli/observing.ts";
import { serve } from "../../src/cli/serve.ts";
import { jsonLog } from "../../src/observe/json-log.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { METHOD_NAMES } from "../../src/server/server.ts";
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
  test("10,000 channels, and as many callers that nobody knows, are no more series than one", async () => {
    const metrics = new Metrics({ version: "", nodeVersion: "", methods: METHOD_NAMES });
    const observing = new Observing(
      jsonLog(() => undefined),
      metrics,
    );
    const names = async () => {
      const { text } = await metrics.page();
      return text
        .split("\n")
        .flatMap((line) => (/^(agora|rpc)/.test(line) ? [line.slice(0, line.lastIndexOf(" "))] : []));
    };
    const METHOD = "agora.token.v1.TokenService/BuildToken";
    const call = (n: number) => {
      const ledger = new Ledger();
      const grants: Ledger["signed"][number]["grants"] = [
        { service: "rtc", channel: { name: `room-${n}` }, user: { uid: n + 1 }, privileges: new Map() },
      ];
      ledger.asked.push({ project: "live", version: "007", lifetime: undefined, grants, original: undefined });
      const span = { issuedAt: 0, expiresAt: 1 };
      ledger.signed.push({ text: `007${n}`, version: "007", span, certificateId: "a", grants });
      const facts = { time: 0, requestId: `r-${n}`, peer: `10.0.0.1:${n}`, method: "BuildToken" };
      observing.onAnswered({ ...facts, caller: { id: "lobby", proof: "loopback" } }, ledger, undefined);
      const refused = { method: METHOD, requestId: `r-${n}`, peer: `10.0.0.1:${n}` };
      observing.onFailed({ ...refused, reason: "CALLER_UNKNOWN", caller: undefined });
      observing.onFailed({ ...refused, reason: "NOT_PERMITTED", caller: "lobby" });
      observing.onShed("lag", `/made.up/Method${n}`);
    };
    call(0);
    const one = await names();
    for (let n = 1; n < 10_000; n++) call(n);
    expect(await names()).toEqual(one);
    expect((await metrics.page()).text).toContain('issued_total{project="live",service="rtc",version="007"} 10000\n');
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
