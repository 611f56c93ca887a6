/** Whether a text is one of those that something stands for. */
export type Matches = (text: string) => boolean;

/**
 * Prepares a pattern to be matched with many texts. A text matches as a whole: `*` stands for any text, also none;
 * nothing else is special.
 *
 * Takes the first place where each part fits, which is enough when `*` is the only wildcard, so the time for a text is
 * bounded by the length of the pattern times that of the text.
 */
export function patternMatcher(pattern: string): Matches {
  const [head = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return (text) => text === pattern;
  const tail = rest.pop() ?? "";
  const parts = rest.filter((part) => part !== "");
  const shortest = pattern.length - rest.length - 1;
  return (text) => {
    if (text.length < shortest || !text.startsWith(head) || !text.endsWith(tail)) return false;
    const end = text.length - tail.length;
    let at = head.length;
    for (const part of parts) {
      const found = text.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}

/** Whether a text matches a pattern: {@link patternMatcher}, for one text. */
export function matchesPattern(pattern: string, text: string): boolean {
  return patternMatcher(pattern)(text);
}

/** Whether a text that was read from a token matches more than itself. Agora reads `*` in channels and users so. */
export function isPattern(text: string): boolean {
  return text.includes("*");
}
