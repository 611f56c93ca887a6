// THE MATRIX: who may call what. Every method that the server serves, as it describes them itself, by every kind of
// caller, over sockets. A method that is served and has no line here fails, and so does a line that nothing serves.

import { createFileRegistry, type DescMethod, type DescService, fromBinary, fromJson } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Server } from "@grpc/grpc-js";
import { createClient, Metadata, Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { makeApiKey } from "../../src/access/by-api-key.ts";
import { METHODS } from "../../src/access/policy.ts";
import { define } from "../../src/rpc/definition.ts";
import { CERTIFICATE, type Service, startService } from "../e2e/service.ts";
import { ADMIN, CALLERS, channelOf, credentials, everywhere, row, type Way } from "../fixtures/everywhere.ts";

const NO = "UNAUTHENTICATED";
const DENIED = "PERMISSION_DENIED";
const GRANTS = [{ rtc: { channelName: "room-1", uid: 42, role: "RTC_ROLE_PUBLISHER" } }];
const BUILD = { project: "live", ttl: "60s", grants: GRANTS };

/** The answers to a stranger, to a caller that no row names, and to one that a row permits the method. */
type Line = readonly [request: object, stranger: string, noRow: string, permitted: string];

const TABLE: Readonly<Record<string, Line>> = {
  "agora.token.v1.TokenService/BuildToken": [BUILD, NO, DENIED, "OK"],
  "agora.token.v1.TokenService/BatchBuildTokens": [{ requests: [BUILD] }, NO, DENIED, "OK"],
  "agora.token.v1.TokenService/RenewToken": [{ project: "live", token: "TOKEN", ttl: "60s" }, NO, DENIED, "OK"],
  "agora.token.v1.TokenService/InspectToken": [{ token: "TOKEN" }, NO, DENIED, "OK"],
  // They tell of no project, so it is enough to be known.
  "grpc.health.v1.Health/Check": [{}, NO, "OK", "OK"],
  "grpc.health.v1.Health/List": [{}, NO, "OK", "OK"],
  "grpc.health.v1.Health/Watch": [{}, NO, "OK", "OK"],
  "grpc.reflection.v1.ServerReflection/ServerReflectionInfo": [{ listServices: "" }, NO, "OK", "OK"],
  "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": [{ listServices: "" }, NO, "OK", "OK"],
};

/** What a row has to name for a method: its own name is not always enough. */
const ROWS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  BuildToken: [["BuildToken"]],
  BatchBuildTokens: [["BatchBuildTokens", "BuildToken"]],
  RenewToken: [["RenewToken", "BuildToken"]],
  InspectToken: [["InspectToken"]],
};

const known = credentials();
const { key, nextKey, jwt, lobby, nobody } = known;

const STRANGERS: Readonly<Record<string, Way>> = {
  "nothing, where a proxy is in front": { at: "upstream" },
  "nothing, with TLS": { at: "tls" },
  "an API key that nobody has": { at: "loopback", bearer: makeApiKey("job").key },
  "an API key that nobody has, on a unix socket": { at: "unix", bearer: makeApiKey("local").key },
  "a JWT with another signature": { at: "tls", bearer: `${jwt.slice(0, -8)}AAAAAAAA` },
  "a certificate that names nobody": { at: "mutual", certificate: nobody },
  "a certificate that names nobody, and a bad bearer": { at: "mutual", certificate: nobody, bearer: "x" },
};
const KNOWN: Readonly<Record<string, Way>> = {
  "a process of this machine": { at: "loopback" },
  "a process of this machine, on a unix socket": { at: "unix" },
  "an API key": { at: "upstream", bearer: key.key },
  "an API key, with TLS": { at: "tls", bearer: key.key },
  "the next API key": { at: "loopback", bearer: nextKey.key },
  "a JWT": { at: "upstream", bearer: jwt },
  "a JWT, on a unix socket": { at: "unix", bearer: jwt },
  "a client certificate": { at: "mutual", certificate: lobby },
  "an API key behind a certificate that names nobody": { at: "mutual", certificate: nobody, bearer: key.key },
};

// A set of methods each, by a caller with a key of its own.
const SETS = subsets(METHODS).map((methods, index) => ({ methods, id: `set-${index}`, ...makeApiKey(`set-${index}`) }));

const registered: string[] = [];
let served: ReadonlyMap<string, DescMethod>;
let token = "";
let permitted: Service;
let bare: Service;

beforeAll(async () => {
  const register = vi.spyOn(Server.prototype, "register");
  permitted = await startService((folder) =>
    everywhere(folder, known, {
      certificate: CERTIFICATE,
      callers: SETS.map(({ id, sha256 }) => `{ id: ${id}, match: { api_key_sha256: "${sha256}" } }`),
      permits: [row(CALLERS, ["*"]), ...SETS.map(({ id, methods }) => row([id], methods))].join(""),
    }),
  );
  registered.push(...register.mock.calls.map(([path]) => path.slice(1)));
  register.mockRestore();
  const someone = makeApiKey("someone");
  bare = await startService((folder) =>
    everywhere(folder, known, {
      certificate: CERTIFICATE,
      callers: [`{ id: someone, match: { api_key_sha256: "${someone.sha256}" } }`],
      permits: row(["someone"], ["*"]),
    }),
  );
  served = new Map((await described()).flatMap(({ methods }) => methods.map((method) => [nameOf(method), method])));
  const built = await callOf(permitted, "agora.token.v1.TokenService/BuildToken", { at: "loopback" });
  token = (built.response as { issuedToken: { token: string } }).issuedToken.token;
});
afterAll(async () => {
  await permitted.stop();
  await bare.stop();
});

