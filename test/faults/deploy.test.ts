// What operators copy, as the programs take it that it is for: systemd, a container's limits, Kubernetes' own types.

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { RtcRole } from "../../gen/agora/token/v1/token_pb.ts";
import { channelTo, clientOf } from "../e2e/client.ts";
import { configuration } from "../e2e/service.ts";
import { missing } from "./programs.ts";

const UNIT = "deploy/systemd/agora-tokend.service";
const MANIFESTS = "deploy/kubernetes";
const folder = mkdtempSync(join(tmpdir(), "agora-tokend-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a program, and gives how it ended and all that it printed. */
function run(program: string, args: readonly string[], env = process.env) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", env });
  if (error) throw error;
  return { status, printed: stdout + stderr };
}

/** Waits until a server serves, and lets it build a token. */
async function call(server: ChildProcess): Promise<void> {
  let printed = "";
  const address = await new Promise<string>((done, fail) => {
    const read = (chunk: Buffer) => {
      printed += chunk.toString();
      const serves = /^agora-tokend serves on (\S+)$/m.exec(printed)?.[1];
      if (serves !== undefined) done(serves);
    };
    server.stdout?.on("data", read);
    server.stderr?.on("data", read);
    server.once("close", () => fail(new Error(`it did not start: ${printed}`)));
  });
  const channel = channelTo(address);
  const { issuedToken } = await clientOf(channel).buildToken({
    project: "live",
    expiration: { case: "ttl", value: { seconds: 60n } },
    grants: [{ service: { case: "rtc", value: { channelName: "room-1", uid: 1, role: RtcRole.PUBLISHER } } }],
  });
  expect(issuedToken?.token).toMatch(/^007/);
  channel.close();
}

describe.skipIf(missing("systemd-analyze"))("the systemd unit", () => {
  test("is one that systemd knows every line of", () => {
    // Where Node.js is elsewhere on this machine, that is no fault of the unit.
    const unit = join(folder, "agora-tokend.service");
    writeFileSync(unit, readFileSync(UNIT, "utf8").replace("/usr/bin/node", realpathSync(process.execPath)));
    expect(run("systemd-analyze", ["verify", "--man=no", unit])).toEqual({ status: 0, printed: "" });
  });

  test("is exposed by 2.0 of 10 at most", () => {
    const { status, printed } = run("systemd-analyze", ["security", "--offline=true", "--threshold=20", UNIT]);
    console.log(printed.trim().split("\n").at(-1));
    expect(status).toBe(0);
  });

  test.skipIf(missing("strace"))("lets through every system call of a start, a call, a reload and a stop", async () => {
    const etc = join(folder, "traced");
    mkdirSync(etc);
    const config = join(etc, "config.yaml");
    writeFileSync(config, configuration(etc, { rest: `audit: { file: ${join(etc, "audit.jsonl")} }` }), {
      mode: 0o644,
    });
    const trace = join(etc, "trace");
    const command = [process.execPath, "--disable-proto=delete", "dist/main.cjs", "serve", "--config", config];
    const tracer = spawn("strace", ["-f", "-qq", "-o", trace, ...command], { stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise((done) => tracer.once("close", done));
    await call(tracer);
    const [server] = readFileSync(`/proc/${tracer.pid}/task/${tracer.pid}/children`, "utf8").split(" ");
    for (const signal of ["SIGHUP", "SIGTERM"] as const) process.kill(Number(server), signal);
    await ended;
    const made = new Set(readFileSync(trace, "utf8").match(/(?<=^\d+ +)[a-z]\w*(?=\()/gm));
    expect(made.size).toBeGreaterThan(40);
    const letThrough = allowedCalls();
    expect([...made].filter((name) => !letThrough.has(name))).toEqual([]);
  });
});

/** What SystemCallFilter= of the unit comes to: the first line allows, the second takes away. */
function allowedCalls(): Set<string> {
  const sets = new Map<string, string[]>();
  for (const section of run("systemd-analyze", ["syscall-filter"]).printed.split(/^(?=@)/m)) {
    const [name = "", ...lines] = section.split("\n");
    sets.set(
      name,
      lines.flatMap((line) => /^ {4}([@\w-]+)$/.exec(line)?.[1] ?? []),
    );
  }
  const callsOf = (name: string): string[] =>
    name.startsWith("@") ? (sets.get(name) ?? []).flatMap((each) => callsOf(each)) : [name];
  const [given = "", taken = ""] = readFileSync(UNIT, "utf8").match(/(?<=^SystemCallFilter=).*$/gm) ?? [];
  const denied = new Set(taken.replace("~", "").split(" ").flatMap(callsOf));
  const allowed = given.split(" ").flatMap(callsOf);
  // systemd always allows these.
  return new Set([...allowed.filter((name) => !denied.has(name)), ...callsOf("@default")]);
}

describe.skipIf(missing("bwrap"))(
  "as the image runs it: uid 65532 with no capability, PID 1, a tree that nobody may write",
  () => {
    const [entry = ""] = /^ENTRYPOINT (.*)$/m.exec(readFileSync("deploy/docker/Dockerfile", "utf8"))?.slice(1) ?? [];
    // The line of Node.js that the image has, where test/interop/install.sh put it. The one that runs this may be too old
    // for a flag.
    const line24 = resolve("node_modules/.cache/agora-tokend-interop/node-lines/24/bin/node");
    const program = existsSync(line24) ? line24 : realpathSync(process.execPath);
    const isKnown = (part: string) => !part.startsWith("--report") || run(program, [part, "--version"]).status === 0;
    const command = (JSON.parse(entry) as string[]).filter(isKnown);
    const etc = join(folder, "etc");
    mkdirSync(etc);

    /** What bubblewrap shows of this machine: Node.js, the server, and its configuration. */
    function box(...args: readonly string[]): string[] {
      const isolated = ["--unshare-all", "--share-net", "--as-pid-1", "--die-with-parent", "--clearenv"];
      const nobody = ["--uid", "65532", "--gid", "65532", "--cap-drop", "ALL"];
      const system = ["--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"];
      const node = ["--ro-bind", program, "/nodejs/bin/node"];
      const server = ["--ro-bind", resolve("dist/main.cjs"), "/app/main.cjs", "--ro-bind", etc, "/etc/agora-tokend"];
      return [...isolated, ...nobody, ...system, ...node, ...server, "--proc", "/proc", "--remount-ro", "/", ...args];
    }

    test("the box is what it says", () => {
      const code = `const { readFileSync, writeFileSync } = require("node:fs");
      const tried = (file) => { try { writeFileSync(file, ""); return "written"; } catch (e) { return e.code; } };
      const files = ["/file", "/app/main.cjs", "/etc/agora-tokend/file", "/usr/file"];
      const capabilities = /^CapEff:\\s*(\\w+)$/m.exec(readFileSync("/proc/self/status", "utf8"))[1];
      console.log(JSON.stringify([process.getuid(), process.pid, Number(capabilities), ...files.map(tried)]));`;
      const { printed } = run("bwrap", box("/nodejs/bin/node", "-e", code));
      expect(JSON.parse(printed)).toEqual([65_532, 1, 0, "EROFS", "EROFS", "EROFS", "EROFS"]);
    });

    test("it serves a call, and ends by SIGTERM with 0", async () => {
      const text = configuration(etc).replaceAll(etc, "/etc/agora-tokend");
      writeFileSync(join(etc, "config.yaml"), text, { mode: 0o644 });
      const args = box("--info-fd", "3", ...command, "serve", "--config", "/etc/agora-tokend/config.yaml");
      const child = spawn("bwrap", args, { stdio: ["ignore", "pipe", "pipe", "pipe"] });
      const ended = new Promise<number | null>((done) => child.once("close", done));
      let info = "";
      child.stdio[3]?.on("data", (chunk: Buffer) => {
        info += chunk.toString();
      });
      await call(child);
      process.kill(JSON.parse(info)["child-pid"], "SIGTERM");
      expect(await ended).toBe(0);
    });
  },
);

describe.skipIf(missing("go"))("the Kubernetes manifests, as kustomize puts them together", () => {
  const checker = join(folder, "kubernetes");
  const kinds = ["ConfigMap", "Deployment", "HorizontalPodAutoscaler", "NetworkPolicy", "PodDisruptionBudget"];

  test("have keys alone that Kubernetes' own types have, and pods that its own code calls restricted", () => {
    const go = ["build", "-o", checker, "."];
    execFileSync("go", go, { cwd: "test/faults/kubernetes", stdio: ["ignore", "ignore", "inherit"] });
    const { status, printed } = run(checker, [MANIFESTS]);
    expect({ status, printed }).toMatchObject({ status: 0 });
    const lines = printed.trim().split("\n").sort();
    expect(lines.map((line) => line.split(" ")[0])).toEqual([...kinds, "Service", "Service", "ServiceAccount"]);
    for (const line of lines) expect(line).toMatch(/: fine$/);
  }, 600_000);

  test.each([
    ["a slip", "readinessProbe", "readinesProbe", 'unknown field "readinesProbe"'],
    [
      "a pod that may do more",
      "allowPrivilegeEscalation: false",
      "allowPrivilegeEscalation: true",
      "is not restricted",
    ],
    ["a file that is not there", "", "", "config.yaml"],
  ])("%s is found", (name, right, wrong, found) => {
    const copy = join(folder, name.replaceAll(" ", "-"));
    cpSync(MANIFESTS, copy, { recursive: true });
    const file = join(copy, "deployment.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace(right, wrong));
    if (right === "") rmSync(join(copy, "config.yaml"));
    const { status, printed } = run(checker, [copy]);
    expect(status).toBe(1);
    expect(printed).toContain(found);
  });
});

test("the steps of the image's first stage make what its second one copies, of nothing but what they are given", () => {
  const stage = join(folder, "build");
  mkdirSync(stage);
  const dockerfile = readFileSync("deploy/docker/Dockerfile", "utf8");
  const given = readFileSync("deploy/docker/Dockerfile.dockerignore", "utf8").match(/^!.+$/gm) ?? [];
  for (const [, name, value = ""] of dockerfile.matchAll(/^(COPY|RUN) (?!--from)(.*)$/gm)) {
    if (name === "RUN") {
      execFileSync("bash", ["-c", value], { cwd: stage, stdio: ["ignore", "ignore", "pipe"] });
      continue;
    }
    const sources = value.split(" ").slice(0, -1);
    const paths = given.map((path) => path.slice(1)).filter((path) => sources.includes(path.split("/")[0] ?? ""));
    for (const path of paths) cpSync(path, join(stage, path), { recursive: true });
  }
  const [, copied = ""] = /^COPY --from=build .*? (\/build\/.*) \/app\/$/m.exec(dockerfile) ?? [];
  const made = copied.split(" ").map((path) => join(stage, path.slice("/build/".length)));
  expect(made).toHaveLength(3);
  for (const file of made) expect(readFileSync(file).length, file).toBeGreaterThan(10_000);
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const { printed } = run(process.execPath, [made[0] ?? "", "--version"]);
  expect(printed).toBe(`${version}\n`);
}, 300_000);

// Only where a daemon is, and an image to run on was named: RUNTIME_IMAGE=... npm run test:faults.
const runtime = process.env["RUNTIME_IMAGE"];
if (runtime === undefined) console.warn("skipped: no image to run on was named, in RUNTIME_IMAGE, so none is built");
const hasDocker = runtime !== undefined && spawnSync("docker", ["info"]).status === 0;
test.skipIf(!hasDocker)(
  "docker builds the image, and it says its version",
  () => {
    const tag = "agora-tokend-test";
    const build = [
      "build",
      "-q",
      "-f",
      "deploy/docker/Dockerfile",
      "--build-arg",
      `RUNTIME_IMAGE=${runtime}`,
      "-t",
      tag,
    ];
    expect(run("docker", [...build, "."])).toMatchObject({ status: 0 });
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    const limits = ["--rm", "--read-only", "--cap-drop=ALL", "--network=none"];
    expect(run("docker", ["run", ...limits, tag, "--version"])).toEqual({ status: 0, printed: `${version}\n` });
  },
  600_000,
);
