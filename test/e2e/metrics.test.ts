// What a running service tells of itself, over its own sockets.
import { connect } from "node:http2";
import { Status } from "nice-grpc";
import { expect, onTestFinished, test } from "vitest";
import { RtcRole } from "../../gen/agora/token/v1/token_pb.ts";
import { page, series } from "./admin.ts";
import { channelTo, clientOf } from "./client.ts";
import { configuration, startService } from "./service.ts";

const METHOD = "agora.token.v1.TokenService";
const expiration = { case: "ttl", value: { seconds: 600n } } as const;
const build = (channelName: string, project = "live") => ({
  project,
  expiration,
  grants: [{ service: { case: "rtc", value: { channelName, uid: 42, role: RtcRole.PUBLISHER } } } as const],
});

async function started(more: Parameters<typeof configuration>[1] = {}) {
  const service = await startService((folder) => configuration(folder, more));
  const channel = channelTo(service.addresses[0] ?? "");
  onTestFinished(async () => {
    channel.close();
    await service.stop();
  });
  return { service, client: clientOf(channel) };
}

test("calls by method and status, tokens by project, service and version, refusals by reason", async () => {
  const { service, client } = await started();
  const { issuedToken } = await client.buildToken(build("room-1"));
  await client.batchBuildTokens({ requests: [build("room-1"), build("room-2")] });
  await client.renewToken({ project: "live", token: issuedToken?.token ?? "", expiration });
  await client.inspectToken({ token: issuedToken?.token ?? "" });
  await expect(client.buildToken(build("lobby"))).rejects.toMatchObject({ code: Status.PERMISSION_DENIED });
  await expect(client.buildToken(build("room-1", "none"))).rejects.toMatchObject({ code: Status.PERMISSION_DENIED });
  await expect(client.buildToken({})).rejects.toMatchObject({ code: Status.INVALID_ARGUMENT });
  const told = await series(service);
  const count = (method: string, status: string) =>
    told.get(
      `rpc_server_call_duration_seconds_count{rpc_method="${METHOD}/${method}",rpc_response_status_code="${status}"}`,
    );
  expect(count("BuildToken", "OK")).toBe(1);
  expect(count("BuildToken", "PERMISSION_DENIED")).toBe(2);
  expect(count("BuildToken", "INVALID_ARGUMENT")).toBe(1);
  expect(count("InspectToken", "OK")).toBe(1);
  expect(
    Object.fromEntries([...told].filter(([name]) => /_tokens_|_calls_(refused|by_caller|in_flight)/.test(name))),
  ).toEqual({
    agora_tokend_calls_in_flight: 0,
    'agora_tokend_tokens_issued_total{project="live",service="rtc",version="007"}': 4,
    'agora_tokend_tokens_issued_to_total{caller="local"}': 4,
    'agora_tokend_tokens_renewed_total{project="live"}': 1,
    'agora_tokend_calls_by_caller_total{caller="local",outcome="answered"}': 4,
    'agora_tokend_calls_by_caller_total{caller="local",outcome="refused"}': 3,
    [`agora_tokend_calls_refused_total{rpc_method="${METHOD}/BuildToken",reason="NOT_PERMITTED"}`]: 2,
    [`agora_tokend_calls_refused_total{rpc_method="${METHOD}/BuildToken",reason="REQUEST_INVALID"}`]: 1,
  });
});

test("the state of the service", async () => {
  const { service } = await started();
  const told = await series(service);
  expect(told.get('agora_tokend_serving{service="process"}')).toBe(1);
  expect(told.get('agora_tokend_serving{service="configuration"}')).toBe(1);
  expect(told.get('agora_tokend_certificate_info{project="live",certificate="first",state="primary"}')).toBe(1);
  expect(told.get('agora_tokend_certificates{state="primary"}')).toBe(1);
  expect(told.get("agora_tokend_projects_without_primary")).toBe(0);
  expect(told.get("agora_tokend_audit_writing")).toBe(1);
  expect(told.get("agora_tokend_config_last_reload_ok")).toBe(1);
  expect(told.get('agora_tokend_config_reloads_total{outcome="refused"}')).toBe(0);
  expect(told.get("agora_tokend_config_loaded_seconds")).toBeGreaterThan(1.7e9);
  expect([...told.keys()].filter((name) => /config_info\{hash="[0-9a-f]{12}"\}/.test(name))).toHaveLength(1);
  expect(told.get("process_start_time_seconds")).toBeGreaterThan(1.7e9);
});

test("a service that callers have filled answers operators all the same", async () => {
  const { service, client } = await started({
    rest: "limits: { max_in_flight: 1, per_caller: { rate: 1, burst: 1 } }",
  });
  await client.buildToken(build("room-1"));
  await expect(client.buildToken(build("room-1"))).rejects.toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
  expect(await page(service, "/readyz")).toEqual({ status: 200, text: "ready\n" });
  expect((await series(service)).get('agora_tokend_calls_shed_total{why="rate"}')).toBe(1);
});

test("a connection that is cut, since it goes on with huge headers", async () => {
  const { service } = await started();
  const session = connect(`http://${service.addresses[0]}`);
  session.on("error", () => undefined);
  onTestFinished(() => session.destroy());
  const closed = new Promise((resolve) => session.once("close", resolve));
  const headers = { ":method": "POST", ":path": "/x", "x-huge": "x".repeat(40_000) };
  for (let n = 0; n <= 8; n++) session.request(headers).on("error", () => undefined);
  await closed;
  const told = await series(service);
  expect(told.get("agora_tokend_connections_flooding_total")).toBe(1);
  expect(told.get("agora_tokend_connections_open")).toBe(0);
});
