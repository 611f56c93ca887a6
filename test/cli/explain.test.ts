import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../src/cli/run.ts";
import { AppCertificate } from "../../src/keyring/certificate.ts";
import type { Grant } from "../../src/token/services.ts";
import { sign007 } from "../../src/token/token007.ts";
import { command, configured, write } from "./command.ts";
import { APP_ID, CERTIFICATES, configIn } from "./files.ts";

const OTHER = `  - { callers: [local], projects: ["*"], methods: [InspectToken, RenewToken], services: [rtc], max_ttl: 60s }
  - { callers: ["*"], projects: [live], methods: [BuildToken], services: [rtm], channels: [lobby], max_ttl: 60s }
`;

const rtc = { channelName: "room-1", uid: 7, role: "RTC_ROLE_PUBLISHER" };
const build = { project: "live", ttl: "60s", grants: [{ rtc }] };

/** Explains a request to a configuration of three rows. */
async function explained(request: unknown, ...args: string[]) {
  const file = configured();
  write(dirname(file), "config.yaml", configIn(dirname(file)) + OTHER);
  const text = typeof request === "string" ? request : JSON.stringify(request);
  const path = write(dirname(file), "request.json", text);
  const ended = await command(["explain", "--config", file, "--caller", "local", "--request", path, ...args]);
  return { ...ended, out: ended.out.replaceAll(file, "FILE") };
}

describe("allowed", () => {
  test.each([
    ["a build", [], build],
    [
      "a build in the names of the contract",
      [],
      { ...build, grants: [{ rtc: { channel_name: "room-1", uid: 7, role: 1 } }] },
    ],
    ["a batch", ["--method", "BatchBuildTokens"], { requests: [build, build] }],
    ["a renewal", ["--method", "RenewToken"], { project: "live", ttl: "60s", token: token() }],
    ["an inspection", ["--method", "InspectToken"], { project: "live", token: "x" }],
    ["an inspection of no project", ["--method", "InspectToken"], { token: "x" }],
  ])("%s, by the row", async (_, args, request) => {
    const { code, out, error } = await explained(request, ...args);
    expect({ code, out, error }).toEqual({
      code: EXIT.OK,
      out: "allowed: local may, by permits[0] (FILE:9:5)",
      error: "",
    });
  });

  test("by another row, for programs", async () => {
    const { code, out } = await explained({ ...build, grants: [{ rtc }] }, "--json");
    expect(code).toBe(EXIT.OK);
    expect(JSON.parse(out)).toMatchObject({ allowed: true, permit: 0 });
  });
});

/** A token of the project, by one of its certificates. */
function token(channel = "room-1", certificate: string = CERTIFICATES.a): string {
  const privileges = new Map([[1, 600]]);
  const grant: Grant = { service: "rtc", channel: { name: channel }, user: { uid: 7 }, privileges };
  const issuedAt = Math.floor(Date.now() / 1000);
  const secret = AppCertificate.parse(Buffer.from(certificate, "latin1"));
  return sign007({ appId: APP_ID, issuedAt, lifetime: 600, salt: 1, grants: [grant] }, secret.reveal());
}

