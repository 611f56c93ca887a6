// An App Certificate: what is one, and that nothing prints it.

import { AssertionError } from "node:assert";
import { Console } from "node:console";
import { Writable } from "node:stream";
import { format, inspect } from "node:util";
import { serialize } from "node:v8";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AppCertificate,
  type Certificate,
  CertificateInvalid,
  type CertificateState,
  signs,
  verifies,
} from "../../src/keyring/certificate.ts";
import { KeyRing, type Project } from "../../src/keyring/keyring.ts";

const DIGITS = "A1b2C3d4E5f60718293a4B5c6D7e8F90";
const ascii = (text: string) => Buffer.from(text, "latin1");
const parse = (text: string) => AppCertificate.parse(ascii(text));
const reveal = (certificate: AppCertificate) => Buffer.from(certificate.reveal()).toString("latin1");

describe("the bytes of one", () => {
  test.each(["", "\n", "\r\n"])("are 32 digits, and at most one newline: %j", (end) => {
    expect(reveal(parse(DIGITS + end))).toBe(DIGITS);
  });

  test("keep their case", () => {
    for (const text of [DIGITS.toLowerCase(), DIGITS.toUpperCase()]) expect(reveal(parse(text))).toBe(text);
  });

  test("are copied: those that were read can be wiped", () => {
    const read = ascii(`${DIGITS}\n`);
    const certificate = AppCertificate.parse(read);
    read.fill(0);
    expect(reveal(certificate)).toBe(DIGITS);
  });

  test.each([
    ["none", "", "0 bytes are there"],
    ["a newline alone", "\n", "0 bytes are there"],
    ["31", DIGITS.slice(1), "31 bytes are there"],
    ["33", `${DIGITS}0`, "33 bytes are there"],
    ["two newlines", `${DIGITS}\n\n`, "33 bytes are there"],
    ["half a newline", `${DIGITS}\r`, "33 bytes are there"],
    ["a space before them", ` ${DIGITS}`, "33 bytes are there"],
    ["a space at their end", `${DIGITS.slice(0, 31)} `, "byte 32 of the App Certificate is no hexadecimal digit"],
    ["a letter that is no digit", `g${DIGITS.slice(1)}`, "byte 1 of"],
    ["a mark of the byte order", `\u00ef\u00bb\u00bf${DIGITS}`, "35 bytes are there"],
    ["UTF-16", [...DIGITS].join("\0"), "63 bytes are there"],
    ["bytes that are the digits decoded", Buffer.from(DIGITS, "hex").toString("latin1"), "16 bytes are there"],
    ["a great deal", "a".repeat(100_000), "100000 bytes are there"],
  ])("are not %s", (_, text, message) => {
    expect(() => parse(text)).toThrow(CertificateInvalid);
    expect(() => parse(text)).toThrow(message);
  });

  test("are not in what is said of bytes that are none", () => {
    const nearly = fc.tuple(fc.nat(31), fc.nat(255), fc.nat(3)).map(([at, byte, more]) => {
      const bytes = ascii(DIGITS + "0".repeat(more));
      bytes[at] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(nearly, (bytes) => {
        try {
          AppCertificate.parse(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(CertificateInvalid);
          expectHidden(`${inspect(error, { showHidden: true })} ${JSON.stringify(error)} ${(error as Error).stack}`);
        }
      }),
      { numRuns: 500, seed: 47 },
    );
  });
});

/** Every six digits in a row, in the ways in which bytes are printed. */
const SPELLINGS = Array.from({ length: DIGITS.length - 5 }, (_, at) => ascii(DIGITS).subarray(at, at + 6)).flatMap(
  (part) => [part.toString("latin1").toLowerCase(), part.toString("hex"), [...part].join(", "), [...part].join()],
);

function expectHidden(text: string): void {
  const lower = text.toLowerCase();
  expect(SPELLINGS.filter((spelling) => lower.includes(spelling))).toEqual([]);
  expect(text).not.toContain(ascii(DIGITS).toString("base64").slice(0, 20));
}

describe("nothing prints it", () => {
  const secret = parse(DIGITS);
  const certificate: Certificate = { id: "first", state: "primary", secret };
  const project: Project = {
    id: "live",
    appId: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    allowToken006: false,
    maxTtl: 86_400,
    certificates: [certificate],
  };
  const held: readonly (readonly [string, unknown])[] = [
    ["itself", secret],
    ["its certificate", certificate],
    ["its project", project],
    ["the key ring", new KeyRing([project])],
    ["a list", [secret]],
    ["a map", new Map([[secret, secret]])],
    ["an error's cause", new Error("failed", { cause: secret })],
    ["several errors", new AggregateError([new Error("failed", { cause: certificate })], "failed")],
    ["an error's own field", Object.assign(new Error("failed"), { secret })],
    ["an object without a prototype", Object.assign(Object.create(null), { secret })],
    ["a proxy", new Proxy(secret, {})],
    ["its prototype", Object.create(secret)],
  ];
  const everything = { showHidden: true, depth: null, getters: true, showProxy: true, maxArrayLength: null } as const;

  test.each(held)("in %s", (_, value) => {
    expectHidden(inspect(value));
    expectHidden(inspect(value, everything));
    expectHidden(inspect(value, { ...everything, customInspect: false }));
    for (const way of ["%s", "%o", "%O", "%j", "%c%s"]) expectHidden(format(way, value, value));
    expectHidden(printed(value));
    expectHidden(JSON.stringify(value) ?? "");
    expectHidden(JSON.stringify({ value }, null, 2));
  });

  test("as a text", () => {
    expect(`${secret}`).toBe("[App Certificate]");
    expect([String(secret), `${[secret]}`, `${secret} `.trim(), JSON.stringify(secret)]).toEqual([
      "[App Certificate]",
      "[App Certificate]",
      "[App Certificate]",
      '"[App Certificate]"',
    ]);
    expect([Number(secret), format("%d %i %f", secret, secret, secret)]).toEqual([Number.NaN, "NaN NaN NaN"]);
  });

  test("as a copy", () => {
    expect(structuredClone({ secret })).toEqual({ secret: {} });
    expectHidden(inspect(structuredClone(certificate), everything));
    expectHidden(serialize(certificate).toString("latin1"));
    expect({ ...secret }).toEqual({});
    expect([Reflect.ownKeys(secret), Object.entries(secret)]).toEqual([[], []]);
    for (const key in secret) expect(key).toBe("none");
  });

  test("in what a failed comparison says", () => {
    const { message } = new AssertionError({ actual: certificate, expected: {}, operator: "deepStrictEqual" });
    expectHidden(message);
  });

  test("in its variants and their errors", () => {
    expectHidden(inspect(secret.caseVariants(), everything));
  });
});

/** What `console.log` and `console.dir` write. */
function printed(value: unknown): string {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      written.push(String(chunk));
      done();
    },
  });
  const output = new Console(stream);
  output.log(value);
  output.dir(value, { showHidden: true, depth: null });
  output.table([value]);
  output.trace(value);
  return written.join("");
}

