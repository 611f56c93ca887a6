import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BEGINNING } from "../../src/audit/chain.ts";
import { fingerprintOfText } from "../../src/audit/fingerprint.ts";
import { openAuditFile } from "../../src/cli/audit-file.ts";
import { rtc007 } from "../api/originals.ts";
import { trailOf } from "../audit/sink.ts";
import { atPrompt } from "./at-prompt.ts";
import { folder, write } from "./command.ts";

const TOKEN = rtc007({ salt: 5 });

/** A file of records, and its lines. */
async function records(path = folder()) {
  const { trail, sink } = trailOf();
  const body = (more: object) => JSON.stringify({ time: "2027-01-15T08:00:00.000Z", event: "call", ...more });
  const fingerprint = fingerprintOfText(TOKEN);
  await trail.record([body({ caller: "lobby", method: "BuildToken", fingerprint })]);
  await trail.record([
    body({ caller: "rooms", method: "RenewToken", fingerprint: "0".repeat(16), renews: fingerprint }),
  ]);
  await trail.record([body({ caller: "\u001b[2Jlobby", method: "BuildToken", fingerprint: "1".repeat(16) })]);
  await trail.close();
  const file = join(path, "audit.jsonl");
  writeFileSync(file, sink.text);
  return { path, file, lines: sink.lines };
}

test("verify: whole, with a gap, and altered", async () => {
  const { path, file, lines } = await records();
  const whole = await atPrompt(["audit", "verify", file]);
  expect(whole.code).toBe(0);
  expect(whole.out).toMatch(/^5 records, from 1 to 5: no gap and no edit\nthe last one has the SHA-256 [0-9a-f]{64}$/);

  const gap = write(path, "gap", `${lines.toSpliced(2, 1).join("\n")}\n`);
  expect(await atPrompt(["audit", "verify", gap])).toMatchObject({
    code: 1,
    out: expect.stringContaining(
      `${gap}:3: record 3 is missing between ${gap}:2 and this line\n4 records, from 1 to 5: 1 fault`,
    ),
  });
  const edited = write(path, "edited", `${lines.with(1, lines[1]?.replace("lobby", "nobody") ?? "").join("\n")}\n`);
  const json = await atPrompt(["audit", "verify", "--json", edited]);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.out)).toMatchObject({ faultCount: 1, faults: [{ place: `${edited}:3` }], records: 5 });

  const mixed = write(path, "mixed", `agora-tokend serves on x\n${lines.join("\n")}\n`);
  expect((await atPrompt(["audit", "verify", mixed])).out).toContain("note: 1 line that is no record\n");
  expect(await atPrompt(["audit", "verify", write(path, "empty", "")])).toMatchObject({
    code: 65,
    out: "no record at all",
  });
  expect(await atPrompt(["audit", "verify", join(path, "none")])).toMatchObject({ code: 69 });
});

test("verify: files that follow one another", async () => {
  const { path, lines } = await records();
  const first = write(path, "1", `${lines.slice(0, 3).join("\n")}\n`);
  const second = write(path, "2", `${lines.slice(3).join("\n")}\n`);
  expect((await atPrompt(["audit", "verify", first, second])).out).toContain("5 records, from 1 to 5: no gap");
  expect((await atPrompt(["audit", "verify", second])).out).toContain("2 records, from 4 to 5: no gap");
  const third = write(path, "3", `${lines.slice(4).join("\n")}\n`);
  expect((await atPrompt(["audit", "verify", first, third])).out).toMatch(
    /:1: record 4 is missing between .*1:3 and this line/,
  );
  // What begins a chain may follow anything: standard output has a chain for each process.
  expect((await atPrompt(["audit", "verify", second, first])).out).toMatch(/^note: .*a new chain begins here\n/);
});

test("find: who got a token, and who renewed it, however its text was altered", async () => {
  const { file } = await records();
  for (const input of [TOKEN, `"${TOKEN}"\n`, encodeURIComponent(TOKEN), TOKEN.replace(/.{60}/g, "$&\n")]) {
    const found = await atPrompt(["audit", "find", file], { input });
    expect(found.code).toBe(0);
    expect(found.out).toMatch(/issued at 2027-01-15T08:00:00.000Z, as .*audit.jsonl:2 says\n {2}caller: lobby\n/);
    expect(found.out).toMatch(/renewed at .*\n {2}caller: rooms\n/);
  }
  const json = await atPrompt(["audit", "find", "--json", file], { input: TOKEN });
  expect(JSON.parse(json.out)).toMatchObject({
    fingerprint: fingerprintOfText(TOKEN),
    found: [
      { as: "issued", record: { seq: 2, caller: "lobby" } },
      { as: "renewed", record: { caller: "rooms" } },
    ],
  });
});

test("find: what is not there, and what is no token", async () => {
  const { file } = await records();
  const other = await atPrompt(["audit", "find", file], { input: rtc007({ salt: 6 }) });
  expect(other).toMatchObject({ code: 1, out: expect.stringMatching(/^no record of the token with the fingerprint/) });
  expect(other.out + other.error).not.toContain(TOKEN.slice(0, 20));
  expect(await atPrompt(["audit", "find", file], { input: "hello" })).toMatchObject({ code: 65, out: "" });
  expect((await atPrompt(["audit", "find", file], { input: "" })).code).toBe(64);
});

test("lines without end take no memory, and the lines after them are found", async () => {
  const { path, lines } = await records();
  const long = write(path, "long", `${"x".repeat(5_000_000)}\n${lines.join("\n")}`);
  expect((await atPrompt(["audit", "verify", long])).out).toContain("5 records, from 1 to 5: no gap");
});

test("the file: it is made, gone on in, mended, and refused if it is not one of records", async () => {
  const { path, lines } = await records();
  const fresh = join(path, "fresh");
  const made = await openAuditFile(fresh);
  expect(made.last).toEqual(BEGINNING);
  await made.output.write(Buffer.from(`${lines[0]}\n${lines[1]}\n${lines[2]?.slice(0, 90)}`));
  await made.output.close();

  const again = await openAuditFile(fresh);
  expect(again.last.seq).toBe(2);
  const { trail } = trailOf({ output: again.output, last: again.last });
  await trail.close();
  const verified = await atPrompt(["audit", "verify", fresh]);
  expect(verified.out).toMatch(
    /^note: .*fresh:3: a record that was cut short\nnote: 1 line that is no record\n4 records, from 1 to 4: no gap/,
  );

  const config = write(path, "config.yaml", "projects:\n");
  await expect(openAuditFile(config)).rejects.toThrow("holds something else than records");
  await expect(openAuditFile(path)).rejects.toMatchObject({ code: "EISDIR" });
  await expect(openAuditFile(join(path, "none", "audit"))).rejects.toMatchObject({ code: "ENOENT" });
});
