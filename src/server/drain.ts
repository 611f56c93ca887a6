import type { Server } from "nice-grpc";
import type { Health } from "../api/health.ts";

/** How long calls in progress may take once a stop was asked for, in milliseconds. */
const DEADLINE_MS = 15_000;

/**
 * Stops servers without cutting a call: tells watchers of health first, lets calls in progress finish, and cuts what
 * is left at a deadline.
 *
 * @param now a promise that ends the waiting when it resolves: a second signal
 */
export async function drain(servers: readonly Server[], health: Health, now: Promise<void>): Promise<void> {
  health.drain();
  const finished = Promise.all(servers.map((server) => server.shutdown()));
  const { promise: late, cancel } = after(DEADLINE_MS);
  await Promise.race([finished, late, now]);
  cancel();
  for (const server of servers) server.forceShutdown();
}

function after(milliseconds: number): { promise: Promise<void>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}
