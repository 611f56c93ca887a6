import { execFile } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../src/cli/run.ts";
import type { Started } from "../../src/config/surroundings.ts";
import { command, configured, folder, write } from "./command.ts";
import { APP_ID, CERTIFICATES, configIn } from "./files.ts";

const SAMPLE_APP_ID = "970CA35de60c44645bbae8a215061b33";
const SAMPLE_CERTIFICATE = "5CFd2fd1755d40ecb72977518be15d3b";
const API_KEY = `{ id: job, match: { api_key_sha256: "${"0123456789abcdef".repeat(4)}" } }`;

/** How a safe configuration becomes an unsafe one, and the rule that says so. */
const UNSAFE_CONFIGS: readonly (readonly [string, (text: string) => string, RegExp])[] = [
  [
    "plain text off loopback",
    (text) => text.replace("127.0.0.1", "0.0.0.0"),
    /listen\[0\]\.address: plain text off loopback: .*; add tls/,
  ],
  [
    "plain text off loopback at one of two",
    (text) => text.replace("127.0.0.1:0 }", '127.0.0.1:0 }, { address: "[::]:0" }'),
    /listen\[1\]\.address: plain text off loopback: /,
  ],
  [
    "plain text off loopback, with a credential to read",
    (text) => text.replace("127.0.0.1", "0.0.0.0").replace("true } }]", `true } }, ${API_KEY}]`),
    /plain text off loopback: /,
  ],
  [
    "a caller that no listener can recognize",
    (text) => text.replace("127.0.0.1", "0.0.0.0"),
    /callers\[0\]\.match\.loopback: loopback caller without a loopback listener: .*; listen on 127\.0\.0\.1/,
  ],
  [
    "nobody who may call",
    (text) => text.replace(/^callers: .*/m, "callers: []").replace("callers: [local]", "callers: []"),
    /callers: no caller: .*; list a caller/,
  ],
  ["a row without an end", (text) => text.replace("max_ttl: 3600s", ""), /permits\[0\]: no lifetime: .*; add max_ttl/],
  [
    "the App ID of the samples",
    (text) => text.replace(APP_ID, SAMPLE_APP_ID),
    /projects\[0\]\.app_id: sample App ID: .*; use a project of your own/,
  ],
  [
    "the App ID of the samples in lower case",
    (text) => text.replace(APP_ID, SAMPLE_APP_ID.toLowerCase()),
    /projects\[0\]\.app_id: sample App ID: /,
  ],
];

/** What a file holds, and the rule that refuses it. */
const UNSAFE_CERTIFICATES: readonly (readonly [string, string, number, RegExp])[] = [
  ["the certificate of the samples", SAMPLE_CERTIFICATE, 0o400, /sample certificate: .*; use a project of your own/],
  ["the certificate of the samples in lower case", SAMPLE_CERTIFICATE.toLowerCase(), 0o400, /sample certificate: /],
  ["a certificate of one digit", "0".repeat(32), 0o400, /weak certificate: .*; copy it anew/],
  ["a certificate of few digits", "0a1b".repeat(8), 0o400, /weak certificate: /],
  [
    "a certificate cut short",
    CERTIFICATES.a.slice(1),
    0o400,
    /an App Certificate has 32 hexadecimal digits, and 31 bytes/,
  ],
  ["the certificate of another entry", CERTIFICATES.b, 0o400, /repeated certificate: .*; copy the right one/],
  ["a certificate that a group may read", CERTIFICATES.a, 0o440, /readable file: .*; make its mode 0400/],
  ["a certificate that everybody may read", CERTIFICATES.a, 0o644, /readable file: /],
  ["a certificate that everybody may write", CERTIFICATES.a, 0o602, /writable file: .*; make its mode 0400/],
];

/** What is around the process, and the rule that refuses it. */
const UNSAFE_STARTS: readonly (readonly [string, Partial<Started>, RegExp])[] = [
  ["GRPC_TRACE", { env: { GRPC_TRACE: "server_call" } }, /^debug output: GRPC_TRACE is set, .*; unset it/],
  ["GRPC_NODE_TRACE", { env: { GRPC_NODE_TRACE: "all" } }, /^debug output: GRPC_NODE_TRACE is set, .*; unset it/],
  ["NODE_DEBUG", { env: { NODE_DEBUG: "http2" } }, /^debug output: NODE_DEBUG is set, .*; unset it/],
  [
    "NODE_DEBUG_NATIVE",
    { env: { NODE_DEBUG_NATIVE: "http2" } },
    /^debug output: NODE_DEBUG_NATIVE is set, .*; unset it/,
  ],
  [
    "error details of grpc-js",
    { env: { GRPC_NODE_DEBUG_SEND_ERROR_DETAILS: "1" } },
    /^debug output: GRPC_NODE_DEBUG_SEND_ERROR_DETAILS is set, /,
  ],
  ["--inspect", { flags: ["--inspect"] }, /^debug access: --inspect is set, .*; leave it out/],
  ["--inspect with an address", { flags: ["--inspect=0.0.0.0:9229"] }, /^debug access: --inspect is set, /],
  ["--inspect-brk", { flags: ["--inspect-brk=0"] }, /^debug access: --inspect-brk is set, /],
  ["--inspect-wait", { flags: ["--inspect-wait"] }, /^debug access: --inspect-wait is set, /],
  ["a debugger that opened by other means", { inspected: true }, /^debug access: a debugger can connect, /],
  ["--tls-keylog", { flags: ["--tls-keylog=/tmp/keys"] }, /^debug access: --tls-keylog is set, /],
  [
    "--heapsnapshot-signal",
    { flags: ["--heapsnapshot-signal=SIGUSR2"] },
    /^debug access: --heapsnapshot-signal is set, /,
  ],
  ["core dumps", { flags: ["--abort-on-uncaught-exception"] }, /^debug access: --abort-on-uncaught-exception is set, /],
  ["TLS that verifies nobody", { env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } }, /^unverified TLS: .*; unset it/],
];

