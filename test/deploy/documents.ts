// Reads what deploy/ holds.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Address } from "../../src/config/address.ts";

/** What operators copy. */
export const DEPLOY = join(import.meta.dirname, "..", "..", "deploy");

/** The documents of a YAML file. Throws at what is no YAML, duplicate keys among it. */
export function documentsOf(...path: readonly string[]): unknown[] {
  const text = readFileSync(join(DEPLOY, ...path), "utf8");
  const documents = parseAllDocuments(text, { uniqueKeys: true, strict: true });
  if (!Array.isArray(documents)) throw new Error(`${path.join("/")} is empty`);
  return documents.map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) throw problem;
    return document.toJS() as unknown;
  });
}

/** The YAML files below a folder of deploy/, by their paths in it. */
export function yamlFiles(folder = ""): string[] {
  return readdirSync(join(DEPLOY, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.ya?ml$/.test(name))
    .sort();
}

/** The port of an address of a configuration. */
export function portOf(address: Address | undefined): number {
  if (address?.kind !== "tcp") throw new Error("an address without a port");
  return address.port;
}