describe("denied", () => {
  test.each([
    [
      "another channel",
      { ...build, grants: [{ rtc: { ...rtc, channelName: "hall" } }] },
      [["channels"], ["methods", "channels", "users", "roles"], ["services", "channels", "users", "roles"]],
    ],
    [
      "an account",
      { ...build, grants: [{ rtc: { ...rtc, uid: 0, userAccount: "bob" } }] },
      [["users"], expect.anything(), expect.anything()],
    ],
    [
      "any user",
      { ...build, grants: [{ rtc: { ...rtc, uid: 0, anyUser: true } }] },
      [expect.arrayContaining(["any_user"]), expect.anything(), expect.anything()],
    ],
    [
      "any channel",
      { ...build, grants: [{ rtc: { ...rtc, channelName: "", anyChannel: true } }] },
      [expect.arrayContaining(["any_channel"]), expect.anything(), expect.anything()],
    ],
    [
      "too long",
      { ...build, ttl: "3601s" },
      [["max_ttl"], expect.arrayContaining(["max_ttl"]), expect.arrayContaining(["max_ttl"])],
    ],
    [
      "another service",
      { ...build, grants: [{ chat: { privileges: { app: {} } } }] },
      [expect.arrayContaining(["services"]), expect.anything(), expect.anything()],
    ],
    [
      "another project, as if it were there",
      { ...build, project: "test" },
      [["projects"], expect.arrayContaining(["projects", "methods"]), expect.arrayContaining(["projects"])],
    ],
  ])("%s, with the conditions of each row that do not hold", async (_, request, conditions) => {
    const { code, out } = await explained(request, "--json");
    expect(code).toBe(EXIT.DENIED);
    const { allowed, reason, rows } = JSON.parse(out);
    expect(allowed).toBe(false);
    expect(reason).toMatch(/^(NOT_PERMITTED|LIFETIME_NOT_PERMITTED)$/);
    expect(rows.map((row: { permit: number }) => row.permit)).toEqual([0, 1, 2]);
    expect(
      rows.map((row: { refused: { condition: string }[] }) => row.refused.map(({ condition }) => condition)),
    ).toEqual(conditions);
  });

  test("in words", async () => {
    const { out } = await explained({ ...build, ttl: "7200s" });
    expect(out.split("\n").slice(0, 3)).toEqual([
      "denied: LIFETIME_NOT_PERMITTED: the token would outlast the limit of the caller or the project, which is 3600 s: ask for less",
      "permits[0] (FILE:9:5) does not permit it:",
      "  max_ttl: the row permits 3600s, and 7200s are asked for",
    ]);
  });

  test("the request of a batch that is refused", async () => {
    const requests = [build, { ...build, grants: [{ rtc: { ...rtc, channelName: "hall" } }] }];
    const { code, out } = await explained({ requests }, "--method", "BatchBuildTokens");
    expect(code).toBe(EXIT.DENIED);
    expect(out).toContain("  channels: ");
  });

  test.each([
    ["of another channel", token("hall"), "NOT_PERMITTED", /channels: /],
    [
      "by another certificate",
      token("room-1", CERTIFICATES.b),
      "TOKEN_NOT_GENUINE",
      /permits\[0\].* permits RenewToken: it is not what refuses/,
    ],
    ["that is none", "hello", "TOKEN_MALFORMED", /it is not what refuses/],
  ])("the renewal of a token %s", async (_, original, reason, more) => {
    const { code, out } = await explained({ project: "live", ttl: "60s", token: original }, "--method", "RenewToken");
    expect(out).toMatch(new RegExp(`^denied: ${reason}: `));
    expect(out).toMatch(more);
    expect(out).not.toContain(original);
    expect(code).toBe(EXIT.DENIED);
  });

  test("a request that is not valid, with its fields", async () => {
    const { code, out } = await explained({ project: "live", grants: [{ rtc: { ...rtc, uid: 0 } }] });
    expect(out).toMatch(/^denied: REQUEST_INVALID: [^\n]+\n {2}/);
    expect(out).toMatch(/\n {2}expiration: /);
    expect(code).toBe(EXIT.DENIED);
  });

  test("a caller that no row names", async () => {
    const file = configured();
    write(dirname(file), "config.yaml", configIn(dirname(file)).replace("callers: [local]", "callers: []"));
    const path = write(dirname(file), "request.json", JSON.stringify(build));
    const { code, out } = await command(["explain", "-c", file, "--caller", "local", "--request", path]);
    expect(out).toMatch(/^denied: NOT_PERMITTED: .*\nno row names local$/);
    expect(code).toBe(EXIT.DENIED);
  });
});

describe("what cannot be explained", () => {
  test.each([
    ["no JSON", "{", [], /--request: it is not JSON/],
    [
      "JSON of something else",
      { projcet: "live" },
      [],
      /--request: it is not the JSON of a BuildTokenRequest: .*projcet/,
    ],
    [
      "JSON of another type",
      { project: [token()] },
      [],
      /--request: it is not the JSON of a BuildTokenRequest: .*project/,
    ],
    ["an unknown method", build, ["--method", "Build"], /--method: it is one of BuildToken, /],
    ["an unknown caller", build, ["--caller", "lobby"], /--caller: the configuration has no caller of this ID/],
    [
      "a request that is not there",
      build,
      ["--request", "/nowhere"],
      /--request: it cannot be read: there is no such file/,
    ],
  ])("%s", async (_, request, args, expected) => {
    const { code, out, error } = await explained(request, ...args);
    expect(error).toMatch(expected);
    expect(error).not.toContain("007eJ");
    expect({ code, out }).toEqual({ code: EXIT.USAGE, out: "" });
  });

  test("a configuration with problems", async () => {
    const { code, error } = await explained(build, "--config", "/nowhere.yaml");
    expect(error).toMatch(/cannot be read/);
    expect(code).toBe(EXIT.CONFIG);
  });
});
