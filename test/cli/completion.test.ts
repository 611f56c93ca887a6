import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../src/cli/exit.ts";
import { scripted } from "../client/scripted.ts";
import { atPrompt } from "./at-prompt.ts";

const COMMANDS = [
  "serve",
  "check-config",
  "explain",
  "api-key",
  "build",
  "renew",
  "inspect",
  "health",
  "audit",
  "completion",
];
/** All that have a help of their own. */
const HELPED = [...COMMANDS.filter((command) => command !== "audit"), "audit verify", "audit find"];

async function completion(shell: string): Promise<string> {
  const { code, out, error } = await atPrompt(["completion", shell]);
  expect({ code, error }).toEqual({ code: 0, error: "" });
  return out;
}

describe("bash", () => {
  const complete = async (...words: readonly string[]) => {
    const at = words.length - 1;
    const script = [
      await completion("bash"),
      'COMP_WORDS=("$@")',
      `COMP_CWORD=${at}`,
      `_agora_tokend agora-tokend "\${COMP_WORDS[${at}]}" "\${COMP_WORDS[${at - 1}]}"`,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell that expands it
      'printf "%s\\n" "${COMPREPLY[@]}"',
    ].join("\n");
    return execFileSync("bash", ["-uc", script, "bash", ...words], { encoding: "utf8" })
      .trim()
      .split("\n");
  };

  test("completes the commands", async () => {
    const words = await complete("agora-tokend", "");
    for (const command of COMMANDS) expect(words).toContain(command);
    expect(await complete("agora-tokend", "ins")).toEqual(["inspect"]);
  });

  test("completes the options of a command", async () => {
    expect(await complete("agora-tokend", "inspect", "--by")).toEqual(["--bytes"]);
    expect(await complete("agora-tokend", "build", "--project", "live", "--tt")).toEqual(["--ttl"]);
    expect(await complete("agora-tokend", "health", "--by")).toEqual([""]);
  });

  test("completes the values of an option, and of an argument", async () => {
    expect(await complete("agora-tokend", "build", "--service", "rt")).toEqual(["rtc", "rtm", "rtm2"]);
    expect(await complete("agora-tokend", "completion", "z")).toEqual(["zsh"]);
  });

  test("completes what stands under a command", async () => {
    expect(await complete("agora-tokend", "audit", "")).toEqual(["verify", "find", "--help"]);
    expect(await complete("agora-tokend", "audit", "verify", "--js")).toEqual(["--json"]);
    expect(await complete("agora-tokend", "build", "--channel", "audit", "--tt")).toEqual(["--ttl"]);
  });

  test("completes files where a file is asked for", async () => {
    expect(await complete("agora-tokend", "inspect", "--config", "package.j")).toEqual(["package.json"]);
    expect(await complete("agora-tokend", "inspect", "-c", "package.j")).toEqual(["package.json"]);
    expect(await complete("agora-tokend", "inspect", "--at", "package.j")).toEqual([""]);
  });
});

describe("zsh", () => {
  test("names every command and every option, with what it does", async () => {
    const script = await completion("zsh");
    expect(script).toMatch(/^#compdef agora-tokend$/m);
    for (const command of COMMANDS) expect(script).toMatch(new RegExp(`^    ${command}\\)$`, "m"));
    expect(script).toMatch(/^ {8}verify\)$/m);
    expect(script).toContain("'--service[the service; rtc if another part of the grant is given]:service:(rtc rtm");
    expect(script).toContain(
      "'(-c --config)--config[verify with the certificates of this configuration]:config:_files'",
    );
    expect(script).toContain("'*--privilege[");
    expect(script).toContain("'--server-name[the name in the server'\\''s certificate");
  });
});

test("another shell is wrong use", async () => {
  expect((await atPrompt(["completion", "fish"])).code).toBe(64);
});

describe("help", () => {
  const help = async (command: string) => {
    const { code, out } = await atPrompt([...command.split(" "), "--help"]);
    expect(code).toBe(0);
    return out;
  };
  const codesIn = (text: string) =>
    (text.split(/^Exit codes.*:$/m)[1] ?? "").match(/^ {2}\d[\d, ]*/gm)?.flatMap((line) => line.match(/\d+/g) ?? []) ??
    [];

  test.each(HELPED)("%s has examples and its exit codes", async (command) => {
    const out = await help(command);
    expect(out).toMatch(new RegExp(`^ {2}\\$ (.* \\| |eval "\\$\\()?agora-tokend ${command}`, "m"));
    expect(out).toMatch(/^ {2}0 {3}\w/m);
    expect(out).toMatch(/^ {2}64 {2}wrong use/m);
  });

  test("the program tells all exit codes, and the README the same", async () => {
    const told = codesIn((await atPrompt(["--help"])).out);
    expect(new Set(told.map(Number))).toEqual(new Set(Object.values(EXIT)));
    for (const command of HELPED) for (const code of codesIn(await help(command))) expect(told).toContain(code);
    const readme = readFileSync("README.md", "utf8").split("### Exit codes")[1]?.split(/^##/m)[0] ?? "";
    expect([...readme.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => code)).toEqual(told);
  });

  test("no option takes a secret: what is on the command line, everybody sees", async () => {
    for (const command of HELPED) {
      expect(await help(command)).not.toMatch(/--(bearer|token|password|secret|certificate|api-key)[ =]</);
    }
  });
});

describe("an error is one that its reader can act on", () => {
  test.each([
    [["buld"], "error: there is no such command; did you mean build? (--help tells which there are)"],
    [["frobnicate"], "error: there is no such command (--help tells which there are)"],
    [["build", "--project", "demo", "--ttl", "1h"], /^error: what the token is for is missing: --channel, /],
    [["build", "--request", "/nowhere"], "error: --request: /nowhere cannot be read: there is no such file"],
    [["check-config"], "error: missing required argument 'file'\n(--help tells more)"],
    [["build", "--caller", "x", "--request", "package.json"], /^error: --request: it is not the JSON of a BuildToken/],
    [
      ["health", "--bearer-env", "NOBODY_SETS_THIS"],
      "error: --bearer-env: there is no environment variable of this name",
    ],
    [["health", "--server", "nowhere"], /^error: the address is not of the form host:port/],
  ])("%j", async (args, said) => {
    const { code, out, error } = await atPrompt(args);
    expect({ code, out }).toEqual({ code: 64, out: "" });
    if (typeof said === "string") expect(error).toBe(said);
    else expect(error).toMatch(said);
  });

  test("a server that is not there", async () => {
    const { code, error } = await atPrompt(["health", "--server", "127.0.0.1:1"]);
    expect(code).toBe(69);
    expect(error).toBe(
      "agora-tokend: Check: UNAVAILABLE: no connection: connect ECONNREFUSED 127.0.0.1:1\n" +
        "  is the server running, and is --server its address? agora-tokend serve runs a demo",
    );
  });

  test("a server that speaks no TLS", async () => {
    const { address } = await scripted(() => undefined);
    const { code, error } = await atPrompt(["health", "--tls", "--server", address]);
    expect(code).toBe(69);
    expect(error).toMatch(/UNAVAILABLE: no connection: TLS: [a-z ]+\n {2}the server does not speak TLS there/);
  });
});
