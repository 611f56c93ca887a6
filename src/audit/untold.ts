/** What a record tells besides what is its own. */
export interface Aside {
  /** Records given up under `drop`; calls refused under `deny`. */
  readonly lost: number;
  /** Refusals that were counted and not recorded. */
  readonly suppressed: number;
  /** The numbers of records that are written, of calls that were refused all the same. */
  readonly undelivered: readonly number[];
}

/** Nothing besides. */
export const NOTHING: Aside = { lost: 0, suppressed: 0, undelivered: [] };

/** What the next record will tell besides. */
export class Untold {
  #aside: Aside = NOTHING;

  add({ lost = 0, suppressed = 0, undelivered = [] }: Partial<Aside>): void {
    const aside = this.#aside;
    this.#aside = {
      lost: aside.lost + lost,
      suppressed: aside.suppressed + suppressed,
      undelivered: [...undelivered, ...aside.undelivered],
    };
  }

  /** Takes all of it, to be told. */
  take(): Aside {
    const aside = this.#aside;
    this.#aside = NOTHING;
    return aside;
  }
}

/**
 * A record that tells something besides.
 *
 * @param body the JSON of an object with at least one key
 * @param lostKey what those that were lost are called: `refused` or `dropped`
 */
export function withAside(body: string, told: Aside, lostKey: string): string {
  if (told === NOTHING) return body;
  const { lost, suppressed, undelivered } = told;
  const aside = {
    ...(lost > 0 && { [lostKey]: lost }),
    ...(suppressed > 0 && { suppressed }),
    ...(undelivered.length > 0 && { undelivered }),
  };
  const text = JSON.stringify(aside);
  return text === "{}" ? body : `${text.slice(0, -1)},${body.slice(1)}`;
}
