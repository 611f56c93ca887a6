// Timers that do not keep the process from its end.

/** Calls back once, after so many milliseconds, and gives what prevents it. */
export function after(milliseconds: number, act: () => void): () => void {
  const timer = setTimeout(act, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
}

/** Calls back again and again, every so many milliseconds, and gives what ends that. */
export function every(milliseconds: number, act: () => void): () => void {
  const timer = setInterval(act, milliseconds);
  timer.unref();
  return () => clearInterval(timer);
}
