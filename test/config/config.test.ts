import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { ConfigInvalid, readConfig } from "../../src/config/config.ts";
import { checkRules } from "../../src/config/rules.ts";
import { PROJECTS, problemsOf, read } from "./fixtures/read.ts";

const EXAMPLE = fileURLToPath(new URL("fixtures/example.yaml", import.meta.url));

function thrownBy(action: () => unknown): ConfigInvalid {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigInvalid) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("the example", () => {
  const { places, ...settings } = readConfig(EXAMPLE, undefined, checkRules);

  test("is read as a whole", () => {
    expect(settings).toStrictEqual({
      listen: [
        {
          address: { kind: "tcp", host: "127.0.0.1", port: 50051 },
          loopback: true,
          tls: undefined,
          terminatedUpstream: false,
        },
      ],
      admin: { address: { kind: "tcp", host: "127.0.0.1", port: 9464 } },
      reflection: true,
      projects: [
        {
          id: "live",
          appId: "0123456789abcdef0123456789abcdef",
          allowToken006: false,
          maxTtl: 86400,
          certificates: [
            { id: "2026-11", state: "primary", file: "/run/secrets/live/2026-11" },
            { id: "2026-05", state: "retiring", file: "/run/secrets/live/2026-05" },
          ],
          acknowledgeLiveTokens: false,
          allowReadableFiles: false,
        },
      ],
      callers: [
        { id: "lobby", match: { kind: "spiffe", id: "spiffe://prod.example/ns/rooms/sa/lobby" } },
        {
          id: "billing-job",
          match: {
            kind: "apiKey",
            sha256: "50d858e0985ecc7f60418aaf0cc5ab587f42c2570a884095a9e8ccacd0f6545c",
            next: "5b1a4a36a4f1cd5f2b83c3a2f1c1fb1f7ad94df0a7d1b2a2f3e0f6c9f1d5e6a7",
          },
        },
        {
          id: "rooms",
          match: {
            kind: "jwt",
            issuer: "https://kubernetes.default.svc",
            subject: "system:serviceaccount:rooms:api",
            audience: "agora-token",
          },
        },
        { id: "local", match: { kind: "loopback" } },
      ],
      jwtIssuers: [{ issuer: "https://kubernetes.default.svc", keys: { kind: "file", file: "/run/jwks.json" } }],
      permits: [
        {
          callers: ["lobby"],
          projects: ["live"],
          methods: ["BuildToken", "RenewToken"],
          services: ["rtc", "rtm"],
          channels: ["room-*"],
          users: { uids: true, accounts: ["u-*"] },
          roles: ["publisher", "subscriber"],
          maxTtl: 3600,
          anyUser: false,
          anyChannel: false,
        },
        {
          callers: ["local"],
          projects: ["*"],
          methods: ["*"],
          services: ["*"],
          channels: ["*"],
          users: { uids: true, accounts: ["*"] },
          roles: ["publisher", "subscriber"],
          maxTtl: 86400,
          anyUser: true,
          anyChannel: true,
        },
      ],
      limits: {
        maxMessageBytes: 262144,
        maxConcurrentStreams: 128,
        maxInFlight: 512,
        perCaller: { rate: 500, burst: 1000 },
        maxConnections: 2000,
        maxConnectionsPerAddress: 200,
      },
      audit: { file: "-", onFull: "deny", names: "pseudonym", namesKeyFile: "/run/secrets/names-key" },
      shutdown: { drainDelay: 5, deadline: 20 },
      log: { level: "info" },
    });
  });

  test("tells where each key is", () => {
    const line = readFileSync(EXAMPLE, "utf8").split("\n").indexOf("    max_ttl: 3600s") + 1;
    expect(places.get("permits[0].max_ttl")).toEqual({ line, column: 14 });
    expect(places.has("listen[0].tls")).toBe(false);
  });
});

test("all defaults", () => {
  const { places, ...settings } = read(PROJECTS);
  expect(places.has("projects")).toBe(true);
  expect(places.has("listen")).toBe(false);
  expect(settings).toStrictEqual({
    listen: [
      {
        address: { kind: "tcp", host: "127.0.0.1", port: 50051 },
        loopback: true,
        tls: undefined,
        terminatedUpstream: false,
      },
    ],
    admin: { address: { kind: "tcp", host: "127.0.0.1", port: 9464 } },
    reflection: true,
    projects: [
      {
        id: "live",
        appId: "0123456789abcdef0123456789abcdef",
        allowToken006: false,
        maxTtl: 86400,
        certificates: [{ id: "a", state: "primary", file: "/run/a" }],
        acknowledgeLiveTokens: false,
        allowReadableFiles: false,
      },
    ],
    callers: [],
    jwtIssuers: [],
    permits: [],
    limits: {
      maxMessageBytes: 262144,
      maxConcurrentStreams: 128,
      maxInFlight: 512,
      perCaller: { rate: 500, burst: 1000 },
      maxConnections: 2000,
      maxConnectionsPerAddress: 200,
    },
    audit: { file: "-", onFull: "deny", names: "plain", namesKeyFile: undefined },
    shutdown: { drainDelay: 5, deadline: 15 },
    log: { level: "info" },
  });
});

test("a permit of nothing but its callers permits nothing", () => {
  const { permits } = read(`${PROJECTS}permits: [{ callers: ["*"] }]\n`);
  expect(permits).toStrictEqual([
    {
      callers: ["*"],
      projects: [],
      methods: [],
      services: [],
      channels: [],
      users: { uids: false, accounts: [] },
      roles: [],
      maxTtl: undefined,
      anyUser: false,
      anyChannel: false,
    },
  ]);
});

