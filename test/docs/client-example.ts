// The example of README.md, which imports "agora-tokend/client": its lines are there word by word, and compile here.

// readme: begin
import { createTokenClient, grant, RtcRole, TokenServiceError, TokenSource, ttl } from "../../src/client/client.ts";

const client = createTokenClient("127.0.0.1:50051");
const request = {
  project: "demo",
  expiration: ttl(3600),
  grants: [grant("rtc", { channelName: "room-1", uid: 42, role: RtcRole.PUBLISHER })],
};

try {
  const { issuedToken } = await client.buildToken(request);
  console.log(issuedToken?.appId);
} catch (error) {
  if (error instanceof TokenServiceError) console.error(error.reason, error.violations, error.retryAfterMs);
}

// Or a token that is always fresh: asked for ahead of its renew_time, and kept through outages until it expires.
const source = new TokenSource(client, request, { onToken: ({ token }) => push(token) });
const { token } = await source.get();
// readme: end

declare function push(token: string): void;

export { token };
