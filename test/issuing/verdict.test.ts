import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  byGravity,
  FINDING_REASONS,
  FINDINGS,
  finding,
  type Severity,
  type Verdict,
  verdictOf,
} from "../../src/issuing/findings.ts";
import { FUZZ } from "../token/random-tokens.ts";

/** What Agora's native SDKs report for a cause, null if nothing. */
interface Cause {
  readonly reason: string;
  readonly native: number | null;
}

const { inspectReasons } = JSON.parse(readFileSync(new URL("../vectors/tables.json", import.meta.url), "utf8")) as {
  readonly inspectReasons: readonly Cause[];
};
const SEVERITIES: readonly Severity[] = ["rejects", "open", "notes"];
const anyFinding = fc
  .tuple(fc.constantFrom(...FINDING_REASONS), fc.constantFrom(undefined, ...SEVERITIES))
  .map(([reason, severity]) => finding(reason, "Something was found.", severity ? { severity } : {}));

test("the verdict follows from the severities alone, by one rule", () => {
  fc.assert(
    fc.property(fc.array(anyFinding, { maxLength: 12 }), (findings) => {
      const severities = findings.map(({ severity }) => severity);
      const verdict: Verdict = severities.includes("rejects")
        ? "REJECTED"
        : severities.includes("open")
          ? "INCONCLUSIVE"
          : "ACCEPTED";
      expect(verdictOf(findings)).toBe(verdict);
      expect(verdictOf([...findings].reverse())).toBe(verdict);
    }),
    FUZZ,
  );
});

test("the gravest is first: by severity, and then as the table has them", () => {
  fc.assert(
    fc.property(fc.array(anyFinding, { maxLength: 12 }), (findings) => {
      const sorted = byGravity(findings);
      expect(new Set(sorted)).toEqual(new Set(findings));
      expect(sorted).toHaveLength(findings.length);
      for (const [at, next] of sorted.slice(1).entries()) {
        const before = sorted[at] ?? next;
        const grave = SEVERITIES.indexOf(before.severity) - SEVERITIES.indexOf(next.severity);
        expect(grave).toBeLessThanOrEqual(0);
        if (grave === 0) {
          expect(FINDING_REASONS.indexOf(before.reason)).toBeLessThanOrEqual(FINDING_REASONS.indexOf(next.reason));
        }
      }
      expect(byGravity(sorted)).toEqual(sorted);
    }),
    FUZZ,
  );
});

test("the table itself is in the order of gravity", () => {
  const severities = FINDING_REASONS.map((reason) => SEVERITIES.indexOf(FINDINGS[reason].severity));
  expect(severities).toEqual([...severities].sort((a, b) => a - b));
});

test("what is said is what was found, and what would mend it", () => {
  expect(finding("EXPIRED", "It ended.").description).toBe(`It ended. ${FINDINGS.EXPIRED.mend}`);
  expect(finding("EXPIRED", "It ended.", { mend: "Build another.", code: 0, severity: "notes" })).toEqual({
    reason: "EXPIRED",
    severity: "notes",
    description: "It ended. Build another.",
    agoraErrorCode: 0,
  });
});

test.each(FINDING_REASONS)("%s has a symptom and a mend that read as sentences", (reason) => {
  const { symptom, mend } = FINDINGS[reason];
  expect(symptom).toMatch(/^[A-Z].*[^.]$/);
  expect(mend).toMatch(/^[A-Z].*\.$/);
});

/** Causes of the shared table whose names are not those of the contract. */
const CAUSES: Readonly<Record<string, keyof typeof FINDINGS>> = {
  EMPTY: "MALFORMED",
  BASE64_INVALID: "MALFORMED",
  INFLATE_FAILED: "MALFORMED",
  WHITESPACE_OR_QUOTES: "TEXT_ALTERED",
  PLUS_BECAME_SPACE: "TEXT_ALTERED",
  PERCENT_ENCODED: "TEXT_ALTERED",
  TRUNCATED: "TEXT_ALTERED",
  VERSION_UNKNOWN: "VERSION_UNSUPPORTED",
  TRAILING_BYTES: "CONTENTS_IRREGULAR",
  DUPLICATE_PRIVILEGE: "CONTENTS_IRREGULAR",
  CHAT_ID_NOT_LOWERCASE: "CONTENTS_IRREGULAR",
  UNKNOWN_SERVICE_TYPE: "CONTENTS_UNKNOWN",
  NO_SERVICES: "SERVICE_MISSING",
  NO_PRIVILEGES: "PRIVILEGE_MISSING",
  SIGNATURE_NOT_CHECKED: "EXPECTED_GRANT_REQUIRED",
  SIGNATURE_MISMATCH: "SIGNATURE_INVALID",
  SIGNED_BY_SECONDARY: "CERTIFICATE_NOT_PRIMARY",
  SIGNED_BY_RETIRED: "CERTIFICATE_REVOKED",
  UID_MISMATCH: "USER_MISMATCH",
  ACCOUNT_IS_ZERO_STRING: "USER_LOOKS_UNSET",
  ACCOUNT_LOOKS_LIKE_UNDEFINED: "USER_LOOKS_UNSET",
  WILDCARD_UID: "ANY_USER",
  WILDCARD_CHANNEL: "ANY_CHANNEL",
  NOT_YET_ISSUED: "ISSUED_IN_FUTURE",
  EXPIRE_OVER_24H: "LIFETIME_TOO_LONG",
  EXPIRE_LOOKS_ABSOLUTE: "LIFETIME_LOOKS_ABSOLUTE",
  EXPIRE_LOOKS_MILLISECONDS: "LIFETIME_LOOKS_ABSOLUTE",
  PRIVILEGE_OUTLIVES_TOKEN: "PRIVILEGE_OUTLASTS_TOKEN",
  ROLE_CANNOT_PUBLISH: "CO_HOST_AUTHENTICATION",
};
/** Those that a test of its own shows, as only some cases of their reason have the code. */
const SPECIAL = ["TOO_LONG", "INFLATE_TOO_LARGE", "COUNT_TOO_LARGE", "APP_ID_CASE_MISMATCH"];

test.each(inspectReasons.filter(({ reason }) => !SPECIAL.includes(reason)))(
  "$reason has the error $native of Agora's native SDKs",
  ({ reason, native }) => {
    const ours = CAUSES[reason] ?? (reason as keyof typeof FINDINGS);
    expect(FINDINGS[ours]?.code).toBe(native ?? 0);
  },
);
