import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { atPrompt } from "./at-prompt.ts";

const COMMANDS = ["serve", "check-config", "explain", "build", "renew", "inspect", "health", "completion"];

/** Whether a program can be started. */
function has(program: string): boolean {
  try {
    execFileSync(program, ["-c", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function completion(shell: string): Promise<string> {
  const { code, out, error } = await atPrompt(["completion", shell]);
  expect({ code, error }).toEqual({ code: 0, error: "" });
  return out;
}

describe.skipIf(!has("bash"))("bash", () => {
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
    expect(script).toContain("'--service[the service; rtc if another part of the grant is given]:service:(rtc rtm");
    expect(script).toContain("'--config[verify with the certificates of this configuration]:config:_files'");
    expect(script).toContain("'*--privilege[");
    expect(script).toContain("'--server-name[the name in the server'\\''s certificate");
  });

  test.skipIf(!has("zsh"))("is read by zsh", async () => {
    execFileSync("zsh", ["-nc", await completion("zsh")]);
  });
});

test("another shell is wrong use", async () => {
  expect((await atPrompt(["completion", "fish"])).code).toBe(64);
});

describe("help", () => {
  test.each(["build", "renew", "inspect", "health", "completion"])(
    "%s has examples and its exit codes",
    async (command) => {
      const { code, out } = await atPrompt([command, "--help"]);
      expect(code).toBe(0);
      expect(out).toContain(
        `  $ ${command === "completion" ? 'eval "$(agora-tokend completion' : `agora-tokend ${command}`}`,
      );
      expect(out).toMatch(/^ {2}0 {3}\w/m);
      expect(out).toMatch(/^ {2}64 {2}wrong use$/m);
    },
  );

  test("no option takes a secret: what is on the command line, everybody sees", async () => {
    for (const command of COMMANDS) {
      const { out } = await atPrompt([command, "--help"]);
      expect(out).not.toMatch(/--(bearer|token|password|secret|certificate|api-key)[ =]</);
    }
  });
});
