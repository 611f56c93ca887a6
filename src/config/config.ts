import { readFileSync } from "node:fs";
import { ConfigSchema } from "../../gen/agora/token/config/v1/config_pb.ts";
import { complete } from "./complete.ts";
import { checkEndpoints } from "./endpoints.ts";
import { readMessage } from "./message.ts";
import { checkPaths } from "./paths.ts";
import { ConfigInvalid, Report } from "./problems.ts";
import { checkReferences } from "./references.ts";
import { checkRules } from "./rules.ts";
import type { Settings } from "./settings.ts";
import { parseYaml } from "./yaml.ts";

export { ConfigInvalid, type Place, type Problem } from "./problems.ts";
export type * from "./settings.ts";
export { unsafe } from "./startup.ts";

/** The largest file, in bytes: 10000 projects fit. */
const LARGEST = 8 * 1024 * 1024;

/**
 * Reads the configuration file.
 *
 * @param path the file, YAML in UTF-8, at most 8 MiB; messages call it so
 * @param read gives the bytes of a file, or its text
 * @throws ConfigInvalid listing all problems at once
 */
export function readConfig(path: string, read: (path: string) => Uint8Array | string = readFileSync): Settings {
  const tree = parseYaml(textOf(path, read));
  if (!("root" in tree))
    throw new ConfigInvalid(
      path,
      tree.map((problem) => ({ ...problem, path: "" })),
    );
  const report = new Report();
  const config = readMessage(ConfigSchema, tree, report);
  checkRules(config, report);
  checkEndpoints(config, report);
  checkPaths(config, report);
  checkReferences(config, report);
  if (report.problems.length > 0) throw new ConfigInvalid(path, report.problems);
  return complete(config, report.places);
}

function textOf(path: string, read: (path: string) => Uint8Array | string): string {
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
