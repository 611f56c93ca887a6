// What TLS calls a server: a name, also where it is called by its IP address.

import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import type { ChannelOptions } from "nice-grpc";

/** Says that a certificate is not that of a host, or undefined if it is. */
export type IdentityCheck = (host: string, certificate: PeerCertificate) => Error | undefined;

/** How a server is named in a handshake, and how its certificate is checked, where that is not as the address says. */
export interface ServerName {
  readonly options: ChannelOptions;
  readonly check?: IdentityCheck;
}

/**
 * The name of a server.
 *
 * @param target as grpc-js takes it
 * @param serverName the name that its certificate must have, if it is not that of the address
 */
export function serverNameOf(target: string, serverName: string | undefined): ServerName {
  const host = serverName ?? /(?:^|\/)\[?(?<host>[^/[\]]+?)\]?:\d+$/.exec(target)?.groups?.["host"] ?? "";
  const authority = serverName === undefined ? {} : { "grpc.default_authority": serverName };
  if (isIP(host) === 0) {
    if (serverName === undefined) return { options: {} };
    return { options: { "grpc.ssl_target_name_override": serverName, ...authority } };
  }
  const name = reverseName(host);
  return {
    options: { "grpc.ssl_target_name_override": name, ...authority },
    check: (named, certificate) => checkServerIdentity(named === name ? host : named, certificate),
  };
}

/**
 * The name of an IP address in reverse lookups: `1.2.0.192.in-addr.arpa`. An address is no name that TLS may send, and
 * from version 26 on Node.js refuses to send one. Source: RFC 6066, section 3; and RFC 8738, section 6, for such names.
 */
function reverseName(ip: string): string {
  if (isIP(ip) === 4) return `${ip.split(".").reverse().join(".")}.in-addr.arpa`;
  // As URLs write it: without a zone, in hexadecimal digits alone.
  const canonical = new URL(`http://[${ip.replace(/%.*$/, "")}]`).hostname.slice(1, -1);
  const [head = [], tail = []] = canonical.split("::").map((part) => (part === "" ? [] : part.split(":")));
  const zeros = Array<string>(8 - head.length - tail.length).fill("0");
  const digits = [...head, ...zeros, ...tail].map((group) => group.padStart(4, "0")).join("");
  return `${[...digits].reverse().join(".")}.ip6.arpa`;
}
