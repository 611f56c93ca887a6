// Follows the configuration file and the certificate files while the service runs. What is new takes over whole, or
// what was last good stays.

import { isDeepStrictEqual } from "node:util";
import { type Clock, type Instant, isoTime } from "../clock.ts";
import { ConfigInvalid, type Settings, unsafe } from "../config/config.ts";
import type { KeyRingRules } from "../keyring/file-source.ts";
import { type CutOff, LiveTokens } from "../keyring/reload.ts";
import { SelfCheckFailed } from "../keyring/self-check.ts";
import type { ReadFile } from "./files.ts";
import { type Loaded, load, type SelfCheck } from "./load.ts";
import { type Reading, readAll } from "./reading.ts";

/** What became of a change. */
export type ReloadResult =
  /** It is in use. The notes say what of it waits for a restart. */
  | { readonly outcome: "applied"; readonly notes: readonly string[] }
  /** What was last good stays, for these reasons. They name no secret. */
  | { readonly outcome: "refused"; readonly problems: readonly string[] };

/** What reloading works with. */
export interface ReloadingParts {
  /** The configuration file. */
  readonly file: string;
  readonly read: ReadFile;
  readonly rules: KeyRingRules;
  readonly selfCheck: SelfCheck;
  readonly clock: Clock;
  /** Is told of each change, once. */
  readonly onReload: (result: ReloadResult) => void;
  /** Is told false when not even what is in use signs what is right, and true when it does again. */
  readonly onSigning: (right: boolean) => void;
}

/** What listeners and sinks are made of at the start. */
const AT_START = ["listen", "admin", "reflection", "limits", "audit", "shutdown"] as const;

/** Readings that are tried until two in a row are equal. */
const READINGS = 8;

