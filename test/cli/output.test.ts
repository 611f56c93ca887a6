// What becomes of a command whose output nobody takes, and of a person who waits.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { progressThrough } from "../../src/cli/progress.ts";
import { EXIT } from "../../src/cli/run.ts";
import { atPrompt } from "./at-prompt.ts";
import { folder, write } from "./command.ts";
import { configIn } from "./files.ts";

describe.concurrent("standard output", () => {
  const run = (stdout: "pipe" | number, args: readonly string[]) =>
    new Promise<{ code: unknown; error: string }>((resolve) => {
      const child = spawn(process.execPath, ["--import", "tsx", "src/main.ts", ...args], {
        stdio: ["ignore", stdout, "pipe"],
      });
      let error = "";
      child.stdout?.destroy();
      child.stderr?.on("data", (chunk: Buffer) => {
        error += chunk.toString();
      });
      child.once("close", (code) => resolve({ code, error }));
    });

  test("whose reader has gone is no error", async () => {
    expect(await run("pipe", ["completion", "zsh"])).toEqual({ code: EXIT.OK, error: "" });
  });

  test.skipIf(!existsSync("/dev/full"))(
    "that is full is one, and what was not written is not taken for done",
    async () => {
      const { code, error } = await run(openSync("/dev/full", "w"), ["completion", "zsh"]);
      expect(error).toBe("agora-tokend: standard output cannot be written: ENOSPC\n");
      expect(code).toBe(EXIT.IOERR);
    },
  );
});

test("standard output is waited for until all of it is read, however slowly", async () => {
  const path = folder();
  const row = "projects: [live], methods: [BuildToken], services: [rtc], users: { uids: true }, roles: [publisher]";
  const rows = Array.from(
    { length: 3000 },
    (_, n) => `  - { callers: [local], ${row}, channels: [a-${n}], max_ttl: 60s }`,
  );
  const file = write(path, "config.yaml", configIn(path).replace(/permits:[\s\S]*/, `permits:\n${rows.join("\n")}\n`));
  const args = ["--import", "tsx", "src/main.ts", "check-config", file, "--json"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  const ended = once(child, "close");
  for await (const chunk of child.stdout) {
    printed += chunk;
    // The slow reader.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const [code] = await ended;
  expect(code).toBe(EXIT.OK);
  expect(JSON.parse(printed).callers[0].rows).toHaveLength(3000);
});

describe("progress", () => {
  const file = (bytes: number) => write(folder(), "records", "x".repeat(bytes));
  const through = (files: readonly string[]) => {
    const shown: string[] = [];
    const at = { now: 0 };
    const progress = progressThrough(files, { status: (line) => shown.push(line) }, () => at.now);
    const read = (milliseconds: number, bytes: number) => {
      at.now += milliseconds;
      progress.advance(bytes);
    };
    return { shown, read, end: progress.end };
  };

  test("is told when it takes long, not too often, and taken away at the end", () => {
    const { shown, read, end } = through([file(1_500_000), file(500_000)]);
    read(499, 100_000);
    expect(shown).toEqual([]);
    read(1, 400_000);
    read(199, 500_000);
    read(1, 1000);
    end();
    expect(shown).toEqual(["0.5 MB of 2.0 MB, 25 %", "1.0 MB of 2.0 MB, 50 %", ""]);
  });

  test("of what has no size is told without the whole", () => {
    const { shown, read } = through(["-"]);
    read(500, 3_000_000);
    expect(shown).toEqual(["3.0 MB"]);
  });

  test("is not told where it is soon done, nor where nobody sees it", async () => {
    const { shown, read, end } = through([file(10)]);
    read(10, 10);
    end();
    expect(shown).toEqual([]);
    const { error } = await atPrompt(["audit", "verify", file(10)]);
    expect(error).toBe("");
  });
});

test("a file that cannot be read is named, with why", async () => {
  const path = folder();
  expect(await atPrompt(["audit", "verify", `${path}/none`])).toMatchObject({
    code: EXIT.UNAVAILABLE,
    error: `agora-tokend: ${path}/none cannot be read: there is no such file`,
  });
  expect(await atPrompt(["audit", "verify", path])).toMatchObject({
    code: EXIT.UNAVAILABLE,
    error: `agora-tokend: ${path} cannot be read: it is a directory`,
  });
});
