// The configuration file and the files that it names, all read once.

import { createHash } from "node:crypto";
import { type CheckRules, ConfigInvalid, readConfig, type Settings } from "../config/config.ts";
import type { SecretFile } from "../keyring/file-source.ts";
import { credentialFilesOf } from "./credential-files.ts";
import type { ReadFile } from "./files.ts";

/** What was read. */
export interface Reading {
  /** The path of the configuration file. */
  readonly file: string;
  /** What the configuration file says, or what is wrong with it. */
  readonly parsed: Settings | ConfigInvalid;
  /** Whether every user of the machine may write the configuration file. */
  readonly writable: boolean;
  /** Gives a file that the configuration names, or throws as reading it did. */
  fileAt(path: string): SecretFile;
  /** Differs from that of any other content of the files, and of any other permissions. */
  readonly fingerprint: string;
  /** Wipes what is secret. */
  wipe(): void;
}

type Outcome = SecretFile | Error;

/** Files that are open at the same time. */
const AT_ONCE = 32;

/**
 * Reads all files. What cannot be read is part of the outcome.
 *
 * @param last a reading before this: if the configuration file has not changed, it is not parsed again
 */
export async function readAll(file: string, read: ReadFile, last?: Reading): Promise<Reading> {
  const config = await outcomeOf(file, read);
  const configDigest = digestOf(file, config);
  const parsed = last?.fingerprint.startsWith(configDigest) ? last.parsed : await parse(file, config);
  const files = await outcomesOf([...new Set(filesOf(parsed))], read);
  const digests = [...files].map(([path, outcome]) => digestOf(path, outcome));
  return {
    file,
    parsed,
    writable: !(config instanceof Error) && (config.mode & 0o002) !== 0,
    fileAt: (path) => contentOf(files.get(path)),
    fingerprint: [configDigest, ...digests].join(" "),
    wipe: () => {
      for (const outcome of files.values()) if (!(outcome instanceof Error)) outcome.bytes.fill(0);
    },
  };
}

async function outcomesOf(paths: readonly string[], read: ReadFile): Promise<ReadonlyMap<string, Outcome>> {
  const files = new Map<string, Outcome>();
  for (let first = 0; first < paths.length; first += AT_ONCE) {
    const some = paths.slice(first, first + AT_ONCE);
    const outcomes = await Promise.all(some.map(async (path) => [path, await outcomeOf(path, read)] as const));
    for (const [path, outcome] of outcomes) files.set(path, outcome);
  }
  return files;
}

async function outcomeOf(path: string, read: ReadFile): Promise<Outcome> {
  try {
    return await read(path);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function parse(file: string, config: Outcome): Promise<Settings | ConfigInvalid> {
  const plain = parseWith(undefined, file, config);
  if (plain) return plain;
  const { checkRules } = await import("../config/rules.ts");
  return parseWith(checkRules, file, config);
}

function parseWith(checkRules: CheckRules, file: string, config: Outcome): Settings | ConfigInvalid;
function parseWith(checkRules: undefined, file: string, config: Outcome): Settings | ConfigInvalid | undefined;
function parseWith(checkRules: CheckRules | undefined, file: string, config: Outcome) {
  try {
    return readConfig(file, () => contentOf(config).bytes, checkRules);
  } catch (error) {
    if (error instanceof ConfigInvalid) return error;
    throw error;
  }
}

function filesOf(parsed: Settings | ConfigInvalid): string[] {
  if (parsed instanceof ConfigInvalid) return [];
  const certificates = parsed.projects.flatMap((project) => project.certificates.map(({ file }) => file));
  return [...certificates, ...credentialFilesOf(parsed)];
}

function contentOf(outcome: Outcome | undefined): SecretFile {
  if (outcome === undefined) throw new Error("a file that was not read");
  if (outcome instanceof Error) throw outcome;
  // Whoever parses a secret wipes it, and two projects may name one file.
  return { ...outcome, bytes: Uint8Array.from(outcome.bytes) };
}

function digestOf(path: string, outcome: Outcome): string {
  const hash = createHash("sha256").update(`${path}\0`);
  if (outcome instanceof Error) hash.update(`error ${(outcome as NodeJS.ErrnoException).code}`);
  else hash.update(`${outcome.mode} ${outcome.projected}\0`).update(outcome.bytes);
  return hash.digest("base64");
}