test("a listener with everything, and values that are not the defaults", () => {
  const { listen, reflection, jwtIssuers, limits, audit } = read(`${PROJECTS}
listen:
  - address: "[::]:443"
    tls: { certificate_file: /tls.crt, key_file: /tls.key, client_ca_file: /ca.crt }
  - { address: 10.0.0.1:50051, terminated_upstream: true }
  - address: unix:/run/agora/token.sock
reflection: false
jwt_issuers: [{ issuer: a, jwks_url: "https://keys.example/jwks" }]
limits: { max_in_flight: 7, per_caller: { rate: 1 } }
audit: { file: /var/log/audit.jsonl, on_full: drop }
`);
  expect(listen).toStrictEqual([
    {
      address: { kind: "tcp", host: "::", port: 443 },
      loopback: false,
      tls: { certificateFile: "/tls.crt", keyFile: "/tls.key", clientCaFile: "/ca.crt", allowReadableKeyFile: false },
      terminatedUpstream: false,
    },
    {
      address: { kind: "tcp", host: "10.0.0.1", port: 50051 },
      loopback: false,
      tls: undefined,
      terminatedUpstream: true,
    },
    {
      address: { kind: "unix", path: "/run/agora/token.sock" },
      loopback: true,
      tls: undefined,
      terminatedUpstream: false,
    },
  ]);
  expect(reflection).toBe(false);
  expect(jwtIssuers).toStrictEqual([{ issuer: "a", keys: { kind: "url", url: "https://keys.example/jwks" } }]);
  expect(limits).toMatchObject({ maxMessageBytes: 262144, maxInFlight: 7, perCaller: { rate: 1, burst: 1000 } });
  expect(audit).toStrictEqual({
    file: "/var/log/audit.jsonl",
    onFull: "drop",
    names: "plain",
    namesKeyFile: undefined,
  });
});

test("settings do not change any more", () => {
  const settings = read(PROJECTS);
  expect(Object.isFrozen(settings)).toBe(true);
  expect(Object.isFrozen(settings.projects[0]?.certificates[0])).toBe(true);
  expect(Object.isFrozen(settings.limits.perCaller)).toBe(true);
});

describe("the message", () => {
  test("lists all problems in the order of the file, a line each", () => {
    const text = `reflection: "yes"\n${PROJECTS}limits: { max_in_flight: 0 }\naudit: { on_full: denny }\n`;
    expect(thrownBy(() => read(text)).message.split("\n")).toEqual([
      "config.yaml:1:13: reflection: must be true or false; write true, without quotes",
      "config.yaml:6:26: limits.max_in_flight: must be an integer from 1 to 100000",
      "config.yaml:7:19: audit.on_full: must be deny or drop; did you mean `deny`?",
    ]);
  });

  test("shows the first 50, and counts the others", () => {
    const keys = Array.from({ length: 60 }, (_, i) => `zz_${i}: 1\n`).join("");
    const { message, problems } = thrownBy(() => read(keys + PROJECTS));
    const lines = message.split("\n");
    expect(problems).toHaveLength(60);
    expect(lines).toHaveLength(51);
    expect(lines[0]).toBe("config.yaml:1:1: zz_0: unknown key `zz_0`");
    expect(lines[50]).toBe("config.yaml: and 10 more");
  });

  test("does not repeat what may be a secret", () => {
    const secret = "0123456789abcdeffedcba9876543210";
    const text = `${PROJECTS}${secret}: 1\nx${secret}x: {${secret}: 2}\npermits: [{ callers: [], projects: [${secret}e] }]\naudit: ${secret}f\n`;
    const { message, problems } = thrownBy(() => read(text));
    expect(problems).toHaveLength(4);
    expect(message).not.toContain(secret);
    expect(thrownBy(() => read(`${PROJECTS}audit: @${secret}\n`)).message).not.toContain(secret);
  });
});

describe("a file that cannot be read", () => {
  test.each([
    ["ENOENT", "there is no such file"],
    ["EACCES", "this user may not read it"],
    ["EISDIR", "it is a directory"],
    ["EIO", "EIO"],
  ])("%s", (code, reason) => {
    const cause = Object.assign(new Error("secret"), { code });
    const error = thrownBy(() =>
      readConfig("/etc/x.yaml", () => {
        throw cause;
      }),
    );
    expect(error.message).toBe(`/etc/x.yaml: cannot be read: ${reason}`);
    expect(error.cause).toBe(cause);
  });

  test("really missing", () => {
    const missing = fileURLToPath(new URL("fixtures/missing.yaml", import.meta.url));
    expect(thrownBy(() => readConfig(missing)).message).toBe(`${missing}: cannot be read: there is no such file`);
  });

  test("too large", () => {
    const large = () => readConfig("x", () => new Uint8Array(8 * 1024 * 1024 + 1).fill(32));
    expect(thrownBy(large).message).toBe("x: is larger than 8388608 bytes");
  });

  test("not UTF-8", () => {
    const latin1 = () => readConfig("x", () => Uint8Array.of(0x23, 0xe9, 0x0a));
    expect(thrownBy(latin1).message).toBe("x: is not UTF-8: save it in this encoding");
  });

  test("a byte order mark is not in the way", () => {
    expect(problemsOf(`\uFEFFfoo: 1\n${PROJECTS}`)).toMatchObject([{ place: { line: 1, column: 1 }, path: "foo" }]);
  });
});
