// What a refusal advises can be done: every key that it names is one of the configuration.

import { readFileSync } from "node:fs";
import type { DescMessage } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ConfigSchema } from "../../gen/agora/token/config/v1/config_pb.ts";

/** Where refusals of configurations, and of files that they name, are worded. */
const WORDED = [
  "config/startup",
  "config/surroundings",
  "config/endpoints",
  "config/paths",
  "config/references",
  "keyring/fitness",
  "keyring/file-source",
  "cli/reloading",
  "cli/auditing",
  "cli/credential-files",
  "server/tls-files",
];

function keysOf(message: DescMessage, seen = new Set<DescMessage>()): string[] {
  if (seen.has(message)) return [];
  seen.add(message);
  return message.fields.flatMap((field) => [field.name, ...(field.message ? keysOf(field.message, seen) : [])]);
}

const KEYS = new Set(keysOf(ConfigSchema));

describe("keys that refusals name are keys of the configuration", () => {
  test.each(WORDED)("src/%s.ts", (file) => {
    const source = readFileSync(new URL(`../../src/${file}.ts`, import.meta.url), "utf8").replaceAll(
      /^import .*$/gm,
      "",
    );
    // Keys of two words or more stand out in a sentence; those of one are words as well.
    const named = [...source.matchAll(/["`'].*?["`']/g)].flatMap(
      ([text]) => text.match(/\b[a-z0-9]+(?:_[a-z0-9]+)+\b/g) ?? [],
    );
    expect(named.filter((word) => !KEYS.has(word))).toEqual([]);
  });

  test("and there are some", () => {
    const source = readFileSync(new URL("../../src/config/startup.ts", import.meta.url), "utf8");
    expect(source).toMatch(/add tls/);
    for (const key of ["tls", "client_ca_file", "terminated_upstream", "names_key_file"])
      expect(KEYS.has(key)).toBe(true);
  });
});
