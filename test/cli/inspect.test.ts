import { fromJsonString } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { InspectTokenResponseSchema, SignatureCheck, Verdict } from "../../gen/agora/token/v1/token_pb.ts";
import { atPrompt, NOW } from "./at-prompt.ts";
import { configured, folder, write } from "./command.ts";
import { APP_ID, CERTIFICATES } from "./files.ts";
import { serving } from "./serving.ts";
import { token006, token007 } from "./tokens.ts";

const inspect = (args: readonly string[], input: string = `${token007()}\n`) =>
  atPrompt(["inspect", ...args], { input });

describe("the verdict is the exit code", () => {
  test("0: accepted, with the certificates of a configuration", async () => {
    const { code, out, error } = await inspect(["--config", configured()]);
    expect(out).toMatch(/^accepted: /);
    expect(out).toMatch(/^signature +valid$/m);
    expect(out).toMatch(/^certificate +a$/m);
    expect({ code, error }).toEqual({ code: 0, error: "" });
  });

  test("1: rejected, whether or not it was verified", async () => {
    const { code, out } = await inspect([], "hello");
    expect(code).toBe(1);
    expect(out).toMatch(/^rejected: /);
    expect(out).toContain("MALFORMED (Agora's error 110)");
    expect((await inspect(["--at", "2027-01-15T10:00:00Z"])).out).toContain("EXPIRED (Agora's error 109)");
  });

  test("2: inconclusive, and the report says that the signature was not checked", async () => {
    const { code, out } = await inspect([]);
    expect(code).toBe(2);
    expect(out).toMatch(/^inconclusive: /);
    expect(out).toMatch(/^signature +not checked: give --config, --certificate-file or --server/m);
  });

  test.each([
    ["no token", [], ""],
    ["two ways to verify", ["--config", "x", "--certificate-file", "y"], "t"],
    ["a server that has certificates of its own", ["--server", "127.0.0.1:1", "--config", "x"], "t"],
    ["an App ID with nothing to go with", ["--app-id", APP_ID], "t"],
    ["a project with nothing to go with", ["--project", "live"], "t"],
    ["two ways to say the grant", ["--expect", "{}", "--any-user"], "t"],
    ["a grant that is none", ["--expect", '{"rtc": {"channel": "x"}}'], "t"],
    ["what is no JSON", ["--expect", "rtc"], "t"],
    ["a grant that breaks a rule", ["--channel", "room/1", "--uid", "1"], "t"],
    ["a time without a zone", ["--at", "2027-01-15T10:00:00"], "t"],
    ["no such option", ["--certificate", "x"], "t"],
    ["a certificate file that is not there", ["--certificate-file", "/nowhere"], "t"],
  ])("64: %s", async (_, args, input) => {
    const { code, error } = await inspect(args, input);
    expect(code).toBe(64);
    expect(error).toContain("error: ");
  });
});

