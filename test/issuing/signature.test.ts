import { beforeEach, describe, expect, test, vi } from "vitest";
import { checkSignature, judgeCertificate } from "../../src/issuing/signature.ts";
import { AppCertificate, type CertificateState } from "../../src/keyring/certificate.ts";
import type { Project } from "../../src/keyring/keyring.ts";
import { sign006, verify006 } from "../../src/token/token006.ts";
import { sign007, verify007 } from "../../src/token/token007.ts";
import { APP_IDS, LIVE, NOW, OTHER } from "../api/world.ts";
import { claimsIn, expectation, rtcGrant } from "./claimed.ts";

vi.mock("../../src/token/token006.ts", async (importOriginal) => {
  const token = await importOriginal<typeof import("../../src/token/token006.ts")>();
  return { ...token, verify006: vi.fn(token.verify006) };
});
vi.mock("../../src/token/token007.ts", async (importOriginal) => {
  const token = await importOriginal<typeof import("../../src/token/token007.ts")>();
  return { ...token, verify007: vi.fn(token.verify007) };
});
beforeEach(() => void vi.clearAllMocks());

const STATES: readonly CertificateState[] = ["primary", "standby", "retiring", "revoked"];
const EXPECTED = expectation(rtcGrant("room-1", "42"));

/** Made-up digits, with letters in both cases. */
function digits(n: number): string {
  return `${n.toString(16).padStart(2, "0")}aBcDeF${"0123456789abcDEF".repeat(2)}`.slice(0, 32);
}

/** A project with as many certificates as a project may have. */
const PROJECT: Project = {
  ...LIVE,
  id: "many",
  certificates: Array.from({ length: 16 }, (_, n) => ({
    id: `c${n}`,
    state: STATES[n % STATES.length] ?? "standby",
    secret: AppCertificate.parse(Buffer.from(digits(n), "latin1")),
  })),
};

const VERSIONS = {
  "007": {
    verify: vi.mocked(verify007),
    sign: (certificate: Uint8Array) =>
      sign007(
        { appId: LIVE.appId, issuedAt: NOW, lifetime: 60, salt: 1, grants: [rtcGrant("room-1", "42")] },
        certificate,
      ),
  },
  "006": {
    verify: vi.mocked(verify006),
    sign: (certificate: Uint8Array) => {
      const token = { appId: LIVE.appId, channelText: "room-1", userText: "42", salt: 1, expiresAt: NOW + 60 };
      return sign006({ ...token, privileges: new Map([[1, NOW + 60]]) }, certificate);
    },
  },
} as const;

describe.each(["007", "006"] as const)("version %s", (version) => {
  const { sign, verify } = VERSIONS[version];
  const check = (certificate: Uint8Array | string, project = PROJECT, others: Iterable<Project> = []) => {
    const text = sign(typeof certificate === "string" ? Buffer.from(certificate, "latin1") : certificate);
    return checkSignature(claimsIn(text), project, EXPECTED, others);
  };

  test.each(PROJECT.certificates.map(({ id }, at) => [id, at] as const))(
    "%s is named, and all are tried, wherever it stands",
    (id, at) => {
      expect(check(digits(at))).toMatchObject({ check: "VALID", certificate: { id } });
      expect(verify).toHaveBeenCalledTimes(PROJECT.certificates.length);
      const tried = verify.mock.calls.map((call) => Buffer.from(call.at(-1) as Uint8Array).toString("latin1"));
      expect(tried).toEqual(PROJECT.certificates.map((_, n) => digits(n)));
    },
  );

  test.each([
    ["in lower case", digits(3).toLowerCase(), "certificate c3 with its letters in another case"],
    ["in upper case", digits(3).toUpperCase(), "certificate c3 with its letters in another case"],
    ["with a line break", `${digits(3)}\n`, "certificate c3 with a line break after it"],
    ["with a space", `${digits(3)} `, "certificate c3 with a space after it"],
    ["in quotes", `"${digits(3)}"`, "certificate c3 in quotes"],
    ["as 16 bytes", Buffer.from(digits(3), "hex"), "certificate c3 decoded from its digits to 16 bytes"],
    ["the App ID", LIVE.appId, "the App ID in the certificate's place"],
    ["of another project", "e1b2c3d4e5f60718293a4b5c6d7e8f94", "certificate other of other"],
  ])("a certificate %s is recognized", (_, certificate, by) => {
    const signature = check(certificate, PROJECT, [PROJECT, OTHER]);
    expect(signature).toMatchObject({
      check: "INVALID",
      findings: [{ reason: "SIGNATURE_INVALID", agoraErrorCode: 110 }],
    });
    expect("findings" in signature && signature.findings[0]?.description).toContain(
      `No certificate of many made the signature, but ${by} did.`,
    );
  });

  test("a certificate of nobody is of nobody, and how many were tried is said", () => {
    const signature = check("9".repeat(32), PROJECT, [PROJECT, OTHER]);
    const description = "findings" in signature ? signature.findings[0]?.description : "";
    expect(description).toContain("No certificate of many made the signature; 16 were tried.");
    expect(description).toContain(
      version === "006" ? "checksums of the channel and the user are right" : "something was changed",
    );
    expect(description).not.toContain("9".repeat(8));
  });

  test("what is tried for the sake of a hint is bounded", () => {
    function* endless(): Iterable<Project> {
      for (let n = 0; ; n++) yield { ...PROJECT, id: `p${n}` };
    }
    expect(check("9".repeat(32), PROJECT, endless())).toMatchObject({ check: "INVALID" });
    expect(verify.mock.calls.length).toBeLessThanOrEqual(16 * (1 + 2 + 4) + 1 + 128);
  });

  test("a copy of a certificate does not outlive its trial", () => {
    check("9".repeat(32));
    const own = new Set(PROJECT.certificates.map(({ secret }) => secret.reveal()));
    const copies = verify.mock.calls.map((call) => call.at(-1) as Uint8Array).filter((bytes) => !own.has(bytes));
    const spelled = copies.filter(({ length }) => length !== 32);
    expect(spelled).toHaveLength(16 * 4);
    for (const copy of spelled) expect(copy.every((byte) => byte === 0)).toBe(true);
  });

  test("the certificates themselves are left as they are", () => {
    check("9".repeat(32));
    expect(check(digits(7))).toMatchObject({ check: "VALID", certificate: { id: "c7" } });
  });

  test("without a project, nothing is checked", () => {
    const claims = claimsIn(sign(Buffer.from(digits(1), "latin1")));
    expect(checkSignature(claims, undefined, EXPECTED)).toEqual({ check: "SKIPPED", findings: [] });
    expect(verify).not.toHaveBeenCalled();
  });
});

