/** The contract's spelling of our words: `joinChannel` is `join_channel`. */
export function wireSpelling(word: string): string {
  return word.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
