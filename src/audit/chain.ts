// The chain of records: each states the SHA-256 of the line before it, so that a gap or an edit shows.

import { hash } from "node:crypto";

/** A record of the chain, as the next one refers to it. */
export interface Link {
  /** The number of the record, from 1 on. */
  readonly seq: number;
  /** The SHA-256 of its line without the newline, 64 hexadecimal digits. */
  readonly hash: string;
}

/** What a record states of the record before it. */
export interface Statement {
  readonly seq: number;
  readonly prevHash: string;
}

/** What the first record of a chain continues. */
export const BEGINNING: Link = { seq: 0, hash: "0".repeat(64) };

const NEWLINE = 0x0a;
// `{"seq":` and 15 digits, `,"prev_hash":"`, 64 digits and `",`.
const LONGEST_HEAD = 7 + 15 + 14 + 64 + 2;
const HEAD = /^\{"seq":([1-9]\d{0,14}),"prev_hash":"([0-9a-f]{64})",/;

/** The SHA-256 of a line. */
export function hashOf(line: string | Uint8Array): string {
  return hash("sha256", line, "hex");
}

/** Puts records in a chain. */
export class Chain {
  #last: Link;

  constructor(last: Link = BEGINNING) {
    this.#last = last;
  }

  /** The last record. */
  get last(): Link {
    return this.#last;
  }

  /**
   * Makes the line of the next record.
   *
   * @param body the JSON of an object with at least one key
   */
  next(body: string): string {
    const seq = this.#last.seq + 1;
    const line = `{"seq":${seq},"prev_hash":"${this.#last.hash}",${body.slice(1)}`;
    this.#last = { seq, hash: hashOf(line) };
    return line;
  }

  /** Goes back to a record: those after it were never written. */
  backTo(last: Link): void {
    this.#last = last;
  }
}

/** What a line states of the record before it, or undefined if it is no record. */
export function statementOf(line: Uint8Array): Statement | undefined {
  const head = HEAD.exec(
    Buffer.from(line.buffer, line.byteOffset, Math.min(line.length, LONGEST_HEAD)).toString("latin1"),
  );
  return head ? { seq: Number(head[1]), prevHash: head[2] ?? "" } : undefined;
}

/** Where to go on in a file. */
export interface Ending {
  /** The last record, or undefined if there is none. */
  readonly last: Link | undefined;
  /** Whether something is after the last newline: a record that was cut short, or has lost its newline alone. */
  readonly cut: boolean;
}

/**
 * Finds the last record of a file.
 *
 * @param end the last bytes of the file, all of them or more than a record has
 */
export function endingOf(end: Uint8Array): Ending {
  const cut = end.length > 0 && end.at(-1) !== NEWLINE;
  let to = end.length;
  while (to > 0) {
    const from = end.subarray(0, to).lastIndexOf(NEWLINE) + 1;
    const line = end.subarray(from, to);
    const statement = statementOf(line);
    // Before a newline there is a whole line, or one that the process after it has ended.
    if (statement && isWhole(line)) return { last: { seq: statement.seq, hash: hashOf(line) }, cut };
    to = from - 1;
  }
  return { last: undefined, cut };
}

/** Whether a line is not cut short. */
export function isWhole(line: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(line).toString("utf8"));
    return true;
  } catch {
    return false;
  }
}
