import { readFileSync } from "node:fs";

/** What the process needs besides its connections: files, listeners, the event loop. */
const OTHERS = 64;

/** What there is to say about the file descriptors that a process may have, or undefined. Only Linux tells of them. */
export function descriptorWarning(maxConnections: number, limits = limitsOfProcess()): string | undefined {
  // Node.js raises its soft limit to the hard one when it starts.
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits ?? "") ?? [];
  if (soft === undefined || Number(soft) >= maxConnections + OTHERS) return undefined;
  return (
    `${soft} file descriptors are too few for limits.max_connections of ${maxConnections}: ` +
    `raise the limit (ulimit -n, LimitNOFILE=) to ${maxConnections + OTHERS}, or lower max_connections`
  );
}

function limitsOfProcess(): string | undefined {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return undefined;
  }
}
