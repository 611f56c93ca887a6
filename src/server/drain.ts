import type { Server } from "nice-grpc";
import type { Health } from "../api/health.ts";
import type { Bounds } from "./bounds.ts";

/** How long a stop may take, in milliseconds, both from its beginning on. */
export interface DrainTimes {
  /** For how long calls are served as ever, so that whoever sends them finds out. */
  readonly delayMs: number;
  /** When all that is left is cut. */
  readonly deadlineMs: number;
}

/** What a stop works with. */
export interface Draining {
  readonly health: Health;
  readonly bounds: Bounds;
  readonly times: DrainTimes;
  /** Ends the waiting when it resolves: a second signal. */
  readonly now: Promise<void>;
}

/** How often sessions that have become idle are closed, in milliseconds. */
const LOOK_MS = 50;
/** How long a session may go on with call after call before it is closed all the same, in milliseconds. */
const BUSY_MS = 2000;

/**
 * Stops servers without losing a call. Whoever watches health is told first, and calls are served as ever until balancers
 * have found out. Then nothing new is accepted, and each session is closed once it has no call, by a GOAWAY: a call that
 * crosses it is sent again by gRPC, and not by every proxy. What is left at the deadline is cut.
 */
export async function drain(servers: readonly Server[], { health, bounds, times, now }: Draining): Promise<void> {
  health.drain();
  const late = timer(times.deadlineMs);
  const delay = timer(times.delayMs);
  const cut = Promise.race([late.over, now]).then(() => true);
  if (!(await Promise.race([delay.over, cut]))) await Promise.race([close(servers, bounds), cut]);
  for (const { cancel } of [late, delay]) cancel();
  for (const server of servers) server.forceShutdown();
}

async function close(servers: readonly Server[], { sessions, intake }: Bounds): Promise<void> {
  sessions.stopListening();
  intake.endLasting();
  const began = performance.now();
  const look = () => sessions.close(performance.now() - began < BUSY_MS ? "idle" : "all");
  look();
  const looking = setInterval(look, LOOK_MS);
  await sessions.empty();
  clearInterval(looking);
  // Sessions that never had a call are left.
  await Promise.all(servers.map((server) => server.shutdown()));
}

function timer(milliseconds: number): { over: Promise<void>; cancel: () => void } {
  let id: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    id = setTimeout(resolve, milliseconds);
  });
  return { over, cancel: () => clearTimeout(id) };
}
