// The service follows files on a disk, whichever way they are changed.

import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { join } from "node:path";
import { createClient, Status } from "nice-grpc";
import { describe, expect, test } from "vitest";
import { RtcRole } from "../../gen/agora/token/v1/token_pb.ts";
import { HealthCheckResponse_ServingStatus, Health as HealthService } from "../../gen/grpc/health/v1/health_pb.ts";
import { define } from "../../src/rpc/definition.ts";
import { folder } from "./command.ts";
import { CERTIFICATES, configIn } from "./files.ts";
import { type Serving, serving } from "./serving.ts";

const BEFORE = { certificates: { a: "primary", b: "standby" } } as const;
const AFTER = { certificates: { a: "retiring", b: "primary" } } as const;

/** The certificate that a call is signed with, or the code of its failure. */
async function signedWith({ client }: Serving, channelName = "room-1"): Promise<string> {
  const rtc = { channelName, uid: 7, role: RtcRole.PUBLISHER };
  const grants = [{ service: { case: "rtc", value: rtc } as const }];
  try {
    const { issuedToken } = await client.buildToken({
      project: "live",
      expiration: { case: "ttl", value: { seconds: 60n } },
      grants,
    });
    return issuedToken?.certificateId ?? "";
  } catch (error) {
    return String((error as { code?: number }).code);
  }
}

/** What health says of each service. */
async function health({ channel }: Serving): Promise<Readonly<Record<string, boolean>>> {
  const { statuses } = await createClient(define(HealthService), channel).list({});
  const isServing = (status: number) => status === HealthCheckResponse_ServingStatus.SERVING;
  return Object.fromEntries(Object.entries(statuses).map(([name, { status }]) => [name, isServing(status)]));
}

async function settle(service: Serving): Promise<void> {
  await service.tick();
  await service.tick();
}

describe("a configuration that is", () => {
  test.each([
    ["written in place", (file: string, text: string) => writeFileSync(file, text)],
    [
      "renamed into its place",
      (file: string, text: string) => {
        writeFileSync(`${file}.new`, text);
        renameSync(`${file}.new`, file);
      },
    ],
    [
      "removed, and made anew",
      (file: string, text: string) => {
        rmSync(file);
        writeFileSync(file, text);
      },
    ],
  ])("%s takes over", async (_, change) => {
    const service = await serving(BEFORE);
    expect(await signedWith(service)).toBe("a");
    change(join(service.folder, "config.yaml"), configIn(service.folder, AFTER));
    await settle(service);
    expect(service.results).toEqual([{ outcome: "applied", notes: [] }]);
    expect(await signedWith(service)).toBe("b");
  });
});

test("a volume of Kubernetes takes over when its ..data is swapped", async () => {
  // FOLDER/config.yaml -> ..data/config.yaml, ..data -> ..TIME/, and ..data is renamed over.
  const path = folder();
  const put = (version: string, text: string) => {
    mkdirSync(join(path, version));
    writeFileSync(join(path, version, "config.yaml"), text);
    writeFileSync(join(path, version, "a"), CERTIFICATES.c, { mode: 0o400 });
    symlinkSync(version, join(path, "..data_tmp"));
    renameSync(join(path, "..data_tmp"), join(path, "..data"));
  };
  rmSync(join(path, "a"));
  put("..1", configIn(path, BEFORE));
  for (const name of ["config.yaml", "a"]) symlinkSync(join("..data", name), join(path, name));
  const service = await serving({}, join(path, "config.yaml"));
  put("..2", configIn(path, AFTER));
  rmSync(join(path, "..1"), { recursive: true });
  await settle(service);
  expect(service.results).toEqual([{ outcome: "applied", notes: [] }]);
  expect(await signedWith(service)).toBe("b");
});

test("a configuration cut at every byte, and then whole, is taken once, and no call fails", async () => {
  const service = await serving(BEFORE);
  const file = join(service.folder, "config.yaml");
  const text = configIn(service.folder, AFTER);
  // Each of these is a file as a slow writer leaves it. Only the whole one is what it means.
  const end = text.trimEnd().length;
  for (let length = 0; length < end; length += 7) {
    writeFileSync(file, text.slice(0, length));
    await service.tick();
    expect(await signedWith(service)).toBe("a");
  }
  writeFileSync(file, text);
  await settle(service);
  expect(service.results).toEqual([{ outcome: "applied", notes: [] }]);
  expect(await signedWith(service)).toBe("b");
});

test("SIGHUP takes it over at once", async () => {
  const service = await serving(BEFORE);
  service.configure(AFTER);
  expect(await service.hangUp()).toEqual({ outcome: "applied", notes: [] });
  expect(await signedWith(service)).toBe("b");
});

test("what is broken is logged and told, and the service goes on", async () => {
  const service = await serving(BEFORE);
  expect(await health(service)).toMatchObject({ "": true, configuration: true });
  service.configure({ ...AFTER, permit: "max_tll: 1s" });
  await settle(service);
  expect(await health(service)).toMatchObject({ "": true, "agora.token.v1.TokenService": true, configuration: false });
  expect(await signedWith(service)).toBe("a");
  const [line] = service.errors.slice(-1).map((text) => JSON.parse(text));
  expect(line).toEqual({
    level: "error",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    event: "reload",
    file: join(service.folder, "config.yaml"),
    outcome: "refused",
    problems: [expect.stringMatching(/config\.yaml:16:5: permits\[0\]\.max_tll: unknown key/)],
  });
  service.configure(AFTER);
  await settle(service);
  expect(await health(service)).toMatchObject({ configuration: true });
  expect(JSON.parse(service.errors.at(-1) ?? "")).toMatchObject({ level: "info", outcome: "applied" });
});

test("a call whose caller is gone between its headers and its body is a stranger's", async () => {
  const service = await serving(BEFORE);
  const session = connect(`http://${service.address}`);
  const slow = open(session);
  // Its headers have been read when a later call on the connection is answered.
  const quick = open(session);
  const quickStatus = statusOf(quick);
  quick.end(EMPTY);
  expect(await quickStatus).toBe(Status.INVALID_ARGUMENT);
  service.configure({ ...BEFORE, callers: "[{ id: other, match: { loopback: true } }]", caller: "other" });
  expect(await service.hangUp()).toEqual({ outcome: "applied", notes: [] });
  const slowStatus = statusOf(slow);
  slow.end(EMPTY);
  expect(await slowStatus).toBe(Status.UNAUTHENTICATED);
  session.close();
});

/** A message without a field. */
const EMPTY = Buffer.alloc(5);

function open(session: ClientHttp2Session): ClientHttp2Stream {
  return session.request({
    ":method": "POST",
    ":path": "/agora.token.v1.TokenService/BuildToken",
    "content-type": "application/grpc",
    te: "trailers",
  });
}

function statusOf(stream: ClientHttp2Stream): Promise<number> {
  return new Promise((resolve) => {
    const tell = (headers: IncomingHttpHeaders) => headers["grpc-status"] && resolve(Number(headers["grpc-status"]));
    stream.on("response", tell).on("trailers", tell).resume();
  });
}
