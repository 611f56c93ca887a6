// What happens to calls when something between the two ends badly.

import { execFile } from "node:child_process";
import dns from "node:dns";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { Status } from "nice-grpc";
import { expect, onTestFinished, test, vi } from "vitest";
import { TokenServiceError, TokenSource } from "../../src/client/client.ts";
import { inFewerWords } from "../../src/client/description.ts";
import { folder } from "../cli/command.ts";
import { clientTo, REQUEST, type Scripted, scripted } from "./scripted.ts";

const never = () => new Promise(() => undefined);

/** The error that a call ends with. */
async function failing(call: Promise<unknown>): Promise<TokenServiceError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TokenServiceError)) throw new Error("not a TokenServiceError", { cause: error });
  return error;
}

test("a server that dies in the middle of a call is UNAVAILABLE, and the call goes to another", async () => {
  const servers: Scripted[] = [];
  const dies = async () => {
    servers[0]?.stop();
    await never();
  };
  servers.push(await scripted(dies), await scripted(() => undefined));
  const [first, second] = servers.map(({ address }) => address);
  const alone = await failing(clientTo(first ?? "", { retries: 0 }).buildToken(REQUEST));
  expect(alone).toMatchObject({ status: "UNAVAILABLE", attempts: 1 });
  // Its port is closed now: one that is tried again finds the other.
  const { issuedToken } = await clientTo([first ?? "", second ?? ""]).buildToken(REQUEST);
  expect(issuedToken?.token).toBe("007-1");
});

test("a call that was sent is tried again where the connection broke", async () => {
  const cut = { now: () => undefined as unknown };
  const server = await scripted(async (_, number) => {
    if (number > 1) return;
    cut.now();
    await never();
  });
  const proxy = await relay(server.address);
  cut.now = proxy.cut;
  const { issuedToken } = await clientTo(proxy.address).buildToken(REQUEST);
  expect(issuedToken?.token).toBe("007-2");
});

test("a connection that leads nowhere any more is given up, and another is made", async () => {
  const server = await scripted(() => undefined);
  const proxy = await relay(server.address);
  // Long enough that a machine that stands still for a moment does not make a live connection look dead.
  const channelOptions = { "grpc.keepalive_time_ms": 100, "grpc.keepalive_timeout_ms": 1000 };
  const client = clientTo(proxy.address, { channelOptions });
  await client.buildToken(REQUEST);
  proxy.freeze();
  const { issuedToken } = await client.buildToken(REQUEST);
  expect(issuedToken).toBeDefined();
  expect(proxy.connections).toBe(2);
});

test("a name that stands for several addresses: calls take turns, and a dead one is passed over", async () => {
  const first = await scripted(() => undefined);
  const port = first.address.split(":")[1] ?? "";
  const second = await scripted(() => undefined, { address: `127.0.0.2:${port}` });
  const records = ["127.0.0.1", "127.0.0.2"].map((address) => ({ address, family: 4 }));
  const lookup = vi.spyOn(dns.promises, "lookup").mockImplementation((async () => records) as never);
  onTestFinished(() => lookup.mockRestore());
  const client = clientTo(`tokens.test:${port}`, { allowPlaintext: true });
  const counts = () => [first.calls.length, second.calls.length];
  while (counts().includes(0)) await client.buildToken(REQUEST);
  const before = counts();
  for (let call = 0; call < 6; call++) await client.buildToken(REQUEST);
  expect(counts().map((count, index) => count - (before[index] ?? 0))).toEqual([3, 3]);
  expect(lookup.mock.calls[0]?.[0]).toBe("tokens.test");
  second.stop();
  for (let call = 0; call < 6; call++) await client.buildToken(REQUEST);
  expect(counts()[1]).toBe((before[1] ?? 0) + 3);
});

test("what gives the bearer may hang: the deadline and the caller end the call all the same", async () => {
  const server = await scripted(() => undefined);
  const client = clientTo(server.address, { bearer: () => never() as Promise<string> });
  const late = await failing(client.buildToken(REQUEST, { deadlineMs: 20 }));
  expect(late).toMatchObject({ status: "DEADLINE_EXCEEDED" });
  const giving = new AbortController();
  const given = failing(client.buildToken(REQUEST, { signal: giving.signal }));
  giving.abort();
  expect(await given).toMatchObject({ status: "CANCELLED" });
  const closed = failing(client.buildToken(REQUEST));
  client.close();
  expect(await closed).toMatchObject({ status: "CANCELLED", description: "the client was closed" });
  expect(server.calls).toEqual([]);
});

