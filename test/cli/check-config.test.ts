import { chmodSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { EXIT } from "../../src/cli/run.ts";
import { command, configured, write } from "./command.ts";
import { CERTIFICATES, configIn } from "./files.ts";

const MORE = `  - { callers: ["*"], projects: ["*"], methods: [InspectToken] }
  - { callers: [local], projects: [live], methods: [BatchBuildTokens], services: [rtm], max_ttl: 60s }
  - { callers: [local], projects: [live], methods: [BuildToken], services: [rtc], channels: ["*"], users: { accounts: ["u-*"] }, roles: ["*"], max_ttl: 86400s, any_user: true, any_channel: true }
`;

function example(): string {
  const callers = "[{ id: local, match: { loopback: true } }]";
  const file = configured({
    callers,
    project: "max_ttl: 7200s",
    certificates: { a: "primary", b: "retiring", c: "revoked" },
  });
  return write(
    dirname(file),
    "config.yaml",
    configIn(dirname(file), {
      callers,
      project: "max_ttl: 7200s",
      certificates: { a: "primary", b: "retiring", c: "revoked" },
    }) + MORE,
  );
}

test("what each project and each caller will do, as tables", async () => {
  const file = example();
  const { code, out } = await command(["check-config", file]);
  expect(code).toBe(EXIT.OK);
  // Columns are two blanks or more apart.
  const rows = out.split("\n").map((line) => line.split(/ {2,}/));
  expect(rows).toEqual([
    [`${file}: no problems`],
    [""],
    ["PROJECT", "APP ID", "SIGNS WITH", "VERIFIES WITH", "REVOKED", "006", "MAX TTL"],
    ["live", "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "a", "a, b", "c", "no", "7200s"],
    [""],
    [
      "CALLER",
      "PROOF",
      "PROJECTS",
      "METHODS",
      "SERVICES",
      "CHANNELS",
      "USERS",
      "ROLES",
      "MAX TTL",
      "ANY USER",
      "ANY CHANNEL",
      "ROW",
    ],
    [
      "local",
      "loopback",
      "live",
      "BuildToken, BatchBuildTokens, RenewToken, InspectToken",
      "rtc",
      "room-*",
      "uids",
      "publisher",
      "3600s",
      "no",
      "no",
      "permits[0], line 9",
    ],
    ["local", "loopback", "*", "InspectToken", "-", "-", "-", "-", "0s", "no", "no", "permits[1], line 18"],
    // Batches need BuildToken as well, so the row permits nothing.
    ["local", "loopback", "live", "-", "rtm", "-", "-", "-", "60s", "no", "no", "permits[2], line 19"],
    ["local", "loopback", "live", "BuildToken", "rtc", "*", "u-*", "*", "7200s", "yes", "yes", "permits[3], line 20"],
  ]);
  for (const digits of Object.values(CERTIFICATES)) expect(out).not.toContain(digits.slice(0, 8));
});

test("the same, for programs", async () => {
  const { code, out } = await command(["check-config", "--json", example()]);
  expect(code).toBe(EXIT.OK);
  expect(JSON.parse(out)).toMatchObject({
    projects: [{ id: "live", signsWith: "a", verifiesWith: ["a", "b"], revoked: ["c"], token006: false, maxTtl: 7200 }],
    callers: [
      {
        id: "local",
        proof: "loopback",
        rows: [
          {
            permit: 0,
            place: { line: 9 },
            methods: expect.arrayContaining(["RenewToken"]),
            maxTtl: [3600, 3600],
            uids: true,
          },
          { permit: 1, methods: ["InspectToken"], maxTtl: [0, 0] },
          { permit: 2, methods: [] },
          { permit: 3, accounts: ["u-*"], anyUser: true, maxTtl: [7200, 7200] },
        ],
      },
    ],
  });
});

test("a caller without a row is in the table, with nothing", async () => {
  const file = configured();
  write(dirname(file), "config.yaml", configIn(dirname(file)).replace("callers: [local]", "callers: []"));
  const { out } = await command(["check-config", file]);
  expect(out.split("\n").at(-1)).toMatch(/^local +loopback( +-){10}$/);
});

test("problems end it with 78, a line each, or as a list for programs", async () => {
  const file = configured({ permit: "max_tll: 3600s" });
  const plain = await command(["check-config", file]);
  expect(plain).toEqual({
    code: EXIT.CONFIG,
    out: "",
    error: `${file}:16:5: permits[0].max_tll: unknown key \`max_tll\`; did you mean \`max_ttl\`?`,
  });
  const { code, out, error } = await command(["check-config", file, "--json"]);
  expect({ code, error }).toEqual({ code: EXIT.CONFIG, error: "" });
  expect(JSON.parse(out)).toEqual({
    file,
    problems: [
      { place: { line: 16, column: 5 }, path: "permits[0].max_tll", message: expect.stringContaining("max_ttl") },
    ],
  });
});

test("certificate files are read, as at the start", async () => {
  const file = configured();
  chmodSync(join(dirname(file), "a"), 0o644);
  const { code, error } = await command(["check-config", file]);
  expect(code).toBe(EXIT.CONFIG);
  expect(error).toMatch(/config\.yaml:5:\d+: projects\[0\]\.certificates\[0\]\.file: readable file: /);
});
