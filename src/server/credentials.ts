// TLS of a listener: version 1.3, and certificates that are reloaded whole or not at all.

import { constants } from "node:crypto";
import { ServerCredentials } from "@grpc/grpc-js";
import type { Clock, Instant } from "../clock.ts";
import type { SecretFile } from "../keyring/fitness.ts";
import { readTls, type TlsFile, type TlsFiles, TlsInvalid, type TlsMaterial } from "./tls-files.ts";

/** What became of a change of the files. */
export type TlsOutcome =
  | { readonly outcome: "taken"; readonly notAfter: Instant }
  /** What was last good stays. */
  | { readonly outcome: "refused"; readonly file: TlsFile; readonly message: string };

/** What credentials come from. */
export interface TlsSource {
  readonly files: TlsFiles;
  /** Reads a file, as it is now. */
  readonly read: (path: string) => Promise<SecretFile>;
  readonly clock: Clock;
  /** Is told of each change of the files, and of each refusal, once. */
  readonly onOutcome: (outcome: TlsOutcome) => void;
}

const NOTHING: SecretFile = { bytes: new Uint8Array(), mode: 0, projected: false };

/** How long a handshake may take, in milliseconds. */
const HANDSHAKE_MS = 10_000;

// More than gRPC has use for, and less than what makes it slow.
const BOUNDS = { maxHeaderListPairs: 64, maxSettings: 16, maxSessionInvalidFrames: 100 } as const;

/**
 * The credentials of a listener. A new connection uses what the files held when they last fitted together: grpc-js's own
 * way to reload would turn away every connection while a rotation is half done.
 */
export class TlsCredentials extends ServerCredentials {
  readonly #source: TlsSource;
  #material: TlsMaterial;
  #refused = "";
  #refusals = 0;

  private constructor(source: TlsSource, material: TlsMaterial) {
    // A resumed session would bring its certificate along unchecked: so none is kept, on either side.
    super(
      {
        requestCert: material.clientCa !== undefined,
        rejectUnauthorized: material.clientCa !== undefined,
        handshakeTimeout: HANDSHAKE_MS,
        ...BOUNDS,
      },
      contextOf(material),
    );
    this.#source = source;
    this.#material = material;
  }

  /**
   * Reads the files for the first time.
   *
   * @throws TlsInvalid, or what reading throws
   */
  static async load(source: TlsSource): Promise<TlsCredentials> {
    return new TlsCredentials(source, await readAll(source));
  }

  /** The last second in which the certificate in use is valid. */
  get notAfter(): Instant {
    return this.#material.notAfter;
  }

  /** How often a change of the files was refused. */
  get refusals(): number {
    return this.#refusals;
  }

  /** Looks at the files once. What has changed is taken if it fits together. It never rejects. */
  async poll(): Promise<void> {
    try {
      // Between two files of one reading, both may have been exchanged: then a second reading finds them whole.
      const material = await readAll(this.#source).catch(() => readAll(this.#source));
      this.#refused = "";
      if (isSame(material, this.#material)) return;
      this.updateSecureContextOptions(contextOf(material));
      this.#material = material;
      this.#source.onOutcome({ outcome: "taken", notAfter: material.notAfter });
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): void {
    const file = error instanceof TlsInvalid ? error.file : "certificateFile";
    const message = error instanceof TlsInvalid ? error.message : "it cannot be read";
    if (`${file} ${message}` === this.#refused) return;
    this.#refused = `${file} ${message}`;
    this.#refusals++;
    this.#source.onOutcome({ outcome: "refused", file, message });
  }

  _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

async function readAll({ files, read, clock }: TlsSource): Promise<TlsMaterial> {
  const contents = new Map<TlsFile, SecretFile>();
  for (const file of ["certificateFile", "keyFile", "clientCaFile"] as const) {
    const path = files[file];
    if (path !== undefined) contents.set(file, await readFile(file, path, read));
  }
  return readTls(files, (file) => contents.get(file) ?? NOTHING, clock);
}

async function readFile(file: TlsFile, path: string, read: TlsSource["read"]): Promise<SecretFile> {
  try {
    return await read(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
    throw new TlsInvalid(file, `the file cannot be read: ${code}`);
  }
}

function contextOf({ certificate, key, clientCa }: TlsMaterial) {
  return {
    cert: certificate,
    key,
    // Without it, the authorities of the system would vouch for clients. With an empty list, nobody does.
    ca: clientCa ?? [],
    minVersion: "TLSv1.3",
    secureOptions: constants.SSL_OP_NO_TICKET,
  } as const;
}

function isSame(a: TlsMaterial, b: TlsMaterial): boolean {
  const same = (x: Buffer | undefined, y: Buffer | undefined) => (x && y ? x.equals(y) : x === y);
  return same(a.certificate, b.certificate) && same(a.key, b.key) && same(a.clientCa, b.clientCa);
}