/** What only the demo does not start in. */
const PRODUCTION: readonly (readonly [string, Partial<Started>, RegExp])[] = [
  [
    "Kubernetes",
    { env: { KUBERNETES_SERVICE_HOST: "10.0.0.1" } },
    /^demo in production: KUBERNETES_SERVICE_HOST is set, .*; start with --config/,
  ],
  [
    "production",
    { env: { NODE_ENV: "production" } },
    /^demo in production: NODE_ENV is production, .*; start with --config/,
  ],
];

/** Expects that nothing was served, and that one line says which rule forbids it and what mends it. */
async function expectRefused(args: readonly string[], rule: RegExp, started: Partial<Started> = {}): Promise<void> {
  const { code, out, error } = await command(args, started);
  expect(error).toMatch(rule);
  expect({ code, out }).toEqual({ code: EXIT.CONFIG, out: "" });
  expect(error).not.toMatch(/\n {4}at /);
  for (const line of error.split("\n")) expect(line).toMatch(/: .+/);
}

test("there are more than 25 unsafe combinations", () => {
  const tables = [UNSAFE_CONFIGS, UNSAFE_CERTIFICATES, UNSAFE_STARTS, PRODUCTION];
  expect(tables.flat().length).toBeGreaterThan(25);
});

describe("a safe configuration is served", () => {
  test.each([
    ["on loopback", {}],
    ["with a row that only inspects and has no end", { permit: "", channels: "x" }],
  ] as const)("%s", async (_, parts) => {
    const file = configured(parts);
    const text = configIn(dirname(file), parts).replace('methods: ["*"]', "methods: [InspectToken]");
    write(dirname(file), "config.yaml", text, 0o644);
    const { code, out } = await command(["serve", "--config", file]);
    expect(out).toMatch(/^agora-tokend serves on 127\.0\.0\.1:\d+\n/);
    expect(code).toBe(EXIT.OK);
  });

  test("in production, and so is the demo elsewhere", async () => {
    const started = { env: { KUBERNETES_SERVICE_HOST: "10.0.0.1", NODE_ENV: "production", GRPC_TRACE: "" } };
    expect((await command(["--config", configured()], started)).code).toBe(EXIT.OK);
    expect((await command(["--port", "0"], { env: { NODE_ENV: "development" } })).code).toBe(EXIT.OK);
  });
});

describe("an unsafe configuration is refused, and check-config says the same", () => {
  test.each(UNSAFE_CONFIGS)("%s", async (_, edit, rule) => {
    const file = configured();
    const text = edit(configIn(dirname(file)));
    expect(text).not.toBe(configIn(dirname(file)));
    write(dirname(file), "config.yaml", text);
    await expectRefused(["serve", "--config", file], rule);
    await expectRefused(["check-config", file], rule);
  });

  test.each(UNSAFE_CERTIFICATES)("%s", async (_, digits, mode, rule) => {
    const file = configured({ certificates: { b: "standby", a: "primary" } });
    chmodSync(write(dirname(file), "a", digits), mode);
    await expectRefused(["serve", "--config", file], rule);
    await expectRefused(["check-config", file], rule);
    expect((await command(["check-config", file])).error).toMatch(
      /config\.yaml:5:\d+: projects\[0\]\.certificates\[1\]\.file: /,
    );
  });

  test("a configuration that everybody may write", async () => {
    const file = configured();
    chmodSync(file, 0o666);
    await expectRefused(
      ["serve", "--config", file],
      /config\.yaml: writable file: every user of this machine .*; chmod it/,
    );
  });

  test("a configuration that is a folder, a pipe, or not there", async () => {
    const path = folder();
    mkdirSync(join(path, "etc"));
    await expectRefused(["serve", "--config", join(path, "etc")], /cannot be read: it is a directory/);
    await expectRefused(["serve", "--config", join(path, "none")], /cannot be read: there is no such file/);
    await expectRefused(["serve", "--config", "/dev/null"], /cannot be read: it is a pipe or a device/);
  });

  test("all that is unsafe is told together", async () => {
    const file = configured({
      listen: "[{ address: 0.0.0.0:0 }]",
      permit: "",
      certificates: { x: "primary", a: "standby" },
    });
    chmodSync(join(dirname(file), "a"), 0o444);
    const { error } = await command(["check-config", file]);
    expect(error.split("\n").map((line) => line.split(": ").slice(1, 3).join(": ").split(";")[0])).toEqual([
      "listen[0].address: plain text off loopback",
      "callers[0].match.loopback: loopback caller without a loopback listener",
      "permits[0]: no lifetime",
      expect.stringContaining("projects[0].certificates[0].file: the file does not exist"),
      "projects[0].certificates[1].file: readable file",
    ]);
  });
});

