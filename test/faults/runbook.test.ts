// deploy/README.md, from the installation to the audit: its own commands, against the server that they install, and
// between them what the page says to do by hand.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { RtcRole, RtcTokenBuilder } from "agora-token";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { APP_ID, CERTIFICATES, layOut } from "../deploy/laid-out.ts";
import { blocks, runsHere } from "../deploy/runbook.ts";
import { makeAuthority, makeServerCertificate } from "../fixtures/certificates.ts";

const root = mkdtempSync(join(tmpdir(), "agora-tokend-"));
const CREDENTIALS = join(root, "run", "credentials", "agora-tokend.service");
const SHOWN = join(root, "etc", "agora-tokend", "credentials");
const CONFIG = join(root, "etc", "agora-tokend", "config.yaml");
const ran = new Set<string>();
let server: ChildProcess;
let printed = "";
let address = "";
let admin = "";

/** What a chapter prints when its commands are run, all blocks of it or one. */
function runChapter(heading: string, index?: number): { readonly printed: string; readonly codes: readonly number[] } {
  const chapter = blocks().filter((block) => block.heading === heading && runsHere(block));
  const chosen = chapter.filter((_, at) => index === undefined || at === index);
  expect(chosen, heading).not.toEqual([]);
  const codes: number[] = [];
  let out = "";
  for (const { text } of chosen) {
    ran.add(text);
    const { status, stdout, stderr } = spawnSync("bash", ["-uc", FUNCTION + here(text)], {
      encoding: "utf8",
      cwd: root,
    });
    codes.push(status ?? -1);
    out += stdout + stderr;
  }
  return { printed: out, codes };
}

// The program as installed, at the addresses of this run.
const FUNCTION = `agora-tokend() {
  if [ "$1" = build ]; then set -- "$@" --server "$ADDRESS"; fi
  "$NODE" "$PROGRAM" "$@"
}
`;

