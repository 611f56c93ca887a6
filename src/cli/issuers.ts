// The keys of the issuers of JWTs, while the service runs: from files and from URLs, through every reload.

import type { KeysOf } from "../access/by-jwt.ts";
import { FILE_SCHEDULE, IssuerKeys, type KeyOutcome, URL_SCHEDULE } from "../access/issuer-keys.ts";
import type { Clock, Seconds } from "../clock.ts";
import type { JwtIssuerSettings } from "../config/config.ts";
import { readKeySetFile } from "./credential-files.ts";
import type { ReadFile } from "./files.ts";

/** What issuers are followed with. */
export interface IssuersParts {
  readonly read: ReadFile;
  /** Gets a JWK Set from a URL. */
  readonly fetch: (url: string) => Promise<Uint8Array>;
  readonly clock: Clock;
  /** Is told what became of the keys of an issuer, when that changes. */
  readonly onOutcome: (issuer: string, outcome: KeyOutcome) => void;
}

/** How long an issuer may take to answer, in milliseconds: a call may be waiting for it. */
const TIMEOUT_MS = 5000;
const LARGEST = 256 * 1024;

/** The issuers of the configuration in use. */
export class Issuers {
  readonly #parts: IssuersParts;
  readonly #issuers = new Map<string, { readonly settings: JwtIssuerSettings; readonly keys: IssuerKeys }>();

  constructor(parts: IssuersParts) {
    this.#parts = parts;
  }

  /** Gives the keys of an issuer. */
  readonly keysOf: KeysOf = (issuer) => this.#issuers.get(issuer)?.keys;

  /** How old the keys of each issuer are, in seconds, and whether they are used. */
  get ages(): { readonly issuer: string; readonly age: Seconds; readonly usable: boolean }[] {
    return Array.from(this.#issuers, ([issuer, { keys }]) => ({
      issuer,
      age: keys.age,
      usable: keys.set !== undefined,
    }));
  }

  /** Follows these issuers from now on. Where one is as it was, its keys stay. */
  follow(issuers: readonly JwtIssuerSettings[]): void {
    const before = new Map(this.#issuers);
    this.#issuers.clear();
    for (const settings of issuers) {
      const known = before.get(settings.issuer);
      const same = known && sourceOf(known.settings) === sourceOf(settings);
      this.#issuers.set(settings.issuer, same ? known : { settings, keys: this.#keysFrom(settings) });
    }
  }

  /** Reads the keys that it is time for. Those in files are read when it resolves; it waits for nobody else. */
  async poll(): Promise<void> {
    const readings = [...this.#issuers.values()].map(({ settings, keys }) => ({ settings, reading: keys.poll() }));
    await Promise.all(readings.flatMap(({ settings, reading }) => (settings.keys.kind === "file" ? [reading] : [])));
  }

  #keysFrom({ issuer, keys }: JwtIssuerSettings): IssuerKeys {
    const { read, fetch, clock } = this.#parts;
    const onOutcome = (outcome: KeyOutcome) => this.#parts.onOutcome(issuer, outcome);
    if (keys.kind === "url")
      return new IssuerKeys({ read: () => fetch(keys.url), schedule: URL_SCHEDULE, clock, onOutcome });
    const content = async () => readKeySetFile(await read(keys.file));
    return new IssuerKeys({ read: content, schedule: FILE_SCHEDULE, clock, onOutcome });
  }
}

/**
 * Gets a JWK Set.
 *
 * @param url https, or http on this machine
 */
export async function fetchKeySet(url: string): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const headers = { accept: "application/jwk-set+json, application/json" };
  // Where else it points to, nobody has checked.
  const response = await fetch(url, { redirect: "error", signal, headers }).catch((error: unknown) => {
    throw new Error(`the issuer cannot be reached: ${codeOf(error)}`);
  });
  if (!response.ok) throw new Error(`the issuer answers with HTTP status ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > LARGEST) throw new Error(`the answer of the issuer is larger than ${LARGEST} bytes`);
  }
  return Buffer.concat(chunks);
}

function sourceOf({ keys }: JwtIssuerSettings): string {
  return JSON.stringify(keys);
}

function codeOf(error: unknown): string {
  const { name, cause } = error as Error;
  return cause instanceof Error && "code" in cause ? String(cause.code) : name;
}
