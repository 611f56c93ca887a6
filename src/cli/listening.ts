import { chmodSync, rmSync } from "node:fs";
import { connect } from "node:net";
import type { ServerCredentials } from "@grpc/grpc-js";
import type { Server } from "nice-grpc";
import { addressText } from "../config/address.ts";
import type { ListenSettings } from "../config/config.ts";

/** Why an address cannot be listened on. */
export class ListenFailed extends Error {
  override readonly name = "ListenFailed";
}

/**
 * Lets a server listen, and gives the address, with the port that the system chose.
 *
 * @throws ListenFailed
 */
export async function listen(
  server: Server,
  { address }: ListenSettings,
  credentials?: ServerCredentials,
): Promise<string> {
  const text = addressText(address);
  if (address.kind === "tcp") {
    const port = await server.listen(text, credentials).catch((error: unknown) => refuse(text, error));
    return addressText({ ...address, port });
  }
  await removeStaleSocket(address.path);
  await server.listen(text).catch((error: unknown) => refuse(text, error));
  // Whoever may use the socket is a caller: its owner and group, not everyone.
  chmodSync(address.path, 0o660);
  return text;
}

/** The port or the path of an address that {@link listen} gave. */
export function placeOf(address: string): number | string {
  return address.startsWith("unix:")
    ? address.slice("unix:".length)
    : Number(address.slice(address.lastIndexOf(":") + 1));
}

const CURES: Readonly<Record<string, string>> = {
  EADDRINUSE:
    "another process listens there: stop it, or listen elsewhere (listen in the configuration, --port in the demo)",
  EACCES: "this user may not: choose a port from 1024 on, or a folder that it may write to",
  EADDRNOTAVAIL: "this machine has no such address: listen on one of its own, on 0.0.0.0 or on [::]",
  ENOENT: "there is no such folder: make it first",
};

// grpc-js gives no code, and the words of the system among its own.
function refuse(address: string, error: unknown): never {
  const words = error instanceof Error ? error.message : "";
  const code = /\bE[A-Z]{3,}\b/.exec(words)?.[0] ?? "unknown reason";
  const cure = CURES[code];
  throw new ListenFailed(`cannot listen on ${address}: ${code}${cure === undefined ? "" : `, ${cure}`}`, {
    cause: error,
  });
}

// A socket that nobody listens on was left by a process that was killed.
async function removeStaleSocket(path: string): Promise<void> {
  const stale = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });
  if (stale) rmSync(path);
}
