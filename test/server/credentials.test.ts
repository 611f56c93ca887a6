import { once } from "node:events";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { createServer } from "nice-grpc";
import { describe, expect, onTestFinished, test } from "vitest";
import { TlsCredentials, type TlsOutcome } from "../../src/server/credentials.ts";
import {
  type Certificate,
  makeAuthority,
  makeCertificate,
  makeClientCertificate,
  makeServerCertificate,
  ownFile,
} from "../fixtures/certificates.ts";
import { counting } from "./echo.ts";

const authority = makeAuthority("servers");
const clients = makeAuthority("clients");
const lobby = makeClientCertificate(clients, "spiffe://prod.example/lobby");
const FILES = { certificateFile: "tls.crt", keyFile: "tls.key", clientCaFile: "ca.crt" } as const;
const NOW = Math.floor(Date.now() / 1000);

/** What the files hold. What is undefined is not there. */
type Contents = Partial<Record<(typeof FILES)[keyof typeof FILES], string | undefined>>;

const pair = ({ pem, keyPem }: Certificate) => ({ "tls.crt": pem, "tls.key": keyPem });

/** A listener, the files of its TLS, and what became of their changes. */
async function listener(first = makeServerCertificate(authority), mutual = true) {
  const contents: Contents = { ...pair(first), "ca.crt": clients.pem };
  const outcomes: TlsOutcome[] = [];
  const state = { now: NOW, mode: 0o600 };
  const credentials = await TlsCredentials.load({
    files: { ...FILES, clientCaFile: mutual ? FILES.clientCaFile : undefined, allowReadableKeyFile: false },
    read: async (path) => {
      const text = contents[path as keyof Contents];
      if (text === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
      return { ...ownFile(text), mode: state.mode };
    },
    clock: () => state.now,
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  const server = createServer();
  server.add(counting().definition, { echo: async (request) => request });
  const port = await server.listen("127.0.0.1:0", credentials);
  onTestFinished(() => server.forceShutdown());
  return Object.assign(state, { contents, credentials, outcomes, port, first });
}

const serialOf = ({ der }: Certificate) => der.toString("hex");

/** Connects, waits for the first bytes of HTTP/2, and gives the certificate of the server. */
async function handshake(port: number, more: ConnectionOptions = {}): Promise<string> {
  const socket = await connected(port, more);
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return raw.toString("hex");
}

async function connected(port: number, more: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({
    host: "127.0.0.1",
    port,
    ca: authority.pem,
    cert: lobby.pem,
    key: lobby.keyPem,
    ALPNProtocols: ["h2"],
    ...more,
  });
  // With TLS 1.3, a server that refuses a client says so after the client has finished: so there must be an answer.
  const ended = once(socket, "close").then(() => {
    throw new Error("the connection was refused");
  });
  ended.catch(() => undefined);
  const [error] = await Promise.race([once(socket, "data").then(() => []), ended, once(socket, "error")]);
  if (error) throw error;
  return socket;
}

describe("a listener", () => {
  test("lets in clients of its own authority, by TLS 1.3", async () => {
    const { port, first } = await listener();
    const socket = await connected(port, {});
    expect(socket.getProtocol()).toBe("TLSv1.3");
    expect(socket.alpnProtocol).toBe("h2");
    expect(socket.getPeerCertificate().raw.toString("hex")).toBe(serialOf(first));
    socket.destroy();
  });

  const server = makeServerCertificate(authority);
  test.each<[string, ConnectionOptions]>([
    ["without a certificate", { cert: "", key: "" }],
    ["by TLS 1.2", { maxVersion: "TLSv1.2" }],
    ["with another protocol than h2", { ALPNProtocols: ["http/1.1"] }],
    ["with a certificate of another authority", clientOf(makeClientCertificate(authority, "spiffe://a/b"))],
    ["with a certificate that it signed itself", clientOf(makeCertificate({ usages: ["client"] }))],
    [
      "with a certificate that has expired",
      clientOf(makeClientCertificate(clients, "spiffe://a/b", { notAfter: NOW - 60 })),
    ],
    ["with one from the future", clientOf(makeClientCertificate(clients, "spiffe://a/b", { notBefore: NOW + 3600 }))],
    ["with one for servers alone", clientOf(makeClientCertificate(clients, "spiffe://a/b", { usages: ["server"] }))],
    ["with the certificate of another server", clientOf(server)],
    [
      "with one that a client signed",
      clientOf(makeClientCertificate(makeClientCertificate(clients, "spiffe://a/b"), "spiffe://a/c")),
    ],
  ])("refuses clients %s", async (_, options) => {
    const { port } = await listener();
    await expect(handshake(port, options)).rejects.toThrow();
    expect(await handshake(port)).toBeTypeOf("string");
  });

  test("without an authority asks nobody, and trusts no certificate of anybody", async () => {
    const { port, first } = await listener(undefined, false);
    expect(await handshake(port, { cert: "", key: "" })).toBe(serialOf(first));
    expect(await handshake(port)).toBe(serialOf(first));
  });

  test("resumes no session, so that each connection proves itself", async () => {
    const { port } = await listener();
    const socket = await connected(port, {});
    // What the server gave for later came before its first bytes.
    const session = socket.getSession();
    socket.destroy();
    if (!session) throw new Error("no session");
    const again = await connected(port, { session });
    expect(again.isSessionReused()).toBe(false);
    again.destroy();
  });
});

describe("a rotation", () => {
  test("fails no handshake, however torn the files are meanwhile", async () => {
    const at = await listener();
    let current = at.first;
    const connect = async (expected: Certificate) => {
      await at.credentials.poll();
      // Some at the same time, as clients of a real service come.
      const seen = await Promise.all([handshake(at.port), handshake(at.port)]);
      expect(seen).toEqual([serialOf(expected), serialOf(expected)]);
    };
    for (let swap = 0; swap < 20; swap++) {
      const next = makeServerCertificate(authority);
      const files = pair(next);
      const [half, whole] = swap % 2 === 0 ? (["tls.crt", "tls.key"] as const) : (["tls.key", "tls.crt"] as const);
      if (swap % 4 > 1) Object.assign(at.contents, { [half]: files[half].slice(0, 100) });
      else Object.assign(at.contents, { [half]: files[half] });
      await connect(current);
      Object.assign(at.contents, files);
      await connect(next);
      expect(at.outcomes.at(-1)?.outcome, whole).toBe("taken");
      current = next;
    }
    expect(at.outcomes.filter(({ outcome }) => outcome === "taken")).toHaveLength(20);
    expect(at.credentials.refusals).toBe(20);
  });

  const other = makeServerCertificate(authority);
  const server = makeServerCertificate(authority);
  const expired = makeServerCertificate(authority, { notAfter: NOW - 1 });
  const future = makeServerCertificate(authority, { notBefore: NOW + 60, notAfter: NOW + 3600 });
  const chain = other.pem + authority.pem.split("\n").toSpliced(1, 2).join("\n");
  const broken: readonly (readonly [string, Contents, string, RegExp])[] = [
    ["a key that is not its own", { "tls.crt": other.pem }, "keyFile", /not that of the certificate/],
    ["a cut certificate", { ...pair(other), "tls.crt": other.pem.slice(0, 200) }, "certificateFile", /no certificate/],
    ["a cut chain", { ...pair(other), "tls.crt": chain }, "certificateFile", /certificate 2 .* cannot be read/],
    ["a cut key", { ...pair(other), "tls.key": other.keyPem.slice(0, 100) }, "keyFile", /no private key/],
    [
      "a chain of another authority",
      { ...pair(other), "tls.crt": other.pem + makeAuthority("servers").pem },
      "certificateFile",
      /none of the other certificates of the file has issued the first/,
    ],
    ["no certificate", { "tls.crt": undefined }, "certificateFile", /cannot be read: ENOENT/],
    ["no key", { "tls.key": undefined }, "keyFile", /cannot be read: ENOENT/],
    ["an empty key", { "tls.key": "" }, "keyFile", /no private key/],
    ["an expired certificate", pair(expired), "certificateFile", /expired at \d{4}-/],
    ["a certificate of the future", pair(future), "certificateFile", /not valid before \d{4}-/],
    ["no authority", { "ca.crt": undefined }, "clientCaFile", /cannot be read: ENOENT/],
    ["an empty authority", { "ca.crt": "\n" }, "clientCaFile", /no certificate/],
    ["a server as an authority", { "ca.crt": server.pem }, "clientCaFile", /no authority/],
    ["one authority of two", { "ca.crt": clients.pem + server.pem }, "clientCaFile", /certificate 2 .* no authority/],
  ];

  test.each(broken)("to %s keeps what was good, and is told once", async (_, contents, file, message) => {
    const at = await listener();
    const good = { ...at.contents };
    Object.assign(at.contents, contents);
    await at.credentials.poll();
    await at.credentials.poll();
    expect(await handshake(at.port)).toBe(serialOf(at.first));
    expect(at.outcomes).toEqual([{ outcome: "refused", file, message: expect.stringMatching(message) }]);
    expect(JSON.stringify(at.outcomes)).not.toMatch(/BEGIN|MI[A-Z]/);
    expect(at.credentials.refusals).toBe(1);
    Object.assign(at.contents, good);
    await at.credentials.poll();
    expect(at.outcomes).toHaveLength(1);
    Object.assign(at.contents, pair(other));
    await at.credentials.poll();
    expect(await handshake(at.port)).toBe(serialOf(other));
  });

  test.each(broken)("is not where it begins: %s", async (_, contents, file) => {
    const first: Contents = { ...pair(server), "ca.crt": clients.pem, ...contents };
    const read = async (path: string) => {
      const text = first[path as keyof Contents];
      if (text === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
      return ownFile(text);
    };
    const loading = TlsCredentials.load({
      files: { ...FILES, allowReadableKeyFile: false },
      read,
      clock: () => NOW,
      onOutcome: () => undefined,
    });
    await expect(loading).rejects.toMatchObject({ name: "TlsInvalid", file });
  });

  test("to a certificate with its chain is taken", async () => {
    const at = await listener();
    Object.assign(at.contents, { ...pair(other), "tls.crt": other.pem + clients.pem + authority.pem });
    await at.credentials.poll();
    expect(await handshake(at.port)).toBe(serialOf(other));
  });

  test("to a certificate that is not valid yet is taken when it is", async () => {
    const at = await listener();
    Object.assign(at.contents, pair(future));
    await at.credentials.poll();
    expect(await handshake(at.port)).toBe(serialOf(at.first));
    at.now = NOW + 60;
    await at.credentials.poll();
    expect(at.outcomes.map(({ outcome }) => outcome)).toEqual(["refused", "taken"]);
    expect(at.credentials.notAfter).toBe(NOW + 3600);
  });

  test("that does not come is told when the certificate has expired", async () => {
    const at = await listener();
    at.now = at.credentials.notAfter + 1;
    await at.credentials.poll();
    expect(at.outcomes).toMatchObject([{ outcome: "refused", message: expect.stringContaining("expired at") }]);
  });

  test("to a key that others may read, or an authority that others may write, is not taken", async () => {
    for (const [mode, file, message] of [
      [0o640, "keyFile", /^readable file: .* \(mode 0640\); .* allow_readable_key_file: true beside it$/],
      [0o602, "certificateFile", /^writable file: .* make its mode 0644 with chmod$/],
    ] as const) {
      const at = await listener();
      Object.assign(at.contents, pair(makeServerCertificate(authority)));
      at.mode = mode;
      await at.credentials.poll();
      expect(at.outcomes).toEqual([{ outcome: "refused", file, message: expect.stringMatching(message) }]);
      expect(await handshake(at.port)).toBe(serialOf(at.first));
    }
  });

  test("of the authority of clients holds for new connections", async () => {
    const at = await listener();
    const next = makeAuthority("clients-2");
    const client = clientOf(makeClientCertificate(next, "spiffe://prod.example/lobby"));
    await expect(handshake(at.port, client)).rejects.toThrow();
    Object.assign(at.contents, { "ca.crt": clients.pem + next.pem });
    await at.credentials.poll();
    await handshake(at.port, client);
    await handshake(at.port);
    Object.assign(at.contents, { "ca.crt": next.pem });
    await at.credentials.poll();
    await handshake(at.port, client);
    await expect(handshake(at.port)).rejects.toThrow();
  });

  test("of which the files change between two reads is read once more", async () => {
    const notAfter = NOW + 3600;
    const [first, next] = [makeServerCertificate(authority), makeServerCertificate(authority, { notAfter })];
    let current = pair(first);
    let reads = 0;
    const outcomes: TlsOutcome[] = [];
    const credentials = await TlsCredentials.load({
      files: { ...FILES, clientCaFile: undefined, allowReadableKeyFile: false },
      read: async (path) => {
        // The swap comes after the certificate was read, and before the key is.
        if (++reads === 4) current = pair(next);
        return ownFile(current[path as keyof typeof current]);
      },
      clock: () => NOW,
      onOutcome: (outcome) => outcomes.push(outcome),
    });
    await credentials.poll();
    expect(outcomes).toEqual([{ outcome: "taken", notAfter }]);
  });
});

function clientOf({ pem, keyPem }: Certificate): ConnectionOptions {
  return { cert: pem, key: keyPem };
}
