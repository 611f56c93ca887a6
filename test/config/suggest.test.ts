import { describe, expect, test } from "vitest";
import { didYouMean, nearest, quoted } from "../../src/config/suggest.ts";

const NAMES = ["allow_token006", "app_id", "id", "max_ttl", "certificates", "certificate_file"];

describe("the nearest name", () => {
  test.each([
    ["alow_token006", "allow_token006"],
    ["allow_tokne006", "allow_token006"],
    ["allowToken006", "allow_token006"],
    ["ALLOW-TOKEN006", "allow_token006"],
    ["max_tll", "max_ttl"],
    ["maxttl", "max_ttl"],
    ["appid", "app_id"],
    ["idd", "id"],
    ["certificate", "certificates"],
    ["max", "max_ttl"],
    ["allow", "allow_token006"],
    ["xyz", undefined],
    ["", undefined],
    ["lifetime", undefined],
    ["a".repeat(65), undefined],
  ])("%s: %s", (written, expected) => {
    expect(nearest(written, NAMES)).toBe(expected);
  });

  test("is the first of those that are equally near", () => {
    expect(nearest("b", ["a", "c"])).toBe("a");
  });

  test("is none where a beginning has several ends", () => {
    expect(nearest("pub", ["publisher", "publish_audio_stream"])).toBeUndefined();
  });

  test("a swap is one edit", () => {
    expect(nearest("ab", ["ba"])).toBe("ba");
    expect(nearest("ab", ["cd"])).toBeUndefined();
  });
});

test("a suggestion ends a sentence", () => {
  expect(didYouMean("max_tll", NAMES)).toBe("; did you mean `max_ttl`?");
  expect(didYouMean("xyz", NAMES)).toBe("");
});

test.each([
  ["max_tll", "`max_tll`"],
  ["Build*", "`Build*`"],
  ["", ""],
  ["a b", ""],
  ["a\nb", ""],
  ["`", ""],
  ["é", ""],
  ["x".repeat(65), ""],
  ["0123456789abcdef0123456789ABCDEF", ""],
  ["key-0123456789abcdef0123456789abcdef", ""],
])("%j is shown as %s", (name, expected) => {
  expect(quoted(name)).toBe(expected);
});
