// Certificates that are exchanged while the server is in use: App Certificates under calls, those of TLS under new
// connections.

import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { createChannel } from "nice-grpc";
import { expect, test } from "vitest";
import { type IssuedToken, RtcRole, SignatureCheck, Verdict } from "../../gen/agora/token/v1/token_pb.ts";
import { CERTIFICATES, configIn } from "../cli/files.ts";
import { clientOf } from "../e2e/client.ts";
import {
  type Certificate,
  makeAuthority,
  makeClientCertificate,
  makeServerCertificate,
} from "../fixtures/certificates.ts";
import { sized } from "./programs.ts";
import { type Process, startProcess } from "./service.ts";

const CALLS = sized(200, 20_000);
const SWAPS = sized(8, 200);
const WORKERS = 8;
/** How long tokens last, in seconds: so long the old certificate has to verify, and longer than a phase of the load. */
const LIFE = Math.max(6, Math.ceil(CALLS / 200));
// What the server prints is searched again and again, so the records of all calls go elsewhere.
const unlimited = (folder: string) =>
  `limits: { per_caller: { rate: 1000000, burst: 1000000 } }\naudit: { file: ${folder}/audit.jsonl }`;
const TTL = { case: "ttl", value: { seconds: BigInt(LIFE) } } as const;
const GRANT = { service: { case: "rtc", value: { channelName: "room-1", uid: 7, role: RtcRole.PUBLISHER } } } as const;

