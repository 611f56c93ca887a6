import { expect, test } from "vitest";
import { type Alteration, repairToken } from "../../src/token/altered.ts";
import { type Irregularity, MalformedToken } from "../../src/token/bytes.ts";
import { tryParseToken } from "../../src/token/parse.ts";
import { verify006 } from "../../src/token/token006.ts";
import { type Claimed007, verify007 } from "../../src/token/token007.ts";
import { VECTORS } from "./vectors.ts";

const CERTIFICATE = Buffer.from(VECTORS.defaults.appCertificate, "latin1");

/** What becomes of a bad input: why it is refused and how it can be mended, or what is to be said about it. */
type Outcome =
  | { readonly refused: RegExp; readonly repair?: readonly Alteration[] }
  | { readonly unsupported: string }
  | { readonly genuine: boolean; readonly irregular?: Irregularity; readonly also?: (claimed: Claimed007) => void };

const OUTCOMES: Readonly<Record<string, Outcome>> = {
  "neg-empty": { refused: /does not start with the version/ },
  "neg-short": { refused: /does not start with the version/ },
  "neg-version-008": { unsupported: "008" },
  "neg-007-bad-base64": { refused: /character 1 of its base64 part is none of the base64 alphabet/ },
  "neg-007-truncated": { refused: /compressed content ends early: it is cut/, repair: ["CUT"] },
  "neg-007-not-zlib": { refused: /compressed content is damaged, or is none/ },
  "neg-007-sig-bit": { genuine: false },
  "neg-007-wrong-cert": {
    genuine: false,
    also: (claimed) => expect(verify007(claimed, Buffer.from(CERTIFICATE.toString("latin1").toLowerCase()))).toBe(true),
  },
  "neg-007-lower-appid": {
    genuine: true,
    also: ({ appId }) => {
      expect(appId).toBe(VECTORS.defaults.appId.toLowerCase());
      expect(appId).not.toBe(VECTORS.defaults.appId);
    },
  },
  "neg-007-trailing": { genuine: false, irregular: "BYTES_AT_END" },
  "neg-007-trailing-signed": { genuine: true, irregular: "BYTES_AT_END" },
  "neg-007-string-past-end": { refused: /it ends early: the user needs 10 bytes at byte \d+, and \d+ are left/ },
  "neg-007-count-too-big": { refused: /it ends early: the service type needs 2 bytes at byte \d+, and 0 are left/ },
  "neg-007-65535-services": { refused: /its content is larger than 65536 bytes/ },
  "neg-007-no-services": { genuine: true, irregular: "NO_SERVICES" },
  "neg-007-dup-privilege-key": {
    genuine: true,
    irregular: "PRIVILEGE_REPEATED",
    also: ({ grants }) => expect(grants[0]?.privileges).toEqual(new Map([[1, 0]])),
  },
  "neg-007-unsorted-services": { genuine: true, irregular: "SERVICES_UNSORTED" },
  "neg-007-php-uid-zero": {
    genuine: true,
    also: ({ grants }) => expect(grants[0]).toMatchObject({ service: "rtc", user: { account: "0" } }),
  },
  "neg-006-short": { refused: /at least 107 characters, and it has 39: it is cut/ },
  "neg-006-sig-bit": { genuine: false },
  "neg-006-plus-became-space": { refused: /none of the base64 alphabet/, repair: ["PLUS_TO_SPACE"] },
  "neg-quotes-whitespace": { refused: /does not start with the version/, repair: ["WHITE_SPACE", "QUOTES"] },
};

test("every bad input has an outcome", () => {
  expect(Object.keys(OUTCOMES)).toEqual(VECTORS.negative.map(({ id }) => id));
});

test.each(VECTORS.negative.map(({ id, why, token }) => [id, why, token] as const))("%s: %s", (id, _, text) => {
  const outcome = OUTCOMES[id];
  if (!outcome) throw new Error("no outcome");
  const parsed = tryParseToken(text);
  if ("unsupported" in outcome) {
    expect(parsed).toEqual({ kind: "unsupported", version: outcome.unsupported });
  } else if ("refused" in outcome) {
    expect(parsed).toBeInstanceOf(MalformedToken);
    expect((parsed as MalformedToken).message).toMatch(outcome.refused);
    expect(repairToken(text)?.alterations).toEqual(outcome.repair);
    expectMended(text, outcome.repair);
  } else {
    expectClaimed(parsed, outcome);
  }
});

function expectMended(text: string, repair: readonly Alteration[] | undefined): void {
  if (!repair || repair.includes("CUT")) return;
  const mended = repairToken(text)?.parsed;
  expect(isGenuine(mended)).toBe(true);
}

function expectClaimed(
  parsed: ReturnType<typeof tryParseToken>,
  outcome: Extract<Outcome, { genuine: boolean }>,
): void {
  if (parsed instanceof MalformedToken || parsed.kind !== "token") throw new Error("it should have been read");
  const { claimed } = parsed;
  expect([...claimed.irregularities]).toEqual(outcome.irregular ? [outcome.irregular] : []);
  expect(isGenuine(parsed)).toBe(outcome.genuine);
  if (claimed.version === "007") outcome.also?.(claimed);
}

function isGenuine(parsed: ReturnType<typeof tryParseToken> | undefined): boolean {
  if (!parsed || parsed instanceof MalformedToken || parsed.kind !== "token") return false;
  const { channelName, uid } = VECTORS.defaults;
  if (parsed.claimed.version === "007") return verify007(parsed.claimed, CERTIFICATE);
  return verify006(parsed.claimed, channelName, String(uid), CERTIFICATE);
}
