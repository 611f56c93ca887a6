import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { ServerCredentials } from "@grpc/grpc-js";
import { Status } from "nice-grpc";
import { expect, onTestFinished, test } from "vitest";
import { type CallOptions, RtcRole, type TokenClient, TokenServiceError } from "../../src/client/client.ts";
import { grant, ttl } from "../../src/client/request.ts";
import { authority, type Identity } from "./certificates.ts";
import { clientTo, REQUEST, refuse, type Script, scripted, Turned } from "./scripted.ts";

const answers: Script = () => undefined;

/** The error that a call ends with. */
async function errorOf(client: TokenClient, options?: CallOptions): Promise<TokenServiceError> {
  const error = await client.buildToken(REQUEST, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TokenServiceError)) throw new Error("not a TokenServiceError", { cause: error });
  return error;
}

test("a call is answered, and its answer is typed by the contract", async () => {
  const { address } = await scripted(answers);
  const grants = [grant("rtc", { channelName: "room-1", uid: 42, role: RtcRole.PUBLISHER })];
  const { issuedToken } = await clientTo(address).buildToken({ project: "live", expiration: ttl(60), grants });
  expect(issuedToken?.token).toBe("007-1");
});

test("the deadline travels to the server, and with a retry what is left of it", async () => {
  const timeouts: unknown[] = [];
  const address = await bare((stream, headers) => {
    timeouts.push(headers["grpc-timeout"]);
    stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "14" }, { endStream: true });
  });
  const timing = new Turned(3000);
  timing.hurried = true;
  const error = await errorOf(clientTo(address, { deadlineMs: 3000, retries: 2, timing }));
  expect(error).toMatchObject({ status: "UNAVAILABLE", attempts: 3 });
  expect(timeouts).toEqual(["3000m", "2950m", "2850m"]);
});

test("a wait that would last past the deadline is not waited for", async () => {
  const timing = new Turned(200);
  timing.hurried = true;
  const { address } = await scripted((context) => refuse(context, Status.UNAVAILABLE));
  // 50 ms, then 100 ms, then 200 ms.
  expect(await errorOf(clientTo(address, { deadlineMs: 300, timing }))).toMatchObject({
    status: "UNAVAILABLE",
    attempts: 3,
  });
});

test("the server gives up at the deadline", async () => {
  let ended: (reason: unknown) => void = () => undefined;
  const gaveUp = new Promise((resolve) => {
    ended = resolve;
  });
  // The first call connects, which may take longer than the deadline of the second.
  const { address } = await scripted(
    ({ signal }, number) =>
      number === 1 ||
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          ended("given up");
          reject(signal.reason);
        });
      }),
  );
  const client = clientTo(address);
  await client.buildToken(REQUEST, { deadlineMs: 20_000 });
  const error = await errorOf(client, { deadlineMs: 60 });
  expect(error).toMatchObject({ status: "DEADLINE_EXCEEDED", code: Status.DEADLINE_EXCEEDED, method: "BuildToken" });
  expect(await gaveUp).toBe("given up");
});

test("a caller gives up, before the call and while it runs", async () => {
  const giving = new AbortController();
  const server = await scripted(() => {
    giving.abort(new Error("the user left"));
    return new Promise(() => undefined);
  });
  const client = clientTo(server.address);
  expect(await errorOf(client, { signal: giving.signal })).toMatchObject({
    status: "CANCELLED",
    cause: new Error("the user left"),
  });
  expect(await errorOf(client, { signal: giving.signal })).toMatchObject({ status: "CANCELLED" });
  expect(server.calls).toHaveLength(1);
});

test("a caller gives up between two attempts", async () => {
  const timing = new Turned();
  const giving = new AbortController();
  const { address, calls } = await scripted((context) => refuse(context, Status.UNAVAILABLE));
  const error = errorOf(clientTo(address, { timing }), { signal: giving.signal });
  await until(() => timing.waits.length === 2);
  giving.abort();
  expect(await error).toMatchObject({ status: "CANCELLED", attempts: 1 });
  expect(calls).toHaveLength(1);
  expect(timing.running).toBe(0);
});

