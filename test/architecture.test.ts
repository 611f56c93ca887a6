import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

// Who may import whom: from a lower floor, from the own folder, or from the two files that all share.
const FLOOR: Readonly<Record<string, number>> = {
  token: 0,
  keyring: 1,
  access: 1,
  rpc: 1,
  issuing: 2,
  audit: 2,
  observe: 2,
  client: 2,
  config: 2,
  api: 3,
  server: 4,
  cli: 5,
  ".": 6,
};
const SHARED = ["src/clock.ts", "src/failure.ts"];
const OWN = new Set(["access keyring", "keyring access", "rpc access", "config token"]);
for (const folder of ["token", "keyring", "access", "issuing"]) OWN.add(`client ${folder}`);
const PACKAGES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^@bufbuild\/|^\.\.\/.*gen\//, ["rpc", "api", "server", "client", "config", "cli"]],
  [/^(nice-grpc|@grpc\/grpc-js)$/, ["rpc", "server", "client", "cli", "."]],
  [/^node:process$/, ["config", "cli", "."]],
  [/^(yaml)$/, ["config"]],
  [/^commander$/, ["cli"]],
  [/^jose$/, ["access"]],
  [/^(pino|prom-client)$/, ["observe"]],
  [/^@opentelemetry\/api$/, ["server"]],
];
// What a floor may take from Node: its own work needs no more.
const NODE: Readonly<Record<string, RegExp>> = {
  token: /^node:(crypto|zlib)$/,
  issuing: /^$/,
  api: /^$/,
  keyring: /^node:util$/,
  access: /^node:crypto$/,
  audit: /^node:(crypto|zlib)$/,
  observe: /^$/,
};

interface Import {
  readonly file: string;
  readonly from: string;
  readonly name: string;
}

const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join("src", name));
const imports: Import[] = files.flatMap((file) =>
  [...readFileSync(file, "utf8").matchAll(/^(?:import|export)\s[^;"]*?from "([^"]+)"|\bimport\("([^"]+)"\)/gm)].map(
    ([, stands, loads]) => ({
      file,
      from: folderOf(file),
      name: stands ?? loads ?? "",
    }),
  ),
);
const ours = imports
  .filter(({ name }) => name.startsWith("."))
  .map((each) => ({ ...each, to: normalize(join(dirname(each.file), each.name)) }));

function folderOf(file: string): string {
  const folder = file.split("/")[1] ?? "";
  return folder.endsWith(".ts") ? "." : folder;
}

test("the tree was read", () => {
  expect(files.length).toBeGreaterThan(30);
  expect(ours.length).toBeGreaterThan(100);
  for (const { from } of imports) expect(FLOOR, from).toHaveProperty([from]);
});

test.each(ours.filter(({ to, from }) => to.startsWith("src/") && !SHARED.includes(to) && folderOf(to) !== from))(
  "$file imports $to",
  ({ from, to }) => {
    expect(FLOOR[folderOf(to)]).toBeLessThan(FLOOR[from] ?? -1);
    expect(OWN).not.toContain(`${from} ${folderOf(to)}`);
  },
);

test.each(imports.filter(({ name }) => PACKAGES.some(([pattern]) => pattern.test(name))))(
  "$file may import $name",
  ({ from, name }) => {
    for (const [pattern, folders] of PACKAGES) if (pattern.test(name)) expect(folders).toContain(from);
  },
);

test.each(imports.filter(({ name, from }) => name.startsWith("node:") && from in NODE))(
  "$file may import $name",
  ({ from, name }) => {
    expect(name).toMatch(NODE[from] ?? /^$/);
  },
);

test.each(files.filter((file) => !["config", "cli", "."].includes(folderOf(file))))(
  "%s leaves the process alone",
  (file) => {
    expect(readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")).not.toMatch(/\bprocess\./);
  },
);

test.each(files)("%s is one thing: at most about 200 lines of code", (file) => {
  const code = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => !/^\s*(\/\/|\/?\*|$)/.test(line));
  expect(code.length).toBeLessThanOrEqual(220);
});
