import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPattern, matchesPattern, patternMatcher } from "../../src/token/pattern.ts";
import { FUZZ } from "./random-tokens.ts";

/** Every way to read a pattern: the slow and certain answer. */
function matchesByTrying(pattern: string, text: string): boolean {
  if (pattern === "") return text === "";
  if (pattern.startsWith("*")) {
    return Array.from({ length: text.length + 1 }).some((_, at) => matchesByTrying(pattern.slice(1), text.slice(at)));
  }
  return pattern[0] === text[0] && matchesByTrying(pattern.slice(1), text.slice(1));
}

describe("a pattern", () => {
  test.each([
    ["*", "", true],
    ["*", "anything", true],
    ["**", "", true],
    ["1*a*2", "1a2", true],
    ["1*a*2", "1xxayy2", true],
    ["1*a*2", "1xx2", false],
    ["1*a*2", "x1a2", false],
    ["1*a*2", "1a2x", false],
    ["room-*", "room-", true],
    ["room-*", "Room-1", false],
    ["*-1", "-1", true],
    ["a*a", "a", false],
    ["a*a", "aa", true],
    ["a*ab*b", "aab", false],
    ["a*ab*b", "aabb", true],
    ["*ab*ab*", "abab", true],
    ["*ab*ab*", "aba", false],
    ["room", "room", true],
    ["room", "rooms", false],
    ["", "", true],
    ["", "a", false],
    ["a.c", "abc", false],
    ["[ab]", "a", false],
    ["?", "a", false],
  ])("%j and %j: %s", (pattern, text, matches) => {
    expect(matchesPattern(pattern, text)).toBe(matches);
    expect(patternMatcher(pattern)(text)).toBe(matches);
    expect(matchesByTrying(pattern, text)).toBe(matches);
  });

  test("matches what trying every way matches", () => {
    const patterns = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
    const texts = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        expect(matchesPattern(pattern, text)).toBe(matchesByTrying(pattern, text));
      }),
      FUZZ,
    );
  });

  test("is prepared once, and is the same for every text", () => {
    const matches = patternMatcher("a*b");
    expect(["ab", "b", "axb", "ab", "ba"].map(matches)).toEqual([true, false, true, true, false]);
  });

  test("that is as long as a token can hold takes no time", () => {
    const pattern = "*a".repeat(30_000);
    expect(matchesPattern(pattern, "a".repeat(64))).toBe(false);
    expect(matchesPattern("*".repeat(60_000), "a".repeat(64))).toBe(true);
  });
});

test("a text is a pattern if a star is in it", () => {
  expect(["*", "a*", "1*a*2", "", "a", "?"].map(isPattern)).toEqual([true, true, true, false, false, false]);
});
