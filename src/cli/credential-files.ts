// The files that callers and this service prove themselves by: TLS and the keys of issuers.

import { KeySetInvalid, readKeySet } from "../access/key-set.ts";
import type { Clock } from "../clock.ts";
import type { Problem, Settings } from "../config/config.ts";
import type { SecretFile } from "../keyring/file-source.ts";
import { tampering } from "../keyring/fitness.ts";
import { readTls, type TlsFile, TlsInvalid } from "../server/tls-files.ts";

/** The keys of the configuration that name the files of TLS. */
const TLS_KEYS: Readonly<Record<TlsFile, string>> = {
  certificateFile: "certificate_file",
  keyFile: "key_file",
  clientCaFile: "client_ca_file",
};

/** The paths of all files of TLS and of the keys of issuers. */
export function credentialFilesOf({ listen, jwtIssuers }: Settings): string[] {
  const tls = listen.flatMap((at) => [at.tls?.certificateFile, at.tls?.keyFile, at.tls?.clientCaFile]);
  const keys = jwtIssuers.map((issuer) => (issuer.keys.kind === "file" ? issuer.keys.file : undefined));
  return [...tls, ...keys].filter((path) => path !== undefined);
}

/**
 * What is wrong with these files.
 *
 * @param read gives a file, or throws as reading it did
 */
export function credentialProblems(settings: Settings, read: (path: string) => SecretFile, clock: Clock): Problem[] {
  const problems: Problem[] = [];
  const check = (pathOf: (error: unknown) => string, act: () => void) => {
    try {
      act();
    } catch (error) {
      const path = pathOf(error);
      problems.push({ place: settings.places.get(path), path, message: messageOf(error) });
    }
  };
  settings.listen.forEach(({ tls }, index) => {
    if (!tls) return;
    let file: TlsFile = "certificateFile";
    const content = (next: TlsFile) => {
      file = next;
      return read(tls[next] ?? "");
    };
    const pathOf = (error: unknown) =>
      `listen[${index}].tls.${TLS_KEYS[error instanceof TlsInvalid ? error.file : file]}`;
    check(pathOf, () => readTls(tls, content, clock));
  });
  settings.jwtIssuers.forEach(({ keys }, index) => {
    if (keys.kind === "file")
      check(
        () => `jwt_issuers[${index}].jwks_file`,
        () => readKeySetFile(read(keys.file)),
      );
  });
  return problems;
}

/**
 * Reads the keys of an issuer from a file.
 *
 * @throws KeySetInvalid
 */
export function readKeySetFile(file: SecretFile): Uint8Array {
  // Whoever can write it is whom the issuer can name.
  const fault = tampering(file, "0644");
  if (fault !== undefined) throw new KeySetInvalid(fault);
  readKeySet(file.bytes);
  return file.bytes;
}

function messageOf(error: unknown): string {
  if (error instanceof TlsInvalid || error instanceof KeySetInvalid) return error.message;
  if (error instanceof Error && "code" in error) return `cannot be read: ${FAULTS[String(error.code)] ?? error.code}`;
  throw error;
}

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: "the file does not exist",
  EACCES: "this user may not read the file",
  EISDIR: "it is a directory",
};
