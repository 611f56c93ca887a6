// The proxies of deploy/, run as they are: replicas behind them restart under load.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Load, pause } from "./load.ts";
import { LONG, missing, sized } from "./programs.ts";
import { freePorts, listens, type Process, serving, startProcess } from "./service.ts";
import { addRow } from "./table.ts";

const STOPPED = { code: 0, signal: null };
const RESTARTS = sized(2, 10);
const IN_FLIGHT = 16;

describe.skipIf(missing("haproxy"))("haproxy, with deploy/haproxy/haproxy.cfg", () => {
  test("replicas stop and start, and no call fails", async () => {
    const { load, restart } = await behindHaproxy();
    for (let round = 0; round < RESTARTS; round++) {
      await load.more(sized(100, 5000));
      await restart(round % 2, "SIGTERM");
    }
    await load.stop();
    addRow({ fault: `SIGTERM, ${RESTARTS} restarts`, load: `haproxy, ${IN_FLIGHT} in flight`, ...load.counted });
    expect(load.failures).toEqual({});
  });

  test("replicas are killed, and no call fails but those that were half answered", async () => {
    const { load, restart } = await behindHaproxy();
    const kills = sized(1, 10);
    const starts: number[] = [];
    for (let round = 0; round < kills; round++) {
      await load.more(sized(100, 5000));
      starts.push(await restart(round % 2, "SIGKILL"));
    }
    await load.stop();
    const seen = `serves ${Math.max(...starts)} ms after a start at the latest`;
    addRow({ fault: `SIGKILL, ${kills} times`, load: `haproxy, ${IN_FLIGHT} in flight`, ...load.counted, seen });
    // haproxy sends again what a replica had not begun to answer. Of the answers that a replica sends at once, which are
    // seldom more than one or two, a kill may cut all.
    expect(load.failed, JSON.stringify(load.failures)).toBeLessThanOrEqual(kills * IN_FLIGHT);
    expect(load.failed / load.calls, JSON.stringify(load.failures)).toBeLessThan(0.01);
  });
});

describe.skipIf(missing("nginx"))("nginx, with deploy/nginx/nginx.conf", () => {
  test("replicas stop and start in the order that it states, and no call fails", async () => {
    const { load, nginx, servers } = await behindNginx();
    for (let round = 0; round < RESTARTS; round++) {
      const at = round % 2;
      await load.more(sized(100, 5000));
      nginx.reload(at);
      await pause(20_000);
      await stopped(servers, at, "SIGTERM");
      servers[at] = await startProcess({ port: nginx.ports[at] ?? 0 });
      while (!(await serving(servers[at].address))) await pause(20);
      nginx.reload(undefined);
    }
    await load.stop();
    addRow({ fault: `SIGTERM, ${RESTARTS} restarts in order`, load: `nginx, ${IN_FLIGHT} in flight`, ...load.counted });
    expect(load.failures, readFileSync(nginx.log, "utf8")).toEqual({});
  });

  test.runIf(LONG)("replicas just stop: some calls fail, which callers that try again do not notice", async () => {
    const { load, nginx, servers } = await behindNginx();
    await load.more(sized(100, 5000));
    await stopped(servers, 0, "SIGTERM");
    servers[0] = await startProcess({ port: nginx.ports[0] ?? 0 });
    await load.more(sized(100, 5000));
    await load.stop();
    const seen = `${load.failed} failed for callers that try once`;
    addRow({
      fault: "SIGTERM without the order",
      load: `nginx, ${IN_FLIGHT} in flight`,
      calls: load.calls,
      failed: 0,
      seen,
    });
    expect(load.failed / load.calls).toBeLessThan(0.05);
  });
});

async function stopped(servers: readonly Process[], at: number, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  const server = servers[at];
  server?.signal(signal);
  expect(await server?.ended).toEqual(signal === "SIGTERM" ? STOPPED : { code: null, signal });
}

async function behindHaproxy() {
  const [front = 0, ...ports] = await freePorts(3);
  const servers = await Promise.all(ports.map((port) => startProcess({ port })));
  const [one, two] = ports.map((port) => `127.0.0.1:${port}`);
  started("haproxy", ["-db", "-f", "deploy/haproxy/haproxy.cfg"], {
    TOKEND_FRONT: `127.0.0.1:${front}`,
    TOKEND_ONE: one ?? "",
    TOKEND_TWO: two ?? "",
  });
  await listens(front);
  // Both pass their checks, so that there is another one from the first restart on.
  await pause(1500);
  const restart = async (at: number, signal: "SIGTERM" | "SIGKILL") => {
    await stopped(servers, at, signal);
    const began = performance.now();
    servers[at] = await startProcess({ port: ports[at] ?? 0 });
    while (!(await serving(servers[at].address))) await pause(20);
    const took = Math.round(performance.now() - began);
    // Two checks, half a second apart, before the other one may go.
    await pause(2000);
    return took;
  };
  return { load: new Load([`127.0.0.1:${front}`], { inFlight: IN_FLIGHT, pauseMs: 5 }), servers, restart };
}

async function behindNginx() {
  const [front = 0, ...ports] = await freePorts(3);
  const servers = await Promise.all(ports.map((port) => startProcess({ port })));
  const folder = mkdtempSync(join(tmpdir(), "agora-tokend-nginx-"));
  const file = join(folder, "nginx.conf");
  const write = (down: number | undefined) => {
    let text = readFileSync("deploy/nginx/nginx.conf", "utf8");
    const replace = (from: string, to: string) => {
      expect(text).toContain(from);
      text = text.replace(from, to);
    };
    replace("pid /run/nginx.pid", `pid ${join(folder, "pid")}`);
    replace("127.0.0.1:50050", `127.0.0.1:${front}`);
    ports.forEach((port, at) => {
      replace(`127.0.0.1:5005${at + 1}`, `127.0.0.1:${port}${at === down ? " down" : ""}`);
    });
    for (const name of ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]) {
      mkdirSync(join(folder, name), { recursive: true });
      replace("  access_log off;", `  ${name}_temp_path ${join(folder, name)};\n  access_log off;`);
    }
    writeFileSync(file, text);
  };
  write(undefined);
  const log = join(folder, "error.log");
  const args = ["-p", folder, "-e", log, "-c", file];
  started("nginx", [...args, "-g", "daemon off;"]);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await listens(front);
  const reload = (down: number | undefined) => {
    write(down);
    execFileSync("nginx", [...args, "-s", "reload"]);
  };
  return {
    load: new Load([`127.0.0.1:${front}`], { inFlight: IN_FLIGHT, pauseMs: 5 }),
    servers,
    nginx: { reload, ports, log },
  };
}

/** Starts a program that ends with the test. */
function started(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: "ignore" });
  onTestFinished(async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null && child.kill("SIGTERM")) await ended;
  });
  return child;
}