test("hundreds of calls with one signal are one listener to it, and nothing is warned of", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  const { address } = await scripted(() => undefined);
  const client = clientTo(address, { deadlineMs: 20_000 });
  const giving = new AbortController();
  const { signal } = giving;
  const added = vi.spyOn(signal, "addEventListener");
  await Promise.all(Array.from({ length: 300 }, () => client.buildToken(REQUEST, { signal })));
  expect(added).toHaveBeenCalledTimes(1);
  const given = Array.from({ length: 20 }, () => failing(client.buildToken(REQUEST, { signal })));
  giving.abort(new Error("the process ends"));
  for (const error of await Promise.all(given))
    expect(error).toMatchObject({ status: "CANCELLED", cause: signal.reason });
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([]);
});

test("thousands wait for one token: one call is made", async () => {
  const { address, calls } = await scripted(() => undefined);
  const source = new TokenSource(clientTo(address), REQUEST);
  onTestFinished(() => source.stop());
  const tokens = await Promise.all(Array.from({ length: 5000 }, () => source.get()));
  expect(new Set(tokens.map(({ token }) => token))).toEqual(new Set(["007-1"]));
  expect(calls).toHaveLength(1);
});

test("the client is closed while a source asks: who waits is told why", async () => {
  const failures: string[] = [];
  const { address, calls } = await scripted(never);
  const client = clientTo(address);
  const source = new TokenSource(client, REQUEST, { onFailure: ({ message }) => failures.push(message) });
  onTestFinished(() => source.stop());
  const waiting = failing(source.get());
  while (calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
  client.close();
  expect(await waiting).toMatchObject({ status: "CANCELLED" });
  expect(failures).toEqual(["BuildToken: CANCELLED: the client was closed"]);
});

test("neither a client nor a source keeps the process, though nobody closed them", async () => {
  const { address } = await scripted(() => undefined);
  const file = join(folder(), "idle.mts");
  const from = JSON.stringify(join(process.cwd(), "src", "client", "client.ts"));
  writeFileSync(
    file,
    `import { createTokenClient, TokenSource, ttl } from ${from};
const source = new TokenSource(createTokenClient("${address}"), { project: "live", expiration: ttl(600) });
console.log((await source.get()).token);
`,
  );
  const run = promisify(execFile)(process.execPath, ["--import", "tsx", file], { encoding: "utf8", timeout: 20_000 });
  expect((await run).stdout).toBe("007-1\n");
}, 30_000);

test("an option that is no number is refused before anything is sent", async () => {
  const { address, calls } = await scripted(() => undefined);
  for (const options of [{ deadlineMs: Number.NaN }, { deadlineMs: 0 }, { retries: -1 }, { retries: 1.5 }]) {
    expect(() => clientTo(address, options)).toThrow(TypeError);
  }
  const error = await failing(clientTo(address).buildToken(REQUEST, { deadlineMs: Number.NaN }));
  expect(error).toMatchObject({ code: Status.INVALID_ARGUMENT, attempts: 0 });
  expect(calls).toEqual([]);
});

test.each([
  [
    "round_robin: No connection established. Last error: No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ",
    "no connection: connect ECONNREFUSED 127.0.0.1:1",
  ],
  [
    "No connection established. Last error: Error: 809C8649BA7F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/x.c:350:\n. Resolution note: ",
    "no connection: TLS: wrong version number",
  ],
  ["round_robin: No connection established. Last error: null. Resolution note: ", "no connection"],
  [
    "Name resolution failed for target dns:///tokens.invalid:443",
    "Name resolution failed for target dns:///tokens.invalid:443",
  ],
  ["what a server says. Resolution note: none", "what a server says. Resolution note: none"],
])("%j is told as %j", (details, told) => {
  expect(inFewerWords(details)).toBe(told);
});

/** Something between a client and a server, which can be cut, or freeze what passes. */
async function relay(to: string) {
  const [host = "", port = ""] = to.split(":");
  const sockets = new Set<Socket>();
  const state = {
    address: "",
    connections: 0,
    /** Ends all connections. */
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    /** Lets nothing pass on the connections that there are. */
    freeze: () => {
      for (const socket of sockets) socket.pause().removeAllListeners("data");
    },
  };
  const server = createServer((from) => {
    state.connections++;
    const onward = connect(Number(port), host);
    for (const socket of [from, onward]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    from.on("data", (chunk) => onward.write(chunk));
    onward.on("data", (chunk) => from.write(chunk));
    from.on("close", () => onward.destroy());
    onward.on("close", () => from.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    state.cut();
    server.close();
  });
  state.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}
