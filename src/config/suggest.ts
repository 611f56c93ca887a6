/** Longer names than this are not names that somebody mistyped. */
const LONGEST = 64;

/** An App Certificate, an API key, or a run this long may be a secret that was put in the wrong place. */
const SECRET_LIKE = /[0-9a-f]{32}|agk_|[\w-]{43}/i;

/**
 * The name that was probably meant: the nearest in spelling, where case, `-` and `_` do not count, or the only
 * one that begins with what was written. Undefined where nothing is near.
 */
export function nearest(written: string, names: Iterable<string>): string | undefined {
  if (written.length > LONGEST) return undefined;
  const bare = bareOf(written);
  const near = { name: undefined as string | undefined, edits: Math.max(1, Math.floor(bare.length / 3)) + 1 };
  const longer: string[] = [];
  for (const name of names) {
    const other = bareOf(name);
    if (bare.length > 2 && other.startsWith(bare)) longer.push(name);
    if (Math.abs(other.length - bare.length) >= near.edits) continue;
    const edits = editsBetween(bare, other);
    if (edits < near.edits) Object.assign(near, { name, edits });
  }
  return near.name ?? (longer.length === 1 ? longer[0] : undefined);
}

/** ``; did you mean `allow_token006`?`` or nothing. */
export function didYouMean(written: string, names: Iterable<string>): string {
  const name = nearest(written, names);
  return name === undefined ? "" : `; did you mean \`${name}\`?`;
}

/** A name from the file in backquotes, or nothing where it may be a secret or would spoil the line. */
export function quoted(name: string): string {
  return /^[\w.*-]{1,64}$/.test(name) && !SECRET_LIKE.test(name) ? `\`${name}\`` : "";
}

function bareOf(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "");
}

/** How many letters to insert, drop, change or swap with the next (optimal string alignment). */
function editsBetween(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        (row[j - 1] ?? 0) + 1,
        (last[j] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
