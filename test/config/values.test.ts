import { describe, expect, test } from "vitest";
import { complaint, complaints, problemsOf, read } from "./fixtures/read.ts";

/** A file with one project, in which one key of the project has another value. */
function project(key: string, value: string): string {
  const keys: Record<string, string> = {
    id: "live",
    app_id: '"0123456789abcdef0123456789abcdef"',
    certificates: "[{ id: a, state: primary, file: /run/a }]",
    [key]: value,
  };
  const lines = Object.entries(keys).map(([name, text]) => `{ ${name}: ${text} }`.slice(2, -2));
  return `projects:\n  - ${lines.join("\n    ")}\n`;
}

function whatIsSaid(key: string, value: string): string {
  return complaint(project(key, value)).replace(/^\d+:\d+: projects\[0\]\.\w+: /, "");
}

const APP_ID = "must be an App ID in quotes: 32 hexadecimal digits";
const TTL = "must be a length of time from 1s to 86400s, in seconds such as 3600s";
const BOOL = "must be true or false";
const ID = "must be 1 to 63 of a-z, 0-9 and -, and begin with a letter";

describe("text", () => {
  test.each([
    ["app_id", "12345678901234567890123456789012", `${APP_ID}; YAML reads this as a number: quote it`],
    ["app_id", "1e101234567890123456789012345678", `${APP_ID}; YAML reads this as a number: quote it`],
    ["app_id", "00000000000000000000000000000001", `${APP_ID}; YAML reads this as a number: quote it`],
    ["app_id", "true", `${APP_ID}; YAML reads this as a boolean: quote it`],
    ["app_id", '"0123456789abcdef0123456789abcde"', APP_ID],
    ["app_id", '"0123456789abcdef0123456789abcdeg"', APP_ID],
    ["app_id", '" 0123456789abcdef0123456789abcdef"', APP_ID],
    ["app_id", "[a]", APP_ID],
    ["app_id", "{ a: b }", APP_ID],
    ["app_id", "~", `has no value: leave it out, or give it a value; it ${APP_ID}`],
    ["app_id", "", `has no value: leave it out, or give it a value; it ${APP_ID}`],
    ["app_id", "null", `has no value: leave it out, or give it a value; it ${APP_ID}`],
    ["id", '""', `${ID}; it is empty: leave the key out, or give it a value`],
    ["id", "Live", ID],
    ["id", "-live", ID],
    ["id", `a${"b".repeat(63)}`, ID],
    ["id", "7", `${ID}; YAML reads this as a number: quote it`],
    ["id", "|\n      live\n", `${ID}; it has a line break or another control character in it`],
    ["id", '"li\\0ve"', `${ID}; it has a line break or another control character in it`],
    ["id", '"li\\ud800ve"', `${ID}; it has half of a surrogate pair in it`],
  ])("%s: %s", (key, value, expected) => {
    expect(whatIsSaid(key, value)).toBe(expected);
  });

  test.each([
    "abcdefabcdefabcdefabcdefabcdefab",
    "'12345678901234567890123456789012'",
    "0123456789abcdef0123456789abcdeF",
  ])("%s is an App ID", (value) => {
    expect(read(project("app_id", value)).projects[0]?.appId).toBe(value.replaceAll("'", ""));
  });
});

describe("true and false", () => {
  test.each([
    ["yes", `${BOOL}; write true, without quotes`],
    ["on", `${BOOL}; write true, without quotes`],
    ['"true"', `${BOOL}; write true, without quotes`],
    ["True", `${BOOL}; write true, without quotes`],
    ["1", `${BOOL}; write true, without quotes`],
    ["no", `${BOOL}; write false, without quotes`],
    ["Off", `${BOOL}; write false, without quotes`],
    ["'false'", `${BOOL}; write false, without quotes`],
    ["FALSE", `${BOOL}; write false, without quotes`],
    ["0", `${BOOL}; write false, without quotes`],
    ["maybe", BOOL],
    ["2", BOOL],
    ["[true]", BOOL],
    ["~", `has no value: leave it out, or give it a value; it ${BOOL}`],
  ])("%s is refused", (value, expected) => {
    expect(whatIsSaid("allow_token006", value)).toBe(expected);
  });

  test("are taken", () => {
    expect(read(project("allow_token006", "true")).projects[0]?.allowToken006).toBe(true);
    expect(read(project("allow_token006", "false")).projects[0]?.allowToken006).toBe(false);
  });
});

