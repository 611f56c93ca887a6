import { describe, expect, onTestFinished, test, vi } from "vitest";
import { parse006 } from "../../src/token/token006.ts";
import { parse007, verify007 } from "../../src/token/token007.ts";
import { scripted } from "../client/scripted.ts";
import { official007 } from "../token/official.ts";
import { atPrompt, NOW } from "./at-prompt.ts";
import { configured, folder, write } from "./command.ts";
import { APP_ID, CERTIFICATES } from "./files.ts";
import { type Serving, serving } from "./serving.ts";
import { token006, token007 } from "./tokens.ts";

const PERMIT = `max_ttl: 3600s
    any_user: true`;
const ROOM = ["--project", "live", "--ttl", "10m", "--channel", "room-1", "--uid", "42", "--role", "publisher"];

/** Runs `build` on this machine. */
const buildHere = (args: readonly string[], config = configured({ permit: PERMIT }), input = "") =>
  atPrompt(["build", "--config", config, "--caller", "local", ...args], { input });

describe("build on this machine", () => {
  test("prints the token alone, good by npm agora-token", async () => {
    const { code, out, error } = await buildHere(ROOM);
    expect({ code, error }).toEqual({ code: 0, error: "" });
    const official = new official007.AccessToken2("", "", 0, 0);
    expect(official.from_string(out)).toBe(true);
    expect(official.verifySignature(CERTIFICATES.a)).toBe(true);
    expect(parse007(out)).toMatchObject({ appId: APP_ID, issuedAt: NOW, lifetime: 600 });
  });

  test("tells a person what goes with it, on standard error", async () => {
    const person = { terminal: true, colours: true };
    const args = [
      "build",
      "--config",
      configured({ permit: PERMIT }),
      "--caller",
      "local",
      ...ROOM.slice(0, 6),
      "--any-user",
    ];
    const { out, error } = await atPrompt([...args, "--role", "publisher"], person);
    expect(out).toMatch(/^007[A-Za-z0-9+/=]+$/);
    expect(error).toContain(`for the App ID ${APP_ID}, signed with the certificate a`);
    expect(error).toContain("expires 2027-01-15T08:10:00Z");
    expect(error).toContain("note: ANY_USER: ");
    expect(error).not.toContain(out);
  });

  test("--json is the contract's BuildTokenResponse", async () => {
    const { out } = await buildHere([...ROOM, "--json"]);
    expect(JSON.parse(out).issuedToken).toMatchObject({
      appId: APP_ID,
      version: "TOKEN_VERSION_007",
      issueTime: "2027-01-15T08:00:00Z",
      expireTime: "2027-01-15T08:10:00Z",
      certificateId: "a",
    });
  });

  test("--until and --token-version", async () => {
    const config = configured({ project: "allow_token006: true" });
    const args = ROOM.map((arg) => (arg === "--ttl" ? "--until" : arg === "10m" ? "2027-01-15T08:30:00Z" : arg));
    const { out } = await buildHere([...args, "--token-version", "006"], config);
    expect(parse006(out)).toMatchObject({ expiresAt: NOW + 1800 });
  });

  test("--request says all of it, from a file or standard input", async () => {
    const request = JSON.stringify({
      project: "live",
      ttl: "60s",
      grants: [{ rtc: { channel_name: "room-9", uid: 7, privileges: { join_channel: { ttl: "30s" } } } }],
    });
    const file = write(folder(), "request.json", request);
    const claimed = parse007((await buildHere(["--request", file])).out);
    expect(verify007(claimed, Buffer.from(CERTIFICATES.a))).toBe(true);
    expect(claimed.grants).toMatchObject([{ channel: { name: "room-9" }, privileges: new Map([[1, 30]]) }]);
    expect((await buildHere(["--request", "-"], undefined, request)).code).toBe(0);
  });

  test("is under the permits of the caller", async () => {
    const other = ROOM.map((arg) => (arg === "room-1" ? "lobby" : arg));
    const { code, out, error } = await buildHere(other);
    expect({ code, out }).toEqual({ code: 77, out: "" });
    expect(error).toMatch(/^agora-tokend: BuildToken: PERMISSION_DENIED \(NOT_PERMITTED\): /);
    const long = await buildHere([...ROOM.slice(0, 3), "2h", ...ROOM.slice(4), "--json"]);
    expect(long.code).toBe(77);
    expect(JSON.parse(long.out).error).toMatchObject({
      status: "PERMISSION_DENIED",
      reason: "LIFETIME_NOT_PERMITTED",
      metadata: { max_ttl: "3600s" },
    });
    const nobody = configured({
      callers: "[{ id: local, match: { loopback: true } }, { id: ci, match: { spiffe_id: spiffe://prod/ci } }]",
    });
    expect((await atPrompt(["build", "--config", nobody, "--caller", "ci", ...ROOM])).code).not.toBe(0);
  });

  test("names the fields that are wrong", async () => {
    const { code, error } = await buildHere(ROOM.map((arg) => (arg === "room-1" ? "room/1" : arg)));
    expect(code).toBe(65);
    expect(error).toContain("invalid: grants[0].rtc.channel_name: has a character that Agora does not allow");
    expect(error).not.toContain("\n");
  });

  test.each([
    ["no caller", ["build", "--config", "x", ...ROOM]],
    ["a caller for a server", ["build", "--caller", "x", ...ROOM]],
    ["no project", ["build", "--ttl", "60s"]],
    ["no expiration", ["build", "--project", "live"]],
    ["two expirations", ["build", ...ROOM, "--until", "2027-01-15T08:30:00Z"]],
    ["a lifetime without a unit", ["build", "--project", "live", "--ttl", "3600"]],
    ["a lifetime in milliseconds", ["build", "--project", "live", "--ttl", "3600000ms"]],
    ["all of it and a part of it", ["build", "--request", "-", "--ttl", "60s"]],
    ["a request that is no JSON", ["build", "--request", "-"]],
    ["a request that is not there", ["build", "--request", "/nowhere"]],
    ["a server and a configuration", ["build", "--config", "x", "--server", "127.0.0.1:1", ...ROOM]],
    ["an address that is none", ["build", "--server", "tokens.internal", ...ROOM]],
    ["a key file that is not there", ["build", "--key", "/nowhere", ...ROOM]],
    ["a certificate without its key", ["build", "--cert", "package.json", ...ROOM]],
    ["TLS and none", ["build", "--plaintext", "--tls", ...ROOM]],
    ["an unknown service", ["build", "--service", "rtx", ...ROOM]],
    ["an unknown role", ["build", ...ROOM.slice(0, -1), "admin"]],
    ["a uid that is none", ["build", "--project", "live", "--ttl", "60s", "--uid", "-1"]],
    ["a uid that is too large", ["build", "--project", "live", "--ttl", "60s", "--uid", "4294967296"]],
    [
      "a role where there is none",
      ["build", "--project", "live", "--ttl", "60s", "--service", "rtm", "--role", "publisher"],
    ],
    [
      "a privilege of another service",
      ["build", "--project", "live", "--ttl", "60s", "--service", "rtm", "--privilege", "publish"],
    ],
    [
      "a privilege where there is none",
      ["build", "--project", "live", "--ttl", "60s", "--service", "stt", "--privilege", "login"],
    ],
  ])("64: %s", async (_, args) => {
    const { code, error, out } = await atPrompt(args, { input: "no json" });
    expect({ code, out }).toEqual({ code: 64, out: "" });
    expect(error).toMatch(/^error: /);
  });

  test("a caller that the configuration does not have is wrong use", async () => {
    const { code, error } = await atPrompt(["build", "--config", configured(), "--caller", "nobody", ...ROOM]);
    expect(code).toBe(64);
    expect(error).toContain("has no caller of this ID");
  });
});

