/** Where something stands in a file. Both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Something in the configuration that is wrong. */
export interface Problem {
  /** Where it is. Undefined where it is about the file as a whole, or about a default. */
  readonly place: Place | undefined;
  /** The path to the key: `permits[2].max_ttl`. Empty for the file as a whole. */
  readonly path: string;
  /** What is wrong and what would mend it, in one line. */
  readonly message: string;
}

/** How many problems a message lists, so that a terminal still shows the first. */
export const PROBLEMS_SHOWN = 50;

/** The configuration cannot be used. The message lists the problems, a line each: `FILE:LINE:COLUMN: PATH: MESSAGE`. */
export class ConfigInvalid extends Error {
  override readonly name = "ConfigInvalid";
  readonly problems: readonly Problem[];

  /** @param file what the operator calls the file */
  constructor(file: string, problems: readonly Problem[], options?: ErrorOptions) {
    super(lines(file, problems).join("\n"), options);
    this.problems = problems;
  }
}

function lines(file: string, problems: readonly Problem[]): string[] {
  const shown = problems.slice(0, PROBLEMS_SHOWN).map((problem) => line(file, problem));
  const more = problems.length - shown.length;
  return more > 0 ? [...shown, `${file}: and ${more} more`] : shown;
}

function line(file: string, { place, path, message }: Problem): string {
  const where = place === undefined ? file : `${file}:${place.line}:${place.column}`;
  return path === "" ? `${where}: ${message}` : `${where}: ${path}: ${message}`;
}

/** Collects the problems of one file, and the places of its keys. */
export class Report {
  readonly #places = new Map<string, Place>();
  readonly #problems: Problem[] = [];
  readonly #troubled = new Set<string>();

  /** The place of each key and each element that the file has, by path. The empty path is the file. */
  get places(): ReadonlyMap<string, Place> {
    return this.#places;
  }

  /** The problems in the order of the file. */
  get problems(): readonly Problem[] {
    return this.#problems.toSorted((a, b) => compare(a.place, b.place));
  }

  /** Whether more problems would still be shown, so that a suggestion is worth its time. */
  get isShort(): boolean {
    return this.#problems.length < PROBLEMS_SHOWN;
  }

  /** Records where the file has a path. */
  locate(path: string, place: Place): void {
    this.#places.set(path, place);
  }

  /** Adds a problem. Without a place, it is that of the path, or of the nearest path around it. */
  add(path: string, message: string, place: Place | undefined = this.#nearest(path)): void {
    this.#problems.push({ place, path, message });
    this.#troubled.add(path);
  }

  /** Notes that a path is the subject of a problem elsewhere, so that it is not reported as missing too. */
  excuse(path: string): void {
    this.#troubled.add(path);
  }

  /** Whether the file has the path. */
  has(path: string): boolean {
    return this.#places.has(path);
  }

  /** Whether there is a problem with the path, or with one around it: what follows from that is not news. */
  isTroubled(path: string): boolean {
    if (this.#troubled.has(path)) return true;
    return path !== "" && this.isTroubled(parentOf(path));
  }

  /** Whether there is a problem with a path or with something in it. */
  isTroubledWithin(path: string): boolean {
    if (this.isTroubled(path)) return true;
    for (const at of this.#troubled) if (at.startsWith(`${path}.`) || at.startsWith(`${path}[`)) return true;
    return false;
  }

  #nearest(path: string): Place | undefined {
    let at = path;
    while (at !== "" && !this.#places.has(at)) at = parentOf(at);
    return this.#places.get(at);
  }
}

/** `a[1].b` to `a[1]`, `a[1]` to `a`, `a` to the empty path. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("."), path.lastIndexOf("["), 0));
}

function compare(a: Place | undefined, b: Place | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return a.line - b.line || a.column - b.column;
}
