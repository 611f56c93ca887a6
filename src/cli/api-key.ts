import { makeApiKey } from "../access/by-api-key.ts";
import { EXIT, usage } from "./exit.ts";
import { jsonText } from "./printable.ts";
import type { Surroundings } from "./serve.ts";

/** The IDs that the configuration lets a caller have. */
const NAME = /^[a-z][a-z0-9-]{0,62}$/;

/**
 * Makes an API key. The key alone goes to standard output, this once, and what to do with it to standard error.
 *
 * @param name the ID of the caller
 * @returns the exit code
 */
export function apiKey(name: string, { json = false }: { json?: boolean }, around: Surroundings): number {
  if (!NAME.test(name)) {
    throw usage("the name is the ID of the caller: 1 to 63 of a-z, 0-9 and -, of which the first is a letter");
  }
  const { key, sha256 } = makeApiKey(name);
  if (json) {
    around.out(jsonText({ caller: name, key, api_key_sha256: sha256 }));
    return EXIT.OK;
  }
  around.error(
    "The key is printed this once. The caller sends it as `authorization: Bearer KEY`, over TLS, a unix socket",
  );
  around.error("or loopback. The configuration has its SHA-256 alone:");
  around.error("");
  around.error("callers:");
  around.error(`  - id: ${name}`);
  around.error(`    match: { api_key_sha256: "${sha256}" }`);
  around.error("");
  around.error("Beside the key that the caller has, it is `api_key_sha256_next` until the caller has changed over.");
  around.out(key);
  return EXIT.OK;
}
