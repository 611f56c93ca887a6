import { readFileSync } from "node:fs";
import { type Config, ConfigSchema } from "../../gen/agora/token/config/v1/config_pb.ts";
import { complete } from "./complete.ts";
import { checkEndpoints } from "./endpoints.ts";
import { readMessage } from "./message.ts";
import { checkPaths } from "./paths.ts";
import { isPlainConfig } from "./plain-config.ts";
import { ConfigInvalid, Report } from "./problems.ts";
import { checkReferences } from "./references.ts";
import type { Settings } from "./settings.ts";
import { parseYaml } from "./yaml.ts";

export { ConfigInvalid, type Place, type Problem } from "./problems.ts";
export type * from "./settings.ts";
export { unsafe } from "./startup.ts";

/** The largest file, in bytes: 10000 projects fit. */
const LARGEST = 8 * 1024 * 1024;

/** Gives the bytes of a file, or its text. */
export type ReadContent = (path: string) => Uint8Array | string;

/** Reports what breaks the rules that the schema states. It is that of rules.ts, which takes long to load. */
export type CheckRules = (config: Config, report: Report) => void;

/**
 * Reads the configuration file.
 *
 * @param path the file, YAML in UTF-8, at most 8 MiB; messages call it so
 * @param read gives what is in it
 * @param checkRules is asked where the rules of the schema are not kept beyond doubt
 * @returns undefined where it would have to be asked and is not given: then nothing is said of the configuration
 * @throws ConfigInvalid listing all problems at once
 */
export function readConfig(path: string, read: ReadContent | undefined, checkRules: CheckRules): Settings;
export function readConfig(path: string, read?: ReadContent, checkRules?: CheckRules): Settings | undefined;
export function readConfig(
  path: string,
  read: ReadContent = readFileSync,
  checkRules?: CheckRules,
): Settings | undefined {
  const tree = parseYaml(textOf(path, read));
  if (!("root" in tree))
    throw new ConfigInvalid(
      path,
      tree.map((problem) => ({ ...problem, path: "" })),
    );
  const report = new Report();
  const config = readMessage(ConfigSchema, tree, report);
  if (!isPlainConfig(config)) {
    if (checkRules === undefined) return undefined;
    checkRules(config, report);
  }
  checkEndpoints(config, report);
  checkPaths(config, report);
  checkReferences(config, report);
  if (report.problems.length > 0) throw new ConfigInvalid(path, report.problems);
  return complete(config, report.places);
}

function textOf(path: string, read: ReadContent): string {
  const refuse = (message: string, cause?: unknown) =>
    new ConfigInvalid(path, [{ place: undefined, path: "", message }], { cause });
  let content: Uint8Array | string;
  try {
    content = read(path);
  } catch (error) {
    throw refuse(`cannot be read: ${reasonOf(error)}`, error);
  }
  if (content.length > LARGEST) throw refuse(`is larger than ${LARGEST} bytes`);
  if (typeof content === "string") return content;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch (error) {
    throw refuse("is not UTF-8: save it in this encoding", error);
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
  return REASONS[code] ?? code;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "this user may not read it",
  EISDIR: "it is a directory",
  EFBIG: "it is too large",
  ENOTSUP: "it is a pipe or a device: name a plain file, which can be watched",
};
