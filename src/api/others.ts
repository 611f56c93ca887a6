/** Lets other calls come first, once. */
export function others(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
