import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { Status } from "nice-grpc";
import { describe, expect, onTestFinished, test } from "vitest";
import { DETAILS_TRAILER, decodeDetails } from "../../src/rpc/error-details.ts";
import { TlsCredentials } from "../../src/server/credentials.ts";
import { build } from "../api/world.ts";
import { channelTo, clientOf } from "../e2e/client.ts";
import { makeAuthority, makeServerCertificate, ownFile } from "../fixtures/certificates.ts";
import { answerTo, framed, opened, running, sessionTo, until } from "./running.ts";

const rtc = { service: { case: "rtc", value: { channelName: "room-1", uid: 42, role: 1 } } } as const;
const request = build(rtc);
const BODY = framed("buildToken", request);

// RFC 9113, 3.4: what a client begins with, and its settings, which are none.
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const OPENING = Buffer.concat([Buffer.from(PREFACE), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]);

function reasonIn(headers: Readonly<Record<string, unknown>>): string | undefined {
  const details = headers[DETAILS_TRAILER];
  return decodeDetails(Buffer.from(String(details), "base64"))?.errorInfo?.reason;
}

describe("headers", () => {
  test("a call as it should be passes, and is told that requests are not to be compressed", async () => {
    const { address, calls } = await running();
    const stream = opened(sessionTo(address), { "grpc-encoding": "identity", "grpc-timeout": "10S" });
    stream.end(BODY);
    const answer = await answerTo(stream);
    expect(answer).toMatchObject({ status: 0, headers: { "grpc-accept-encoding": "identity" } });
    expect(calls()).toHaveLength(1);
  });

  test.each(["gzip", "deflate", "br", ""])("compressed with %j", async (encoding) => {
    const { address } = await running();
    const stream = opened(sessionTo(address), { "grpc-encoding": encoding });
    stream.end(BODY);
    expect(await answerTo(stream)).toMatchObject({
      status: Status.UNIMPLEMENTED,
      message: "compressed requests are not taken: send grpc-encoding: identity",
      headers: { "grpc-accept-encoding": "identity" },
    });
  });

  test("too many, and too large", async () => {
    const { address, calls } = await running();
    const session = sessionTo(address);
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`x-${n}`, "1"]));
    expect(await answerTo(opened(session, many).end(BODY))).toMatchObject({
      status: Status.RESOURCE_EXHAUSTED,
      message: "more than 64 headers: send less metadata",
    });
    expect(await answerTo(opened(session, { "x-large": "x".repeat(8000) }).end(BODY))).toMatchObject({
      status: Status.RESOURCE_EXHAUSTED,
      message: "headers of more than 8192 bytes in all: send less metadata",
    });
    expect(await answerTo(opened(session, { "x-large": "x".repeat(7500) }).end(BODY))).toMatchObject({ status: 0 });
    expect(calls()).toHaveLength(1);
  });
});

describe("deadlines", () => {
  test.each(["abc", "-1S", "1.5S", "", "S", "10", "123456789S", "1 S", "1s", "1S, 2S"])(
    "grpc-timeout %j",
    async (timeout) => {
      const { address, calls } = await running();
      const answer = await answerTo(opened(sessionTo(address), { "grpc-timeout": timeout }).end(BODY));
      expect(answer).toMatchObject({
        status: Status.INVALID_ARGUMENT,
        message: "the request is invalid: grpc-timeout is not 1 to 8 digits and one of H, M, S, m, u and n",
      });
      expect(reasonIn(answer.headers)).toBe("REQUEST_INVALID");
      expect(calls()).toEqual([]);
    },
  );

  test.each(["99999999H", "596H", "597H", "99999999S", "100M"])("grpc-timeout %j", async (timeout) => {
    const { address } = await running();
    expect(await answerTo(opened(sessionTo(address), { "grpc-timeout": timeout }).end(BODY))).toMatchObject({
      status: 0,
    });
  });

  test.each(["0S", "1n", "999u", "0m"])("what is over when it arrives is not signed: %j", async (timeout) => {
    const { address, calls } = await running();
    const answer = await answerTo(opened(sessionTo(address), { "grpc-timeout": timeout }).end(BODY));
    expect(answer.status).toBe(Status.DEADLINE_EXCEEDED);
    expect(calls()).toEqual([]);
  });

  test("a request that does not end is ended after 5 seconds, and its stream closed", async () => {
    const { address, pass, bounds, calls } = await running();
    const session = sessionTo(address);
    const streams = [opened(session), opened(session), opened(session)];
    streams[1]?.write(BODY);
    streams[2]?.write(BODY.subarray(0, 10));
    // A call that is answered after them was read after them.
    expect(await answerTo(opened(session).end(BODY))).toMatchObject({ status: 0 });
    expect(bounds.intake.open).toBe(3);
    pass(4999);
    pass(1);
    const answers = await Promise.all(streams.map(answerTo));
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: Status.DEADLINE_EXCEEDED, reset: 0 });
      expect(answer.message).toMatch(/^the request was not complete 5 s after its headers/);
    }
    expect(bounds.intake.open).toBe(0);
    expect(calls()).toHaveLength(1);
  });

  test("a call that is not answered is ended after 10 seconds", async () => {
    const { client, pass, sink, bounds } = await running();
    sink.behaviour = "blocks";
    const call = client.buildToken(request);
    const ended = expect(call).rejects.toMatchObject({ code: Status.DEADLINE_EXCEEDED });
    await until(() => bounds.limiter.inFlight === 1);
    pass(10_000);
    await ended;
    sink.unblock();
    await until(() => bounds.limiter.inFlight === 0);
  });
});

