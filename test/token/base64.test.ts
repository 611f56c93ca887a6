import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64 } from "../../src/token/base64.ts";
import { MalformedToken } from "../../src/token/bytes.ts";

test("decodes what Node encodes, as the only spelling", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = Buffer.from(bytes).toString("base64");
      expect(decodeBase64(text)).toEqual({ bytes: Buffer.from(bytes), canonical: true });
    }),
    { numRuns: 200, seed: 47 },
  );
});

test.each([
  ["AB==", "QQ==", false],
  ["QR==", "QQ==", false],
  ["QUJ=", "QUI=", false],
  ["QQ==", "QQ==", true],
  ["QUI=", "QUI=", true],
  ["QUJD", "QUJD", true],
  ["", "", true],
])("%s: whether it is the only spelling", (text, _, canonical) => {
  expect(decodeBase64(text).canonical).toBe(canonical);
});

test.each([
  ["QUJ", /has 3 characters, which is not a whole number of groups of 4: it is cut, or padding is missing/],
  ["QUJDQ", /has 5 characters/],
  ["QQ=", /has 3 characters/],
  ["QQ===", /has 5 characters/],
  ["Q===", /has 4 characters/],
  ["====", /has 4 characters/],
  ["QQ==QUJD", /padding stands in the middle/],
  ["QU=D", /padding stands in the middle/],
  ["QUJ-", /character 4 of its base64 part/],
  ["_UJD", /character 1 of its base64 part/],
  ["QU D", /character 3 of its base64 part/],
  ["QUJD\n", /character 5 of its base64 part/],
  ["\nQUJD", /character 1 of its base64 part/],
  ["QUJD\0", /character 5 of its base64 part/],
  ["QUJé", /character 4 of its base64 part/],
  ["ＱUJD", /character 1 of its base64 part/],
])("refuses %j, which Node's decoder takes", (text, message) => {
  expect(() => decodeBase64(text)).toThrow(MalformedToken);
  expect(() => decodeBase64(text)).toThrow(message);
});

test("a message shows nothing of the text", () => {
  for (const text of ["SECRETSECRET!", "SECRET", "SE=CRET="]) {
    expect(() => decodeBase64(text)).not.toThrow(/SE/);
  }
});