test("a failure tells its reason, its facts, its fields and how long to wait", async () => {
  const violations = [{ field: "grants[0].rtc.uid", description: "is nobody", rule: "uint32.gt" }];
  const { address } = await scripted((context) =>
    refuse(context, Status.INVALID_ARGUMENT, {
      errorInfo: { reason: "REQUEST_INVALID", domain: "agora.token.v1", metadata: { method: "BuildToken" } },
      violations,
      retryAfterMs: 1500,
    }),
  );
  const error = await errorOf(clientTo(address));
  expect(error).toMatchObject({
    name: "TokenServiceError",
    message: "BuildToken: INVALID_ARGUMENT (REQUEST_INVALID): as the test says",
    description: "as the test says",
    status: "INVALID_ARGUMENT",
    reason: "REQUEST_INVALID",
    metadata: { method: "BuildToken" },
    violations,
    retryAfterMs: 1500,
    attempts: 1,
  });
  expect(JSON.parse(JSON.stringify(error))).toMatchObject({ status: "INVALID_ARGUMENT", reason: "REQUEST_INVALID" });
});

test("a reason of something in between is not taken for ours", async () => {
  const { address } = await scripted((context) =>
    refuse(context, Status.PERMISSION_DENIED, {
      errorInfo: { reason: "NOT_PERMITTED", domain: "mesh.example", metadata: {} },
    }),
  );
  const error = await errorOf(clientTo(address));
  expect(error.reason).toBeUndefined();
  expect(error.message).toBe("BuildToken: PERMISSION_DENIED: as the test says");
});

test("what is no message is not sent, and its value is not shown", async () => {
  const server = await scripted(answers);
  const grants = [grant("rtc", { channelName: "room-1", uid: -77_777 })];
  const error = await clientTo(server.address)
    .buildToken({ project: "live", expiration: ttl(60), grants })
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TokenServiceError);
  expect(error).toMatchObject({ status: "INVALID_ARGUMENT" });
  expect(server.calls).toEqual([]);
});

test("several addresses take turns, and one that cannot be reached is passed over", async () => {
  const servers = await Promise.all([1, 2, 3].map(() => scripted(answers)));
  const client = clientTo(servers.map(({ address }) => address));
  const counts = () => servers.map(({ calls }) => calls.length);
  await client.buildToken(REQUEST);
  await untilAsync(async () => {
    await client.buildToken(REQUEST);
    return counts().every((count) => count > 0);
  });
  const before = counts();
  for (let call = 0; call < 6; call++) await client.buildToken(REQUEST);
  expect(counts().map((count, index) => count - (before[index] ?? 0))).toEqual([2, 2, 2]);
  servers[1]?.stop();
  for (let call = 0; call < 6; call++) await client.buildToken(REQUEST);
  expect(counts()[1]).toBe((before[1] ?? 0) + 2);
});

test("nobody there is UNAVAILABLE, after every attempt", async () => {
  const server = await scripted(answers);
  server.stop();
  const timing = new Turned(5000);
  timing.hurried = true;
  const error = await errorOf(clientTo(server.address, { timing, retries: 2 }));
  expect(error).toMatchObject({ status: "UNAVAILABLE", attempts: 3 });
});

