// Rows by how the channels begin that they name, so that a call looks at few of ten thousand.

import type { Permit } from "./policy.ts";

const FEW = 8;

/** The rows of one caller, method and project, in their order. */
export class RowIndex {
  readonly #rows: readonly Permit[];
  /** The places of rows by what one of their channels begins with, before the first `*` of it. */
  readonly #byHead = new Map<string, number[]>();
  /** How long those beginnings are. */
  readonly #lengths: readonly number[];

  constructor(rows: readonly Permit[]) {
    this.#rows = rows;
    const lengths = new Set<number>();
    if (rows.length > FEW) {
      rows.forEach(({ channels }, place) => {
        for (const head of new Set(channels.map(headOf))) {
          lengths.add(head.length);
          const same = this.#byHead.get(head);
          if (same) same.push(place);
          else this.#byHead.set(head, [place]);
        }
      });
    }
    this.#lengths = [...lengths];
  }

  /**
   * The rows of which one may permit this channel, in their order; all of them if none is named. A row that is not
   * among them refuses it.
   */
  rowsFor(channel: string | undefined): readonly Permit[] {
    if (channel === undefined || this.#rows.length <= FEW) return this.#rows;
    const places = new Set<number>();
    for (const length of this.#lengths) {
      if (length > channel.length) continue;
      for (const place of this.#byHead.get(channel.slice(0, length)) ?? []) places.add(place);
    }
    const inOrder = [...places].sort((a, b) => a - b);
    return inOrder.flatMap((place) => this.#rows[place] ?? []);
  }
}

function headOf(pattern: string): string {
  const star = pattern.indexOf("*");
  return star < 0 ? pattern : pattern.slice(0, star);
}
