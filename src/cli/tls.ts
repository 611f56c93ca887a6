// TLS of the listeners, while the service runs.

import type { Clock, Instant } from "../clock.ts";
import { addressText } from "../config/address.ts";
import type { ListenSettings } from "../config/config.ts";
import { TlsCredentials, type TlsOutcome } from "../server/credentials.ts";
import type { ReadFile } from "./files.ts";

/** What TLS is followed with. */
export interface TlsParts {
  readonly read: ReadFile;
  readonly clock: Clock;
  /** Is told what became of a change of the files of a listener. */
  readonly onOutcome: (listener: string, outcome: TlsOutcome) => void;
}

/** The credentials of all listeners with TLS. */
export class TlsListeners {
  readonly #parts: TlsParts;
  readonly #credentials = new Map<string, TlsCredentials>();

  constructor(parts: TlsParts) {
    this.#parts = parts;
  }

  /**
   * Gives the credentials of a listener, and follows its files from now on; undefined for one without TLS.
   *
   * @throws TlsInvalid
   */
  async credentialsOf({ address, tls }: ListenSettings): Promise<TlsCredentials | undefined> {
    if (tls === undefined) return undefined;
    const { read, clock, onOutcome } = this.#parts;
    const listener = addressText(address);
    const credentials = await TlsCredentials.load({
      files: tls,
      read,
      clock,
      onOutcome: (outcome) => onOutcome(listener, outcome),
    });
    this.#credentials.set(listener, credentials);
    return credentials;
  }

  /** The listeners, and when their certificates expire. */
  get ends(): { readonly listener: string; readonly notAfter: Instant }[] {
    return Array.from(this.#credentials, ([listener, { notAfter }]) => ({ listener, notAfter }));
  }

  /** Looks at the files of all listeners once. */
  async poll(): Promise<void> {
    await Promise.all(Array.from(this.#credentials.values(), (credentials) => credentials.poll()));
  }
}
