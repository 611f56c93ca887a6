// From the configuration to where decisions are recorded.

import packageJson from "../../package.json" with { type: "json" };
import { BEGINNING } from "../audit/chain.ts";
import { LEAST_KEY_BYTES, type Names } from "../audit/names.ts";
import { Trail } from "../audit/trail.ts";
import type { Output } from "../audit/writer.ts";
import { ConfigInvalid, type Problem, type Settings } from "../config/config.ts";
import type { Auditing } from "../server/middleware/audit.ts";
import { type AuditFile, AuditFileUnfit, openAuditFile } from "./audit-file.ts";
import { readPlainFile } from "./files.ts";
import type { Observing } from "./observing.ts";
import type { Surroundings } from "./serve.ts";
import { afterReading } from "./timers.ts";

const STANDARD_OUTPUT = "-";
const OTHERS = 0o077;

/** Where decisions are recorded. */
export interface OpenAuditing extends Auditing {
  /** Records that this process ends, and lets go of the file. */
  close(): Promise<void>;
}

/**
 * Opens what a configuration says.
 *
 * @param file what the operator calls the configuration
 * @throws ConfigInvalid if it cannot be used
 */
export async function openAuditing(
  file: string,
  settings: Settings,
  around: Surroundings,
  observing: Observing,
): Promise<OpenAuditing> {
  const { audit } = settings;
  const names = await readNames(file, settings);
  const open = () => openOutput(file, settings, around);
  const { output, last } = await open();
  const now = () => Date.now();
  const trail = new Trail({
    output,
    last,
    reopen: async () => (await open()).output,
    onFull: audit.onFull,
    start: { release: packageJson.version, names: audit.names },
    now,
    monotonic: () => performance.now(),
    // A write that has ended is no failure because the event loop was late to hear of it.
    after: afterReading,
    soon: setImmediate,
    report: observing.onAudit,
  });
  observing.audited(trail, audit.onFull);
  const forget = audit.file === STANDARD_OUTPUT ? undefined : around.onReloadAsked?.(() => trail.reopen());
  const close = async () => {
    forget?.();
    await trail.close();
  };
  return { trail, names, now, close, onAnswered: observing.onAnswered };
}

/**
 * How names are recorded, with the key for pseudonyms.
 *
 * @throws ConfigInvalid if the key cannot be used
 */
export async function readNames(file: string, settings: Settings): Promise<Names> {
  const { names, namesKeyFile } = settings.audit;
  if (names === "plain" || namesKeyFile === undefined) return { kind: "plain" };
  const refuse = (message: string) => invalid(file, settings, "audit.names_key_file", message);
  try {
    const { bytes, mode, projected } = await readPlainFile(namesKeyFile);
    if ((mode & OTHERS) !== 0 && !projected) {
      throw refuse("other users of this machine may read or write the file; chmod it to 0600");
    }
    if (bytes.length < LEAST_KEY_BYTES) {
      throw refuse(`the file has ${bytes.length} bytes, and a key has at least ${LEAST_KEY_BYTES}; make a random one`);
    }
    return { kind: "pseudonym", key: bytes };
  } catch (error) {
    if (error instanceof ConfigInvalid) throw error;
    throw refuse(`the file cannot be read: ${codeOf(error)}`);
  }
}

async function openOutput(file: string, settings: Settings, around: Surroundings): Promise<AuditFile> {
  if (settings.audit.file === STANDARD_OUTPUT) {
    return { output: around.standardOutput?.() ?? lineOutput(around.out), last: BEGINNING };
  }
  try {
    return await openAuditFile(settings.audit.file);
  } catch (error) {
    const what = error instanceof AuditFileUnfit ? error.message : `cannot be opened: ${codeOf(error)}`;
    throw invalid(file, settings, "audit.file", `the file ${what}`);
  }
}

function lineOutput(out: (line: string) => void): Output {
  return {
    async write(bytes) {
      for (const line of Buffer.from(bytes).toString("utf8").trimEnd().split("\n")) out(line);
      return bytes.length;
    },
    close: () => Promise.resolve(),
  };
}

function invalid(file: string, { places }: Settings, path: string, message: string): ConfigInvalid {
  const problem: Problem = { place: places.get(path), path, message };
  return new ConfigInvalid(file, [problem]);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
}
