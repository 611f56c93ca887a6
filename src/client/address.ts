import { isIP } from "node:net";

/** Where a server listens. */
export interface Target {
  /** As grpc-js takes it: `dns:///tokens.internal:50051`, `127.0.0.1:50051`, `unix:///run/token.sock`. */
  readonly target: string;
  /** Whether only processes on this machine can reach it. */
  readonly local: boolean;
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/;
const FORMS = "host:port, [IPv6]:port, unix:/path, or dns:///host:port";

/**
 * Reads an address.
 *
 * @param text `host:port`, `[IPv6]:port`, `unix:/path/to.sock`, or `dns:///host:port`
 * @throws TypeError that says which form is missing
 */
export function targetOf(text: string): Target {
  const socket = /^unix:(?:\/\/)?(\/[^/].*)$/.exec(text)?.[1];
  // With one slash, nice-grpc would take the path for a host without a port.
  if (socket !== undefined) return { target: `unix://${socket}`, local: true };
  const named = text.startsWith("dns://");
  const { host = "", port = "" } =
    /^(?:dns:\/\/[^/]*\/)?(?<host>\[[^\]]+\]|[^:/[\]]+):(?<port>\d+)$/.exec(text)?.groups ?? {};
  if (!isHost(host) || Number(port) < 1 || Number(port) > 65_535) {
    throw new TypeError(`the address is not of the form ${FORMS}`);
  }
  const local = LOOPBACK.test(host);
  // A name may stand for several addresses: only the resolver of names asks for all of them.
  return { target: named || isIP(host.replace(/[[\]]/g, "")) > 0 ? text : `dns:///${text}`, local };
}

function isHost(host: string): boolean {
  if (host.startsWith("[")) return isIP(host.slice(1, -1)) === 6;
  return /^[a-zA-Z0-9._-]{1,253}$/.test(host);
}
