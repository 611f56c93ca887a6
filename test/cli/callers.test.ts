// Who calls, over the service as it runs: from the configuration and its files to the answer.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { ChannelCredentials, createChannel, Metadata, Status } from "nice-grpc";
import { describe, expect, onTestFinished, test } from "vitest";
import { makeApiKey } from "../../src/access/by-api-key.ts";
import { EXIT } from "../../src/cli/run.ts";
import { clientOf } from "../e2e/client.ts";
import { startService } from "../e2e/service.ts";
import { SPIFFE_ID } from "../fixtures/bad-credentials.ts";
import {
  type Certificate,
  makeAuthority,
  makeClientCertificate,
  makeServerCertificate,
} from "../fixtures/certificates.ts";
import { CLAIMS, claimsAt, KEYS, keySet, makeJwt } from "../fixtures/jwts.ts";
import { command, folder, write } from "./command.ts";
import { type ConfigParts, configIn } from "./files.ts";
import { serving } from "./serving.ts";

const NOW = Math.floor(Date.now() / 1000);
const authority = makeAuthority();
const server = makeServerCertificate(authority);
const lobby = makeClientCertificate(authority, SPIFFE_ID);
const key = makeApiKey("job");
const jwt = makeJwt(claimsAt(NOW));

const CALLERS = {
  local: "{ id: local, match: { loopback: true } }",
  job: `{ id: job, match: { api_key_sha256: "${key.sha256}" } }`,
  rooms: `{ id: rooms, match: { jwt: { issuer: ${CLAIMS.iss}, subject: rooms, audience: agora-token } } }`,
  lobby: `{ id: lobby, match: { spiffe_id: ${SPIFFE_ID} } }`,
} as const;
const ALL = `[${Object.values(CALLERS).join(", ")}]`;

/** A folder with certificates, keys of an issuer, and a configuration. Gives the path of that. */
function configured(parts: (path: string) => ConfigParts): string {
  const path = folder();
  writeTls(path, server);
  write(path, "ca.crt", authority.pem);
  write(path, "jwks.json", keySet(KEYS.ec).toString());
  return write(path, "config.yaml", configIn(path, { caller: '"*"', ...parts(path) }), 0o644);
}

function writeTls(path: string, { pem, keyPem }: Certificate): void {
  write(path, "tls.crt", pem);
  write(path, "tls.key", keyPem);
}

const tlsIn = (path: string) => `certificate_file: ${path}/tls.crt, key_file: ${path}/tls.key`;
const mutualIn = (path: string) => `tls: { ${tlsIn(path)}, client_ca_file: ${path}/ca.crt }`;
const issuerIn = (path: string) => `jwt_issuers: [{ issuer: ${CLAIMS.iss}, jwks_file: ${path}/jwks.json }]`;

/** Inspects a token, and gives the status. */
async function statusOf(address: string, token?: string, credentials?: ChannelCredentials): Promise<string> {
  const channel = createChannel(address.replace(/^unix:/, "unix://"), credentials, {
    "grpc.enable_retries": 0,
    // grpc-js names a server by its IP address if that is what it is called by, which Node.js 26 refuses.
    ...(credentials && { "grpc.ssl_target_name_override": "localhost" }),
  });
  const metadata = token === undefined ? Metadata() : Metadata({ authorization: `Bearer ${token}` });
  try {
    await clientOf(channel).inspectToken({ token: "hello" }, { metadata });
    return "OK";
  } catch (error) {
    return Status[(error as { code: Status }).code];
  } finally {
    channel.close();
  }
}

const mutual = (client: Certificate = lobby) =>
  ChannelCredentials.createSsl(Buffer.from(authority.pem), Buffer.from(client.keyPem), Buffer.from(client.pem));
const oneSided = () => ChannelCredentials.createSsl(Buffer.from(authority.pem));

