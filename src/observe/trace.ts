/** Where an error comes from. */
export interface Trace {
  /** Its class, such as `TypeError`. */
  readonly name: string;
  /** Such as `ECONNRESET`. */
  readonly code?: string;
  /** The innermost first: `at parse (main.cjs:10:5)`. */
  readonly frames: readonly string[];
  readonly cause?: Trace;
}

const WORD = /^\w{1,64}$/;
const MOST_FRAMES = 12;
const MOST_CAUSES = 3;

/**
 * Tells where an error that nobody expected comes from. Its message is left out: those of Node.js and of libraries quote
 * the value that was wrong, which may be a token, a credential, or what a caller sent.
 */
export function traceOf(error: unknown, causes = MOST_CAUSES): Trace {
  if (!(error instanceof Error)) return { name: typeof error, frames: [] };
  const { name, message, stack = "", cause } = error;
  const code = "code" in error ? String(error.code) : "";
  const from = message === "" ? 0 : stack.indexOf(message) + message.length;
  const frames = stack.slice(from).match(/^\s+at .+$/gm) ?? [];
  return {
    name: WORD.test(name) ? name : "Error",
    ...(WORD.test(code) && { code }),
    frames: frames.slice(0, MOST_FRAMES).map((frame) => frame.trim()),
    ...(cause !== undefined && causes > 0 && { cause: traceOf(cause, causes - 1) }),
  };
}