describe("requests that are refused while they are sent", () => {
  test("an oversized one is answered, and its stream closed", async () => {
    const { address, client } = await running({ limits: { maxMessageBytes: 1024 } });
    const stream = opened(sessionTo(address));
    const head = Buffer.alloc(5);
    head.writeUInt32BE(100_000_000, 1);
    stream.write(Buffer.concat([head, Buffer.alloc(60_000)]));
    const answer = await answerTo(stream);
    expect(answer).toMatchObject({ status: Status.RESOURCE_EXHAUSTED, reset: 0 });
    expect(stream.destroyed).toBe(true);
    const large = {
      ...request,
      grants: Array(32).fill({ service: { case: "rtc", value: { channelName: "x".repeat(64), uid: 1, role: 1 } } }),
    };
    await expect(client.buildToken(large)).rejects.toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
    await expect(client.buildToken(request)).resolves.toBeDefined();
  });

  test.each([
    ["a stranger's", { "x-stranger": "1" }, Status.UNAUTHENTICATED],
    ["an unknown method's", { ":path": "/agora.token.v1.TokenService/Unknown" }, Status.UNIMPLEMENTED],
    ["an unknown service's", { ":path": "/x" }, Status.UNIMPLEMENTED],
  ])("%s is closed, however long it goes on", async (_, headers, status) => {
    const { address } = await running({
      identify: (metadata) => (metadata.get("x-stranger").length > 0 ? undefined : { id: "lobby", proof: "loopback" }),
    });
    const stream = opened(sessionTo(address), headers);
    stream.write(BODY);
    const answer = await answerTo(stream);
    expect(answer).toMatchObject({ status, reset: 0 });
    // What was asked for is not repeated.
    expect(answer.message).not.toMatch(/Unknown|\/x/);
  });
});

