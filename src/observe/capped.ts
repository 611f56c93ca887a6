/** The value that stands for all others. */
export const OTHER = "other";

/** Values of a label, as they come, up to so many: those that come later are all called `other`. */
export class Capped {
  readonly #most: number;
  readonly #known = new Set<string>();

  constructor(most: number) {
    this.#most = most;
  }

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#most) return OTHER;
    this.#known.add(value);
    return value;
  }
}