describe("renew on this machine", () => {
  const renewHere = (args: readonly string[], input: string, config = configured({ permit: PERMIT })) =>
    atPrompt(["renew", "--config", config, "--caller", "local", "--project", "live", ...args], { input });

  test("verifies the original, and prints the token alone", async () => {
    const { code, out, error } = await renewHere(["--ttl", "30m"], `${token007()}\n`);
    expect({ code, error }).toEqual({ code: 0, error: "" });
    const renewed = parse007(out);
    expect(renewed).toMatchObject({ appId: APP_ID, issuedAt: NOW, lifetime: 1800 });
    expect(verify007(renewed, Buffer.from(CERTIFICATES.a))).toBe(true);
  });

  test("is refused as a server refuses", async () => {
    const malformed = await renewHere(["--ttl", "30m", "--json"], "hello");
    expect(malformed.code).toBe(65);
    expect(JSON.parse(malformed.out).error).toMatchObject({ method: "RenewToken", reason: "TOKEN_MALFORMED" });
    const long = await renewHere(["--ttl", "2h"], token007());
    expect(long.code).toBe(77);
    expect(long.error).toContain("LIFETIME_NOT_PERMITTED");
    const other = await renewHere(["--ttl", "30m", "--channel", "room-2", "--uid", "42"], token007());
    expect(other.error).toContain("EXPECTED_GRANT_MISMATCH");
  });

  test.each([
    ["no caller", ["renew", "--config", "x", "--project", "live", "--ttl", "30m"]],
    ["a caller for a server", ["renew", "--caller", "x", "--project", "live", "--ttl", "30m"]],
    ["a configuration and a server", ["renew", "--config", "x", "--server", "127.0.0.1:1"]],
  ])("64: %s", async (_, args) => {
    expect((await atPrompt(args, { input: token007() })).code).toBe(64);
  });
});

