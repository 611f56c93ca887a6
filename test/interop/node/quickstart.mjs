// A team's backend in Node.js that gets its tokens from agora-tokend with nothing but gRPC's own packages: build, renew,
// inspect, and what an error says.
import { promisify } from "node:util";
import { credentials, loadPackageDefinition, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import protobuf from "protobufjs";

const PROTO = ["../../../proto", "../../../proto/.validate"];
// The deadline travels to the server, which then does no work that nobody waits for.
const deadline = () => ({ deadline: Date.now() + 10_000 });

const options = { includeDirs: PROTO, keepCase: true, enums: String, longs: Number, oneofs: true };
const { agora } = loadPackageDefinition(loadSync("agora/token/v1/token.proto", options));
// Plaintext is for this machine alone. Elsewhere: credentials.createSsl().
const client = new agora.token.v1.TokenService(process.argv[2], credentials.createInsecure());
const call = (method) => {
  const send = promisify(client[method].bind(client));
  return (request) => send(request, deadline());
};
const [buildToken, renewToken, inspectToken] = ["BuildToken", "RenewToken", "InspectToken"].map(call);

const { issued_token: built } = await buildToken(tokenFor("room-1", 42));

const renewal = { project: "demo", token: built.token, ttl: { seconds: 7200 } };
const { issued_token: renewed } = await renewToken(renewal);

// With expected_grant, the server says what the token does not cover, too.
const inspected = await inspectToken({ token: renewed.token, expected_grant: tokenFor("room-1", 42).grants[0] });
const grant = inspected.token_info.grants[0].grant.rtc;

const refusal = await buildToken(tokenFor("room/1", 42)).then(
  () => Promise.reject(new Error("a channel name that Agora does not allow was accepted")),
  (error) => error,
);
const { reason, field } = whatIsWrong(refusal);

const answer = {
  runtime: `Node.js ${process.version}`,
  calls: 4,
  app_id: built.app_id,
  token: built.token,
  renewed: renewed.token,
  verdict: inspected.verdict,
  channel: grant.channel_name,
  uid: grant.uid,
  status: status[refusal.code],
  reason,
  field,
};
console.log(JSON.stringify(answer));
client.close();

/** Asks for one hour in a channel, as someone who may publish. */
function tokenFor(channel_name, uid) {
  return {
    project: "demo",
    ttl: { seconds: 3600 },
    grants: [{ rtc: { channel_name, uid, role: "RTC_ROLE_PUBLISHER" } }],
  };
}

/** Reads grpc-status-details-bin: the message is for people, this is for programs. */
function whatIsWrong({ metadata }) {
  const types = new protobuf.Root();
  types.resolvePath = (_, path) => (path.startsWith("google/protobuf/") ? path : `${PROTO[0]}/${path}`);
  types.loadSync(["google/rpc/status.proto", "google/rpc/error_details.proto"]);
  const [bytes] = metadata.get("grpc-status-details-bin");
  // What did not come from the service, such as UNAVAILABLE, has no details.
  if (bytes === undefined) return {};
  const details = types
    .lookupType("google.rpc.Status")
    .decode(bytes)
    .details.map(({ type_url, value }) => types.lookupType(type_url.split("/").pop()).decode(value));
  const { reason } = details.find((detail) => "reason" in detail) ?? {};
  const { fieldViolations } = details.find((detail) => "fieldViolations" in detail) ?? {};
  return { reason, field: fieldViolations?.[0]?.field };
}
