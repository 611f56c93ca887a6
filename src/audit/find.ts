import { isWhole, statementOf } from "./chain.ts";

/** A record about a token. */
export interface Found {
  /** `audit.jsonl:17`. */
  readonly place: string;
  /** Whether the token was issued then, or another was that renews it. */
  readonly as: "issued" | "renewed";
  /** What the record says. Whoever could write the file may have written it. */
  readonly record: Readonly<Record<string, unknown>>;
}

/** How many are kept: a token is issued once, and renewed seldom. */
const MOST_FOUND = 1000;

/** Finds the records about a token, line by line. */
export class Finder {
  readonly #issued: Buffer;
  readonly #renewed: Buffer;
  readonly found: Found[] = [];

  constructor(fingerprint: string) {
    this.#issued = Buffer.from(`"fingerprint":"${fingerprint}"`);
    this.#renewed = Buffer.from(`"renews":"${fingerprint}"`);
  }

  /**
   * Takes the next line.
   *
   * @param line without its newline
   * @param place what to call it: `audit.jsonl:17`
   */
  take(line: Uint8Array, place: string): void {
    const bytes = Buffer.from(line.buffer, line.byteOffset, line.length);
    const as = bytes.includes(this.#issued) ? "issued" : bytes.includes(this.#renewed) ? "renewed" : undefined;
    if (!as || this.found.length >= MOST_FOUND || !statementOf(bytes) || !isWhole(bytes)) return;
    this.found.push({ place, as, record: JSON.parse(bytes.toString("utf8")) as Record<string, unknown> });
  }
}
