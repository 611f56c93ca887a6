import { Chain, type Link } from "./chain.ts";

/** Where lines go. */
export interface Output {
  /** Appends bytes, and gives how many of them were taken, at least one. Rejects if none were. */
  write(bytes: Uint8Array): Promise<number>;
  /** Puts what was written where it survives a loss of power, as far as the output can, and lets go of it. */
  close(): Promise<void>;
}

/** What became of records. */
export interface Written {
  /** How many of them are written whole, from the first on. */
  readonly count: number;
  /** The number of the first of them. */
  readonly firstSeq: number;
  /** Whether the next one is cut short: the next write completes it. */
  readonly cut: boolean;
  /** The number of a record of an earlier write, which that had cut short and this one completed. */
  readonly completed: number | undefined;
  /** Why not all of them are. */
  readonly error?: unknown;
}

/** A line on its way. */
interface Line {
  readonly body: string;
  /** With its newline. */
  readonly text: string;
  readonly link: Link;
}

/** The end of a line whose beginning is written. The chain includes the line. */
interface Rest {
  readonly body: string;
  readonly bytes: Uint8Array;
  readonly seq: number;
  /** The record before it. */
  readonly before: Link;
}

/** Writes records as the lines of a chain. One write ends before the next begins. */
export class ChainWriter {
  readonly #chain: Chain;
  #output: Output;
  #rest: Rest | undefined;

  constructor(output: Output, last: Link) {
    this.#output = output;
    this.#chain = new Chain(last);
  }

  /** Whether the output holds a line that is cut short. */
  get isCut(): boolean {
    return this.#rest !== undefined;
  }

  /** Writes records. Those that are not written are as if they had never been, but for one that may be cut short. */
  async write(bodies: readonly string[]): Promise<Written> {
    const rest = this.#rest;
    const before = this.#chain.last;
    const lines = bodies.map((body) => this.#lineOf(body));
    const firstSeq = before.seq + 1;
    const own = bytesOf(lines);
    const { sent, error } = await this.#send(rest ? Buffer.concat([rest.bytes, own]) : own);
    const sentOfLines = sent - (rest?.bytes.length ?? 0);
    if (rest && sentOfLines < 0) {
      this.#rest = { ...rest, bytes: rest.bytes.subarray(sent) };
      this.#chain.backTo(before);
      return { count: 0, firstSeq, cut: false, completed: undefined, error };
    }
    this.#rest = undefined;
    const count = error === undefined ? lines.length : this.#settle(lines, own, sentOfLines, before);
    const cut = this.#rest !== undefined;
    return { count, firstSeq, cut, completed: rest?.seq, ...(error !== undefined && { error }) };
  }

  /**
   * Goes on in another output, and closes the one so far. What is cut short in that stays so, and is no record.
   *
   * @returns the record that was cut short, which is to be written again
   */
  async replace(output: Output): Promise<string | undefined> {
    const old = this.#output;
    const rest = this.#rest;
    this.#output = output;
    if (rest) this.#chain.backTo(rest.before);
    this.#rest = undefined;
    await old.close();
    return rest?.body;
  }

  close(): Promise<void> {
    return this.#output.close();
  }

  #lineOf(body: string): Line {
    const text = `${this.#chain.next(body)}\n`;
    return { body, text, link: this.#chain.last };
  }

  async #send(bytes: Uint8Array): Promise<{ sent: number; error: unknown }> {
    let sent = 0;
    try {
      while (sent < bytes.length) sent += await this.#output.write(bytes.subarray(sent));
      return { sent, error: undefined };
    } catch (error) {
      return { sent, error: error ?? new Error("unknown") };
    }
  }

  /** Brings the chain back to what is written, and gives how many lines are written whole. */
  #settle(lines: readonly Line[], bytes: Uint8Array, sent: number, start: Link): number {
    let before = start;
    let end = 0;
    for (const [index, { body, text, link }] of lines.entries()) {
      const from = end;
      end += Buffer.byteLength(text);
      if (end > sent) {
        const isCut = sent > from;
        this.#chain.backTo(isCut ? link : before);
        if (isCut) this.#rest = { body, bytes: bytes.subarray(sent, end), seq: link.seq, before };
        return index;
      }
      before = link;
    }
    return lines.length;
  }
}

// All at once, since a buffer for each of them and another for all takes longer than the lines themselves.
function bytesOf(lines: readonly Line[]): Buffer {
  let text = "";
  for (const line of lines) text += line.text;
  return Buffer.from(text);
}
