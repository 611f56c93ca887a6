/** `2026-11-24T10:00:00.000Z`. */
export function timeText(milliseconds: number): string {
  // A busy server records many calls of one millisecond.
  if (milliseconds !== last.milliseconds) last = { milliseconds, text: new Date(milliseconds).toISOString() };
  return last.text;
}

let last = { milliseconds: 0, text: new Date(0).toISOString() };