test("the other cases of its digits are those that differ", () => {
  const variants = (text: string) => parse(text).caseVariants().map(reveal);
  expect(variants(DIGITS)).toEqual([DIGITS.toLowerCase(), DIGITS.toUpperCase()]);
  expect(variants(DIGITS.toLowerCase())).toEqual([DIGITS.toUpperCase()]);
  expect(variants("1234567890".repeat(4).slice(0, 32))).toEqual([]);
});

test("two are equal if all digits are, in the same case", () => {
  expect(parse(DIGITS).equals(parse(`${DIGITS}\n`))).toBe(true);
  expect(parse(DIGITS).equals(parse(DIGITS.toLowerCase()))).toBe(false);
  for (let at = 0; at < 32; at++) {
    const other = `${DIGITS.slice(0, at)}${DIGITS[at] === "0" ? "1" : "0"}${DIGITS.slice(at + 1)}`;
    expect(parse(DIGITS).equals(parse(other))).toBe(false);
  }
});

test.each<[CertificateState, boolean, boolean]>([
  ["standby", false, true],
  ["primary", true, true],
  ["retiring", false, true],
  ["revoked", false, false],
])("%s: signs %s, verifies %s", (state, doesSign, doesVerify) => {
  const certificate = { id: "first", state, secret: parse(DIGITS) };
  expect([signs(certificate), verifies(certificate)]).toEqual([doesSign, doesVerify]);
});