test("each listener lets in the callers that it can recognize", async () => {
  const socket = join(folder(), "token.sock");
  const service = await startService((path) => {
    writeTls(path, server);
    write(path, "ca.crt", authority.pem);
    write(path, "jwks.json", keySet(KEYS.ec).toString());
    for (const id of ["a"]) write(path, id, "A1b2C3d4E5f60718293a4B5c6D7e8F90");
    const upstream = "{ address: 127.0.0.1:0, terminated_upstream: true }";
    const tls = `{ address: 0.0.0.0:0, tls: { ${tlsIn(path)} } }, { address: 0.0.0.0:0, ${mutualIn(path)} }`;
    return configIn(path, {
      caller: '"*"',
      listen: `[{ address: 127.0.0.1:0 }, { address: "unix:${socket}" }, ${upstream}, ${tls}]`,
      callers: ALL,
      rest: issuerIn(path),
    });
  });
  const [loopback = "", unix = "", upstream = "", ...tls] = service.addresses;
  const [oneSidedAt = "", mutualAt = ""] = tls.map((address) => address.replace("0.0.0.0", "127.0.0.1"));
  const statuses = async (address: string, credentials?: () => ChannelCredentials) =>
    Promise.all([undefined, key.key, jwt, "x"].map((token) => statusOf(address, token, credentials?.())));
  expect(await statuses(loopback)).toEqual(["OK", "OK", "OK", "UNAUTHENTICATED"]);
  expect(await statuses(unix)).toEqual(["OK", "OK", "OK", "UNAUTHENTICATED"]);
  expect(await statuses(upstream)).toEqual(["UNAUTHENTICATED", "OK", "OK", "UNAUTHENTICATED"]);
  expect(await statuses(oneSidedAt, oneSided)).toEqual(["UNAUTHENTICATED", "OK", "OK", "UNAUTHENTICATED"]);
  expect(await statuses(mutualAt, mutual)).toEqual(["OK", "OK", "OK", "OK"]);
  const nobody = makeClientCertificate(authority, `${SPIFFE_ID}2`);
  expect(await statuses(mutualAt, () => mutual(nobody))).toEqual(["UNAUTHENTICATED", "OK", "OK", "UNAUTHENTICATED"]);
  expect(await statuses(mutualAt, oneSided)).toEqual(Array(4).fill("UNAVAILABLE"));
  const events = service.errors.map((line) => JSON.parse(line) as { event: string; level: string });
  expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(["jwt_keys", "started", "call"]));
  expect(events.filter(({ level }) => level !== "info")).toEqual([]);
  await service.stop();
});

