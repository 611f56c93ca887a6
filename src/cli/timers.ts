// Timers that do not keep the process from its end.

/** Calls back once, after so many milliseconds, and gives what prevents it. */
function after(milliseconds: number, act: () => void): () => void {
  const timer = setTimeout(act, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
}

/**
 * As {@link after}, and not before what had come by then is read: an event loop that was late finds a timer due, and what
 * the timer waited for still unread.
 */
export function afterReading(milliseconds: number, act: () => void): () => void {
  let next: NodeJS.Immediate | undefined;
  const cancel = after(milliseconds, () => {
    next = setImmediate(act);
  });
  return () => {
    cancel();
    clearImmediate(next);
  };
}

/** Calls back again and again, every so many milliseconds, and gives what ends that. */
export function every(milliseconds: number, act: () => void): () => void {
  const timer = setInterval(act, milliseconds);
  timer.unref();
  return () => clearInterval(timer);
}
