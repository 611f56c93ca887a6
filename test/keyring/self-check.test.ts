import { describe, expect, test } from "vitest";
import { AppCertificate } from "../../src/keyring/certificate.ts";
import { KeyRing, type Project } from "../../src/keyring/keyring.ts";
import { checkKnownAnswers, checkSigning, SelfCheckFailed } from "../../src/keyring/self-check.ts";
import { KNOWN_006, KNOWN_007 } from "../../src/token/known-answers.ts";

const NOW = 1_790_000_000;

function certificate(digits: string): AppCertificate {
  return AppCertificate.parse(Buffer.from(digits, "latin1"));
}

function project(id: string, parts: Partial<Project> = {}): Project {
  const appId = `${id.length}f1e2d3c4b5a69788796a5b4c3d2e1f0`.slice(0, 32);
  const secret = certificate("A1b2C3d4E5f60718293a4B5c6D7e8F90");
  return {
    id,
    appId,
    allowToken006: true,
    maxTtl: 60,
    certificates: [{ id: "a", state: "primary", secret }],
    ...parts,
  };
}

function thrownBy(act: () => void): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("known answers", () => {
  test("come out right", () => {
    expect(KNOWN_007.length).toBeGreaterThan(0);
    expect(KNOWN_006.length).toBeGreaterThan(0);
    expect(() => checkKnownAnswers()).not.toThrow();
  });

  const [of007] = KNOWN_007;
  const [of006] = KNOWN_006;
  if (!of007 || !of006) throw new Error("no known answers");
  test.each([
    ["another signature", [{ ...of007, signatureHex: "00".repeat(32) }], []],
    ["other bytes", [{ ...of007, signedHex: of007.signedHex.replace(/.$/, "0") }], []],
    ["another salt", [{ ...of007, token: { ...of007.token, salt: 2 } }], []],
    ["no token", [{ ...of007, text: "007x" }], []],
    ["another version", [{ ...of007, text: of006.text }], []],
    ["another text of version 006", [], [{ ...of006, text: of006.text.replace(/.$/, "A") }]],
    ["another channel", [], [{ ...of006, token: { ...of006.token, channelText: "x" } }]],
  ])("are told apart from %s", (_, changed007, changed006) => {
    const error = thrownBy(() => checkKnownAnswers(changed007, changed006));
    expect(error).toBeInstanceOf(SelfCheckFailed);
    expect((error as SelfCheckFailed).message).toMatch(
      /^known answer: the token of .*Test\.js:\d+.* comes out wrong; /,
    );
  });
});

describe("each project reads what it signs", () => {
  test("with any certificates beside the primary", () => {
    const standby = { id: "b", state: "standby", secret: certificate("00112233445566778899aabbccddeeff") } as const;
    const ring = new KeyRing([
      project("one"),
      project("three", { allowToken006: false, certificates: [standby, ...project("x").certificates] }),
      project("unsigned", { certificates: [standby] }),
    ]);
    expect(() => checkSigning(ring, NOW)).not.toThrow();
  });

  test.each([
    ["an App ID that no parser reads", { appId: "x".repeat(40), allowToken006: true }],
    // Nothing says which of the two made the signature.
    [
      "the same certificate twice",
      {
        allowToken006: false,
        certificates: [
          { id: "old", state: "retiring", secret: certificate("A1b2C3d4E5f60718293a4B5c6D7e8F90") },
          { id: "new", state: "primary", secret: certificate("A1b2C3d4E5f60718293a4B5c6D7e8F90") },
        ],
      },
    ],
  ] as const)("but not with %s", (_, parts) => {
    const error = thrownBy(() => checkSigning(new KeyRing([project("good"), project("strange", parts)]), NOW));
    expect(error).toBeInstanceOf(SelfCheckFailed);
    expect((error as SelfCheckFailed).problems).toEqual([
      expect.stringMatching(/^self-check: project strange cannot verify the token that it signs; /),
    ]);
    expect((error as SelfCheckFailed).message).not.toMatch(/A1b2/i);
  });
});
