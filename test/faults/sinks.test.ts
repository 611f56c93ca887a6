// What the server writes to and reads from goes away: the audit's disk, its reader, the issuer of keys, the configuration,
// descriptors, time itself.
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { exportJWK, SignJWT } from "jose";
import { Status } from "nice-grpc";
import { describe, expect, onTestFinished, test } from "vitest";
import { RtcRole } from "../../gen/agora/token/v1/token_pb.ts";
import { CERTIFICATES, configIn } from "../cli/files.ts";
import { channelTo, clientOf, failureOf } from "../e2e/client.ts";
import { configuration } from "../e2e/service.ts";
import { Load, pause, percentile, REQUEST } from "./load.ts";
import { missing, sized } from "./programs.ts";
import { type Process, residentMib, serving, startProcess, UNLIMITED, underLoad } from "./service.ts";
import { addRow } from "./table.ts";

const AUDIT_REFUSAL = { code: 14, errorInfo: { reason: "AUDIT_UNAVAILABLE" } };

async function refusal({ address }: Process) {
  const channel = channelTo(address);
  try {
    return await failureOf((options) => clientOf(channel).buildToken(REQUEST, options));
  } finally {
    channel.close();
  }
}

test("a bad configuration, again and again, under load: the last good one stays", async () => {
  const server = await startProcess();
  const file = join(server.folder, "config.yaml");
  const good = readFileSync(file, "utf8");
  const load = new Load([server.address], { inFlight: 8 });
  await load.more(20);
  const broken = [
    "",
    "listen: [",
    good.replace("live", "Live!"),
    good.replace("permits:", "permit:"),
    `${good}\nunknown: 1\n`,
  ];
  const rounds = sized(10, 100);
  for (let round = 0; round < rounds; round++) {
    writeFileSync(file, broken[round % broken.length] ?? "");
    server.signal("SIGHUP");
    await load.more(10);
    await pause(30);
  }
  const refused = () => server.printed().match(/"event":"reload".*"outcome":"refused"/g)?.length ?? 0;
  while (refused() === 0) await pause(20);
  writeFileSync(file, good);
  server.signal("SIGHUP");
  while (!server.printed().includes('"outcome":"applied"')) await pause(20);
  await load.more(20);
  await load.stop();
  expect(await serving(server.address)).toBe(true);
  addRow({ fault: `${rounds} bad configurations`, load: "8 in flight", ...load.counted, seen: `${refused()} refused` });
  expect(load.failures).toEqual({});
});

test("two configurations in turn, under load: no answer is half of one and half of the other", async () => {
  const certificates = { "room-a": "a", "room-b": "b" } as const;
  const texts = (folder: string) => {
    for (const id of ["a", "b"] as const) writeFileSync(join(folder, id), CERTIFICATES[id], { mode: 0o600 });
    const rest = `${UNLIMITED}\naudit: { file: ${folder}/audit.jsonl }`;
    // With each, one channel is permitted, and one certificate signs.
    const one = configIn(folder, { certificates: { a: "primary", b: "standby" }, channels: "room-a", rest });
    return [one, configIn(folder, { certificates: { a: "standby", b: "primary" }, channels: "room-b", rest })] as const;
  };
  let both: readonly [string, string] = ["", ""];
  const server = await startProcess({
    config: (folder) => {
      both = texts(folder);
      return both[0];
    },
  });
  const channel = channelTo(server.address);
  onTestFinished(() => channel.close());
  const client = clientOf(channel);
  const seen = { "room-a": 0, "room-b": 0, denied: 0, mixed: 0 };
  let over = false;
  const caller = async (channelName: keyof typeof certificates) => {
    const rtc = { channelName, uid: 1, role: RtcRole.PUBLISHER };
    const request = { ...REQUEST, grants: [{ service: { case: "rtc" as const, value: rtc } }] };
    while (!over) {
      try {
        // A batch is built in slices, and calls of others come between.
        const { issuedTokens } = await client.batchBuildTokens({ requests: Array.from({ length: 50 }, () => request) });
        const mixed = issuedTokens.some(({ certificateId }) => certificateId !== certificates[channelName]);
        seen[mixed ? "mixed" : channelName]++;
      } catch (error) {
        if ((error as { code?: number }).code !== Status.PERMISSION_DENIED) throw error;
        seen.denied++;
      }
    }
  };
  const callers = [caller("room-a"), caller("room-b"), caller("room-a"), caller("room-b")];
  const applied = () => server.printed().match(/"event":"reload".*"outcome":"applied"/g)?.length ?? 0;
  let flips = 0;
  for (const until = performance.now() + sized(3000, 60_000); performance.now() < until; await pause(20)) {
    writeFileSync(join(server.folder, "config.yaml"), both[++flips % 2] ?? "");
    server.signal("SIGHUP");
  }
  while (applied() === 0) await pause(20);
  over = true;
  await Promise.all(callers);
  const { mixed, denied } = seen;
  const calls = seen["room-a"] + seen["room-b"] + denied + mixed;
  const told = `${applied()} of ${flips} taken, ${denied} batches denied`;
  addRow({ fault: "two configurations in turn", load: "4 callers, batches of 50", calls, failed: mixed, seen: told });
  expect(mixed).toBe(0);
  expect(seen["room-a"]).toBeGreaterThan(0);
  expect(seen["room-b"]).toBeGreaterThan(0);
});