function here(text: string): string {
  const paths = text
    .replaceAll(/(?<=^|[\s'"])\/(?=(usr\/lib|etc|var)\/)/gm, `${root}/`)
    .replaceAll(/(?<=^|\s)(dist\/main\.cjs|deploy\/(?!compose\/secrets))/gm, `${resolve(".")}/$1`)
    .replaceAll("127.0.0.1:9464", admin);
  const program = join(root, "usr", "lib", "agora-tokend", "main.cjs");
  return `ADDRESS='${address}' NODE='${process.execPath}' PROGRAM='${program}'\n${paths}`;
}

function configure(edit: (text: string) => string): void {
  writeFileSync(CONFIG, edit(readFileSync(CONFIG, "utf8")));
}

/** Waits for a line of the log that is printed from now on. */
async function logged(act: () => void, words: string): Promise<void> {
  const from = printed.length;
  act();
  while (!printed.slice(from).includes(words)) await new Promise((next) => setTimeout(next, 20));
}

function hangUp(edit: (text: string) => string, words: string): Promise<void> {
  return logged(() => {
    configure(edit);
    server.kill("SIGHUP");
  }, words);
}

beforeAll(async () => {
  expect(runChapter("One machine").codes).toEqual([0]);
  layOut(root, "config/machine.yaml", (text) =>
    text
      .replace("127.0.0.1:50051", "127.0.0.1:0")
      .replace("0.0.0.0:50052", "127.0.0.1:0")
      .replace(/^projects:/m, "admin:\n  address: 127.0.0.1:0\n\nprojects:"),
  );
  mkdirSync(join(root, "var", "log", "agora-tokend"), { recursive: true });
  const program = join(root, "usr", "lib", "agora-tokend", "main.cjs");
  server = spawn(process.execPath, ["--disable-proto=delete", program, "serve", "--config", CONFIG]);
  const read = (chunk: Buffer) => {
    printed += chunk.toString();
  };
  server.stdout?.on("data", read);
  server.stderr?.on("data", read);
  while (!printed.includes('"event":"started"')) {
    if (server.exitCode !== null) throw new Error(`it did not start: ${printed}`);
    await new Promise((next) => setTimeout(next, 20));
  }
  address = /^agora-tokend serves on (\S+)$/m.exec(printed)?.[1] ?? "";
  admin = /^metrics and probes are at http:\/\/(\S+)$/m.exec(printed)?.[1] ?? "";
});

afterAll(() => {
  server?.kill("SIGKILL");
  rmSync(root, { recursive: true });
});

describe("the page for who is on call", () => {
  test("Docker Compose: a certificate to try it with", () => {
    expect(runChapter("Docker Compose").codes).toEqual([0]);
    expect(readFileSync(join(root, "deploy", "compose", "secrets", "tls.crt"), "utf8")).toContain("BEGIN CERTIFICATE");
  });

  test("Look at it", () => {
    const { printed: out, codes } = runChapter("Look at it");
    expect(codes).toEqual([0]);
    expect(out).toContain(`${CONFIG}: no problems`);
    expect(out).toMatch(/^configuration +SERVING$/m);
    expect(out).toContain("agora_tokend_build_info");
  });

  test("Rotate an App Certificate: known, then signing, then refused to go too early", async () => {
    const heading = "Rotate an App Certificate";
    writeFileSync(join(CREDENTIALS, "live-2027-05"), "fedcba98765432100123456789abcdef\n", { mode: 0o400 });
    const [, entry = ""] = /^( +- id: "2026-11"\n.*\n.*\n)/m.exec(readFileSync(CONFIG, "utf8")) ?? [];
    const standby = entry.replaceAll("2026-11", "2027-05").replace("primary", "standby");
    await hangUp((text) => text.replace(entry, entry + standby), '"outcome":"applied"');
    const first = runChapter(heading, 0);
    expect(first).toMatchObject({ codes: [0], printed: expect.stringMatching(/2026-11 +2026-11, 2027-05/) });
    expect(first.printed).toMatch(/SERVING/);

    const retiring = entry.replace("primary", "retiring");
    const both = retiring + standby.replace("standby", "primary");
    await hangUp((text) => text.replace(entry + standby, both), '"outcome":"applied"');
    const second = runChapter(heading, 1);
    expect(second).toMatchObject({ codes: [0], printed: expect.stringMatching(/2027-05 +2026-11, 2027-05/) });
    expect(second.printed).toMatch(/"certificateId": *"2027-05"/);

    const [said] = blocks().filter((block) => block.heading === heading && block.kind === "text");
    const words = said?.text.trim().split("\n").join(" ") ?? "";
    await hangUp((text) => text.replace(retiring, ""), words);
    await hangUp((text) => text.replace(standby.replace("standby", "primary"), both), '"outcome":"applied"');
  });

  test("Rotate TLS", async () => {
    const pair = makeServerCertificate(makeAuthority());
    mkdirSync(SHOWN, { recursive: true });
    await logged(() => {
      for (const folder of [CREDENTIALS, SHOWN]) {
        rmSync(join(folder, "tls.crt"), { force: true });
        writeFileSync(join(folder, "tls.crt"), pair.pem, { mode: 0o400 });
        rmSync(join(folder, "tls.key"), { force: true });
        writeFileSync(join(folder, "tls.key"), pair.keyPem, { mode: 0o400 });
      }
    }, '"outcome":"taken"');
    const { printed: out, codes } = runChapter("Rotate TLS");
    expect(codes).toEqual([0]);
    expect(out).toContain("notAfter=");
    expect(out).toContain("agora_tokend_tls_certificate_not_after_seconds");
  });

  test("Everything is denied after a deploy: which row does not permit it, and why", () => {
    const heading = "Everything is denied after a deploy";
    const { printed: out, codes } = runChapter(heading);
    expect(codes).toEqual([0, 1]);
    const [said] = blocks().filter((block) => block.heading === heading && block.kind === "text");
    for (const line of said?.text.trim().split("\n") ?? [""]) expect(out).toContain(line);
  });

  test("Overload, The clock, The audit cannot be written: where to look", () => {
    expect(runChapter("Overload").printed).toMatch(/^agora_tokend_calls_shed_total\{why="rate"\} 0$/m);
    expect(runChapter("The clock").printed).toMatch(/^ready$[\s\S]*^agora_tokend_clock_step_seconds 0$/m);
    expect(runChapter("The audit cannot be written").printed).toContain('"prev_hash"');
  });

  test("A certificate has leaked: it is revoked at once, and what it signed elsewhere is not in the audit", async () => {
    const token = spawnSync(
      "bash",
      ["-c", FUNCTION + here("agora-tokend build --project live --ttl 60s --channel room-1 --uid 1 --role subscriber")],
      { encoding: "utf8" },
    );
    await hangUp(
      (text) =>
        text
          .replace("state: retiring", "state: revoked")
          .replace("    certificates:", "    acknowledge_live_tokens: true\n    certificates:"),
      '"outcome":"applied"',
    );
    const elsewhere = RtcTokenBuilder.buildTokenWithUid(
      APP_ID,
      CERTIFICATES[0],
      "room-1",
      1,
      RtcRole.PUBLISHER,
      60,
      60,
    );
    writeFileSync(join(root, "token.txt"), elsewhere);
    const { codes, printed: out } = runChapter("A certificate has leaked");
    expect(out).toMatch(/2027-05 +2027-05 +2026-11/);
    expect(codes).toEqual([0, 1]);
    writeFileSync(join(root, "token.txt"), token.stdout);
  });

  test("Read the audit", () => {
    const heading = "Read the audit";
    const { printed: out, codes } = runChapter(heading);
    expect(codes).toEqual([0]);
    const [said] = blocks().filter((block) => block.heading === heading && block.kind === "text");
    for (const line of said?.text.trim().split("\n") ?? [""]) expect(out).toContain(line);
  });

  test("Stop and restart: it ends with 0", async () => {
    const ended = new Promise<number | null>((done) => server.once("exit", done));
    server.kill("SIGTERM");
    expect(await ended).toBe(0);
  });

  test("no command of the page that can be run here was left out", () => {
    const all = blocks().filter(runsHere);
    expect(all.filter(({ text }) => !ran.has(text))).toEqual([]);
  });
});
