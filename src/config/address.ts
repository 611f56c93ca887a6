import { BlockList, isIPv4, isIPv6 } from "node:net";

/** Where to listen. */
export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** The longest path of a socket, in bytes: `sun_path` is 108 bytes with the NUL at its end. */
const LONGEST_SOCKET_PATH = 107;

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8);
LOOPBACK.addAddress("::1", "ipv6");

/**
 * Reads `127.0.0.1:50051`, `localhost:50051`, `[::1]:50051` or `unix:/run/agora/token.sock`. Port 0 is any free one.
 *
 * @returns the address, or a hint at what would mend it, which may be empty
 */
export function parseAddress(text: string): Address | { readonly hint: string } {
  if (text.startsWith("unix:")) return parseSocket(text.slice("unix:".length));
  const parts = /^(?:\[(?<v6>[^\]]*)\]|(?<host>[^:[\]]*))(?::(?<port>\d*))?$/.exec(text)?.groups;
  if (parts === undefined)
    return { hint: isIPv6(text) || isIPv6(text.replace(/:\d+$/, "")) ? "put the IPv6 address in [ ]" : "" };
  const { v6, host, port } = parts;
  if (port === undefined || port === "") return { hint: "the port is missing" };
  if (!/^(0|[1-9]\d{0,4})$/.test(port) || Number(port) > 65535) return { hint: "the port is from 0 to 65535" };
  if (v6 !== undefined) {
    if (!isIPv6(v6) || v6.includes("%")) return { hint: "what is in [ ] is not an IPv6 address" };
    return { kind: "tcp", host: v6, port: Number(port) };
  }
  if (host === undefined || host === "") return { hint: "the host is missing: 127.0.0.1 is this machine" };
  if (isIPv4(host) || host === "localhost") return { kind: "tcp", host, port: Number(port) };
  return { hint: "the host is a name: write its numeric address" };
}

/** Whether only processes on this machine can reach the address. */
export function isLoopback(address: Address): boolean {
  if (address.kind === "unix" || address.host === "localhost") return true;
  return LOOPBACK.check(address.host, isIPv6(address.host) ? "ipv6" : "ipv4");
}

/** The address as the file has it. */
export function addressText(address: Address): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return isIPv6(address.host) ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function parseSocket(path: string): Address | { readonly hint: string } {
  if (path.startsWith("//")) return { hint: "write one slash after unix:" };
  if (!path.startsWith("/") || path === "/") return { hint: "the path of the socket is absolute" };
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH) {
    return { hint: `the path of the socket is at most ${LONGEST_SOCKET_PATH} bytes` };
  }
  return { kind: "unix", path };
}
