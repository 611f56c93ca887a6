// The key ring: which project, and which of its certificates.

import { describe, expect, test } from "vitest";
import { AppCertificate, type CertificateState } from "../../src/keyring/certificate.ts";
import { KeyRing, type Project, signer, whoSigned, whoSignedInOtherCase } from "../../src/keyring/keyring.ts";

const digitsOf = (n: number) => `${n}`.padStart(32, "abcdef01");
const certificate = (n: number, state: CertificateState) => ({
  id: `c${n}`,
  state,
  secret: AppCertificate.parse(Buffer.from(digitsOf(n), "latin1")),
});
const project = (id: string, appId: string, ...states: CertificateState[]): Project => ({
  id,
  appId,
  allowToken006: false,
  maxTtl: 60,
  certificates: states.map((state, n) => certificate(n, state)),
});
const isSignedBy = (n: number) => (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1") === digitsOf(n);

describe("projects", () => {
  const live = project("live", "ABCDEFabcdef0123456789ABCDEF0123", "primary");
  const test1 = project("test", "0123456789abcdef0123456789abcdef", "primary");
  const ring = new KeyRing([live, test1]);

  test("are found by their ID, and by their App ID as it is spelled", () => {
    expect([ring.project("live"), ring.project("test"), ring.project("Live"), ring.project("")]).toEqual([
      live,
      test1,
      undefined,
      undefined,
    ]);
    expect([ring.projectOfAppId(live.appId), ring.projectOfAppId(live.appId.toLowerCase())]).toEqual([live, undefined]);
    expect([...ring.projects]).toEqual([live, test1]);
  });

  test("are recognized by an App ID in another case, and not by their own", () => {
    expect(ring.projectOfAppIdInOtherCase(live.appId.toUpperCase())).toBe(live);
    expect(ring.projectOfAppIdInOtherCase(live.appId)).toBeUndefined();
    expect(ring.projectOfAppIdInOtherCase("f".repeat(32))).toBeUndefined();
  });

  test.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("are not found by %s", (name) => {
    expect([ring.project(name), ring.projectOfAppId(name), ring.projectOfAppIdInOtherCase(name)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("stay as they were when the ring was made", () => {
    const list = [live];
    const snapshot = new KeyRing(list);
    list.push(test1);
    expect([...snapshot.projects]).toEqual([live]);
    expect(snapshot.project("test")).toBeUndefined();
  });
});

describe("certificates", () => {
  test.each<[CertificateState[], string | undefined]>([
    [["retiring", "primary", "standby"], "c1"],
    [["primary"], "c0"],
    [["retiring", "standby", "revoked"], undefined],
    [[], undefined],
  ])("of %j the primary signs: %s", (states, expected) => {
    expect(signer(project("live", "a", ...states))?.id).toBe(expected);
  });

  test.each([0, 1, 2, 3])("all are tried, also behind the one that signed: %d", (n) => {
    const four = project("live", "a", "revoked", "primary", "retiring", "standby");
    const tried: string[] = [];
    const found = whoSigned(four, (bytes) => {
      tried.push(Buffer.from(bytes).toString("latin1"));
      return isSignedBy(n)(bytes);
    });
    expect(found?.id).toBe(`c${n}`);
    expect(tried).toEqual([0, 1, 2, 3].map(digitsOf));
  });

  test("of another, or none, there is none", () => {
    expect(whoSigned(project("live", "a", "primary"), isSignedBy(7))).toBeUndefined();
    expect(whoSigned(project("live", "a"), () => true)).toBeUndefined();
  });

  test("one is recognized by its digits in another case, and not by its own", () => {
    const three = project("live", "a", "primary", "retiring", "standby");
    const upper = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1") === digitsOf(1).toUpperCase();
    expect(whoSignedInOtherCase(three, upper)?.id).toBe("c1");
    expect(whoSignedInOtherCase(three, isSignedBy(1))).toBeUndefined();
  });
});