/** Waits for something that the server prints from now on. */
async function told(server: Process, words: RegExp, since = server.printed().length): Promise<string> {
  for (;;) {
    const found = words.exec(server.printed().slice(since))?.[0];
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Does something again and again, several at once, while another thing lasts. Gives how often. */
async function during(act: () => Promise<void>, lasts: Promise<unknown>): Promise<number> {
  let over = false;
  let done = 0;
  lasts.then(
    () => {
      over = true;
    },
    () => {
      over = true;
    },
  );
  const worker = async () => {
    for (; !over; done++) await act();
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  await lasts;
  return done;
}

test("an App Certificate is rotated in four phases under load: no call fails, and every token verifies", async () => {
  const project = `max_ttl: ${LIFE}s`;
  const permit = `max_ttl: ${LIFE}s`;
  const textOf = (folder: string, certificates: Readonly<Record<string, string>>, more = project) =>
    configIn(folder, { certificates, project: more, permit, rest: unlimited(folder) });
  const server = await startProcess({
    config: (folder) => {
      for (const id of ["a", "b"] as const) writeFileSync(join(folder, id), CERTIFICATES[id], { mode: 0o600 });
      return textOf(folder, { a: "primary" });
    },
  });
  // After five minutes a connection ends, and gRPC's own retries carry on what had not begun.
  const channel = createChannel(server.address);
  const client = clientOf(channel);
  const issued: IssuedToken[] = [];
  const checked = async ({ token, certificateId }: IssuedToken) => {
    const seen = await client.inspectToken({ token, expectedGrant: GRANT });
    expect([seen.verdict, seen.certificateId]).toEqual([Verdict.ACCEPTED, certificateId]);
  };
  /** Builds a token, has it verified, renews it, and has that verified; and one that is older as well. */
  const call = async () => {
    const { issuedToken } = await client.buildToken({ project: "live", expiration: TTL, grants: [GRANT] });
    if (!issuedToken) throw new Error("a build without a token");
    await checked(issuedToken);
    const renewal = await client.renewToken({ project: "live", expiration: TTL, token: issuedToken.token });
    if (!renewal.issuedToken) throw new Error("a renewal without a token");
    await checked(renewal.issuedToken);
    const now = Date.now() / 1000;
    const old = issued.slice(-500).find(({ expireTime }) => Number(expireTime?.seconds) > now + 1);
    if (old) await checked(old);
    issued.push(issuedToken, renewal.issuedToken);
  };
  /** Changes the configuration under load, and goes on until there were calls enough after it. */
  const phase = async (outcome: string, states: Readonly<Record<string, string>>, signal: boolean, more?: string) => {
    const before = issued.length;
    const change = async () => {
      const came = told(server, new RegExp(`"event":"reload".*"outcome":"${outcome}".*\n`));
      writeFileSync(join(server.folder, "config.yaml"), textOf(server.folder, states, more));
      if (signal) server.signal("SIGHUP");
      const line = await came;
      const enough = issued.length + CALLS / 4;
      while (issued.length < enough) await new Promise((resolve) => setTimeout(resolve, 20));
      return line;
    };
    const changed = change();
    await during(call, changed);
    return { line: await changed, signers: new Set(issued.slice(before).map(({ certificateId }) => certificateId)) };
  };

  // 1. The new one is made known, by the file alone, and signs nothing.
  expect((await phase("applied", { a: "primary", b: "standby" }, false)).signers).toEqual(new Set(["a"]));
  // 2. It is promoted.
  const promoted = await phase("applied", { a: "retiring", b: "primary" }, true);
  expect([...promoted.signers].toSorted()).toEqual(["a", "b"]);
  // 3. While tokens of the old one live, it cannot be dropped, and its tokens verify.
  const since = server.printed().length;
  const early = await phase("refused", { b: "primary" }, true);
  expect(early.line).toMatch(/live tokens: certificate a of project live would be dropped, .*acknowledge_live_tokens/);
  expect(early.signers).toEqual(new Set(["b"]));
  // 4. Then it is, by itself, since the file says so still.
  await during(call, told(server, /"event":"reload".*"outcome":"applied".*\n/, since));
  const old = issued.find(({ certificateId }) => certificateId === "a");
  const { signatureCheck } = await client.inspectToken({ token: old?.token ?? "" });
  expect(signatureCheck).toBe(SignatureCheck.INVALID);
  // In a hurry, such as after a leak, an operator can say that live tokens may end.
  const taken = async (outcome: string, more?: string) => {
    const came = told(server, new RegExp(`"event":"reload".*"outcome":"${outcome}".*\n`));
    writeFileSync(join(server.folder, "config.yaml"), textOf(server.folder, { a: "primary" }, more));
    server.signal("SIGHUP");
    return came;
  };
  expect(await taken("refused")).toMatch(/certificate b of project live would be dropped/);
  expect(issued.at(-1)?.certificateId).toBe("b");
  await taken("applied", `${project}\n    acknowledge_live_tokens: true`);
  issued.length = 0;
  await call();
  expect(issued.at(-1)?.certificateId).toBe("a");
  channel.close();
}, 600_000);

test("SIGHUP does not end it, neither as soon as it serves nor while calls finish", async () => {
  const server = await startProcess();
  server.signal("SIGHUP");
  await told(server, /"event":"reload".*\n/, 0);
  server.signal("SIGTERM");
  await told(server, /is stopping/, 0);
  server.signal("SIGHUP");
  expect(await server.ended).toEqual({ code: 0, signal: null });
});

test("the certificate of TLS is exchanged, with broken states between: no handshake fails", async () => {
  const authority = makeAuthority("servers");
  const clients = makeAuthority("clients");
  const lobby = makeClientCertificate(clients, "spiffe://prod.example/lobby");
  const put = (folder: string, name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
  const install = (folder: string, { pem, keyPem }: Certificate) => {
    put(folder, "tls.crt", pem + authority.pem);
    put(folder, "tls.key", keyPem);
    put(folder, "ca.crt", clients.pem);
  };
  let good = makeServerCertificate(authority);
  const server = await startProcess({
    config: (folder) => {
      put(folder, "a", CERTIFICATES.a);
      install(folder, good);
      const pair = `certificate_file: ${folder}/tls.crt, key_file: ${folder}/tls.key, client_ca_file: ${folder}/ca.crt`;
      const callers = "[{ id: local, match: { spiffe_id: spiffe://prod.example/lobby } }]";
      const listen = `[{ address: 127.0.0.1:0, tls: { ${pair} } }]`;
      return configIn(folder, { listen, callers, rest: `limits: { max_connections_per_address: 2000 }` });
    },
  });
  const { folder } = server;
  const [host = "", port] = server.address.split(":");
  const seen = new Set<string>();
  /** A new connection, up to the first bytes of HTTP/2. It throws if there are none. */
  const handshake = async () => {
    const options = { ca: authority.pem, cert: lobby.pem, key: lobby.keyPem, ALPNProtocols: ["h2"] };
    const socket = connect({ host, port: Number(port), ...options });
    const refused = once(socket, "close").then(() => {
      throw new Error("the connection was refused");
    });
    await Promise.race([once(socket, "data"), refused]);
    seen.add(socket.getPeerCertificate().raw.toString("hex"));
    refused.catch(() => undefined);
    socket.destroy();
  };
  /** Broken on the way to the next one, as half-done and mistaken rotations are. */
  const broken: Readonly<Record<string, (next: Certificate) => void>> = {
    mismatched: ({ pem }) => put(folder, "tls.crt", pem),
    truncated: ({ pem }) => put(folder, "tls.crt", pem.slice(0, pem.length / 2)),
    missing: () => rmSync(join(folder, "tls.key")),
    expired: () => install(folder, makeServerCertificate(authority, { notAfter: Math.floor(Date.now() / 1000) - 1 })),
    "of a wrong authority": ({ pem, keyPem }) => {
      put(folder, "tls.crt", pem + makeAuthority("servers").pem);
      put(folder, "tls.key", keyPem);
    },
  };
  const installed = [good];
  const swaps = async () => {
    for (let swap = 0; swap < SWAPS; swap++) {
      const next = makeServerCertificate(authority);
      const state = Object.keys(broken)[swap % 5] ?? "";
      const refused = told(server, /"event":"tls".*"outcome":"refused".*\n/);
      broken[state]?.(next);
      server.signal("SIGHUP");
      await refused;
      const taken = told(server, /"event":"tls".*"outcome":"taken".*\n/);
      install(folder, next);
      server.signal("SIGHUP");
      await taken;
      good = next;
      installed.push(next);
    }
  };
  const count = await during(handshake, swaps());
  await handshake();
  expect(count).toBeGreaterThan(SWAPS * 2);
  const expected = new Set(installed.map(({ der }) => der.toString("hex")));
  expect([...seen].filter((each) => !expected.has(each))).toEqual([]);
  expect(seen.has(good.der.toString("hex"))).toBe(true);
  expect(server.printed().match(/"event":"tls".*"outcome":"refused"/g)?.length).toBeGreaterThanOrEqual(SWAPS);
  console.log(`${count} handshakes during ${SWAPS} swaps, ${seen.size} certificates seen`);
}, 900_000);
