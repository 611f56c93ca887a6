// Node.js drops all but the first of an `authorization` header that is there twice, and tells nobody. What is in front
// may have looked at another one, so such a call is refused, and has to be noticed where its headers are still raw.

const NAME = "authorization";
const repeated = new WeakSet<object>();

/**
 * Notes whether the call on a stream has more than one `authorization` header.
 *
 * @param raw names and values in turn, as they came
 */
export function noteRepeats(stream: object, raw: readonly string[]): void {
  let count = 0;
  for (let at = 0; at < raw.length; at += 2) if (raw[at] === NAME) count++;
  if (count > 1) repeated.add(stream);
}

/** Whether it was noted that the call on a stream has more than one `authorization` header. */
export function repeatsAuthorization(stream: object): boolean {
  return repeated.has(stream);
}
