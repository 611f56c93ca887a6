import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  channelInWords,
  lengthOfTime,
  listed,
  quoted,
  serviceInWords,
  servicesInWords,
  someListed,
  timeSeenFrom,
  userInWords,
} from "../../src/issuing/words.ts";
import { SERVICE_NAMES } from "../../src/token/services.ts";
import { FUZZ } from "../token/random-tokens.ts";

const NOW = Date.UTC(2026, 10, 24, 10, 3, 12) / 1000;

describe("a length of time has its two largest units", () => {
  test.each([
    [0, "0 s"],
    [1, "1 s"],
    [59, "59 s"],
    [60, "1 min"],
    [192, "3 min 12 s"],
    [3599, "59 min 59 s"],
    [3600, "1 h"],
    [3661, "1 h 1 min"],
    [86_399, "23 h 59 min"],
    [86_400, "1 d"],
    [90_000, "1 d 1 h"],
    [31_535_999, "364 d 23 h"],
    [31_536_000, "1 y"],
    [1_800_003_600, "57 y 28 d"],
    [2 ** 33, "272 y 140 d"],
  ])("%d: %s", (seconds, words) => {
    expect(lengthOfTime(seconds)).toBe(words);
  });
});

describe("a time is said absolutely and as seen from another", () => {
  test.each([
    [NOW - 192, "3 min 12 s ago, at 2026-11-24T10:00:00Z"],
    [NOW, "just now, at 2026-11-24T10:03:12Z"],
    [NOW + 1, "in 1 s, at 2026-11-24T10:03:13Z"],
    [NOW + 86_400 * 2, "in 2 d, at 2026-11-26T10:03:12Z"],
    [0, "56 y 341 d ago, at 1970-01-01T00:00:00Z"],
    [2 ** 33, "in 215 y 164 d, at 2242-03-16T12:56:32Z"],
  ])("%d: %s", (at, words) => {
    expect(timeSeenFrom(at, NOW)).toBe(words);
  });
});

describe("a text is quoted", () => {
  test.each([
    ["", '""'],
    ["room 1", '"room 1"'],
    ['say "hi" \\ there', '"say \\"hi\\" \\\\ there"'],
    ["a\nb\tc\0d\u001b[2J", '"a\\u{a}b\\u{9}c\\u{0}d\\u{1b}[2J"'],
    ["\u0085\u009b", '"\\u{85}\\u{9b}"'],
    ["\u202eevil\u2066\u200f", '"\\u{202e}evil\\u{2066}\\u{200f}"'],
    ["zero\u200bwidth\ufeff", '"zero\\u{200b}width\\u{feff}"'],
    ["no\u00a0break\u3000space\u2028line", '"no\\u{a0}break\\u{3000}space\\u{2028}line"'],
    ["soft\u00adhyphen\ufe0f\u034f", '"soft\\u{ad}hyphen\\u{fe0f}\\u{34f}"'],
    ["lone \ud800 and \udfff", '"lone \\u{d800} and \\u{dfff}"'],
    ["private \ue000, none \uffff, \u{10ffff}", '"private \\u{e000}, none \\u{ffff}, \\u{10ffff}"'],
    ["tag \u{e0041}", '"tag \\u{e0041}"'],
    ["频道😀", '"频道😀"'],
  ])("%j", (text, words) => {
    expect(quoted(text)).toBe(words);
  });

  test("a long one is cut, and its length is said", () => {
    expect(quoted("a".repeat(80))).toBe(`"${"a".repeat(80)}"`);
    expect(quoted("a".repeat(81))).toBe(`"${"a".repeat(80)}…" (81 characters)`);
    expect(quoted("\0".repeat(1000))).toBe(`"${"\\u{0}".repeat(16)}…" (1000 characters)`);
    // Not through the middle of a character.
    expect(quoted(`${"a".repeat(79)}😀`)).toBe(`"${"a".repeat(79)}…" (81 characters)`);
    expect(quoted("x".repeat(65_535))).toHaveLength(82 + "… (65535 characters)".length);
  });

  test("nothing in it is mistaken for ours, whatever it is", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" })), (text) => {
        const words = quoted(text);
        expect(words).toMatch(/^"(?:[^"\\]|\\["\\]|\\u\{[0-9a-f]{1,6}\})*"(?: \(\d+ characters\))?$/u);
        expect(words).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[^\S ]/u);
        expect(words.length).toBeLessThan(120);
      }),
      FUZZ,
    );
  });
});

test("users and channels are said with their kinds", () => {
  expect(userInWords("any")).toBe("any user");
  expect(userInWords({ account: "*" })).toBe("any user");
  expect(userInWords({ uid: 123 })).toBe("uid 123");
  expect(userInWords({ account: "abc" })).toBe('account "abc"');
  expect(userInWords({ account: "1*a*2" })).toBe('accounts that match "1*a*2"');
  expect(channelInWords("any")).toBe("any channel");
  expect(channelInWords({ name: 'a"b' })).toBe('channel "a\\"b"');
  expect(channelInWords({ name: "a*" })).toBe('channels that match "a*"');
});

test("services are said by their names, each once", () => {
  expect(SERVICE_NAMES.map(serviceInWords)).toEqual(
    "RTC RTM Streaming FPA Chat FCDN APaaS RTM2 ConvoAI STT".split(" "),
  );
  expect(servicesInWords([{ service: "rtc" }, { service: "rtc" }, { service: "stt" }])).toBe("RTC and STT");
  expect(servicesInWords([])).toBe("");
});

test("lists read as sentences", () => {
  expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(listed)).toEqual(["", "a", "a and b", "a, b and c"]);
  expect(someListed(["a", "b", "c", "d", "e"])).toBe("a, b, c, d and e");
  expect(someListed(["a", "b", "c", "d", "e", "f", "g"])).toBe("a, b, c, d, e and 2 more");
});