describe("unsafe surroundings are refused", () => {
  test.each(UNSAFE_STARTS)("%s", async (_, started, rule) => {
    const file = configured();
    await expectRefused(["serve", "--config", file], rule, started);
    await expectRefused(["serve", "--port", "0"], rule, started);
  });

  test.each(PRODUCTION)("%s, for the demo", async (_, started, rule) => {
    await expectRefused(["--port", "0"], rule, started);
    await expectRefused(["serve", "--port", "0", "--unsafe-debug"], rule, started);
  });

  test("all of them together", async () => {
    const started = { env: { GRPC_TRACE: "all", NODE_ENV: "production" }, flags: ["--inspect"], inspected: true };
    const { error } = await command(["--port", "0"], started);
    expect(error.split("\n").map((line) => line.split(":")[0])).toEqual([
      "debug output",
      "debug access",
      "demo in production",
    ]);
  });
});

describe("what is asked for by name", () => {
  test("--unsafe-debug lets debugging in, and nothing else", async () => {
    const started = { env: { GRPC_TRACE: "all" }, flags: ["--inspect"], inspected: true };
    expect((await command(["--port", "0", "--unsafe-debug"], started)).code).toBe(EXIT.OK);
    const unverified = { env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } };
    await expectRefused(["--port", "0", "--unsafe-debug"], /^unverified TLS: /, unverified);
  });

  test("--unsafe-samples lets the samples in", async () => {
    const file = configured();
    write(dirname(file), "config.yaml", configIn(dirname(file)).replace(APP_ID, SAMPLE_APP_ID));
    write(dirname(file), "a", SAMPLE_CERTIFICATE);
    expect((await command(["--config", file, "--unsafe-samples"])).code).toBe(EXIT.OK);
    expect((await command(["check-config", file, "--unsafe-samples"])).code).toBe(EXIT.OK);
    expect((await command(["check-config", file])).code).toBe(EXIT.CONFIG);
  });

  test("allow_readable_files lets readable files in", async () => {
    const file = configured({ project: "allow_readable_files: true" });
    chmodSync(join(dirname(file), "a"), 0o444);
    expect((await command(["check-config", file])).code).toBe(EXIT.OK);
  });
});

describe("a command line that makes no sense is no reason to start something else", () => {
  test.each([
    [["--port", "1", "--config", "x"], /--port is for the demo/],
    [["--unsafe-samples"], /--unsafe-samples is for a configuration/],
    [["--port", "x"], /'-p, --port <number>'.* is invalid.*number from 0 to 65535/],
    [["--port", "65536"], /'-p, --port <number>'.* is invalid.*number from 0 to 65535/],
    [["--prot", "1"], /unknown option '--prot'/],
    [["serve", "config.yaml"], /too many arguments/],
    [["check-config"], /missing required argument 'file'/],
    [["explain"], /required option/],
  ])("%j", async (args, expected) => {
    const { code, out, error } = await command(args);
    expect(error).toMatch(expected);
    expect({ code, out }).toEqual({ code: EXIT.USAGE, out: "" });
  });

  test("help and version are not errors", async () => {
    expect(await command(["--help"])).toMatchObject({ code: EXIT.OK, error: "" });
    expect((await command(["--version"])).out).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe("the process itself", () => {
  const tsx = ["--import", "tsx", "src/main.ts"];
  const start = (flags: readonly string[], args: readonly string[], env: Readonly<Record<string, string>>) =>
    new Promise<{ code: unknown; error: string }>((resolve) => {
      const options = { env: { PATH: process.env["PATH"], ...env } };
      execFile(process.execPath, [...flags, ...tsx, ...args], options, (failure, _, error) => {
        resolve({ code: failure?.code ?? 0, error });
      });
    });

  test.each([
    ["--inspect", ["--inspect=0"], {}, /debug access: --inspect is set/],
    [
      "NODE_OPTIONS",
      [],
      { NODE_OPTIONS: "--inspect=0", NODE_ENV: "production" },
      /debug access: --inspect is set(.|\n)*demo in production/,
    ],
  ] as const)("reads %s", async (_, flags, env, rule) => {
    const { code, error } = await start(flags, ["serve", "--port", "0"], env);
    expect(error).toMatch(rule);
    expect(code).toBe(EXIT.CONFIG);
  });
});
