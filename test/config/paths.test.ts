import { describe, expect, test } from "vitest";
import { makeApiKey } from "../../src/access/by-api-key.ts";
import { makeJwt } from "../fixtures/jwts.ts";
import { problemsOf } from "./fixtures/read.ts";

const CERTIFICATE = "a1B2c3D4e5F60718293a4b5c6d7e8f90";
const SECRETS = {
  "an App Certificate": CERTIFICATE,
  "an API key": makeApiKey("job").key,
  "a JWT": makeJwt({ sub: "x" }),
} as const;

/** A configuration whose files are named so. */
function text(files: Partial<Record<"tls" | "certificate" | "jwks" | "audit" | "names", string>>): string {
  const { tls = "/k", certificate = "/c", jwks = "/j", audit = "/a", names = "/n" } = files;
  return `
listen: [{ address: 10.0.0.1:1, tls: { certificate_file: /t, key_file: ${JSON.stringify(tls)} } }]
projects: [{ id: live, app_id: "${CERTIFICATE}", certificates: [{ id: a, state: primary, file: ${JSON.stringify(certificate)} }] }]
jwt_issuers: [{ issuer: a, jwks_file: ${JSON.stringify(jwks)} }]
audit: { file: ${JSON.stringify(audit)}, names_key_file: ${JSON.stringify(names)} }
`;
}

describe("a secret in place of the path of its file is refused, and not repeated", () => {
  test.each(Object.entries(SECRETS))("%s", (_, secret) => {
    for (const [key, path] of [
      ["tls", "listen[0].tls.key_file"],
      ["certificate", "projects[0].certificates[0].file"],
      ["jwks", "jwt_issuers[0].jwks_file"],
      ["audit", "audit.file"],
      ["names", "audit.names_key_file"],
    ] as const) {
      const problems = problemsOf(text({ [key]: secret }));
      const message = expect.stringMatching(/^must be the path of a file, .* exchange it$/);
      expect(problems).toEqual([{ path, message, place: { line: expect.any(Number), column: expect.any(Number) } }]);
      expect(JSON.stringify(problems)).not.toContain(secret.slice(0, 20));
    }
  });

  test("and paths are not taken for secrets", () => {
    const paths = [`/run/${CERTIFICATE}`, `./${CERTIFICATE}`, `${CERTIFICATE}.txt`, "2026-11", `${"a".repeat(32)}g`];
    for (const path of paths) expect(problemsOf(text({ certificate: path }))).toEqual([]);
  });
});

test("an unknown key that is a secret is not repeated", () => {
  for (const secret of [SECRETS["an App Certificate"], SECRETS["an API key"]]) {
    const problems = problemsOf(`${text({})}${secret}: x\n`);
    expect(problems).toMatchObject([{ path: "?", message: "unknown key" }]);
  }
});
