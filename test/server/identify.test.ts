import { once } from "node:events";
import { type ClientHttp2Session, connect, type SecureClientSessionOptions } from "node:http2";
import { connect as connectTcp } from "node:net";
import { Metadata, type ServerCredentials, type ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { createServer, Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { makeApiKey } from "../../src/access/by-api-key.ts";
import type { Caller } from "../../src/access/caller.ts";
import { Callers, type Presented } from "../../src/access/callers.ts";
import { FILE_SCHEDULE, IssuerKeys } from "../../src/access/issuer-keys.ts";
import { Connections } from "../../src/server/connections.ts";
import { TlsCredentials } from "../../src/server/credentials.ts";
import { identifyBy, sessionOf } from "../../src/server/identify.ts";
import { caller } from "../../src/server/middleware/caller.ts";
import { steps } from "../../src/server/middleware/steps.ts";
import { type Identify, peerOf, type Stranger } from "../../src/server/peer.ts";
import { Sessions } from "../../src/server/sessions.ts";
import { badApiKeys, badCertificates, SPIFFE_ID } from "../fixtures/bad-credentials.ts";
import {
  type Certificate,
  makeAuthority,
  makeCertificate,
  makeClientCertificate,
  makeServerCertificate,
  ownFile,
} from "../fixtures/certificates.ts";
import { badJwts, CLAIMS, claimsAt, KEYS, keySet, makeJwt, SHORT_KEY } from "../fixtures/jwts.ts";
import { counting, ECHO_PATH } from "./echo.ts";

const NOW = Math.floor(Date.now() / 1000);
const key = makeApiKey("job");
const jwt = makeJwt(claimsAt(NOW));
const callers = new Callers([
  { id: "local", match: { kind: "loopback" } },
  { id: "job", match: { kind: "apiKey", sha256: key.sha256, next: undefined } },
  { id: "rooms", match: { kind: "jwt", issuer: CLAIMS.iss, subject: CLAIMS.sub, audience: CLAIMS.aud } },
  { id: "lobby", match: { kind: "spiffe", id: SPIFFE_ID } },
]);
const authority = makeAuthority();
const server = makeServerCertificate(authority);

/** A listener, and what became of the calls that reached it. */
interface Listener {
  readonly address: string;
  readonly callers: Caller[];
  /** Of each call, when it came. */
  readonly sessions: (object | undefined)[];
  readonly strangers: Stranger[];
  /** How many bodies were decoded. */
  readonly decoded: () => number;
  now: number;
  close(): void;
}

async function listener(local: Presented["local"], credentials?: ServerCredentials): Promise<Listener> {
  const { definition, decoded } = counting();
  const state = {
    callers: [] as Caller[],
    sessions: [] as (object | undefined)[],
    strangers: [] as Stranger[],
    now: NOW,
  };
  const clock = () => state.now;
  const keys = new IssuerKeys({
    read: async () => keySet(KEYS.rsa, KEYS.ec, KEYS.ed, SHORT_KEY),
    schedule: FILE_SCHEDULE,
    clock,
    onOutcome: () => undefined,
  });
  const recognize = callers.recognizer((issuer) => (issuer === CLAIMS.iss ? keys : undefined), clock);
  const identify = identifyBy(recognize, local);
  const noted: Identify = (headers, call) => {
    state.sessions.push(sessionOf(call));
    return identify(headers, call);
  };
  const onStranger = (stranger: Stranger) => state.strangers.push(stranger);
  const report = (fault: unknown) => {
    throw fault;
  };
  const echo = createServer({ interceptors: [peerOf(noted, { report, onStranger })] }).use(steps(caller()));
  echo.add(definition, {
    async echo(request, context) {
      state.callers.push(context.caller);
      return request;
    },
  });
  const limits = { maxConnections: 1000, maxConnectionsPerAddress: 1000 };
  const connections = new Connections({ limits, clock: () => 0, sessions: new Sessions(() => 0, 0) });
  const port = await echo.listen("127.0.0.1:0", credentials);
  connections.watch(port);
  const close = () => {
    echo.forceShutdown();
    connections.stop();
  };
  return Object.assign(state, { address: `127.0.0.1:${port}`, decoded, close });
}

/** Calls with headers, and gives the status and its text. */
async function call(session: ClientHttp2Session, headers: Record<string, string> = {}): Promise<string> {
  const stream = session.request({
    ":method": "POST",
    ":path": ECHO_PATH,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  const told: Record<string, unknown> = {};
  stream.on("response", (response) => Object.assign(told, response));
  stream.on("trailers", (trailers) => Object.assign(told, trailers));
  stream.resume().end(Buffer.concat([Buffer.of(0, 0, 0, 0, 5), Buffer.from("hello")]));
  await once(stream, "close");
  const details = told["grpc-status-details-bin"] === undefined ? "" : ` ${told["grpc-status-details-bin"]}`;
  return `${told["grpc-status"]} ${told["grpc-message"]}${details}`;
}

/** What {@link call} gives where the connection ends before there is a status. */
const NO_ANSWER = "undefined undefined";

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test("there are bad credentials of every kind, and enough of them", () => {
  expect(badJwts(NOW).length).toBeGreaterThanOrEqual(50);
  expect(badApiKeys(key.key).length).toBeGreaterThanOrEqual(16);
  expect(badCertificates(authority).length).toBeGreaterThanOrEqual(12);
});

describe("on a listener that is not for this machine alone", () => {
  let at: Listener;
  let session: ClientHttp2Session;
  let stranger: string;

  beforeAll(async () => {
    at = await listener(undefined);
    session = connect(`http://${at.address}`);
    stranger = await call(session);
  });
  afterAll(() => {
    session.close();
    at.close();
  });

  test("whoever presents nothing is a stranger, with a reason", () => {
    expect(stranger).toMatch(
      new RegExp(`^${Status.UNAUTHENTICATED} the%20call%20bears%20no%20credentials.* [\\w+/=]+$`),
    );
  });

  test.each([
    ["an API key", { id: "job", proof: "api_key" }, key.key],
    ["a JWT", { id: "rooms", proof: "jwt", subject: "rooms", jwtId: "one" }, jwt],
    ["the JWT once more", { id: "rooms", proof: "jwt", subject: "rooms", jwtId: "one" }, jwt],
  ])("%s is let in", async (_, expected, token) => {
    expect(await call(session, bearer(token))).toMatch(/^0 /);
    expect(at.callers.at(-1)).toMatchObject(expected);
    expect(JSON.stringify(at.callers)).not.toContain(token.slice(-43));
  });

  // A header of more than 64 KiB never gets here.
  const short = ([, token]: readonly [string, string]) => token.length < 60_000;
  test.each([...badJwts(NOW), ...badApiKeys(key.key)].filter(short))(
    "%s gets the stranger's answer, and no body of it is decoded",
    async (_, token) => {
      const before = at.decoded();
      expect(await call(session, bearer(token))).toBe(stranger);
      expect(at.decoded()).toBe(before);
    },
  );

  test.each([
    { "x-caller": "job" },
    { "x-caller-id": "lobby", "x-caller-proof": "mtls" },
    { "x-forwarded-client-cert": `URI=${SPIFFE_ID}` },
    { "x-forwarded-for": "127.0.0.1", forwarded: "for=127.0.0.1" },
    { "proxy-authorization": `Bearer ${key.key}` },
    { "x-authorization": `Bearer ${key.key}` },
    { "authorization-bin": Buffer.from(`Bearer ${key.key}`).toString("base64") },
    { cookie: `authorization=Bearer ${key.key}` },
    { "x-api-key": key.key },
    { authorization: `Basic ${Buffer.from(`job:${key.key}`).toString("base64")}` },
    { authorization: key.key },
    { authorization: `Bearer ${key.key}, Bearer ${key.key}` },
  ])("no other header names a caller: %o", async (headers: Record<string, string>) => {
    const before = at.decoded();
    expect(await call(session, headers)).toBe(stranger);
    expect(at.decoded()).toBe(before);
  });

  test("a spoofed header changes nothing of who calls", async () => {
    await call(session, { ...bearer(key.key), "x-caller": "lobby", "x-forwarded-client-cert": `URI=${SPIFFE_ID}` });
    expect(at.callers.at(-1)).toMatchObject({ id: "job", proof: "api_key" });
  });

  test("two authorization headers are refused, though each would do", async () => {
    const [decoded, strangers] = [at.decoded(), at.strangers.length];
    const good = ["authorization", `Bearer ${key.key}`] as const;
    await rawCall(at.address, [good]);
    expect([at.decoded(), at.strangers.length]).toEqual([decoded + 1, strangers]);
    expect(at.callers.at(-1)).toMatchObject({ id: "job" });
    await rawCall(at.address, [good, good]);
    await rawCall(at.address, [good, ["authorization", "x"]]);
    await rawCall(at.address, [["authorization", "x"], good]);
    expect([at.decoded(), at.strangers.length]).toEqual([decoded + 1, strangers + 3]);
  });
});

describe.each(["loopback", "unix"] as const)("on a listener for this machine alone (%s)", (local) => {
  test("a process of this machine is let in, and a bad bearer is not", async () => {
    const at = await listener(local);
    const session = connect(`http://${at.address}`);
    onTestFinished(() => {
      session.close();
      at.close();
    });
    expect(await call(session)).toMatch(/^0 /);
    expect(await call(session, bearer(key.key))).toMatch(/^0 /);
    expect(at.callers.map(({ id, proof }) => `${id} ${proof}`)).toEqual([`local ${local}`, "job api_key"]);
    const decoded = at.decoded();
    for (const token of ["x", "agk_job_x", `${jwt}x`, "!"]) {
      expect(await call(session, bearer(token))).toMatch(new RegExp(`^${Status.UNAUTHENTICATED} `));
    }
    expect(at.decoded()).toBe(decoded);
  });
});

describe("on a listener with client certificates", () => {
  let at: Listener;

  beforeAll(async () => {
    const pem: Record<string, string> = { certificate: server.pem, key: server.keyPem, ca: authority.pem };
    const credentials = await TlsCredentials.load({
      files: { certificateFile: "certificate", keyFile: "key", clientCaFile: "ca", allowReadableKeyFile: false },
      read: async (path) => ownFile(pem[path] ?? ""),
      clock: () => NOW,
      onOutcome: () => undefined,
    });
    at = await listener(undefined, credentials);
  });
  afterAll(() => at.close());

  const open = (options: SecureClientSessionOptions) => {
    const session = connect(`https://${at.address}`, { ca: authority.pem, ...options });
    session.on("error", () => undefined);
    onTestFinished(() => session.destroy());
    return session;
  };
  const openAs = ({ pem, keyPem }: Certificate) => open({ cert: pem, key: keyPem });

  test("a caller is let in by its certificate, which is read once for each connection", async () => {
    at.sessions.length = 0;
    const session = openAs(makeClientCertificate(authority, SPIFFE_ID));
    for (let count = 0; count < 3; count++) expect(await call(session)).toMatch(/^0 /);
    const { id, proof, ...more } = at.callers.at(-1) ?? {};
    expect({ id, proof, ...more }).toMatchObject({ id: "lobby", proof: "mtls", spiffeId: SPIFFE_ID });
    // What the cache goes by is private to grpc-js. If this fails, identify.ts has to find another way to the session.
    const sessions = [...at.sessions];
    expect(sessions[0]).toBeTypeOf("object");
    expect(new Set(sessions).size).toBe(1);
    const other = openAs(makeClientCertificate(authority, SPIFFE_ID));
    expect(await call(other)).toMatch(/^0 /);
    expect(new Set(at.sessions).size).toBe(2);
  });

  test.each(badCertificates(authority))("a certificate with %s is let in by TLS, and names nobody", async (_, bad) => {
    const before = at.decoded();
    expect(await call(openAs(bad))).toMatch(new RegExp(`^${Status.UNAUTHENTICATED} `));
    expect(at.decoded()).toBe(before);
  });

  test.each<[string, SecureClientSessionOptions]>([
    ["nothing", {}],
    ["a certificate of another authority", as(makeClientCertificate(makeAuthority(), SPIFFE_ID))],
    ["one that it signed itself", as(makeCertificate({ usages: ["client"], altNames: [["uri", SPIFFE_ID]] }))],
    ["one that has expired", as(makeClientCertificate(authority, SPIFFE_ID, { notAfter: NOW - 60 }))],
    ["one from the future", as(makeClientCertificate(authority, SPIFFE_ID, { notBefore: NOW + 3600 }))],
    ["one for servers alone", as(makeClientCertificate(authority, SPIFFE_ID, { usages: ["server"] }))],
    [
      "one that another client signed",
      as(makeClientCertificate(makeClientCertificate(authority, SPIFFE_ID), SPIFFE_ID)),
    ],
  ])("whoever presents %s gets no answer at all", async (_, options) => {
    const before = at.decoded();
    expect(await call(open(options)).catch(() => NO_ANSWER)).toBe(NO_ANSWER);
    expect(at.decoded()).toBe(before);
  });

  test("a bearer stands in for a certificate that names nobody", async () => {
    const session = openAs(makeCertificate({ usages: ["client"], issuer: authority }));
    expect(await call(session, bearer(key.key))).toMatch(/^0 /);
    expect(at.callers.at(-1)).toMatchObject({ id: "job" });
  });

  test("a connection ends with its certificate, whatever else is presented", async () => {
    const session = openAs(makeClientCertificate(authority, SPIFFE_ID, { notAfter: NOW + 600 }));
    expect(await call(session)).toMatch(/^0 /);
    at.now = NOW + 600;
    expect(await call(session)).toMatch(/^0 /);
    at.now = NOW + 601;
    const before = at.decoded();
    for (const headers of [{}, bearer(key.key)]) {
      expect(await call(session, headers)).toMatch(new RegExp(`^${Status.UNAUTHENTICATED} `));
    }
    expect(at.decoded()).toBe(before);
    at.now = NOW;
  });
});

test("without the session, the certificate is read at each call", () => {
  const { der } = makeClientCertificate(authority, SPIFFE_ID);
  let reads = 0;
  const bare = {
    getAuthContext: () => {
      reads++;
      return { transportSecurityType: "ssl", sslPeerCertificate: { raw: der } };
    },
  } as unknown as ServerInterceptingCallInterface;
  const identify = identifyBy(
    callers.recognizer(
      () => undefined,
      () => NOW,
    ),
    undefined,
  );
  for (let count = 0; count < 2; count++) expect(identify(new Metadata(), bare)).toMatchObject({ id: "lobby" });
  expect(reads).toBe(2);
});

test("on one connection, the certificate is read at the first call", () => {
  const { der } = makeClientCertificate(authority, SPIFFE_ID);
  let reads = 0;
  const onConnection = (session: object) =>
    ({
      stream: { session },
      getAuthContext: () => {
        reads++;
        return { transportSecurityType: "ssl", sslPeerCertificate: { raw: der } };
      },
    }) as unknown as ServerInterceptingCallInterface;
  const identify = identifyBy(
    callers.recognizer(
      () => undefined,
      () => NOW,
    ),
    undefined,
  );
  const session = {};
  for (let count = 0; count < 5; count++) expect(identify(new Metadata(), onConnection(session))).toBeDefined();
  expect(reads).toBe(1);
  identify(new Metadata(), onConnection({}));
  expect(reads).toBe(2);
});

function as({ pem, keyPem }: Certificate): SecureClientSessionOptions {
  return { cert: pem, key: keyPem };
}

/** Calls with headers as they are, which the client of Node.js would not send twice, and waits for the end. */
async function rawCall(address: string, headers: readonly (readonly [string, string])[]): Promise<void> {
  const [host = "", port] = address.split(":");
  const all = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", ECHO_PATH],
    [":authority", address],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...headers,
  ] as const;
  const socket = connectTcp(Number(port), host);
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  socket.write(frame(FRAME.SETTINGS, 0, 0, Buffer.alloc(0)));
  socket.write(frame(FRAME.HEADERS, FRAME.END_HEADERS, 1, Buffer.concat(all.map(literal))));
  socket.write(frame(FRAME.DATA, FRAME.END_STREAM, 1, Buffer.from([0, 0, 0, 0, 1, 0x61])));
  let received = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    received = Buffer.concat([received, chunk]);
    if (isEnded(received)) break;
  }
  socket.destroy();
}

// RFC 9113, section 4.1 and 6.
const FRAME = { DATA: 0, HEADERS: 1, SETTINGS: 4, END_STREAM: 1, END_HEADERS: 4 } as const;

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

// RFC 7541, section 6.2.2: a literal with a name of its own, for texts of less than 127 bytes.
function literal([name, value]: readonly [string, string]): Buffer {
  return Buffer.concat([Buffer.of(0), ...[name, value].flatMap((text) => [Buffer.of(text.length), Buffer.from(text)])]);
}

function isEnded(received: Buffer): boolean {
  for (let at = 0; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) {
    const ends = received[at + 3] === FRAME.HEADERS && ((received[at + 4] ?? 0) & FRAME.END_STREAM) !== 0;
    if (ends) return true;
  }
  return false;
}