describe("lengths of time", () => {
  test.each([
    ["3600", `${TTL}; write 3600s`],
    ["'3600'", `${TTL}; write 3600s`],
    ["1h", `${TTL}; write 3600s`],
    ["5m", `${TTL}; write 300s`],
    ["5 min", `${TTL}; write 300s`],
    ["1h30m", `${TTL}; write 5400s`],
    ["1d", `${TTL}; write 86400s`],
    ["60 s", `${TTL}; write 60s`],
    ["0060s", `${TTL}; write 60s`],
    ["2d", TTL],
    ["0s", TTL],
    ["-5s", TTL],
    ["-5", TTL],
    ["86401s", TTL],
    ["99999999999999999999s", TTL],
    ["1.5s", TTL],
    ["1.5", TTL],
    ["s", TTL],
    ['""', TTL],
    ["PT1H", TTL],
    ["true", TTL],
    ["{ seconds: 3600 }", TTL],
  ])("%s is refused", (value, expected) => {
    expect(whatIsSaid("max_ttl", value)).toBe(expected);
  });

  test.each([
    ["1s", 1],
    ["86400s", 86400],
    ["'60s'", 60],
  ])("%s is taken", (value, seconds) => {
    expect(read(project("max_ttl", value)).projects[0]?.maxTtl).toBe(seconds);
  });
});

describe("integers", () => {
  const file = (value: string) => `${project("id", "live")}limits: { max_message_bytes: ${value} }\n`;
  const expected = "must be an integer from 1024 to 4194304";

  test.each([
    ["1023", ""],
    ["4194305", ""],
    ["4294967296", "; it is too large"],
    ["99999999999999999999", "; it is too large"],
    [".inf", "; it is too large"],
    [".nan", ""],
    ["-1", ""],
    ["-0", ""],
    ["+4096", "; write 4096"],
    ["04096", "; write 4096"],
    ["0x1000", "; write 4096"],
    ["0o10000", "; write 4096"],
    ["4096.0", "; write 4096"],
    ["4.096e3", "; write 4096"],
    ["4096.5", ""],
    ['"4096"', "; write 4096, without quotes"],
    ["4_096", "; write 4096, without anything between the digits"],
    ["4k", ""],
    ["true", ""],
    ["[4096]", ""],
  ])("%s is refused", (value, hint) => {
    expect(complaint(file(value))).toMatch(/^5:\d+: limits\.max_message_bytes: /);
    expect(complaint(file(value)).replace(/^\S+ \S+ /, "")).toBe(expected + hint);
  });

  test.each([1024, 4194304])("%s is taken", (value) => {
    expect(read(file(String(value))).limits.maxMessageBytes).toBe(value);
  });
});

