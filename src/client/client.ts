// The client of the token service, published as `agora-tokend/client`.

import { TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import { type ConnectOptions, connect, type Methods } from "./connection.ts";

export * from "../../gen/agora/token/v1/token_pb.ts";
export type { CallOptions } from "./call.ts";
export type { ConnectOptions, Methods, UnaryMethod } from "./connection.ts";
export type { Bearer, CredentialOptions, Pem, TlsOptions } from "./credentials.ts";
export { type FieldViolation, type ReasonName, type StatusName, TokenServiceError } from "./error.ts";
export { createHealthClient, type HealthClient, type ServingState } from "./health.ts";
export { expireTime, type GrantInit, grant, type ServiceKey, ttl } from "./request.ts";
export type { Timing } from "./timing.ts";
export { TokenSource, type TokenSourceOptions } from "./token-source.ts";

/** Calls the token service. Every method throws {@link TokenServiceError}, and nothing else. */
export interface TokenClient extends Methods<typeof TokenService> {
  /** Ends the connections, and every call on them. */
  close(): void;
}

/**
 * Makes a client of the token service. It connects when the first call is made, and again when it has to.
 *
 * @param addresses `host:port`, `[IPv6]:port`, `unix:/path/to.sock` or `dns:///host:port`. With several, and with a
 *   name that stands for several, calls take turns
 * @param options an address of this machine is called in plaintext if they do not say otherwise, any other with TLS
 * @throws TypeError if an address or an option is not what it should be
 * @example
 * const client = createTokenClient("127.0.0.1:50051");
 * const { issuedToken } = await client.buildToken({
 *   project: "live",
 *   expiration: ttl(3600),
 *   grants: [grant("rtc", { channelName: "room-1", uid: 42, role: RtcRole.PUBLISHER })],
 * });
 */
export function createTokenClient(addresses: string | readonly string[], options: ConnectOptions = {}): TokenClient {
  const { methods, close } = connect(TokenService, addresses, options);
  return { ...methods, close };
}
