import { describe, expect, test } from "vitest";
import { altNames, CertificateCallers, isSpiffeId, readPeerCertificate } from "../../src/access/by-certificate.ts";
import { badCertificates, SPIFFE_ID } from "../fixtures/bad-credentials.ts";
import { makeAuthority, makeClientCertificate } from "../fixtures/certificates.ts";

const authority = makeAuthority();
const callers = new CertificateCallers([{ id: "lobby", spiffeId: SPIFFE_ID }]);

test("a certificate with one URI that is a known SPIFFE ID names its caller", () => {
  const notAfter = Math.floor(Date.now() / 1000) + 300;
  const { der } = makeClientCertificate(authority, SPIFFE_ID, { notAfter });
  const certificate = readPeerCertificate(der);
  expect(certificate).toEqual({
    spiffeId: SPIFFE_ID,
    serial: expect.stringMatching(/^40[0-9A-F]{14}$/),
    notAfter,
  });
  const { serial } = certificate;
  expect(callers.recognize(certificate)).toMatchObject({ id: "lobby", proof: "mtls", spiffeId: SPIFFE_ID, serial });
});

test("names of other kinds beside it make no difference", () => {
  const altNames = [["dns", "a.example, b"] as const, ["uri", SPIFFE_ID] as const, ["email", "a@b"] as const];
  expect(readPeerCertificate(makeClientCertificate(authority, "", { altNames }).der).spiffeId).toBe(SPIFFE_ID);
});

test.each(badCertificates(authority))("%s names nobody", (_, { der }) => {
  expect(callers.recognize(readPeerCertificate(der))).toBeUndefined();
});

describe("subject alternative names", () => {
  test.each([
    ["", []],
    ["URI:spiffe://a/b", [{ type: "URI", value: "spiffe://a/b" }]],
    [
      "DNS:a, URI:b, IP Address:1.2.3.4",
      [
        { type: "DNS", value: "a" },
        { type: "URI", value: "b" },
        { type: "IP Address", value: "1.2.3.4" },
      ],
    ],
    ['URI:"spiffe://a, URI:spiffe://evil"', [{ type: "URI", value: "spiffe://a, URI:spiffe://evil" }]],
    ['URI:"spiffe://a\\u002c URI:spiffe://evil"', [{ type: "URI", value: "spiffe://a, URI:spiffe://evil" }]],
    [
      'DNS:"a\\", URI:b", URI:c',
      [
        { type: "DNS", value: 'a", URI:b' },
        { type: "URI", value: "c" },
      ],
    ],
  ])("%s", (text, expected) => {
    expect(altNames(text)).toEqual(expected);
  });

  test.each(['URI:"a', 'URI:a"b', "URI:a,b", 'URI:"a"b', "a", ", URI:a", 'URI:"\\x"', "URI:a,URI:b", "1:a"])(
    "%s is not as Node.js writes it",
    (text) => {
      expect(altNames(text)).toBeUndefined();
    },
  );
});

describe("SPIFFE IDs", () => {
  test.each([
    "spiffe://a/b",
    "spiffe://prod.example/ns/rooms/sa/lobby",
    `spiffe://${"a".repeat(255)}/b`,
    "spiffe://a_b-c.1/A.b_c-d/...",
    `spiffe://a/${"b".repeat(2037)}`,
  ])("%s", (id) => {
    expect(isSpiffeId(id)).toBe(true);
  });

  test.each([`spiffe://${"a".repeat(256)}/b`, `spiffe://a/${"b".repeat(2038)}`, "spiffe://a/b\n", "spiffe:///b", ""])(
    "%s is none",
    (id) => {
      expect(isSpiffeId(id)).toBe(false);
    },
  );
});
