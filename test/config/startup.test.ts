import { describe, expect, test } from "vitest";
import { type Problem, unsafe } from "../../src/config/config.ts";
import { PROJECTS, read } from "./fixtures/read.ts";

const TLS = "tls: { certificate_file: a, key_file: b }";
const MTLS = "tls: { certificate_file: a, key_file: b, client_ca_file: c }";
const LOCAL = "{ address: 127.0.0.1:50051 }";
const SOCKET = '{ address: "unix:/run/token.sock" }';
const loopback = "{ id: local, match: { loopback: true } }";
const spiffe = "{ id: lobby, match: { spiffe_id: spiffe://prod.example/lobby } }";
const apiKey = `{ id: job, match: { api_key_sha256: ${"0123456789abcdef".repeat(4)} } }`;

function file(listen: readonly string[], callers: readonly string[]): string {
  const lines = listen.length === 0 ? "" : `listen: [${listen.join(", ")}]\n`;
  return `${PROJECTS}${lines}callers: [${callers.join(", ")}]\n`;
}

/** The path and the rule of each problem. */
function rules(problems: readonly Problem[]): string[] {
  return problems.map(({ path, message }) => `${path}: ${message.split(":")[0]}`);
}

describe("safe to start", () => {
  test.each([
    ["the default listener and a loopback caller", [], [loopback]],
    ["a socket and a loopback caller", [SOCKET], [loopback]],
    ["loopback and an API key", [LOCAL], [apiKey]],
    ["loopback in plain text and a SPIFFE ID", [LOCAL], [spiffe]],
    ["mutual TLS and a SPIFFE ID", [`{ address: 0.0.0.0:443, ${MTLS} }`], [spiffe]],
    ["TLS and an API key", [`{ address: 0.0.0.0:443, ${TLS} }`], [apiKey]],
    ["TLS in front and an API key", ["{ address: 0.0.0.0:443, terminated_upstream: true }"], [apiKey]],
    [
      "TLS with client certificates and without",
      [`{ address: 0.0.0.0:443, ${MTLS} }`, `{ address: 0.0.0.0:444, ${TLS} }`],
      [spiffe, apiKey],
    ],
    ["both kinds of listeners and callers", [LOCAL, `{ address: 10.0.0.1:443, ${TLS} }`], [loopback, apiKey]],
  ])("%s", (_, listen, callers) => {
    expect(unsafe(read(file(listen, callers)))).toEqual([]);
  });
});

describe("unsafe to start", () => {
  test.each([
    ["plain text", ["{ address: 0.0.0.0:443 }"], [apiKey], ["listen[0].address: plain text off loopback"]],
    [
      "plain text at one of two",
      [LOCAL, '{ address: "[::]:443" }'],
      [apiKey],
      ["listen[1].address: plain text off loopback"],
    ],
    [
      "TLS that nobody can be recognized on",
      [LOCAL, `{ address: 0.0.0.0:443, ${TLS} }`],
      [loopback],
      ["listen[1].address: no caller off loopback"],
    ],
    [
      "TLS in front of nobody",
      ["{ address: 0.0.0.0:443, terminated_upstream: true }"],
      [],
      ["listen[0].address: no caller off loopback"],
    ],
    [
      "a loopback caller that cannot be",
      [`{ address: 0.0.0.0:443, ${TLS} }`],
      [apiKey, loopback],
      ["callers[1].match.loopback: loopback caller without a loopback listener"],
    ],
    [
      "SPIFFE IDs without client certificates",
      [`{ address: 0.0.0.0:443, ${TLS} }`],
      [spiffe],
      ["listen[0].tls: TLS without client certificates"],
    ],
    [
      "a loopback caller behind a mesh",
      ["{ address: 127.0.0.1:443, terminated_upstream: true }"],
      [apiKey, loopback],
      ["callers[1].match.loopback: loopback caller without a loopback listener"],
    ],
    ["nobody", [], [], ["callers: no caller"]],
    [
      "several at once",
      ["{ address: 0.0.0.0:443 }", `{ address: 0.0.0.0:444, ${TLS} }`],
      [loopback],
      [
        "listen[0].address: plain text off loopback",
        "listen[1].address: no caller off loopback",
        "callers[0].match.loopback: loopback caller without a loopback listener",
      ],
    ],
  ])("%s", (_, listen, callers, expected) => {
    const problems = unsafe(read(file(listen, callers)));
    expect(rules(problems)).toEqual(expected);
    for (const { message } of problems) {
      expect(message).toMatch(/^[^:]+: .+[;,] .*(add|list|leave)/);
      expect(message).not.toContain("\n");
    }
  });

  test.each([
    ["{ names: pseudonym }", "audit.names: pseudonyms without a key"],
    ["{ names: plain, names_key_file: a }", "audit.names_key_file: a key without pseudonyms"],
    ["{ names_key_file: a }", "audit.names_key_file: a key without pseudonyms"],
  ])("audit: %s", (audit, expected) => {
    expect(rules(unsafe(read(`${file([], [loopback])}audit: ${audit}\n`)))).toEqual([expected]);
    const whole = "{ names: pseudonym, names_key_file: a }";
    expect(unsafe(read(`${file([], [loopback])}audit: ${whole}\n`))).toEqual([]);
  });

  test.each([
    ["{ drain_delay: 5s, deadline: 5s }", ["shutdown.deadline: calls cut at every stop"]],
    ["{ drain_delay: 20s }", ["shutdown.deadline: calls cut at every stop"]],
    ["{ drain_delay: 0s, deadline: 1s }", []],
    ["{ deadline: 6s }", []],
  ])("shutdown: %s", (shutdown, expected) => {
    expect(rules(unsafe(read(`${file([], [loopback])}shutdown: ${shutdown}\n`)))).toEqual(expected);
  });

  test("at its place", () => {
    expect(unsafe(read(file([LOCAL, "{ address: 0.0.0.0:443 }"], [apiKey])))[0]?.place).toEqual({
      line: 5,
      column: 51,
    });
    expect(unsafe(read(PROJECTS))[0]).toMatchObject({ place: undefined, path: "callers" });
  });
});