describe.skipIf(missing("prlimit"))("the disk is full", () => {
  test("no token leaves without its record, and calls go on once there is room", async () => {
    const server = await startProcess();
    const audit = join(server.folder, "audit.jsonl");
    const load = new Load([server.address], { inFlight: 1, pauseMs: 5 });
    await load.more(20);
    // As a disk with no room: what is beyond the limit is not written.
    execFileSync("prlimit", ["--pid", String(server.pid), `--fsize=${readFileSync(audit).length + 2000}:unlimited`]);
    while (load.failed === 0) await pause(10);
    expect(await refusal(server)).toMatchObject(AUDIT_REFUSAL);
    expect(await serving(server.address)).toBe(true);
    execFileSync("prlimit", ["--pid", String(server.pid), "--fsize=unlimited:unlimited"]);
    while (!server.printed().includes('"recovered"')) await pause(20);
    const [calls, failed] = [load.calls, load.failed];
    await load.more(20);
    await load.stop();
    expect(load.failed - failed).toBe(0);
    addRow({
      fault: "audit's disk full",
      load: "1 in flight",
      calls: load.calls,
      failed: load.failed - failed,
      seen: `${failed} of ${calls} refused meanwhile, as configured`,
    });
    const chain = execFileSync(process.execPath, ["dist/main.cjs", "audit", "verify", audit], { encoding: "utf8" });
    expect(chain).toMatch(/./);
    const issued = readFileSync(audit, "utf8").match(/"decision":"issued"/g)?.length ?? 0;
    // Each token has its record. There may be records more: of calls that were refused since the rest of it did not fit.
    expect(issued).toBeGreaterThanOrEqual(load.calls - load.failed);
  });
});

describe("nobody reads standard output", () => {
  test.each([
    ["deny", true],
    ["drop", false],
  ])("on_full: %s", async (onFull, refuses) => {
    const server = await startProcess({ config: underLoad(0, `audit: { file: "-", on_full: ${onFull} }`) });
    const before = residentMib(server.pid);
    server.child.stdout?.pause();
    const load = new Load([server.address], { inFlight: 16 });
    const began = performance.now();
    if (refuses) {
      while (load.failed === 0) await pause(20);
      expect(await refusal(server)).toMatchObject(AUDIT_REFUSAL);
      // It refuses at once, and does not keep its callers waiting.
      const from = load.latencies.length;
      await load.more(20);
      expect(percentile(load.latencies.slice(from), 50)).toBeLessThan(1000);
    } else await load.more(500);
    expect(await serving(server.address, 5000)).toBe(true);
    const grown = residentMib(server.pid) - before;
    expect(grown).toBeLessThan(96);
    const failed = load.failed;
    server.child.stdout?.resume();
    if (refuses) while (!server.printed().includes('"recovered"')) await pause(20);
    const [since, calls] = [load.failed, load.calls];
    await load.more(50);
    await load.stop();
    if (refuses) expect(load.failed - since).toBeLessThanOrEqual(16);
    else expect(load.failures).toEqual({});
    addRow({
      fault: `standard output not read, ${onFull}`,
      load: "16 in flight",
      calls: load.calls,
      failed: refuses ? 0 : load.failed,
      seen: `${failed} of ${calls} refused in ${Math.round(performance.now() - began)} ms, ${grown} MiB more`,
    });
  });
});

