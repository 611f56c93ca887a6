import { DEMO_PROJECT } from "./demo.ts";

const SERVICE = "agora.token.v1.TokenService";
const BUILD = {
  project: DEMO_PROJECT,
  ttl: "3600s",
  grants: [{ rtc: { channel_name: "room-1", uid: 42, role: "RTC_ROLE_PUBLISHER" } }],
};
// Takes the token out of an answer of either tool with what every system has.
const TAKE = `sed -n 's/.*"token": *"\\([^"]*\\)".*/\\1/p'`;

/** Lines that call the demo when they are pasted into a shell. */
export function demoLines(address: string): string[] {
  const grpcurl = (method: string, body: string) => `grpcurl -plaintext -d ${body} ${address} ${SERVICE}/${method}`;
  const curl = (method: string, body: string) =>
    `npx buf curl --protocol grpc --http2-prior-knowledge -d ${body} http://${address}/${SERVICE}/${method}`;
  return [
    `The project "${DEMO_PROJECT}" has an App ID and a certificate made up at start, so nothing it signs opens a real channel.`,
    "Paste into another terminal. With grpcurl:",
    ...linesWith(grpcurl),
    "With buf, which is in node_modules:",
    ...linesWith(curl),
  ];
}

function linesWith(call: (method: string, body: string) => string): string[] {
  const renew = `"{\\"project\\":\\"${DEMO_PROJECT}\\",\\"ttl\\":\\"7200s\\",\\"token\\":\\"$TOKEN\\"}"`;
  const inspect = `"{\\"token\\":\\"$TOKEN\\"}"`;
  const build = call("BuildToken", `'${JSON.stringify(BUILD)}'`);
  return ["", build, `TOKEN=$(${build} | ${TAKE})`, call("RenewToken", renew), call("InspectToken", inspect), ""];
}