describe("while the service runs", () => {
  const serialOf = async (address: string) => {
    const [host = "", port] = address.split(":");
    const { pem: cert, keyPem } = lobby;
    const socket = connect({ host, port: Number(port), ca: authority.pem, cert, key: keyPem, ALPNProtocols: ["h2"] });
    await once(socket, "data");
    const { raw } = socket.getPeerCertificate();
    socket.destroy();
    return raw.toString("hex");
  };

  test("the certificate of a listener is exchanged whole or not at all", async () => {
    const file = configured((path) => ({
      listen: `[{ address: 127.0.0.1:0, ${mutualIn(path)} }]`,
      callers: `[${CALLERS.lobby}]`,
    }));
    const service = await serving({}, file);
    const next = makeServerCertificate(authority);
    expect(await serialOf(service.address)).toBe(server.der.toString("hex"));
    write(service.folder, "tls.crt", next.pem);
    await service.tick();
    expect(await serialOf(service.address)).toBe(server.der.toString("hex"));
    expect(JSON.parse(service.errors.at(-1) ?? "")).toMatchObject({
      level: "error",
      event: "tls",
      of: "127.0.0.1:0",
      outcome: "refused",
      file: "keyFile",
    });
    write(service.folder, "tls.key", next.keyPem);
    await service.tick();
    expect(await serialOf(service.address)).toBe(next.der.toString("hex"));
    expect(await statusOf(service.address, undefined, mutual())).toBe("OK");
  });

  test("files that are exchanged as Kubernetes does are seen", async () => {
    const file = configured((path) => {
      for (const [version, certificate] of [["1", server] as const, ["2", makeServerCertificate(authority)] as const]) {
        mkdirSync(join(path, `..${version}`));
        writeTls(join(path, `..${version}`), certificate);
      }
      for (const name of ["tls.crt", "tls.key"]) {
        rmSync(join(path, name));
        symlinkSync(join("..data", name), join(path, name));
      }
      symlinkSync("..1", join(path, "..data"));
      return { listen: `[{ address: 127.0.0.1:0, ${mutualIn(path)} }]`, callers: `[${CALLERS.lobby}]` };
    });
    const service = await serving({}, file);
    symlinkSync("..2", join(service.folder, "..data_tmp"));
    renameSync(join(service.folder, "..data_tmp"), join(service.folder, "..data"));
    rmSync(join(service.folder, "..1"), { recursive: true });
    expect(readdirSync(service.folder)).toContain("..data");
    await service.tick();
    expect(await serialOf(service.address)).not.toBe(server.der.toString("hex"));
  });

  test("an API key is exchanged without a refused call", async () => {
    const file = configured(() => ({ callers: `[${CALLERS.job}]` }));
    const service = await serving({}, file);
    const next = makeApiKey("job");
    const match = (text: string) => service.configure({ caller: "job", callers: `[{ id: job, match: { ${text} } }]` });
    const statuses = () => Promise.all([key, next].map((each) => statusOf(service.address, each.key)));
    expect(await statuses()).toEqual(["OK", "UNAUTHENTICATED"]);
    match(`api_key_sha256: "${key.sha256}", api_key_sha256_next: "${next.sha256}"`);
    await service.hangUp();
    expect(await statuses()).toEqual(["OK", "OK"]);
    match(`api_key_sha256: "${next.sha256}"`);
    await service.hangUp();
    expect(await statuses()).toEqual(["UNAUTHENTICATED", "OK"]);
  });

  test("the keys of an issuer in a file are exchanged, and the last good ones stay", async () => {
    const file = configured((path) => ({ callers: `[${CALLERS.rooms}]`, rest: issuerIn(path) }));
    const service = await serving({}, file);
    const byRsa = makeJwt(claimsAt(NOW), KEYS.rsa);
    const statuses = () => Promise.all([jwt, byRsa].map((token) => statusOf(service.address, token)));
    const look = async () => {
      service.now += 2;
      await service.tick();
    };
    expect(await statuses()).toEqual(["OK", "UNAUTHENTICATED"]);
    write(service.folder, "jwks.json", keySet(KEYS.ec, KEYS.rsa).toString());
    await look();
    expect(await statuses()).toEqual(["OK", "OK"]);
    write(service.folder, "jwks.json", '{"keys":[');
    await look();
    expect(await statuses()).toEqual(["OK", "OK"]);
    expect(service.errors.join("\n")).toMatch(/"event":"jwt_keys","of":"https:\/\/issuer\.example","outcome":"failed"/);
    write(service.folder, "jwks.json", keySet(KEYS.rsa).toString());
    await look();
    expect(await statuses()).toEqual(["UNAUTHENTICATED", "OK"]);
  });

  test("the keys of an issuer behind a URL are read, and stay while it is down", async () => {
    const issuer = await jwksServer(keySet(KEYS.ec));
    const file = configured(() => ({
      callers: `[${CALLERS.rooms}]`,
      rest: `jwt_issuers: [{ issuer: ${CLAIMS.iss}, jwks_url: "${issuer.url}" }]`,
    }));
    const service = await serving({}, file);
    expect(await statusOf(service.address, jwt)).toBe("OK");
    await issuer.close();
    for (const later of [600, 7200, 80_000]) {
      service.now = NOW + later;
      await service.tick();
      const fresh = makeJwt(claimsAt(service.now));
      expect(await statusOf(service.address, fresh)).toBe("OK");
    }
    service.now = NOW + 86_500;
    expect(await statusOf(service.address, makeJwt(claimsAt(service.now)))).toBe("UNAUTHENTICATED");
  });

  test.each<[string, (url: string) => Parameters<typeof jwksServer>[1], RegExp]>([
    ["points elsewhere", (url) => ({ status: 302, headers: { location: url } }), /cannot be reached/],
    ["fails", () => ({ status: 500 }), /HTTP status 500/],
    ["answers without an end", () => ({ body: Buffer.alloc(300_000, " ") }), /larger than 262144 bytes/],
    ["answers with a page", () => ({ body: Buffer.from("<html>") }), /it is no JSON/],
  ])("an issuer that %s gives no keys", async (_, answer, message) => {
    const good = await jwksServer(keySet(KEYS.ec));
    const issuer = await jwksServer(keySet(KEYS.ec), answer(good.url));
    const file = configured(() => ({
      callers: `[${CALLERS.rooms}]`,
      rest: `jwt_issuers: [{ issuer: ${CLAIMS.iss}, jwks_url: "${issuer.url}" }]`,
    }));
    const service = await serving({}, file);
    expect(await statusOf(service.address, jwt)).toBe("UNAUTHENTICATED");
    expect(service.errors.join("\n")).toMatch(message);
  });

  test("an issuer that a reload adds is known from then on", async () => {
    const file = configured(() => ({ callers: `[${CALLERS.job}]` }));
    const service = await serving({}, file);
    expect(await statusOf(service.address, jwt)).toBe("UNAUTHENTICATED");
    const rest = issuerIn(service.folder);
    service.configure({ caller: "rooms", callers: `[${CALLERS.rooms}]`, rest });
    expect((await service.hangUp()).outcome).toBe("applied");
    expect(await statusOf(service.address, jwt)).toBe("OK");
    expect(await statusOf(service.address, key.key)).toBe("UNAUTHENTICATED");
  });
});