describe("the report", () => {
  test("has every field by the contract's name, and times in UTC and here", async () => {
    const before = process.env["TZ"];
    process.env["TZ"] = "Asia/Kolkata";
    const { out } = await inspect(["--config", configured()]);
    process.env["TZ"] = before ?? "UTC";
    const rows = Object.fromEntries(
      out
        .split("\n")
        .map((line) => line.split(/ {2,}/))
        .map(([name, ...cells]) => [name, cells]),
    );
    expect(rows).toMatchObject({
      FIELD: ["VALUE", "LOCAL TIME"],
      project: ["live"],
      version: ["007"],
      app_id: [APP_ID],
      issue_time: ["2027-01-15T07:59:00Z", "2027-01-15 13:29:00 +05:30"],
      expire_time: ["2027-01-15T08:59:00Z", "2027-01-15 14:29:00 +05:30"],
      lifetime: ["1 h"],
      salt: ["77"],
      "grants[0].rtc.channel_name": ['"room-1"'],
      "grants[0].rtc.uid": ["42"],
      "grants[0].rtc.privileges.join_channel": ["2027-01-15T08:59:00Z", "2027-01-15 14:29:00 +05:30"],
      "judged at": ["2027-01-15T08:00:00Z", "2027-01-15 13:30:00 +05:30"],
    });
  });

  test("says of each finding what would mend it", async () => {
    const { out } = await inspect(["--channel", "room-2", "--account", "42"]);
    expect(out).toContain(
      'CHANNEL_MISMATCH (Agora\'s error 110)\n  The token is for channel "room-1"; the join is to channel "room-2". Join the channel',
    );
    expect(out).not.toContain("USER_MISMATCH");
  });

  test("lets nothing steer the terminal that stands in the token", async () => {
    const channel = "\u001b]0;owned\u0007\u009b31m\u202eroom\r\n\u{e0001}";
    for (const args of [[], ["--bytes"], ["--json"], ["--bytes", "--json"], ["--channel", "room-1", "--uid", "42"]]) {
      const { out, error } = await inspect(args, token007({ channel }));
      expect((out + error).replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u);
    }
    const { out } = await inspect(["--json"], token007({ channel }));
    expect(JSON.parse(out).tokenInfo.grants[0].grant.rtc.channelName).toBe(channel);
  });

  test("an App ID that is none is quoted", async () => {
    const { out } = await inspect([], token007({ appId: "\u001b[2Jno App ID at all of 32 bytes." }));
    expect(out).toMatch(/^app_id +"\\u\{1b\}\[2Jno App ID/m);
  });

  test("is in colours for a terminal that shows them, and in plain text else", async () => {
    const person = { input: token007(), terminal: true };
    const plain = await atPrompt(["inspect"], { ...person, colours: false });
    const coloured = await atPrompt(["inspect"], { ...person, colours: true });
    expect(plain.out).not.toContain("\u001b");
    expect(coloured.out).toContain("\u001b[33m");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
    expect(coloured.out.replace(/\u001b\[\d+m/g, "")).toBe(plain.out);
  });

  test("of a token that cannot be decoded has no fields of it", async () => {
    const { out } = await inspect([], "hello");
    expect(out).not.toContain("app_id");
  });
});

describe("for programs", () => {
  test("--json is the contract's InspectTokenResponse", async () => {
    const { code, out } = await inspect(["--json", "--config", configured()]);
    expect(code).toBe(0);
    expect(fromJsonString(InspectTokenResponseSchema, out)).toMatchObject({
      verdict: Verdict.ACCEPTED,
      signatureCheck: SignatureCheck.VALID,
      certificateId: "a",
      tokenInfo: { appId: APP_ID, salt: 77 },
    });
  });

  test("--bytes maps every byte of the content, in order and without a gap", async () => {
    for (const token of [token007(), token006()]) {
      const { spans } = JSON.parse((await inspect(["--bytes", "--json"], token)).out);
      let at = 0;
      for (const { offset, length } of spans) {
        expect(offset).toBe(at);
        at += length;
      }
      expect(spans.length).toBeGreaterThan(10);
    }
    const { out, code } = await inspect(["--bytes"]);
    expect(out).toMatch(/^\d+ +6 +channel name +"room-1"$/m);
    expect(code).toBe(2);
  });

  test("--bytes of a text that was altered maps what it was, and of one that is damaged how far it goes", async () => {
    const quotes = await inspect(["--bytes"], `"${token007()}"`);
    expect(quotes.out).toMatch(/^\d+ +6 +channel name +"room-1"$/m);
    expect(quotes.code).toBe(1);
    const damaged = await inspect(["--bytes"], token006().replace(/.{8}$/, ""));
    expect(damaged.out).toMatch(/^0 +2 +length of the signature +32$/m);
    expect(damaged.out).toMatch(/^It ends there: .+\.$/m);
  });
});

describe("what it verifies with", () => {
  const certificateFile = (digits: string = CERTIFICATES.a, mode = 0o600) =>
    write(folder(), "own", `${digits}\n`, mode);

  test("a certificate file, for whichever App ID", async () => {
    expect((await inspect(["--certificate-file", certificateFile()])).code).toBe(0);
    const other = await inspect(["--certificate-file", certificateFile(CERTIFICATES.b)]);
    expect(other.code).toBe(1);
    expect(other.out).toContain("SIGNATURE_INVALID");
    const lower = token007({ certificate: CERTIFICATES.a.toLowerCase() });
    expect((await inspect(["--certificate-file", certificateFile()], lower)).out).toMatch(
      /SIGNATURE_INVALID.*\n.*\bcase\b/,
    );
  });

  test("a certificate file and the App ID that the app joins with", async () => {
    const verify = (appId: string) => inspect(["--certificate-file", certificateFile(), "--app-id", appId]);
    expect((await verify(APP_ID)).code).toBe(0);
    expect((await verify("f".repeat(32))).out).toContain("APP_ID_MISMATCH");
    expect((await verify(APP_ID.toUpperCase())).out).toContain("APP_ID_MISMATCH (Agora's error 101)");
    expect((await verify("f")).code).toBe(64);
  });

  test("a certificate file that others may read, or that holds none, is refused without its text", async () => {
    const readable = await inspect(["--certificate-file", certificateFile(CERTIFICATES.a, 0o644)]);
    expect(readable.code).toBe(78);
    expect(readable.error).toContain("chmod");
    const none = await inspect(["--certificate-file", certificateFile("s3cret")]);
    expect(none).toMatchObject({ code: 78, out: "" });
    expect(none.error).not.toContain("s3cret");
  });

  test("a configuration, and the project that the token should belong to", async () => {
    const config = configured({ certificates: { b: "primary", a: "retiring" } });
    const { code, out } = await inspect(["--config", config, "--project", "live"]);
    expect(code).toBe(0);
    expect(out).toContain("CERTIFICATE_NOT_PRIMARY");
    expect((await inspect(["--config", config, "--project", "other"])).code).toBe(64);
    expect((await inspect(["--config", config], token007({ appId: "f".repeat(32) }))).out).toContain("APP_ID_UNKNOWN");
  });

  test("a configuration that cannot be used is 78", async () => {
    expect((await inspect(["--config", "/nowhere"])).code).toBe(78);
  });

  test("version 006, with the channel and the user that it does not tell", async () => {
    const config = ["--config", configured()];
    expect((await inspect(config, token006())).out).toContain("EXPECTED_GRANT_REQUIRED");
    const accepted = await inspect([...config, "--channel", "room-1", "--uid", "42"], token006());
    expect(accepted.code).toBe(0);
    const expect_ = JSON.stringify({ rtc: { channel_name: "room-1", uid: 43 } });
    const rejected = await inspect([...config, "--expect", expect_], token006());
    expect(rejected.code).toBe(1);
    expect(rejected.out).toContain("USER_MISMATCH");
  });

  test("a server, which is asked the same", async () => {
    const { address } = await serving();
    const at = ["--at", `@${NOW}`, "--server", address];
    const accepted = await inspect([...at, "--channel", "room-1", "--uid", "42", "--project", "live"]);
    expect(accepted.out).toMatch(/^signature +valid$/m);
    expect(accepted.code).toBe(0);
    const rejected = await inspect([...at, "--channel", "room-2", "--uid", "42", "--json"]);
    expect(JSON.parse(rejected.out).findings[0].reason).toBe("FINDING_REASON_CHANNEL_MISMATCH");
    expect(rejected.code).toBe(1);
    const denied = await inspect([...at, "--project", "other"]);
    expect(denied.code).toBe(77);
    expect(denied.error).toContain("agora-tokend: InspectToken: PERMISSION_DENIED (NOT_PERMITTED): ");
  });
});

describe("where the token comes from", () => {
  test("on the command line it is warned about, and shown to nobody else", async () => {
    const { code, error, out } = await atPrompt(["inspect", token007()]);
    expect(code).toBe(2);
    expect(error).toMatch(/^warning: a token on the command line/);
    expect(out + error).not.toContain(token007());
  });

  test("- is standard input, and one line break at its end is not part of it", async () => {
    for (const end of ["", "\n", "\r\n"]) {
      expect((await atPrompt(["inspect", "-"], { input: token007() + end })).out).not.toContain("TEXT_ALTERED");
    }
    expect((await inspect([], `${token007()}\n\n`)).out).toContain("TEXT_ALTERED");
  });

  test("at a keyboard, it says what it waits for", async () => {
    const { error } = await atPrompt(["inspect"], { input: token007(), keyboard: true });
    expect(error).toContain("Ctrl-D");
  });
});