/** Follows the files. One change is looked at after the other. */
export class Reloading {
  readonly #parts: ReloadingParts;
  readonly #atStart: Settings;
  readonly #liveTokens: LiveTokens;
  #current: Loaded;
  #seen: Reading;
  #unsettled: Reading | undefined;
  /** When a refused change is worth another try, as it is. */
  #retryAt: Instant | undefined;
  #last: ReloadResult = { outcome: "applied", notes: [] };
  #signsRight = true;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(parts: ReloadingParts, reading: Reading, loaded: Loaded) {
    this.#parts = parts;
    this.#atStart = loaded.settings;
    this.#current = loaded;
    this.#seen = reading;
    this.#liveTokens = new LiveTokens(loaded.composition.keyRing, parts.clock());
  }

  /**
   * Reads and checks the files for the first time.
   *
   * @throws ConfigInvalid or SelfCheckFailed
   */
  static async start(parts: ReloadingParts): Promise<Reloading> {
    const reading = await readSettled(parts);
    if (!reading) throw new ConfigInvalid(parts.file, [{ place: undefined, path: "", message: UNSETTLED }]);
    try {
      return new Reloading(parts, reading, load(reading, parts.rules, parts.selfCheck, parts.clock));
    } finally {
      reading.wipe();
    }
  }

  /** What is in use. */
  get current(): Loaded {
    return this.#current;
  }

  /** Looks at the files once. A change is taken when a second look finds the same, so that none is half written. */
  poll(): Promise<void> {
    return this.#inTurn(async () => {
      const reading = await readAll(this.#parts.file, this.#parts.read, this.#seen);
      const changed = reading.fingerprint !== this.#seen.fingerprint;
      const settled = !changed || reading.fingerprint === this.#unsettled?.fingerprint;
      this.#unsettled = settled ? undefined : reading;
      if (settled && (changed || this.#isWorthRetrying())) this.#take(reading, { again: !changed });
      reading.wipe();
    });
  }

  /** Looks at the files and takes what they hold at once, changed or not. */
  reload(): Promise<void> {
    return this.#inTurn(async () => {
      const reading = await readSettled(this.#parts, this.#seen);
      if (reading) this.#take(reading, { again: false });
      else this.#tell({ outcome: "refused", problems: [`${this.#parts.file}: ${UNSETTLED}`] }, false);
      reading?.wipe();
    });
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(act);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  #isWorthRetrying(): boolean {
    return !this.#signsRight || (this.#retryAt !== undefined && this.#retryAt <= this.#parts.clock());
  }

  #take(reading: Reading, { again }: { readonly again: boolean }): void {
    this.#seen = reading;
    this.#retryAt = undefined;
    try {
      const next = load(reading, this.#parts.rules, this.#parts.selfCheck, this.#parts.clock);
      const problems = [...this.#unsafeUntilRestart(next), ...this.#endsLiveTokens(next)];
      if (problems.length === 0) this.#takeOver(next);
      this.#tell(problems.length > 0 ? { outcome: "refused", problems } : this.#applied(next), again);
    } catch (error) {
      if (error instanceof SelfCheckFailed) this.#doubt();
      this.#tell({ outcome: "refused", problems: problemsOf(error) }, again);
    }
  }

  #takeOver(next: Loaded): void {
    this.#liveTokens.takeOver(next.composition.keyRing, this.#parts.clock());
    this.#current = next;
    this.#setSigning(true);
  }

  #applied({ settings }: Loaded): ReloadResult {
    const waiting = AT_START.filter((key) => !isDeepStrictEqual(settings[key], this.#atStart[key]));
    return { outcome: "applied", notes: waiting.map((key) => `${key} has changed: restart for it to take effect`) };
  }

  // The listeners stay as they are, and so must fit to the callers that are new.
  #unsafeUntilRestart({ settings }: Loaded): string[] {
    const { listen } = this.#atStart;
    if (isDeepStrictEqual(settings.listen, listen)) return [];
    return unsafe({ ...settings, listen }).map(
      ({ path, message }) => `${path}: unsafe with the listeners as they were at the start, so restart: ${message}`,
    );
  }

  #endsLiveTokens(next: Loaded): string[] {
    const ends = this.#liveTokens
      .cutOff(next.composition.keyRing, this.#parts.clock())
      .filter((end) => !isAcknowledged(end, next.settings, this.#current.settings));
    if (ends.length > 0) this.#retryAt = Math.max(...ends.map(({ until }) => until));
    return ends.map(liveTokensProblem);
  }

  // What is in use was right when it was loaded. If it is not any more, nothing that is signed can be trusted.
  #doubt(): void {
    try {
      this.#parts.selfCheck(this.#current.composition.keyRing);
      this.#setSigning(true);
    } catch {
      this.#setSigning(false);
    }
  }

  #setSigning(right: boolean): void {
    if (right === this.#signsRight) return;
    this.#signsRight = right;
    this.#parts.onSigning(right);
  }

  #tell(result: ReloadResult, again: boolean): void {
    const known = again && isDeepStrictEqual(result, this.#last);
    this.#last = result;
    if (!known) this.#parts.onReload(result);
  }
}

const UNSETTLED = "is being written, or a file that it names is: nothing was taken of it";

async function readSettled({ file, read }: ReloadingParts, last?: Reading): Promise<Reading | undefined> {
  let before: Reading | undefined;
  for (let count = 0; count < READINGS; count++) {
    const reading = await readAll(file, read, before ?? last);
    if (reading.fingerprint === before?.fingerprint) return reading;
    before?.wipe();
    before = reading;
  }
  before?.wipe();
  return undefined;
}

// A project that is removed cannot say so any more: it said so before, or what took its ID does.
function isAcknowledged({ project, appId }: CutOff, next: Settings, current: Settings): boolean {
  const says =
    next.projects.find((each) => each.appId === appId) ??
    next.projects.find((each) => each.id === project) ??
    current.projects.find((each) => each.appId === appId);
  return says?.acknowledgeLiveTokens ?? false;
}

function liveTokensProblem({ project, certificate, change, until, signing }: CutOff): string {
  const wait = signing
    ? "make another certificate the primary and this one retiring first"
    : "leave it as it is until then";
  const before = change === "removed with its project" ? ", and remove it after that" : "";
  return (
    `live tokens: certificate ${certificate} of project ${project} would be ${change}, and tokens that it signed may ` +
    `live until ${isoTime(until)}; ${wait}, or state acknowledge_live_tokens: true for the project${before}`
  );
}

function problemsOf(error: unknown): readonly string[] {
  if (error instanceof ConfigInvalid) return error.message.split("\n");
  if (error instanceof SelfCheckFailed) return error.problems;
  // Its message may hold anything.
  return [`internal error: ${error instanceof Error ? error.name : typeof error}`];
}
