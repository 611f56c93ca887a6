import { type EventEmitter, once } from "node:events";
import { ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import { createChannel, createClient, createServer, Metadata, type Server, Status } from "nice-grpc";
import { expect, onTestFinished, test } from "vitest";
import type { Caller } from "../../src/access/caller.ts";
import type { FailedCall } from "../../src/observe/call-log.ts";
import { DETAILS_TRAILER, decodeDetails } from "../../src/rpc/error-details.ts";
import { caller } from "../../src/server/middleware/caller.ts";
import { steps } from "../../src/server/middleware/steps.ts";
import { type Identify, peerFrom, peerOf, type Stranger } from "../../src/server/peer.ts";
import { counting, ECHO } from "./echo.ts";

const LOCAL: Caller = { id: "local", proof: "loopback" };

/** A server of one method that says who calls, and what was told while it did. */
async function served(identify: Identify, more: readonly ServerInterceptor[] = []) {
  const faults: FailedCall[] = [];
  const unknown: FailedCall[] = [];
  const strangers: Stranger[] = [];
  const seen: { caller: Caller; peer: string; authorization: unknown }[] = [];
  const { definition, decoded } = counting();
  const watch = {
    report: (call: FailedCall) => (call.reason === "INTERNAL" ? faults : unknown).push(call),
    onStranger: (stranger: Stranger) => strangers.push(stranger),
  };
  const server: Server = createServer({ interceptors: [peerOf(identify, watch), ...more] });
  const echo = server.use(steps(caller()));
  echo.add(definition, {
    async echo(request, context) {
      seen.push({ caller: context.caller, peer: context.peer, authorization: context.metadata.get("authorization") });
      return request;
    },
  });
  const channel = createChannel(`127.0.0.1:${await echo.listen("127.0.0.1:0")}`, undefined, {
    "grpc.enable_retries": 0,
  });
  onTestFinished(() => {
    channel.close();
    echo.forceShutdown();
  });
  return { client: createClient(ECHO, channel), faults, unknown, strangers, seen, decoded };
}

test("a known caller is let in, with its address, and its credential goes no further", async () => {
  const at = await served(() => LOCAL);
  const metadata = Metadata({ authorization: "Bearer secret" });
  expect(await at.client.echo(Buffer.from("hello"), { metadata })).toEqual(Buffer.from("hello"));
  expect(at.seen).toEqual([
    { caller: LOCAL, peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/), authorization: undefined },
  ]);
  expect(at.decoded()).toBe(1);
});

test("a stranger is refused with details, and its body is not decoded", async () => {
  const at = await served(() => undefined);
  let trailer: Metadata | undefined;
  const call = at.client.echo(Buffer.alloc(60_000), {
    onTrailer: (metadata) => {
      trailer = metadata;
    },
  });
  await expect(call).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
  const bytes = trailer?.get(DETAILS_TRAILER);
  if (!(bytes instanceof Uint8Array)) throw new Error("no details");
  expect(decodeDetails(bytes)).toMatchObject({ errorInfo: { reason: "CALLER_UNKNOWN" } });
  expect(at.strangers).toEqual([{ method: "Echo", address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) }]);
  expect(at.decoded()).toBe(0);
});

test("while it is being decided who calls, nothing of the body is read", async () => {
  const asked = queue<Asked>();
  const at = await served(asking(asked));
  const first = at.client.echo(Buffer.from("first"));
  const { decide } = await asked.next();
  // When a whole call has passed on the same connection, the body of the first has long been there.
  const second = at.client.echo(Buffer.from("second"));
  (await asked.next()).decide(LOCAL);
  await second;
  expect(at.decoded()).toBe(1);
  decide(LOCAL);
  expect(await first).toEqual(Buffer.from("first"));
  expect(at.decoded()).toBe(2);
});