test("a unix socket is called by one slash or three", async () => {
  const folder = mkdtempSync(join(tmpdir(), "agora-tokend-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const address = `unix:${folder}/token.sock`;
  await scripted(answers, { address });
  for (const text of [address, address.replace("unix:", "unix://")]) {
    expect((await clientTo(text).buildToken(REQUEST)).issuedToken?.token).toMatch(/^007-/);
  }
});

test("with TLS, the server must be who the address says, by an authority that is known", async () => {
  const own = authority();
  const address = await serving({ credentials: own.issue("localhost") });
  const elsewhere = await serving({ credentials: own.issue("tokens.internal") });
  const tls = { ca: own.ca };
  const named = { ...tls, serverName: "tokens.internal" };
  expect((await clientTo(address, { tls }).buildToken(REQUEST)).issuedToken).toBeDefined();
  expect((await clientTo(elsewhere, { tls: named }).buildToken(REQUEST)).issuedToken).toBeDefined();
  const refused = { status: "UNAVAILABLE" };
  expect(await errorOf(clientTo(elsewhere, { tls, retries: 0 }))).toMatchObject(refused);
  expect(await errorOf(clientTo(address, { tls: { ca: authority("x").ca }, retries: 0 }))).toMatchObject(refused);
  expect(await errorOf(clientTo(address, { tls: {}, retries: 0 }))).toMatchObject(refused);
});

test.each(["127.0.0.1", "[::ffff:127.0.0.1]"])("with TLS, a server is called by its IP address, %s", async (host) => {
  const own = authority();
  const [ip, named] = await Promise.all(
    ["127.0.0.1", "localhost"].map(async (name) => {
      const address = await serving({ credentials: own.issue(name) });
      return address.replace("localhost", host);
    }),
  );
  const tls = { ca: own.ca };
  const client = clientTo(ip ?? "", { tls: host === "127.0.0.1" ? tls : { ...tls, serverName: "127.0.0.1" } });
  expect((await client.buildToken(REQUEST)).issuedToken).toBeDefined();
  // The certificate is for a name: it is not for the address that this name has.
  expect((await errorOf(clientTo(named ?? "", { tls, retries: 0 }))).status).toBe("UNAVAILABLE");
  const byName = { ...tls, serverName: "localhost" };
  expect((await clientTo(named ?? "", { tls: byName }).buildToken(REQUEST)).issuedToken).toBeDefined();
});

test("with mTLS, the server knows who calls", async () => {
  const own = authority();
  const { certificate, key } = own.issue("lobby");
  const address = await serving({ credentials: own.issue("localhost"), clients: own.ca });
  const client = clientTo(address, { tls: { ca: own.ca, certificate, key } });
  expect((await client.buildToken(REQUEST)).issuedToken).toBeDefined();
  const error = await errorOf(clientTo(address, { tls: { ca: own.ca }, retries: 0 }));
  expect(error.status).toBe("UNAVAILABLE");
});

test("a bearer is sent, and asked for anew at each attempt", async () => {
  const server = await scripted((context, number) => number === 1 && refuse(context, Status.UNAVAILABLE));
  const timing = new Turned(5000);
  timing.hurried = true;
  let asked = 0;
  await clientTo(server.address, { timing, bearer: async () => `bearer-${++asked}` }).buildToken(REQUEST);
  await clientTo(server.address, { bearer: "static" }).buildToken(REQUEST);
  expect(server.calls.map((metadata) => metadata.get("authorization"))).toEqual([
    "Bearer bearer-1",
    "Bearer bearer-2",
    "Bearer static",
  ]);
});

test("a bearer that is none is not sent and not shown", async () => {
  const server = await scripted(answers);
  const broken = await errorOf(clientTo(server.address, { bearer: "s3cret\n" }));
  expect(broken).toMatchObject({ status: "UNAUTHENTICATED", attempts: 1 });
  expect(broken.message).toContain("line break");
  expect(inspect(broken)).not.toContain("s3cret");
  const failing = await errorOf(
    clientTo(server.address, { bearer: () => Promise.reject(new Error("vault is sealed")) }),
  );
  expect(failing).toMatchObject({ status: "UNAUTHENTICATED", cause: new Error("vault is sealed") });
  expect(server.calls).toEqual([]);
});

test("closed, it ends the calls that are under way, and takes no more", async () => {
  let arrived: () => void = () => undefined;
  const called = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const { address } = await scripted(() => {
    arrived();
    return new Promise(() => undefined);
  });
  const client = clientTo(address);
  const error = errorOf(client);
  await called;
  client.close();
  const closed = { status: "CANCELLED", description: "the client was closed" };
  expect(await error).toMatchObject(closed);
  expect(await errorOf(client)).toMatchObject(closed);
  client.close();
});

test("a client shows no credentials when it is printed", async () => {
  const { key, certificate } = authority().issue("lobby");
  const client = clientTo("tokens.internal:443", { bearer: "s3cret", tls: { key, certificate } });
  const shown = inspect(client, { depth: 10, showHidden: true }) + JSON.stringify(client);
  expect(shown).not.toContain("s3cret");
  expect(shown).not.toContain("PRIVATE KEY");
});

/** A server of HTTP/2 that knows nothing of gRPC, until the test ends. */
async function bare(answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void): Promise<string> {
  const server = createServer().on("stream", answer);
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => sessions.add(session));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server with TLS, and with mTLS if it is told who signs for its clients. Its address has a name. */
async function serving({ credentials, clients }: { credentials: Identity; clients?: string }): Promise<string> {
  const pair = { private_key: Buffer.from(credentials.key), cert_chain: Buffer.from(credentials.certificate) };
  const ca = clients === undefined ? null : Buffer.from(clients);
  const server = await scripted(answers, {
    credentials: ServerCredentials.createSsl(ca, [pair], clients !== undefined),
  });
  return server.address.replace("127.0.0.1", "localhost");
}

function until(holds: () => boolean): Promise<void> {
  return untilAsync(async () => holds());
}

/** Asks again on each turn of the event loop. */
async function untilAsync(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}
