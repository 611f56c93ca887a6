import { BEGINNING, hashOf, isWhole, type Link, statementOf } from "./chain.ts";
import { STARTED, STOPPED } from "./record.ts";

/** Something in the records that should not be. */
export interface Fault {
  readonly place: string;
  /** What is wrong, in one line. */
  readonly what: string;
}

/** What the records are. */
export interface Verification {
  /** In the order of the lines, at most {@link MOST_FAULTS}. */
  readonly faults: readonly Fault[];
  /** How many there are. */
  readonly faultCount: number;
  readonly records: number;
  /** The number of the first record. Over 1, the records before it are elsewhere. */
  readonly first: number | undefined;
  /** The last record. Nothing after it vouches for it: compare it with what you know. */
  readonly last: Link | undefined;
  /** What is no fault, and worth a look. */
  readonly notes: readonly Fault[];
  /** Lines that are no records: other output, or a record that was cut short. */
  readonly others: number;
}

/** How many faults and notes are kept. */
export const MOST_FAULTS = 100;

const START_MARK = Buffer.from(`"event":"${STARTED}"`);
const STOP_MARK = Buffer.from(`"event":"${STOPPED}"`);

/** A record that was taken. */
interface Taken extends Link {
  readonly place: string;
  readonly line: Buffer;
}

/** Checks that records follow one another, line by line. */
export class Verifier {
  readonly #faults: Fault[] = [];
  readonly #notes: Fault[] = [];
  #faultCount = 0;
  #records = 0;
  #others = 0;
  #first: number | undefined;
  #last: Taken | undefined;
  #beforeLast: Taken | undefined;

  /**
   * Takes the next line.
   *
   * @param line without its newline
   * @param place what to call it: `audit.jsonl:17`
   */
  take(line: Uint8Array, place: string): void {
    const statement = statementOf(line);
    if (!statement) {
      this.#others++;
      return;
    }
    const { seq, prevHash } = statement;
    this.#records++;
    this.#first ??= seq;
    const taken = { seq, hash: hashOf(line), place, line: Buffer.from(line) };
    if (seq === 1 && prevHash === BEGINNING.hash && taken.line.includes(START_MARK)) this.#begins(place);
    else this.#follows(seq, prevHash, place);
    this.#beforeLast = this.#last;
    this.#last = taken;
  }

  /** What was found. */
  finish(): Verification {
    const last = this.#last;
    if (last && !isWhole(last.line)) this.#fault(last.place, "the last record was altered: it is no JSON any more");
    return {
      faults: this.#faults,
      faultCount: this.#faultCount,
      records: this.#records,
      first: this.#first,
      last: last && { seq: last.seq, hash: last.hash },
      notes: this.#notes,
      others: this.#others,
    };
  }

  // A chain of its own is what a process begins that has no file to go on in, as on standard output.
  #begins(place: string): void {
    const last = this.#last;
    if (!last) return;
    const stopped = last.line.includes(STOP_MARK);
    const ending = stopped ? "" : `; the one before it, up to record ${last.seq}, has no end that was recorded`;
    this.#note(place, `a new chain begins here${ending}`);
  }

  // A loss of power leaves the beginning of a line. The process after it goes on from the record before.
  #dropCut(seq: number, prevHash: string): void {
    const [before, last] = [this.#beforeLast, this.#last];
    if (!before || !last || seq !== before.seq + 1 || prevHash !== before.hash || isWhole(last.line)) return;
    this.#note(last.place, "a record that was cut short");
    this.#records--;
    this.#others++;
    this.#last = before;
  }

  #follows(seq: number, prevHash: string, place: string): void {
    this.#dropCut(seq, prevHash);
    const last = this.#last;
    if (!last) return;
    const missing = seq - last.seq - 1;
    if (missing > 0) {
      const what = missing === 1 ? `record ${last.seq + 1} is` : `records ${last.seq + 1} to ${seq - 1} are`;
      this.#fault(place, `${what} missing between ${last.place} and this line`);
    } else if (missing < 0) this.#fault(place, `record ${seq} is out of its place: it follows record ${last.seq}`);
    else if (prevHash !== last.hash) {
      this.#fault(place, `record ${seq} does not continue the line before it: ${last.place} or this one was altered`);
    }
  }

  #note(place: string, what: string): void {
    if (this.#notes.length < MOST_FAULTS) this.#notes.push({ place, what });
  }

  #fault(place: string, what: string): void {
    this.#faultCount++;
    if (this.#faults.length < MOST_FAULTS) this.#faults.push({ place, what });
  }
}