test("what the server registers, what it describes, and the lines of the table are the same methods", () => {
  const lines = Object.keys(TABLE).toSorted();
  expect([...new Set(registered)].toSorted()).toEqual(lines);
  expect([...served.keys()].toSorted()).toEqual(lines);
});

test("every method of the contract has a set of methods that a row must name for it", () => {
  expect(Object.keys(ROWS)).toEqual([...METHODS]);
});

test.each(Object.keys(TABLE))("%s at the address for operators, to nobody in particular", async (name) => {
  const admin = ADMIN.exec(permitted.lines.join("\n"))?.[1] ?? "";
  for (const bearer of [undefined, key.key]) {
    const way: Way = { at: "loopback", ...(bearer !== undefined && { bearer }) };
    const { status } = await callOf({ ...permitted, addresses: [admin] }, name, way);
    expect(status).toBe(name.startsWith("grpc.health.v1.") ? "OK" : "UNIMPLEMENTED");
  }
});

const methods = Object.entries(TABLE).map(([name, [, stranger, noRow, allowed]]) => ({
  name,
  stranger,
  noRow,
  allowed,
}));

describe.each(methods)("$name", ({ name, stranger, noRow, allowed }) => {
  test.each(Object.keys(STRANGERS))("to a stranger with %s", async (kind) => {
    const way = STRANGERS[kind] as Way;
    expect((await callOf(permitted, name, way)).status).toBe(stranger);
    expect((await callOf(bare, name, way)).status).toBe(stranger);
  });

  test.each(Object.keys(KNOWN))("to a caller with %s", async (kind) => {
    const way = KNOWN[kind] as Way;
    expect((await callOf(bare, name, way)).status).toBe(noRow);
    expect((await callOf(permitted, name, way)).status).toBe(allowed);
  });

  const [method = ""] = name.split("/").slice(-1);
  const needs = ROWS[method];
  if (needs === undefined) return;
  test("to a caller whose row names some methods: all that it needs, or it is denied", async () => {
    for (const { methods: named, key: bearer } of SETS) {
      const enough = needs.some((each) => each.every((needed) => named.includes(needed as never)));
      const { status } = await callOf(permitted, name, { at: "loopback", bearer });
      expect(`${named.join(" ")}: ${status}`).toBe(`${named.join(" ")}: ${enough ? allowed : noRow}`);
    }
  });
});

/** Calls a method of a service, as the server describes it, and gives the status, and the first response. */
async function callOf(
  service: Service,
  name: string,
  way: Way,
): Promise<{ readonly status: string | undefined; readonly response?: unknown }> {
  const method = served.get(name);
  const line = TABLE[name];
  if (!method || !line) throw new Error(`nobody serves ${name}`);
  const channel = channelOf(service.addresses, way, known);
  const metadata = Metadata(way.bearer === undefined ? {} : { authorization: `Bearer ${way.bearer}` });
  const over = new AbortController();
  const client = createClient(define(method.parent), channel) as unknown as Record<
    string,
    (...args: unknown[]) => unknown
  >;
  const request = fromJson(method.input, JSON.parse(JSON.stringify(line[0]).replaceAll("TOKEN", token)));
  const asked = method.methodKind === "bidi_streaming" ? once(request) : request;
  try {
    const answer = client[method.localName]?.(asked, { metadata, signal: over.signal });
    const response = method.methodKind === "unary" ? await answer : await firstOf(answer as AsyncIterable<unknown>);
    return { status: "OK", response };
  } catch (error) {
    return { status: Status[(error as { code: Status }).code] };
  } finally {
    over.abort();
    channel.close();
  }
}

/** The services, as reflection tells them over a socket. */
async function described(): Promise<DescService[]> {
  const channel = channelOf(permitted.addresses, { at: "loopback" }, known);
  const client = createClient(define(ServerReflection), channel);
  const ask = async (messageRequest: { case: "listServices" | "fileContainingSymbol"; value: string }) =>
    (await firstOf(client.serverReflectionInfo(once({ host: "", messageRequest })))).messageResponse;
  const listed = await ask({ case: "listServices", value: "" });
  if (listed.case !== "listServicesResponse") throw new Error("reflection lists no services");
  const services: DescService[] = [];
  for (const { name } of listed.value.service) {
    const files = await ask({ case: "fileContainingSymbol", value: name });
    if (files.case !== "fileDescriptorResponse") throw new Error(`reflection does not describe ${name}`);
    const protos = files.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
    const [first] = protos;
    if (!first) throw new Error(`reflection describes ${name} by nothing`);
    const service = createFileRegistry(first, (path) => protos.find((proto) => proto.name === path)).getService(name);
    if (service) services.push(service);
  }
  channel.close();
  return services;
}

function nameOf({ parent, name }: DescMethod): string {
  return `${parent.typeName}/${name}`;
}

function subsets(names: typeof METHODS): (typeof METHODS)[number][][] {
  return Array.from({ length: 2 ** names.length - 1 }, (_, bits) => names.filter((_, at) => ((bits + 1) >> at) & 1));
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

async function firstOf<T>(answers: AsyncIterable<T>): Promise<T> {
  for await (const answer of answers) return answer;
  throw new Error("no answer");
}