describe("files that cannot be used end the start", () => {
  test.each<[string, string, string | undefined, RegExp]>([
    ["no certificate", "tls.crt", undefined, /listen\[0\]\.tls\.certificate_file: cannot be read: the file does not/],
    ["another key", "tls.key", lobby.keyPem, /listen\[0\]\.tls\.key_file: the key is not that of the certificate/],
    ["no authority", "ca.crt", "", /listen\[0\]\.tls\.client_ca_file: there is no certificate in the file/],
    ["keys that are none", "jwks.json", "{}", /jwt_issuers\[0\]\.jwks_file: it is no JWK Set/],
    ["no keys", "jwks.json", undefined, /jwt_issuers\[0\]\.jwks_file: cannot be read: the file does not exist/],
  ])("%s", async (_, name, text, message) => {
    const file = configured((path) => ({
      listen: `[{ address: 127.0.0.1:0, ${mutualIn(path)} }]`,
      callers: `[${CALLERS.lobby}, ${CALLERS.rooms}]`,
      rest: issuerIn(path),
    }));
    if (text === undefined) rmSync(join(file, "..", name));
    else write(join(file, ".."), name, text);
    for (const args of [
      ["serve", "--config", file],
      ["check-config", file],
    ]) {
      const { code, error } = await command(args);
      expect({ code, error }).toEqual({ code: EXIT.CONFIG, error: expect.stringMatching(message) });
      expect(error).toMatch(/^\S+config\.yaml:\d+:\d+: /m);
    }
  });
});

describe("files that others may use end the start", () => {
  const start = async (name: string, mode: number, more = "") => {
    const file = configured((path) => ({
      listen: `[{ address: 127.0.0.1:0, ${mutualIn(path).replace(" }", `${more} }`)} }]`,
      callers: `[${CALLERS.lobby}, ${CALLERS.rooms}]`,
      rest: issuerIn(path),
    }));
    chmodSync(join(file, "..", name), mode);
    return command(["check-config", file]);
  };

  test.each<[string, number, RegExp]>([
    ["tls.key", 0o640, /key_file: readable file: .*\(mode 0640\).* or state allow_readable_key_file: true beside it$/m],
    ["tls.key", 0o602, /key_file: writable file: .* make its mode 0400/],
    ["tls.crt", 0o646, /certificate_file: writable file: .* make its mode 0644/],
    ["ca.crt", 0o646, /client_ca_file: writable file: /],
    ["jwks.json", 0o646, /jwt_issuers\[0\]\.jwks_file: writable file: /],
  ])("%s with mode %o", async (name, mode, message) => {
    const { code, error } = await start(name, mode);
    expect({ code, error }).toEqual({ code: EXIT.CONFIG, error: expect.stringMatching(message) });
  });

  test("but for a key that the configuration lets others read, and for what is public", async () => {
    expect(await start("tls.key", 0o640, ", allow_readable_key_file: true")).toMatchObject({ code: EXIT.OK });
    for (const name of ["tls.crt", "ca.crt", "jwks.json"]) {
      expect(await start(name, 0o644)).toMatchObject({ code: EXIT.OK });
    }
  });
});

describe("api-key", () => {
  test("prints a key alone, and what the configuration has of it", async () => {
    const { code, out, error } = await command(["api-key", "billing-job"]);
    expect(code).toBe(EXIT.OK);
    expect(out).toMatch(/^agk_billing-job_[A-Za-z0-9_-]{43}$/);
    expect(error).not.toContain(out.slice(-43));
    const callers = /callers:\n[\s\S]*?\n\n/.exec(error)?.[0] ?? "";
    const file = configured(() => ({}));
    write(
      join(file, ".."),
      "config.yaml",
      configIn(join(file, ".."), { caller: "billing-job" }).replace(/callers: .*\n/, callers),
    );
    const service = await serving({}, file);
    expect(await statusOf(service.address, out)).toBe("OK");
  });

  test("prints both for programs", async () => {
    const { out, error } = await command(["api-key", "billing-job", "--json"]);
    const { caller, key, api_key_sha256: sha256 } = JSON.parse(out);
    expect({ caller, error }).toEqual({ caller: "billing-job", error: "" });
    expect(createHash("sha256").update(key).digest("hex")).toBe(sha256);
  });

  test.each(["", "Job", "a_b", "a".repeat(64)])("has no key for %j", async (name) => {
    const { code, out, error } = await command(["api-key", name]);
    expect({ code, out }).toEqual({ code: EXIT.USAGE, out: "" });
    expect(error).toContain("the ID of the caller");
  });
});

/** A server of a JWK Set, on a free port of this machine. */
async function jwksServer(
  keys: Buffer,
  {
    status = 200,
    headers = {},
    body = keys,
  }: { status?: number; headers?: Record<string, string>; body?: Buffer } = {},
): Promise<{ url: string; close: () => Promise<unknown> }> {
  const http: Server = createServer((_request, response) => response.writeHead(status, headers).end(body));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const close = () => {
    const closed = http.listening ? once(http, "close") : Promise.resolve();
    http.close();
    http.closeAllConnections();
    return closed;
  };
  onTestFinished(async () => void (await close()));
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/jwks`, close };
}