describe("a grant in options", () => {
  const EVERYTHING = {
    permit: `max_ttl: 3600s
    any_user: true
    any_channel: true
  - callers: [local]
    projects: [live]
    methods: ["*"]
    services: ["*"]
    channels: ["*"]
    users: { uids: true, accounts: ["*"] }
    roles: ["*"]
    any_user: true
    any_channel: true
    max_ttl: 3600s`,
  };
  test.each([
    [
      ["--channel", "room-1", "--uid", "1", "--role", "subscriber"],
      { service: "rtc", channel: { name: "room-1" }, user: { uid: 1 } },
    ],
    [["--any-channel", "--any-user", "--privilege", "join_channel"], { service: "rtc", channel: "any", user: "any" }],
    [["--service", "rtm", "--account", "alice", "--privilege", "login"], { service: "rtm", userId: "alice" }],
    [["--service", "chat", "--privilege", "app"], { service: "chat", userId: "", privileges: new Map([[2, 60]]) }],
    [
      [
        "--service",
        "apaas",
        "--channel",
        "r",
        "--account",
        "u",
        "--role",
        "0",
        "--privilege",
        "room_user",
        "--privilege",
        "user",
      ],
      {
        service: "apaas",
        roomUuid: "r",
        userUuid: "u",
        role: 0,
        privileges: new Map([
          [1, 60],
          [2, 60],
        ]),
      },
    ],
    [
      ["--service", "fcdn", "--channel", "c", "--account", "a", "--privilege", "play"],
      { service: "fcdn", channel: { name: "c" } },
    ],
    [["--service", "convo_ai"], { service: "convoAi" }],
  ])("%j", async (args, grant) => {
    const { out, error } = await buildHere(["--project", "live", "--ttl", "60s", ...args], configured(EVERYTHING));
    expect(error).toBe("");
    expect(parse007(out).grants).toMatchObject([grant]);
  });
});

