import { chmodSync, rmSync } from "node:fs";
import { connect } from "node:net";
import type { ServerCredentials } from "@grpc/grpc-js";
import type { Server } from "nice-grpc";
import { addressText } from "../config/address.ts";
import type { ListenSettings } from "../config/config.ts";

/** Lets a server listen, and gives the address, with the port that the system chose. */
export async function listen(
  server: Server,
  { address }: ListenSettings,
  credentials?: ServerCredentials,
): Promise<string> {
  const text = addressText(address);
  if (address.kind === "tcp") {
    const port = await server.listen(text, credentials);
    return addressText({ ...address, port });
  }
  await removeStaleSocket(address.path);
  await server.listen(text);
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