describe("version 006", () => {
  const claims = claimsIn(VERSIONS["006"].sign(Buffer.from(digits(0), "latin1")));

  test("needs what is expected", () => {
    expect(checkSignature(claims, PROJECT, undefined)).toMatchObject({
      check: "SKIPPED",
      findings: [{ reason: "EXPECTED_GRANT_REQUIRED", severity: "open", agoraErrorCode: 0 }],
    });
  });

  test.each([
    ["another channel", rtcGrant("room-2", "42")],
    ["another user", rtcGrant("room-1", "43")],
    ["another service", { service: "rtm", userId: "room-1", privileges: new Map([[1, 0]]) } as const],
  ])("for %s, there is nothing to check with", (_, grant) => {
    expect(checkSignature(claims, PROJECT, expectation(grant))).toEqual({ check: "SKIPPED", findings: [] });
    expect(verify006).not.toHaveBeenCalled();
  });

  test("of signaling with a user of RTC beside is signed by nobody, whoever signed it", () => {
    const token = { appId: LIVE.appId, channelText: "u-1", userText: "42", salt: 1, expiresAt: NOW + 60 };
    const text = sign006({ ...token, privileges: new Map([[1000, NOW + 60]]) }, Buffer.from(digits(0), "latin1"));
    const expected = { service: "rtm", userId: "u-1", privileges: new Map() } as const;
    const signature = checkSignature(claimsIn(text), PROJECT, expected);
    expect(signature).toMatchObject({ check: "INVALID", findings: [{ reason: "SIGNATURE_INVALID" }] });
    expect("findings" in signature && signature.findings[0]?.description).toContain(
      "The token has the checksum of a user of RTC, and one for signaling has none.",
    );
  });

  test("is for the uid and for the account of its digits", () => {
    const user = { account: "42" };
    expect(checkSignature(claims, PROJECT, { ...EXPECTED, user } as typeof EXPECTED)).toMatchObject({ check: "VALID" });
  });
});

describe("a certificate that signed", () => {
  const of = (state: CertificateState) => PROJECT.certificates.find((each) => each.state === state);

  test.each<[CertificateState, readonly [string, string] | undefined]>([
    ["primary", undefined],
    [
      "standby",
      ["CERTIFICATE_NOT_PRIMARY", "Certificate c1 made the signature, and it is standby: many signs with c0 still."],
    ],
    [
      "retiring",
      ["CERTIFICATE_NOT_PRIMARY", "Certificate c2 made the signature, and it is retiring: many signs with c0 now."],
    ],
    [
      "revoked",
      ["CERTIFICATE_REVOKED", "Certificate c3 made the signature, and it has been revoked: many signs with c0."],
    ],
  ])("and is %s", (state, finding) => {
    const certificate = of(state);
    if (!certificate) throw new Error("no such certificate");
    const findings = judgeCertificate(certificate, PROJECT);
    expect(findings.map(({ reason }) => reason)).toEqual(finding ? [finding[0]] : []);
    if (finding) expect(findings[0]?.description).toContain(finding[1]);
    expect(judgeCertificate(certificate).map(({ reason }) => reason)).toEqual(finding ? [finding[0]] : []);
  });

  test("of a project that signs with none", () => {
    const certificate = of("retiring");
    if (!certificate) throw new Error("no such certificate");
    const without = { ...PROJECT, certificates: [certificate] };
    expect(judgeCertificate(certificate, without)[0]?.description).toContain("and it is retiring now.");
  });
});

test("the App IDs of the tests have letters in one case or in both", () => {
  expect(APP_IDS.live).toMatch(/[a-f].*[A-F]/);
});
