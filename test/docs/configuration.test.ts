// The configurations of the README are good, and its commands print what it says. `UPDATE_DOCS=1` writes their output.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../src/cli/exit.ts";
import { command, folder } from "../cli/command.ts";
import { CERTIFICATES } from "../cli/files.ts";
import { makeAuthority, makeServerCertificate } from "../fixtures/certificates.ts";
import { KEYS, keySet } from "../fixtures/jwts.ts";

const README = new URL("../../README.md", import.meta.url);
const NAME = "/etc/agora-tokend/config.yaml";
const authority = makeAuthority();
const server = makeServerCertificate(authority);
/** What the files of the examples hold. */
const FILES: Readonly<Record<string, string>> = {
  "/run/tls/tls.crt": server.pem,
  "/run/tls/tls.key": server.keyPem,
  "/run/tls/ca.crt": authority.pem,
  "/run/jwks.json": keySet(KEYS.ec).toString(),
  "/run/secrets/live/2026-11": CERTIFICATES.a,
  "/run/secrets/live/2026-05": CERTIFICATES.b,
};

/** The text of the blocks that begin so. */
function blocks(begin: string): string[] {
  const text = readFileSync(README, "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${begin}\n([^]*?)^\`\`\`$`, "gm"))].map(([, block = ""]) => block);
}

/** Writes a configuration and its files, below a folder of their own. Gives the path of the configuration. */
function written(text: string): string {
  const root = folder();
  for (const [path, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content, { mode: 0o600 });
  }
  const file = join(root, "config.yaml");
  const paths = new RegExp(Object.keys(FILES).join("|"), "g");
  writeFileSync(
    file,
    text.replace(paths, (path) => join(root, path)),
    { mode: 0o644 },
  );
  return file;
}

/** A command of the README, and what it says that it prints. */
function commandOf(name: string): { readonly asked: string; readonly said: string; readonly request: string } {
  const [block = ""] = blocks(`sh ${name}`);
  const [asked = "", request = ""] = /^\$ [^']*?(?:config\.yaml\n|'(\{[^']*\})'\n)/.exec(block) ?? [];
  return { asked, said: block.slice(asked.length), request };
}

/** Runs a command on the configuration of the README, and expects what is printed to be in it. */
async function expectShown(name: string, code: number, args: (file: string, request: string) => readonly string[]) {
  const { asked, said, request } = commandOf(name);
  const file = written(blocks("yaml callers")[0] ?? "");
  const asking = join(dirname(file), "request.json");
  writeFileSync(asking, request);
  const ended = await command(args(file, asking));
  const printed = `${ended.out.replaceAll(file, NAME)}\n`;
  if (process.env["UPDATE_DOCS"] === "1") {
    writeFileSync(
      README,
      readFileSync(README, "utf8").replace(asked + said, () => asked + printed),
    );
  } else expect(said).toBe(printed);
  expect({ code: ended.code, error: ended.error }).toEqual({ code, error: "" });
}

describe("the README", () => {
  test.each([
    ["yaml", /^projects:/m],
    ["yaml callers", /^jwt_issuers:/m],
  ])("has a configuration that is good: %s", async (begin, what) => {
    const found = blocks(begin).filter((block) => what.test(block));
    expect(found).toHaveLength(1);
    const { code, error } = await command(["check-config", written(found[0] ?? "")]);
    expect({ code, error }).toEqual({ code: EXIT.OK, error: "" });
  });

  test("shows what check-config prints", () => expectShown("check-config", EXIT.OK, (file) => ["check-config", file]));

  test("shows what explain prints", () =>
    expectShown("explain", EXIT.DENIED, (file, request) => [
      ...["explain", "--config", file, "--caller", "lobby", "--request", request],
    ]));
});
