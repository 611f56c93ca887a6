import { readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recorded } from "../../src/audit/names.ts";
import { atPrompt } from "./at-prompt.ts";
import { command, folder, write } from "./command.ts";
import { configIn } from "./files.ts";
import { serving } from "./serving.ts";

const KEY = "0123456789abcdef0123456789abcdef";
const rtc = { service: { case: "rtc", value: { channelName: "room-1", uid: 42, role: 1 } } } as const;
const request = { project: "live", expiration: { case: "ttl", value: { seconds: 60n } }, grants: [rtc] } as const;

/** A configuration with what it says of records. */
function audited(audit: string, path = folder()): { file: string; path: string } {
  return { path, file: write(path, "config.yaml", configIn(path, { rest: `audit: ${audit}` }), 0o644) };
}

function recordsIn(file: string): Record<string, unknown>[] {
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("a file is made, which others may not read, and the chain goes on after a restart and a rotation", async () => {
  const path = folder();
  const log = join(path, "audit.jsonl");
  const { file } = audited(`{ file: ${log} }`, path);
  const first = await serving({}, file);
  const { issuedToken } = await first.client.buildToken({ ...request, grants: [rtc] });
  expect(statSync(log).mode & 0o777 & ~0o640).toBe(0);
  expect(recordsIn(log)).toMatchObject([
    { seq: 1, event: "started", names: "plain", release: expect.stringMatching(/^\d+\.\d+\.\d+/) },
    { seq: 2, event: "call", caller: "local", proof: "loopback", decision: "issued", certificate: "a" },
  ]);
  renameSync(log, `${log}.1`);
  await first.hangUp();
  await first.client.buildToken({ ...request, grants: [rtc] });
  expect(recordsIn(log)).toMatchObject([
    { seq: 3, event: "reopened" },
    { seq: 4, event: "call" },
  ]);
  await first.stop();
  const second = await serving({}, file);
  await second.client.buildToken({ ...request, grants: [rtc] });
  await second.stop();
  expect(recordsIn(log).slice(2)).toMatchObject([
    { seq: 5, event: "stopped" },
    { seq: 6, event: "started" },
    { seq: 7, event: "call" },
    { seq: 8, event: "stopped" },
  ]);
  const verified = await atPrompt(["audit", "verify", `${log}.1`, log]);
  expect(verified).toMatchObject({
    code: 0,
    out: expect.stringContaining("8 records, from 1 to 8: no gap and no edit"),
  });
  const found = await atPrompt(["audit", "find", `${log}.1`, log], { input: issuedToken?.token ?? "" });
  expect(found).toMatchObject({ code: 0, out: expect.stringContaining("  caller: local\n") });
});

test("a file that is emptied under it goes on at its new end", async () => {
  const path = folder();
  const log = join(path, "audit.jsonl");
  const { client } = await serving({}, audited(`{ file: ${log} }`, path).file);
  await client.buildToken({ ...request, grants: [rtc] });
  write(path, "audit.jsonl", "");
  await client.buildToken({ ...request, grants: [rtc] });
  expect(recordsIn(log)).toMatchObject([{ seq: 3, event: "call" }]);
});

test("names as pseudonyms", async () => {
  const path = folder();
  write(path, "key", KEY);
  const log = join(path, "audit.jsonl");
  const { client } = await serving(
    {},
    audited(`{ file: ${log}, names: pseudonym, names_key_file: ${path}/key }`, path).file,
  );
  await client.buildToken({ ...request, grants: [rtc] });
  const names = { kind: "pseudonym", key: Buffer.from(KEY) } as const;
  expect(recordsIn(log)).toMatchObject([
    { names: "pseudonym" },
    { grants: [{ channel_hmac: recorded(names, "channel", "room-1"), user_hmac: recorded(names, "user", "42") }] },
  ]);
  expect(readFileSync(log, "utf8")).not.toMatch(/room-1|0123456789abcdef/);
});

test.each([
  ["/none/audit.jsonl", "audit.file: the file cannot be opened: ENOENT"],
  ["FOLDER", "audit.file: the file cannot be opened: EISDIR"],
  ["FOLDER/config.yaml", "audit.file: the file holds something else than records: name another"],
])("a file that cannot be: %s", async (log, expected) => {
  const path = folder();
  const { file } = audited(`{ file: ${log.replace("FOLDER", path)} }`, path);
  const ended = await command(["serve", "--config", file]);
  expect(ended.code).toBe(78);
  expect(ended.error).toContain(`config.yaml:17:16: ${expected}`);
  expect(ended.out).toBe("");
});

test.each([
  [undefined, 0o600, "the file cannot be read: ENOENT"],
  [KEY.slice(1), 0o600, "the file has 31 bytes, and a key has at least 32; make a random one"],
  [KEY, 0o644, "other users of this machine may read or write the file; chmod it to 0600"],
])("a key that cannot be: %j, %o", async (key, mode, expected) => {
  const path = folder();
  if (key !== undefined) write(path, "key", key, mode);
  const { file } = audited(`{ file: ${path}/log, names: pseudonym, names_key_file: ${path}/key }`, path);
  for (const args of [
    ["serve", "--config", file],
    ["check-config", file],
  ]) {
    const ended = await command(args);
    expect(ended.code).toBe(78);
    expect(ended.error).toContain(`audit.names_key_file: ${expected}`);
    expect(ended.error).not.toContain(KEY.slice(0, 8));
  }
});
