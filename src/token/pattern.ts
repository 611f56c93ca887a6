/**
 * Whether a text matches a pattern, as a whole. `*` stands for any text, also none; nothing else is special.
 *
 * Takes the first place where each part fits, which is enough when `*` is the only wildcard, so the time is bounded
 * by the length of the pattern times that of the text.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  const [head = "", ...parts] = pattern.split("*");
  if (parts.length === 0) return pattern === text;
  const tail = parts.pop() ?? "";
  const end = text.length - tail.length;
  if (end < head.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
  let at = head.length;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** Whether a text that was read from a token matches more than itself. Agora reads `*` in channels and users so. */
export function isPattern(text: string): boolean {
  return text.includes("*");
}