describe("lists and mappings", () => {
  const base = project("id", "live");

  test.each([
    ["permits: x", "permits: must be a list of at most 10000 permits: put the value in [ ]"],
    ["permits: { callers: [] }", "permits: must be a list of at most 10000 permits: begin each element with -"],
    [
      "permits: [x]",
      "permits[0]: must be a mapping with the keys callers, projects, methods, services, channels, users, roles, max_ttl, any_user and any_channel",
    ],
    [
      "permits: [[]]",
      "permits[0]: must be a mapping with the keys callers, projects, methods, services, channels, users, roles, max_ttl, any_user and any_channel",
    ],
    ["permits: [~]", "permits[0]: has no value: leave it out, or give it a value"],
    [
      "permits: [{ channels: x }]",
      "permits[0].channels: must be a list of patterns in quotes, in which * stands for any text: put the value in [ ]",
    ],
    ["permits: [{ channels: [1] }]", "permits[0].channels[0]: must be a string; YAML reads this as a number: quote it"],
    [
      "permits: [{ channels: [''] }]",
      "permits[0].channels[0]: must be a string; it is empty: leave the key out, or give it a value",
    ],
    ["permits: [{ channels: [[a]] }]", "permits[0].channels[0]: must be a string"],
    ["permits: [{ channels: [a, , b] }]", "5:27: this does not belong here"],
    ["permits: [{ users: x }]", "permits[0].users: must be a mapping with the keys uids and accounts"],
    ["permits: [{ users: [] }]", "permits[0].users: must be a mapping with the keys uids and accounts"],
    [
      "permits: ~",
      "permits: has no value: leave it out, or give it a value; it must be a list of at most 10000 permits",
    ],
    ["admin: 127.0.0.1:1", "admin: must be a mapping with the key address"],
    ["audit: []", "audit: must be a mapping with the keys file, on_full, names and names_key_file"],
    ["listen: []", "listen: is empty: leave the key out for the default, or list an address"],
  ])("%s", (line, expected) => {
    expect(complaint(`${base}${line}\n`)).toContain(expected);
  });

  test("too few and too many", () => {
    const many = (n: number, item: string) =>
      `[${Array.from({ length: n }, (_, i) => item.replaceAll("N", String(i))).join(", ")}]`;
    expect(complaints("projects: []\n")).toEqual(["1:1: projects: must be a list of 1 to 10000 projects"]);
    expect(whatIsSaid("certificates", "[]")).toBe("must be a list of 1 to 16 certificates");
    expect(whatIsSaid("certificates", many(17, "{ id: cN, state: standby, file: x }"))).toBe(
      "must be a list of 1 to 16 certificates",
    );
    expect(complaint(`${base}listen: ${many(9, "{ address: 127.0.0.1:1N }")}\n`)).toBe(
      "5:1: listen: must be a list of at most 8 listeners",
    );
  });
});

describe("what is missing", () => {
  test("is said at what it is missing from", () => {
    expect(complaints("reflection: true\n")).toEqual([
      "1:1: projects: is missing: it must be a list of 1 to 10000 projects",
    ]);
    expect(complaints("reflection: true\nprojects:\n  - allow_token006: true\n")).toEqual([
      `3:5: projects[0].id: is missing: it ${ID}`,
      `3:5: projects[0].app_id: is missing: it ${APP_ID}`,
      "3:5: projects[0].certificates: is missing: it must be a list of 1 to 16 certificates",
    ]);
  });

  test("is not said of what is misspelt, or has no value", () => {
    expect(complaints("project: []\n")).toEqual(["1:1: project: unknown key `project`; did you mean `projects`?"]);
    expect(complaints("projects:\n")).toEqual([
      "1:1: projects: has no value: leave it out, or give it a value; it must be a list of 1 to 10000 projects",
    ]);
  });
});

describe("unknown keys", () => {
  test.each([
    ["alow_token006", "; did you mean `allow_token006`?"],
    ["allowToken006", "; did you mean `allow_token006`?"],
    ["allow-token006", "; did you mean `allow_token006`?"],
    ["MAX_TTL", "; did you mean `max_ttl`?"],
    ["max_tll", "; did you mean `max_ttl`?"],
    ["maximum_lifetime", ""],
    ["app_certificate", ""],
    // It is there already, so it was not meant.
    ["idd", ""],
  ])("%s", (key, suggestion) => {
    expect(complaint(project(key, "x"))).toBe(`5:5: projects[0].${key}: unknown key \`${key}\`${suggestion}`);
  });

  test("an odd one is not repeated", () => {
    expect(problemsOf(project('"a\\nb"', "x"))).toEqual([
      { place: { line: 5, column: 5 }, path: "projects[0].?", message: "unknown key" },
    ]);
  });
});
