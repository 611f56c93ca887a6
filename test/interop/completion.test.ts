// What `completion zsh` prints, tried in a zsh at a terminal. test/cli/completion.test.ts has bash.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "./harness.ts";
import { requires } from "./programs.ts";

const folder = mkdtempSync(join(tmpdir(), "agora-tokend-zsh-"));
const MAIN = join(ROOT, "dist", "main.cjs");

/** What a shell at a terminal begins with: completion, and a key that writes down what stands in the line. */
const ZSHRC = `
fpath=(${folder} $fpath)
autoload -Uz compinit && compinit -u -D
note() { print -r -- "<$BUFFER>" > ${folder}/line; BUFFER= }
zle -N note && bindkey '^X' note
precmd() { : > ${folder}/ready }
`;

/** Types its argument at such a shell, and presses Tab and that key. */
const DRIVER = `
zmodload zsh/zpty
zpty shell "ZDOTDIR=${folder} zsh -d -i"
until [[ -e ${folder}/ready ]]; do sleep 0.05; done
zpty -w -n shell "$1"$'\\t\\C-x'
until [[ -s ${folder}/line ]]; do sleep 0.05; done
zpty -d shell
`;

describe.skipIf(requires("zsh"))("zsh", () => {
  beforeAll(() => {
    writeFileSync(join(folder, "_agora-tokend"), execFileSync(process.execPath, [MAIN, "completion", "zsh"]));
    writeFileSync(join(folder, ".zshrc"), ZSHRC);
    writeFileSync(join(folder, "drive.zsh"), DRIVER);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("reads it", () => {
    expect(spawnSync("zsh", ["-n", join(folder, "_agora-tokend")], { encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  test.each([
    ["agora-tokend ins", "agora-tokend inspect "],
    ["agora-tokend build --proj", "agora-tokend build --project "],
    ["agora-tokend build --service convo", "agora-tokend build --service convo_ai "],
    ["agora-tokend audit ver", "agora-tokend audit verify "],
    ["agora-tokend audit find --js", "agora-tokend audit find --json "],
    ["agora-tokend completion z", "agora-tokend completion zsh "],
  ])("completes %j to %j", (typed, completed) => {
    for (const name of ["line", "ready"]) rmSync(join(folder, name), { force: true });
    execFileSync("zsh", ["-f", join(folder, "drive.zsh"), typed], { timeout: 30_000 });
    expect(readFileSync(join(folder, "line"), "utf8")).toBe(`<${completed}>\n`);
  });
});
