import { describe, expect, test } from "vitest";
import { AppCertificate, type Certificate, type CertificateState } from "../../src/keyring/certificate.ts";
import { KeyRing, type Project } from "../../src/keyring/keyring.ts";
import { LiveTokens } from "../../src/keyring/reload.ts";

const T0 = 1_790_000_000;
const APP_ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/** Certificates by ID, whose digits follow from the first letter of it. */
function certificates(states: Readonly<Record<string, CertificateState>>): Certificate[] {
  return Object.entries(states).map(([id, state]) => {
    const digits = `${id.charCodeAt(0)}00112233445566778899aabbccddeeff`.slice(0, 32);
    return { id, state, secret: AppCertificate.parse(Buffer.from(digits, "latin1")) };
  });
}

function ring(states: Readonly<Record<string, CertificateState>>, parts: Partial<Project> = {}): KeyRing {
  const project = { id: "live", appId: APP_ID, allowToken006: false, maxTtl: 3600, ...parts };
  return new KeyRing([{ ...project, certificates: certificates(states) }]);
}

/** What is cut off, in words. */
function cut(live: LiveTokens, next: KeyRing, now: number): string[] {
  return live.cutOff(next, now).map(({ certificate, change, until, signing }) => {
    return `${certificate} ${change} until +${until - now}${signing ? ", signs" : ""}`;
  });
}

describe("a certificate that signs", () => {
  const live = new LiveTokens(ring({ a: "primary", s: "standby" }), T0);

  test.each([
    ["dropped", ring({ s: "primary" })],
    ["revoked", ring({ a: "revoked", s: "primary" })],
    ["removed with its project", new KeyRing([])],
  ])("is not %s, however long it has signed", (change, next) => {
    expect(cut(live, next, T0)).toEqual([`a ${change} until +3600, signs`]);
    expect(cut(live, next, T0 + 100_000)).toEqual([`a ${change} until +3600, signs`]);
  });

  test("may get any other state, another ID, and its project another ID", () => {
    for (const state of ["primary", "standby", "retiring"] as const)
      expect(cut(live, ring({ a: state }), T0)).toEqual([]);
    expect(cut(live, ring({ a2: "retiring" }, { id: "renamed" }), T0)).toEqual([]);
  });

  test("belongs to its App ID: elsewhere it verifies nothing", () => {
    expect(cut(live, ring({ a: "primary" }, { appId: APP_ID.toUpperCase() }), T0)).toEqual([
      "a removed with its project until +3600, signs",
    ]);
  });
});

test("a standby that never signed may go", () => {
  const live = new LiveTokens(ring({ a: "primary", s: "standby" }), T0);
  expect(cut(live, ring({ a: "primary" }), T0)).toEqual([]);
  expect(cut(live, ring({ a: "primary", s: "revoked" }), T0)).toEqual([]);
});

test("a retired certificate may go when its last token has ended, to the second", () => {
  const live = new LiveTokens(ring({ a: "primary", b: "standby" }), T0);
  live.takeOver(ring({ a: "retiring", b: "primary" }), T0 + 500);
  const dropped = ring({ b: "primary" });
  expect(cut(live, dropped, T0 + 501)).toEqual(["a dropped until +3599"]);
  expect(cut(live, dropped, T0 + 500 + 3599)).toEqual(["a dropped until +1"]);
  expect(cut(live, dropped, T0 + 500 + 3600)).toEqual([]);
});

test("when a certificate that is retiring at the start signed last, nobody knows: it counts from the start", () => {
  const live = new LiveTokens(ring({ a: "primary", r: "retiring", v: "revoked" }), T0);
  const dropped = ring({ a: "primary" });
  expect(cut(live, dropped, T0 + 10)).toEqual(["r dropped until +3590"]);
  // Reloads in between do not start it anew.
  live.takeOver(ring({ a: "primary", r: "retiring" }), T0 + 1000);
  expect(cut(live, dropped, T0 + 3599)).toEqual(["r dropped until +1"]);
  expect(cut(live, dropped, T0 + 3600)).toEqual([]);
});

test("what was signed under a longer limit lives on under a shorter one", () => {
  const live = new LiveTokens(ring({ a: "primary" }, { maxTtl: 7200 }), T0);
  live.takeOver(ring({ a: "primary" }, { maxTtl: 60 }), T0);
  live.takeOver(ring({ a: "retiring", b: "primary" }, { maxTtl: 60 }), T0 + 10);
  expect(cut(live, ring({ b: "primary" }), T0 + 100)).toEqual(["a dropped until +7100"]);
});

test("what was cut off with consent is forgotten, and what comes back counts anew", () => {
  const live = new LiveTokens(ring({ a: "primary" }), T0);
  live.takeOver(ring({ a: "revoked", b: "primary" }), T0);
  expect(cut(live, ring({ b: "primary" }), T0 + 1)).toEqual([]);
  live.takeOver(ring({ a: "retiring", b: "primary" }), T0 + 2);
  expect(cut(live, ring({ b: "primary" }), T0 + 3)).toEqual(["a dropped until +3599"]);
});

test("many projects are compared in no time", () => {
  const projects = Array.from({ length: 5000 }, (_, index): Project => {
    const appId = index.toString(16).padStart(32, "0");
    const secret = AppCertificate.parse(
      Buffer.from(`${index.toString(16).padStart(16, "0")}0123456789abcdef`, "latin1"),
    );
    return {
      id: `p${index}`,
      appId,
      allowToken006: false,
      maxTtl: 60,
      certificates: [{ id: "a", state: "primary", secret }],
    };
  });
  const live = new LiveTokens(new KeyRing(projects), T0);
  expect(live.cutOff(new KeyRing(projects.slice(1)), T0).map(({ project }) => project)).toEqual(["p0"]);
});
