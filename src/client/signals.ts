// One listener for a signal, however many calls it ends: Node.js warns of more than ten as of a leak.

const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls back once when a signal is aborted, at once if it is already, and gives what prevents it. */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) {
    act();
    return () => undefined;
  }
  const acts = waiting.get(signal) ?? follow(signal);
  // A function of its own: the same one may be given for two calls.
  const own = () => act();
  acts.add(own);
  return () => acts.delete(own);
}

// It stays as long as the signal does, and holds nothing but what still waits.
function follow(signal: AbortSignal): Set<() => void> {
  const acts = new Set<() => void>();
  waiting.set(signal, acts);
  signal.addEventListener(
    "abort",
    () => {
      for (const act of acts) act();
      acts.clear();
    },
    { once: true },
  );
  return acts;
}