test("the issuer of keys is down: callers with its JWTs are known still", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg: "ES256", use: "sig" }] });
  const issuer = createServer((_, response) => response.setHeader("content-type", "application/json").end(keys));
  await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void issuer.close());
  const url = `http://127.0.0.1:${(issuer.address() as { port: number }).port}/keys`;
  const claims = { issuer: "https://issuer.example", subject: "rooms", audience: "tokens" };
  const config = (folder: string) =>
    `${configuration(folder, { rest: `${UNLIMITED}\naudit: { file: ${join(folder, "audit.jsonl")} }` })}
jwt_issuers: [{ issuer: ${claims.issuer}, jwks_url: ${url} }]`.replace(
      "{ loopback: true }",
      `{ jwt: { issuer: ${claims.issuer}, subject: ${claims.subject}, audience: ${claims.audience} } }`,
    );
  const server = await startProcess({ config });
  const bearer = await new SignJWT({})
    .setProtectedHeader({ alg: "ES256", kid: "one" })
    .setIssuer(claims.issuer)
    .setSubject(claims.subject)
    .setAudience(claims.audience)
    .setIssuedAt()
    .setExpirationTime("5m")
    .sign(privateKey);
  const channel = channelTo(server.address);
  const { Metadata } = await import("nice-grpc");
  const call = () =>
    clientOf(channel).buildToken(REQUEST, { metadata: Metadata({ authorization: `Bearer ${bearer}` }) });
  await call();
  issuer.closeAllConnections();
  await new Promise((resolve) => issuer.close(resolve));
  const calls = sized(100, 10_000);
  for (let n = 0; n < calls; n++) await call();
  channel.close();
  addRow({ fault: "issuer of keys down", load: "one after the other", calls, failed: 0 });
});

describe.skipIf(missing("prlimit"))("descriptors run out", () => {
  test("who is connected is served, and new ones are as soon as there are some", async () => {
    const server = await startProcess();
    const load = new Load([server.address], { inFlight: 4 });
    await load.more(20);
    execFileSync("prlimit", ["--pid", String(server.pid), "--nofile=64:4096"]);
    const [host = "", port = ""] = server.address.split(":");
    const sockets = Array.from({ length: 150 }, () =>
      connect({ port: Number(port), host, localAddress: "127.0.0.9" }).on("error", () => undefined),
    );
    await load.more(100);
    await load.stop();
    for (const socket of sockets) socket.destroy();
    const began = performance.now();
    while (!(await serving(server.address))) await pause(20);
    const took = Math.round(performance.now() - began);
    addRow({ fault: "descriptors run out", load: "4 in flight", ...load.counted, seen: `new ones after ${took} ms` });
    expect(load.failures).toEqual({});
    expect(took).toBeLessThan(5000);
  });
});

test("the event loop stalls: it goes on where it was, and loses nothing", async () => {
  const server = await startProcess();
  const load = new Load([server.address], { inFlight: 8, deadlineMs: 30_000 });
  await load.more(50);
  const stalled = sized(3000, 10_000);
  server.signal("SIGSTOP");
  await pause(stalled);
  server.signal("SIGCONT");
  const began = performance.now();
  await load.more(50);
  const took = Math.round(performance.now() - began);
  await load.stop();
  expect(await serving(server.address)).toBe(true);
  addRow({
    fault: `stalled for ${stalled / 1000} s`,
    load: "8 in flight",
    ...load.counted,
    seen: `50 calls in ${took} ms`,
  });
  expect(load.failures).toEqual({});
});
