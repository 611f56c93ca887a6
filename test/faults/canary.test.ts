// Secrets that are known go through a served suite of calls, reloads and bad inputs. Then everything that the process
// has written, and the strings of its heap, are searched for them, in every spelling.

import { writeFileSync } from "node:fs";
import { connect } from "node:http2";
import { join } from "node:path";
import { createClient, Metadata } from "nice-grpc";
import { expect, test } from "vitest";
import { RtcRole, TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { define } from "../../src/rpc/definition.ts";
import { makeServerCertificate } from "../fixtures/certificates.ts";
import { channelOf, type Way } from "../fixtures/everywhere.ts";
import { KEYS } from "../fixtures/jwts.ts";
import { type Marked, startMarked } from "./marked.ts";
import { hits, type Marker, marker } from "./markers.ts";

const TTL = { case: "ttl", value: { seconds: 60n } } as const;
const LONGER = { case: "ttl", value: { seconds: 120n } } as const;
const GRANT = { service: { case: "rtc", value: { channelName: "room-1", uid: 42, role: RtcRole.PUBLISHER } } } as const;
const BUILD = { project: "live", expiration: TTL, grants: [GRANT] };

// To write a snapshot takes ten seconds of work, and minutes where the machine has other work.
const TIME = { timeout: 900_000 };

test("no secret is in anything that the process leaves behind, nor in a string of its heap", TIME, async () => {
  const server = await startMarked();
  const channels = await callEveryWay(server);
  await callBadly(server);
  await reloadAll(server);
  await callEveryWay(server);
  // With connections open, and without.
  await server.snapshot();
  for (const channel of channels) channel.close();
  await callEveryWay(server).then((more) => more.map((channel) => channel.close()));
  await server.snapshot();
  const places = await server.stop();
  const seen = places.map(([place, texts]) => [place, texts.join("").length > 0]);
  expect(Object.fromEntries(seen)).toMatchObject({
    stdout: true,
    stderr: true,
    audit: true,
    told: true,
    heap: true,
    "/metrics": true,
  });
  expect(places.filter(([place]) => place === "heap")).toHaveLength(2);
  expect(server.tokens.size).toBeGreaterThan(20);
  expect(hits(places, [...server.markers, ...tokenMarkers(server)])).toEqual([]);
});

test("what is given away is found, in every place and every spelling", TIME, async () => {
  const server = await startMarked(({ first, second }) => ({
    preload: `const { readFileSync } = require("node:fs");
const kept = (name) => readFileSync(__dirname + "/" + name);
const padded = (bytes) => Buffer.from(bytes.map((byte) => byte ^ 0x5c)).toString("latin1");
process.title = "${first}";
process.stderr.write(Buffer.from("xy${second}").toString("base64") + "\\n");
process.stdout.write(kept("names-key").toString().toUpperCase() + "\\n");
globalThis.given = [kept("certificate").toString(), padded(kept("second")), kept("tls.key").toString(), "a".repeat(5000) +
  kept("names-key").toString("hex")];`,
    env: { HINT: second.toLowerCase() },
  }));
  await server.snapshot();
  const places = await server.stop();
  expect(hits(places, server.markers)).toEqual([
    "environ: App Certificate (second)",
    "cmdline: App Certificate (first)",
    "stdout: key of names",
    "stderr: App Certificate (second)",
    "heap: App Certificate (first)",
    "heap: pads of App Certificate (second)",
    "heap: key of names",
    "heap: TLS key",
  ]);
  const { key, jwt } = server;
  for (const secret of [key.key, jwt]) {
    for (const before of ["", "a", "ab"]) {
      const spelled = Buffer.from(`${before}${secret}!`);
      const texts = [
        spelled.toString(),
        spelled.toString("base64"),
        spelled.toString("base64url"),
        spelled.toString("hex"),
      ];
      for (const text of texts) expect(hits([["audit", [text]]], server.markers)).toHaveLength(1);
    }
  }
});

/** Calls each method as each caller, and gives the channels, open still. */
async function callEveryWay(server: Marked) {
  const { key, nextKey, jwt, lobby } = server;
  const ways: readonly Way[] = [
    { at: "loopback" },
    { at: "unix" },
    { at: "upstream", bearer: key.key },
    { at: "tls", bearer: nextKey.key },
    { at: "unix", bearer: jwt },
    { at: "mutual", certificate: lobby },
  ];
  return Promise.all(
    ways.map(async (way) => {
      const channel = channelOf(server.addresses, way, server);
      const client = createClient(define(TokenService), channel);
      const metadata = Metadata(way.bearer === undefined ? {} : { authorization: `Bearer ${way.bearer}` });
      const { issuedToken } = await client.buildToken(BUILD, { metadata });
      const token = issuedToken?.token ?? "";
      const batch = await client.batchBuildTokens({ requests: [BUILD, BUILD] }, { metadata });
      const renewal = await client.renewToken({ project: "live", token, expiration: LONGER }, { metadata });
      await client.inspectToken({ token, expectedGrant: GRANT }, { metadata });
      await createClient(define(Health), channel).check({}, { metadata });
      const all = [issuedToken, ...batch.issuedTokens, renewal.issuedToken];
      for (const each of all) if (each) server.tokens.add(each.token);
      return channel;
    }),
  );
}

/** Calls that fail, with secrets wherever a caller could put them by mistake. */
async function callBadly(server: Marked): Promise<void> {
  const { key, jwt, certificates } = server;
  const channel = channelOf(server.addresses, { at: "loopback" }, server);
  const client = createClient(define(TokenService), channel);
  const [token = ""] = server.tokens;
  const tell = (call: (options: object) => Promise<unknown>, headers: Record<string, string> = {}) =>
    call({
      metadata: Metadata(headers),
      onHeader: (header: Metadata) => server.told.push(textOf(header)),
      onTrailer: (trailer: Metadata) => server.told.push(textOf(trailer)),
    }).catch((error: Error) => server.told.push(error.message));
  for (const secret of [
    key.key,
    jwt,
    token,
    `${token.slice(0, 60)}A${token.slice(61)}`,
    certificates.first,
    certificates.second,
  ]) {
    await tell((options) => client.buildToken({ ...BUILD, project: secret }, options));
    await tell((options) => client.renewToken({ project: "live", token: secret, expiration: LONGER }, options));
    await tell((options) => client.renewToken({ project: secret, token, expiration: LONGER }, options));
    await tell((options) => client.inspectToken({ token: `${secret}!` }, options));
    // A caller says what a call is to be called. An App Certificate is like many a name of a call, and no caller has one.
    const named = isOf(certificates, secret) ? {} : { "x-request-id": secret };
    await tell((options) => client.buildToken({ ...BUILD, grants: [] }, options), named);
    for (const authorization of [
      `Basic ${secret}`,
      secret,
      `Bearer ${secret}, Bearer ${secret}`,
      `Bearer ${secret}.`,
    ]) {
      await tell((options) => client.buildToken(BUILD, options), { authorization });
    }
    for (const name of [
      "x-caller",
      "x-forwarded-client-cert",
      "x-forwarded-for",
      "cookie",
      "traceparent",
      "x-api-key",
    ]) {
      await tell((options) => client.buildToken({ ...BUILD, project: "absent" }, options), { [name]: secret });
    }
  }
  channel.close();
  await callByHand(server, key.key);
}

/** Calls that no client of gRPC makes. */
async function callByHand({ addresses, told }: Marked, secret: string): Promise<void> {
  const session = connect(`http://${addresses[0]}`);
  const bodies = [Buffer.from(`\0\0\0\0\xff${secret}`, "latin1"), Buffer.from(`\x01\0\0\0\x05${secret}`, "latin1")];
  const odd: Record<string, string>[] = [
    {},
    { ":path": `/agora.token.v1.TokenService/${secret}` },
    { ":path": `/${secret}` },
    { ":path": `/agora.token.v1.TokenService/BuildToken?${secret}` },
    { authorization: `Bearer ${secret}\xff` },
    { "grpc-timeout": secret },
    { "grpc-encoding": secret },
    { "content-type": `application/grpc+${secret}` },
    { "user-agent": secret },
    { "x-request-id": `${secret}\xff` },
    { "grpc-tags-bin": secret },
  ];
  for (const headers of odd) {
    for (const body of bodies) {
      const stream = session.request({
        ":method": "POST",
        ":path": "/agora.token.v1.TokenService/BuildToken",
        "content-type": "application/grpc",
        te: "trailers",
        ...headers,
      });
      const keep = (got: object) => told.push(JSON.stringify(got));
      stream
        .on("response", keep)
        .on("trailers", keep)
        .on("error", () => undefined);
      stream.resume().end(body);
      await new Promise((resolve) => stream.once("close", resolve));
    }
  }
  session.destroy();
}

/** Changes that are taken, and changes that are not, with secrets in the wrong places. */
async function reloadAll(server: Marked): Promise<void> {
  const { certificates, folder, key, jwt, authority } = server;
  const file = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
  const listed = (id: string, state: string) =>
    `{ id: ${id}, state: ${state}, file: ${folder}/${id === "first" ? "certificate" : id} }`;
  const is =
    (...states: string[]) =>
    (text: string) =>
      text.replace(listed("first", "primary"), states.join(", "));
  const promoted = is(listed("first", "retiring"), listed("second", "primary"));
  const tried = async (outcome: string, change: (text: string) => string) =>
    expect(await server.reload(change)).toContain(`"outcome":"${outcome}"`);
  const refused = (change = (text: string) => text) => tried("refused", (text) => change(promoted(text)));
  await tried("applied", is(listed("first", "primary"), listed("second", "standby")));
  await tried("applied", promoted);
  await tried("refused", is(listed("second", "primary")));
  for (const secret of [certificates.second, key.key, jwt]) {
    await refused((text) => text.replace("state: primary", `state: ${secret}`));
    await refused((text) => text.replace("app_id: ", `app_id: ${secret} #`));
    await refused((text) => text.replace("projects:", `${secret}: x\nprojects:`));
    await refused((text) => `${text}\n: ${secret}: [`);
    await refused((text) => text.replace(`${folder}/certificate`, secret));
  }
  for (const wrong of [`${certificates.first}0`, certificates.first.slice(1), `x${certificates.first.slice(1)}`]) {
    file("certificate", wrong);
    await refused();
  }
  file("certificate", certificates.first);
  file("tls.key", makeServerCertificate(authority).keyPem);
  await refused();
  file("tls.key", server.server.keyPem);
  file("jwks.json", JSON.stringify({ keys: [KEYS.ec.privateKey.export({ format: "jwk" })] }));
  await refused();
  file("jwks.json", JSON.stringify({ keys: [KEYS.ec.jwk] }));
  await tried("applied", promoted);
}

/** The middle of each token: its beginning is not much of a secret. */
function tokenMarkers({ tokens }: Marked): Marker[] {
  return [...tokens].map((token) => marker("token", token.slice(20, 90)));
}

function isOf(certificates: Marked["certificates"], secret: string): boolean {
  return Object.values(certificates).includes(secret);
}

function textOf(metadata: Metadata): string {
  return [...metadata]
    .flatMap(([key, values]) => [key, ...values.map((value) => Buffer.from(value).toString("latin1"))])
    .join(" ");
}