test("a call that is given up meanwhile is no harm, whoever it was", async () => {
  const asked = queue<Asked>();
  const at = await served(asking(asked));
  for (const whoever of [LOCAL, undefined]) {
    const abort = new AbortController();
    const given = at.client.echo(Buffer.from("given up"), { signal: abort.signal });
    const { decide, closed } = await asked.next();
    abort.abort();
    await expect(given).rejects.toMatchObject({ name: "AbortError" });
    await closed;
    decide(whoever);
  }
  const after = at.client.echo(Buffer.from("after"));
  (await asked.next()).decide(LOCAL);
  await after;
  expect(at.decoded()).toBe(1);
  expect(at.faults).toEqual([]);
});

test.each<[string, Identify]>([
  [
    "throws",
    () => {
      throw new Error("of ours");
    },
  ],
  ["rejects", () => Promise.reject(new Error("of ours"))],
])("if what decides %s, the call is refused and the fault told", async (_, identify) => {
  const at = await served(identify);
  await expect(at.client.echo(Buffer.from("x"))).rejects.toMatchObject({
    code: Status.INTERNAL,
    details: "internal error",
  });
  expect(at.faults.map(({ reason, method, cause }) => [reason, method, String(cause)])).toEqual([
    ["INTERNAL", "test.EchoService/Echo", "Error: of ours"],
  ]);
  expect(at.decoded()).toBe(0);
});

test("if what comes after throws, the call is refused and the fault told", async () => {
  const fails: ServerInterceptor = (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: () => {
            throw new Error("of another");
          },
        }),
    });
  for (const identify of [() => LOCAL, async () => LOCAL]) {
    const at = await served(identify, [fails]);
    await expect(at.client.echo(Buffer.from("x"))).rejects.toMatchObject({ code: Status.INTERNAL });
    expect(at.faults).toHaveLength(1);
  }
});

test("a status text that would end the process is made plain", async () => {
  const odd: ServerInterceptor = (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: () => call.sendStatus({ code: Status.ABORTED, details: `\ud83d ${"x".repeat(600)}` }),
        }),
    });
  const at = await served(() => LOCAL, [odd]);
  await expect(at.client.echo(Buffer.from("x"))).rejects.toMatchObject({
    code: Status.ABORTED,
    details: `? ${"x".repeat(510)}`,
  });
});

test("nothing that a caller says of itself gets into what is handed on", async () => {
  const odd: Caller = { id: "rooms", proof: "jwt", issuer: "i", subject: '","id":"admin', jwtId: "\ud83d\n" };
  const at = await served(() => odd);
  const metadata = Metadata({
    "x-caller": "admin",
    "x-caller-id": "admin",
    "x-forwarded-client-cert": "URI=spiffe://a/b",
  });
  await at.client.echo(Buffer.from("x"), { metadata });
  expect(at.seen[0]?.caller).toEqual(odd);
});

test("what is handed on is read back", () => {
  const peer = { caller: LOCAL, address: "127.0.0.1:1" };
  expect(peerFrom(JSON.stringify(peer))).toEqual(peer);
});

/** A call for which somebody has to decide who makes it. */
interface Asked {
  readonly decide: (caller: Caller | undefined) => void;
  /** Resolves when the server knows that the call is over. */
  readonly closed: Promise<unknown>;
}

function asking(asked: { push(item: Asked): void }): Identify {
  return (_headers, call) =>
    new Promise((decide) => {
      const { stream } = call as unknown as { readonly stream: EventEmitter };
      asked.push({ decide, closed: once(stream, "close") });
    });
}

/** Items in order, for whoever waits for the next. */
function queue<T>() {
  const items: T[] = [];
  const waiting: ((item: T) => void)[] = [];
  return {
    push(item: T) {
      const waits = waiting.shift();
      if (waits) waits(item);
      else items.push(item);
    },
    next: () => {
      const item = items.shift();
      return item === undefined ? new Promise<T>((resolve) => waiting.push(resolve)) : Promise.resolve(item);
    },
  };
}
