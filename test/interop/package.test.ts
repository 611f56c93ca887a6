// The npm package as somebody gets it: packed, installed in another folder, and used from there.

import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };

const ROOT = process.cwd();
const folder = mkdtempSync(join(tmpdir(), "agora-tokend-package-"));
let tarball: string;
let files: string[];
let modules = 0;

beforeAll(() => {
  const packed = execFileSync("npm", ["pack", "--json", "--silent", "--pack-destination", folder], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  // In newer versions of npm by name, in older ones a list.
  const [{ filename, files: list }] = Object.values(JSON.parse(packed.slice(packed.search(/^[[{]/m)))) as [
    { filename: string; files: { path: string }[] },
  ];
  tarball = join(folder, filename);
  files = list.map(({ path }) => path);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const flags = ["--ignore-scripts", "--prefer-offline", "--no-fund", "--no-audit", "--loglevel=error"];
  execFileSync("npm", ["install", ...flags, tarball], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a module from the folder that has the package installed. */
async function runModule(code: string, ...args: readonly string[]): Promise<unknown> {
  const file = join(folder, `module-${++modules}.mjs`);
  writeFileSync(file, code);
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args], { cwd: folder });
  return JSON.parse(stdout);
}

describe("what it holds", () => {
  test("is the program, the library, the protos and what explains them, and nothing else", () => {
    const kinds = [
      /^dist\/main\.cjs$/,
      /^dist\/(LICENSES\.txt|sbom\.json)$/,
      /^dist\/lib\/(src\/(client|rpc|token)\/[a-z0-9-]+|src\/(index|clock|failure)|gen\/[a-z0-9_/]+_pb)\.(js|d\.ts)$/,
      /^proto\/[a-z0-9_/]+\.proto$/,
      /^proto\/(README|MIGRATION)\.md$/,
      /^(package\.json|README\.md|CHANGELOG\.md|SECURITY\.md|LICENSE)$/,
    ];
    expect(files.filter((path) => !kinds.some((kind) => kind.test(path)))).toEqual([]);
    for (const kind of kinds)
      expect(
        files.filter((path) => kind.test(path)),
        String(kind),
      ).not.toEqual([]);
    expect(files).toContain("proto/agora/token/v1/token.proto");
  });

  test("passes publint", () => {
    execFileSync(join(ROOT, "node_modules", ".bin", "publint"), ["--strict", tarball], { stdio: "pipe" });
  });

  test("has types that every ESM consumer finds, by arethetypeswrong", () => {
    execFileSync(join(ROOT, "node_modules", ".bin", "attw"), [tarball, "--profile", "esm-only"], { stdio: "pipe" });
  });
});

describe("agora-tokend", () => {
  test("signs, parses and verifies, and has the classic builder", async () => {
    const answer = await runModule(`
      import { INIT_RESULT, Privileges, Role, SimpleTokenBuilder, parse007, parseToken, sign007, verify007 } from "agora-tokend";
      const [appId, certificate] = ["${"0f".repeat(16)}", "A1b2C3d4E5f60718293a4B5c6D7e8F90"];
      const privileges = new Map([[1, 600]]);
      const grants = [{ service: "rtc", channel: { name: "room-1" }, user: { uid: 42 }, privileges }];
      const text = sign007({ appId, issuedAt: 1800000000, lifetime: 600, salt: 1, grants }, Buffer.from(certificate));
      const claimed = parse007(text);
      const builder = new SimpleTokenBuilder(appId, certificate, "room-1", 42);
      builder.initPrivileges(Role.publisher);
      const classic = builder.buildToken();
      console.log(JSON.stringify({
        verified: verify007(claimed, Buffer.from(certificate)),
        channel: claimed.grants[0].channel,
        classic: parseToken(classic).claimed.privileges.has(Privileges.publishAudioStream),
        taken: builder.initTokenBuilder(classic) === INIT_RESULT.OK,
      }));`);
    expect(answer).toEqual({ verified: true, channel: { name: "room-1" }, classic: true, taken: true });
  });

  test("needs no other package", async () => {
    const alone = join(folder, "alone", "node_modules", "agora-tokend");
    mkdirSync(alone, { recursive: true });
    execFileSync("tar", ["-xzf", tarball, "-C", alone, "--strip-components=1"]);
    const code = 'import("agora-tokend").then(({ SERVICES }) => console.log(SERVICES.rtc.type))';
    expect(execFileSync(process.execPath, ["-e", code], { cwd: join(folder, "alone"), encoding: "utf8" })).toBe("1\n");
  });

  test("gives its protos", async () => {
    const code = 'console.log(JSON.stringify(import.meta.resolve("agora-tokend/proto/agora/token/v1/token.proto")))';
    expect(existsSync(new URL((await runModule(code)) as string))).toBe(true);
  });
});

test("its types are right under the strictest options of TypeScript", () => {
  writeFileSync(
    join(folder, "consumer.ts"),
    `import { parse007, type Grant, SimpleTokenBuilder } from "agora-tokend";
import { createTokenClient, grant, RtcRole, TokenServiceError, TokenSource, ttl, type IssuedToken } from "agora-tokend/client";
const client = createTokenClient(["10.0.0.1:443", "10.0.0.2:443"], { tls: { ca: "" }, bearer: async () => "x" });
const request = { project: "live", expiration: ttl(60), grants: [grant("rtc", { channelName: "a", uid: 1, role: RtcRole.PUBLISHER })] };
const source = new TokenSource(client, request, { onToken: (token: IssuedToken) => token.token.length });
export const token: Promise<string> = source.get().then((issued) => issued.token);
export const grants: readonly Grant[] = parse007("").grants;
export const built: string = new SimpleTokenBuilder("", "", "", 0).buildToken();
export const reason = (error: unknown) => (error instanceof TokenServiceError && error.reason === "NOT_PERMITTED" ? error.metadata["max_ttl"] : "");
// @ts-expect-error: a grant of RTC has no user_id
grant("rtc", { userId: "a" });
// @ts-expect-error: a length of time is not a number
void client.buildToken({ project: "live", expiration: 60 });
`,
  );
  const options = {
    compilerOptions: {
      module: "nodenext",
      target: "es2023",
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      types: ["node"],
      typeRoots: [join(ROOT, "node_modules", "@types")],
    },
    files: ["consumer.ts"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
  const tsc = join(ROOT, "node_modules", ".bin", "tsc");
  const { stdout, status } = spawnSync(tsc, ["-p", folder], { encoding: "utf8" });
  expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
});

describe("npx agora-tokend", () => {
  const npx = (args: readonly string[], options: { cwd?: string; input?: string } = {}) =>
    spawnSync("npx", ["--no", "--loglevel=error", "agora-tokend", ...args], {
      cwd: folder,
      encoding: "utf8",
      ...options,
    });

  test("tells its version, installed and in the repository", () => {
    const told = { stdout: `${packageJson.version}\n`, status: 0 };
    expect(npx(["--version"])).toMatchObject(told);
    expect(npx(["--version"], { cwd: ROOT })).toMatchObject(told);
  });

  test("inspects what is piped into it", () => {
    const { status, stdout } = npx(["inspect"], { input: "hello\n" });
    expect(status).toBe(1);
    expect(stdout).toContain("MALFORMED");
    expect(stdout).not.toContain("\u001b");
  });

  test("says that nobody is there, and ends with 69", () => {
    const { status, stderr } = npx(["health", "--server", "127.0.0.1:1"]);
    expect(stderr).toContain("UNAVAILABLE");
    expect(status).toBe(69);
  });

  test("serves, and the client of the same package calls it", async () => {
    const main = join(folder, "node_modules", "agora-tokend", "dist", "main.cjs");
    const server = spawn(process.execPath, [main, "serve", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const address = await new Promise<string>((resolve, reject) => {
        let printed = "";
        server.once("exit", () => reject(new Error("it does not serve")));
        server.stdout.on("data", (chunk: Buffer) => {
          printed += chunk.toString();
          const at = /serves on (\S+)/.exec(printed)?.[1];
          if (at !== undefined) resolve(at);
        });
      });
      const answer = await runModule(
        `
        import { createTokenClient, grant, RtcRole, TokenSource, ttl, Verdict } from "agora-tokend/client";
        const client = createTokenClient(process.argv[2]);
        const wanted = grant("rtc", { channelName: "room-1", uid: 42, role: RtcRole.PUBLISHER });
        const source = new TokenSource(client, { project: "demo", expiration: ttl(600), grants: [wanted] });
        const { token } = await source.get();
        const { verdict } = await client.inspectToken({ token, expectedGrant: wanted });
        const refusal = await client.renewToken({ project: "demo", expiration: ttl(600), token: "x" }).catch((error) => error);
        source.stop();
        client.close();
        console.log(JSON.stringify({ accepted: verdict === Verdict.ACCEPTED, refusal }));`,
        address,
      );
      expect(answer).toMatchObject({ accepted: true, refusal: { reason: "TOKEN_MALFORMED" } });
    } finally {
      server.removeAllListeners("exit").kill();
    }
  });
});