describe("connections", () => {
  test("no more than so many in all", async () => {
    const { address, port, bounds } = await running({ limits: { maxConnections: 3 } });
    const sockets = await dial({ port }, 3);
    const [fourth] = await dial({ port }, 1);
    await once(fourth as Socket, "close");
    expect(bounds.connections.state).toMatchObject({ open: 3, refused: 1 });
    expect(sockets.every(({ destroyed }) => !destroyed)).toBe(true);
    sockets[0]?.destroy();
    await until(() => bounds.connections.state.open === 2);
    await expect(clientOf(closing(address)).buildToken(request)).resolves.toBeDefined();
  });

  test("no more than so many from one address, which a unix socket has not", async () => {
    const { port, bounds } = await running({ limits: { maxConnectionsPerAddress: 2 } });
    await dial({ port }, 2);
    const [third] = await dial({ port }, 1);
    await once(third as Socket, "close");
    await dial({ port, localAddress: "127.0.0.2" }, 2);
    await until(() => bounds.connections.state.open === 4);
    expect(bounds.connections.state).toMatchObject({ open: 4, refused: 1 });

    const folder = mkdtempSync(join(tmpdir(), "agora-tokend-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "s");
    const unix = await running({ address: `unix:${path}`, limits: { maxConnectionsPerAddress: 2, maxConnections: 4 } });
    await dial({ path }, 4);
    await until(() => unix.bounds.connections.state.open === 4);
    const [fifth] = await dial({ path }, 1);
    await once(fifth as Socket, "close");
  });

  test("one that says nothing, or half of what it must, is closed after 5 seconds", async () => {
    const { address, port, bounds, pass, client } = await running();
    await client.buildToken(request);
    const [silent, half, whole] = (await dial({ port }, 3)) as [Socket, Socket, Socket];
    half.write(PREFACE);
    whole.write(OPENING);
    // The settings of the server come first, and then it acknowledges those of the client.
    await until(() => whole.bytesRead > 18 && bounds.connections.state.open === 4);
    pass(4999);
    expect(bounds.connections.state).toMatchObject({ open: 4, silent: 0 });
    pass(1);
    await Promise.all([once(silent, "close"), once(half, "close")]);
    expect(bounds.connections.state).toMatchObject({ open: 2, silent: 2 });
    expect(whole.destroyed).toBe(false);
    await expect(clientOf(closing(address)).buildToken(request)).resolves.toBeDefined();
  });

  test("with TLS it has 15 seconds, for the handshake and for what comes after it", async () => {
    const certificate = makeServerCertificate(makeAuthority("servers"));
    const contents = new Map([
      ["certificate", certificate.pem],
      ["key", certificate.keyPem],
    ]);
    const credentials = await TlsCredentials.load({
      files: { certificateFile: "certificate", keyFile: "key", clientCaFile: undefined, allowReadableKeyFile: false },
      read: async (path) => ownFile(contents.get(path) ?? ""),
      clock: () => Math.floor(Date.now() / 1000),
      onOutcome: () => undefined,
    });
    const { port, bounds, pass } = await running({ credentials });
    const [silent] = (await dial({ port }, 1)) as [Socket];
    const secure = () => connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    const [mute, speaking] = [secure(), secure()];
    for (const socket of [mute, speaking]) {
      socket.on("error", () => undefined);
      onTestFinished(() => {
        socket.destroy();
      });
      await once(socket, "secureConnect");
    }
    speaking.write(OPENING);
    // The settings of the server, and its acknowledgement of those of the client.
    let got = 0;
    speaking.on("data", (bytes: Buffer) => {
      got += bytes.length;
    });
    mute.resume();
    await until(() => got > 18 && bounds.connections.state.open === 3);
    pass(14_999);
    expect(bounds.connections.state).toMatchObject({ open: 3, silent: 0 });
    pass(1);
    await Promise.all([once(silent, "close"), once(mute, "close")]);
    expect(bounds.connections.state).toMatchObject({ open: 1, silent: 2 });
    expect(speaking.destroyed).toBe(false);
  });

  test("other servers of the process are left alone", async () => {
    const one = await running({ limits: { maxConnections: 1 } });
    const other = await running();
    await dial({ port: other.port }, 3);
    await until(() => other.bounds.connections.state.open === 3);
    expect(one.bounds.connections.state).toEqual({ open: 0, refused: 0, silent: 0 });
    one.bounds.stop();
    await dial({ port: one.port }, 2);
    expect(one.bounds.connections.state).toMatchObject({ open: 0, refused: 0 });
  });
});

test("as many calls at once as are allowed, as large as are allowed, on one connection", async () => {
  const { address } = await running();
  const session = sessionTo(address);
  // A field that nobody knows: number 2047, of 260,000 bytes.
  const unknown = Buffer.concat([Buffer.from([0xfa, 0x7f, 0xa0, 0xef, 0x0f]), Buffer.alloc(260_000)]);
  const body = Buffer.concat([BODY, unknown]);
  body.writeUInt32BE(body.length - 5, 1);
  const answers = await Promise.all(Array.from({ length: 128 }, () => answerTo(opened(session).end(body))));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([0]));
});

/** Connects so many times. Each connection ends with the test. */
async function dial(to: { port: number; localAddress?: string } | { path: string }, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect("path" in to ? to : { host: "127.0.0.1", ...to }));
  for (const socket of sockets) {
    socket.on("error", () => undefined);
    socket.resume();
    onTestFinished(() => {
      socket.destroy();
    });
  }
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  return sockets;
}

function closing(address: string) {
  const channel = channelTo(address);
  onTestFinished(() => channel.close());
  return channel;
}