describe("against a server", () => {
  const at = ({ address }: Serving) => ["--server", address];

  test("build, renew and inspect, through standard input and output", async () => {
    const server = await serving();
    const built = await atPrompt(["build", ...at(server), ...ROOM]);
    expect(built).toMatchObject({ code: 0, error: "" });
    const renewed = await atPrompt(["renew", ...at(server), "--project", "live", "--ttl", "20m"], {
      input: `${built.out}\n`,
    });
    expect(renewed).toMatchObject({ code: 0, error: "" });
    expect(parse007(renewed.out)).toMatchObject({
      lifetime: 1200,
      grants: parse007(built.out).grants.map(({ service }) => ({ service })),
    });
    const inspected = await atPrompt(["inspect", ...at(server)], { input: renewed.out });
    expect(inspected.code).toBe(0);
  });

  test("renew says why not", async () => {
    const server = await serving({ project: "allow_token006: true" });
    const renew = (args: readonly string[], input: string) =>
      atPrompt(["renew", ...at(server), "--project", "live", "--ttl", "20m", ...args], { input });
    const expired = await renew([], token007({ issuedAt: 1_600_000_000 }));
    expect(expired.code).toBe(65);
    expect(expired.error).toContain("FAILED_PRECONDITION (TOKEN_EXPIRED)");
    const malformed = await renew(["--json"], "hello");
    expect(JSON.parse(malformed.out).error.reason).toBe("TOKEN_MALFORMED");
    expect((await renew([], token006())).error).toContain("EXPECTED_GRANT_REQUIRED");
    expect((await renew([], "")).code).toBe(64);
    expect((await renew(["--expect", "{}", "--any-user"], "x")).code).toBe(64);
    expect((await atPrompt(["renew", ...at(server), "--ttl", "20m"], { input: "x" })).code).toBe(64);
  });

  test("renew compares what the original should grant, in options or JSON", async () => {
    const server = await serving();
    const { out } = await atPrompt(["build", ...at(server), ...ROOM]);
    const renew = ["renew", ...at(server), "--project", "live", "--ttl", "20m"];
    const other = await atPrompt([...renew, "--channel", "room-2", "--uid", "42"], { input: out });
    expect(other.error).toContain("EXPECTED_GRANT_MISMATCH");
    const same = await atPrompt([...renew, "--json", "--expect", '{"rtc":{"channel_name":"room-1","uid":42}}'], {
      input: out,
    });
    expect(JSON.parse(same.out).issuedToken.token).toMatch(/^007/);
  });

  test("health: 0 serving, 1 not, 65 unknown, 69 nobody there", async () => {
    const server = await serving();
    const all = await atPrompt(["health", ...at(server)]);
    expect(all).toMatchObject({ code: 0, error: "" });
    expect(all.out).toMatch(/^SERVING\n/);
    expect(all.out).toMatch(/^agora\.token\.v1\.TokenService +SERVING$/m);
    const one = await atPrompt(["health", "--of", "configuration", "--json", ...at(server)]);
    expect(JSON.parse(one.out)).toEqual({ status: "SERVING", services: {} });
    server.configure({ permit: "max_ttl: 1parsec" });
    await server.hangUp();
    const broken = await atPrompt(["health", "--of", "configuration", ...at(server)]);
    expect(broken).toMatchObject({ code: 1, out: "NOT_SERVING" });
    expect((await atPrompt(["health", "--of", "x", ...at(server)])).code).toBe(65);
    expect((await atPrompt(["health", "--server", "127.0.0.1:1", "--deadline", "1s"])).code).toBe(69);
    expect((await atPrompt(["health", "--deadline", "0s"])).error).toBe("error: --deadline takes at least 1s");
  });

  test("several servers may be given", async () => {
    const [one, two] = [await serving(), await serving()];
    expect((await atPrompt(["health", ...at(one), ...at(two)])).code).toBe(0);
  });

  test("a bearer is read from the environment, and an error shows nothing of it", async () => {
    const server = await scripted(() => undefined);
    vi.stubEnv("TOKEND_BEARER", "s3cret");
    onTestFinished(() => void vi.unstubAllEnvs());
    const build = ["build", "--server", server.address, ...ROOM, "--bearer-env"];
    expect((await atPrompt([...build, "TOKEND_BEARER"])).code).toBe(0);
    expect(server.calls[0]?.get("authorization")).toBe("Bearer s3cret");
    const slip = await atPrompt([...build, "s3cret"]);
    expect(slip.code).toBe(64);
    expect(slip.error).not.toContain("s3cret");
  });

  test("a bearer is read from its file", async () => {
    const server = await scripted(() => undefined);
    const to = ["--server", server.address];
    const file = write(folder(), "bearer", "s3cret\n");
    expect((await atPrompt(["build", ...to, "--bearer-file", file, ...ROOM])).code).toBe(0);
    expect(server.calls[0]?.get("authorization")).toBe("Bearer s3cret");
    const empty = write(folder(), "bearer", "\n");
    const { code, error } = await atPrompt(["build", ...to, "--bearer-file", empty, ...ROOM]);
    expect(code).toBe(77);
    expect(error).toContain("the bearer is not a text");
  });
});
