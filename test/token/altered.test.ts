import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ALTERATIONS, type Alteration, repairToken } from "../../src/token/altered.ts";
import { MalformedToken } from "../../src/token/bytes.ts";
import { parseToken, tryParseToken } from "../../src/token/parse.ts";
import { VECTORS } from "../vectors/vectors.ts";
import { sample006, sample007, sampleWith } from "./sample-tokens.ts";

// `+` and `/` that no line break touches, and not at the end, where a space would be trimmed.
const BODY = /^.{70,}[A-Za-z0-9]\+[A-Za-z0-9]+\/.*[^+]$/;
const TOKENS: readonly (readonly [string, string])[] = [
  ["006", sampleWith(sample006, BODY)],
  ["007", sampleWith(sample007, BODY, /[^=]$/)],
  ["007 with =", sampleWith(sample007, BODY, /[^=]=$/)],
  ["007 with ==", sampleWith(sample007, BODY, /==$/)],
];
const LINE = 40;

type Alter = (text: string) => string;
const ALTER: Readonly<Record<Exclude<Alteration, "CUT" | "DOUBLED">, Readonly<Record<string, Alter>>>> = {
  PREFIX: {
    Bearer: (text) => `Bearer ${text}`,
    "bearer, two spaces": (text) => `bearer  ${text}`,
    "agora token=": (text) => `agora token=${text}`,
    "a whole header": (text) => `Authorization: agora token=${text}`,
    "token=": (text) => `token=${text}`,
    "rtcToken: ": (text) => `rtcToken: ${text}`,
    access_token: (text) => `access_token=${text}`,
  },
  QUOTES: {
    double: (text) => `"${text}"`,
    single: (text) => `'${text}'`,
    back: (text) => `\`${text}\``,
    curly: (text) => `\u201c${text}\u201d`,
    angled: (text) => `\u00ab${text}\u00bb`,
    "of a list": (text) => `"${text}",`,
    "the first alone": (text) => `"${text}`,
    "the last alone": (text) => `${text}'`,
    "a comma after": (text) => `${text},`,
    "a full stop after": (text) => `${text}.`,
  },
  WHITE_SPACE: {
    "a space before": (text) => ` ${text}`,
    "a line break after": (text) => `${text}\n`,
    "all kinds around": (text) => `\ufeff\t ${text} \u00a0\r\n`,
  },
  LINE_BREAKS: {
    unix: (text) => lines(text).join("\n"),
    windows: (text) => lines(text).join("\r\n"),
    indented: (text) => lines(text).join("\n    "),
    "zero width": (text) => lines(text).join("\u200b"),
    "soft hyphen": (text) => lines(text).join("\u00ad"),
    zero: (text) => lines(text).join("\0"),
  },
  HTML: {
    "by number": (text) => text.replaceAll("+", "&#43;"),
    "as Mustache does": (text) => text.replaceAll("/", "&#x2F;").replaceAll("=", "&#x3D;"),
    "by name": (text) => text.replaceAll("+", "&plus;").replaceAll("/", "&sol;").replaceAll("=", "&equals;"),
    twice: (text) => text.replaceAll("/", "&#x2F;").replaceAll("&", "&amp;"),
  },
  ESCAPES: {
    slashes: (text) => text.replaceAll("/", "\\/"),
    "for HTML": (text) => text.replaceAll("+", "\\u002B").replaceAll("=", "\\u003d"),
    twice: (text) => text.replaceAll("/", "\\\\/").replaceAll("+", "\\\\u002b"),
  },
  PERCENT: {
    once: encodeURIComponent,
    "in lower case": (text) => text.replaceAll("+", "%2b").replaceAll("/", "%2f").replaceAll("=", "%3d"),
    "the plus alone": (text) => text.replaceAll("+", "%2B"),
    twice: (text) => encodeURIComponent(encodeURIComponent(text)),
  },
  PLUS_TO_SPACE: { form: (text) => text.replaceAll("+", " ") },
  URL_SAFE: { whole: (text) => text.replaceAll("+", "-").replaceAll("/", "_") },
  NO_PADDING: { whole: (text) => text.replace(/=+$/, ""), "one of two": (text) => text.replace(/==$/, "=") },
};
const ALL = Object.entries(ALTER).flatMap(([name, kinds]) =>
  Object.entries(kinds).map(([kind, alter]) => [name as Alteration, kind, alter] as const),
);

describe.each(TOKENS)("%s", (_, token) => {
  const parsed = parseToken(token);

  test.each(ALL)("%s: %s", (alteration, _, alter) => {
    const altered = alter(token);
    if (altered === token) return;
    expect(tryParseToken(altered)).toBeInstanceOf(MalformedToken);
    expect(repairToken(altered)).toEqual({ alterations: [alteration], text: token, parsed });
  });

  test.each(ALL)("after %s: %s, everything else", (first, _, alterFirst) => {
    for (const [second, kind, alterSecond] of ALL) {
      const once = alterFirst(token);
      const twice = alterSecond(once);
      if (once === token || twice === once) continue;
      const repair = repairToken(twice);
      expect(repair?.text, `${second}: ${kind}`).toBe(token);
      expect(repair?.parsed?.kind).toBe(parsed.kind);
      // White space behind a header is part of the header.
      const inHeader = first === "WHITE_SPACE" && second === "PREFIX" && !repair?.alterations.includes(first);
      const expected = new Set(inHeader ? [second] : [first, second]);
      expect(new Set(repair?.alterations), `${second}: ${kind}`).toEqual(expected);
    }
  });
});

test.each(TOKENS)("%s in quotes of HTML has both taken off", (_, token) => {
  const repair = repairToken(`&quot;${token.replaceAll("+", "&#43;")}&#39;`);
  expect(repair).toMatchObject({ alterations: ["HTML", "QUOTES"], text: token });
});

describe("a token of which the end is missing", () => {
  test.each(TOKENS)("%s: at every length but the shortest", (_, token) => {
    const bare = token.replace(/=+$/, "");
    for (let length = token.startsWith("006") ? 35 : 12; length < bare.length; length++) {
      const text = token.slice(0, length);
      expect(tryParseToken(text)).toBeInstanceOf(MalformedToken);
      expect(repairToken(text), `${length}`).toEqual({ alterations: ["CUT"], text, parsed: undefined });
    }
  });

  test.each(TOKENS)("%s: altered before or after, it is still cut", (_, token) => {
    for (const [alteration, kind, alter] of ALL) {
      if (alteration === "NO_PADDING") continue;
      for (const length of [110, 111, 112, 113]) {
        const before = repairToken(alter(token.slice(0, length)));
        expect(before?.alterations.at(-1), `${kind} ${length}`).toBe("CUT");
        expect(before?.text).toBe(token.slice(0, length));
        const after = repairToken(alter(token).slice(0, length));
        expect(after?.alterations.at(-1), `${kind} ${length}`).toBe("CUT");
        expect(token.startsWith(after?.text ?? "none"), `${kind} ${length}`).toBe(true);
      }
    }
  });

  test.each(TOKENS)("%s: cut in the middle of an escape, what is left of the escape is no part of it", (_, token) => {
    for (const alter of [ALTER.ESCAPES, ALTER.PERCENT, ALTER.HTML].flatMap((kinds) => Object.values(kinds))) {
      const altered = alter(token);
      for (let length = 100; length < altered.length; length++) {
        const repair = repairToken(altered.slice(0, length));
        expect(token.startsWith(repair?.text ?? "none"), altered.slice(0, length)).toBe(true);
      }
    }
  });

  test("the beginning of something else that is compressed is not a token that is cut", () => {
    const other = `007${deflateSync(Buffer.from("GET / HTTP/1.1 and so on, but no token at all ".repeat(3))).toString("base64")}`;
    for (let length = 40; length < other.length; length += 4)
      expect(repairToken(other.slice(0, length))).toBeUndefined();
  });

  test("a token with something more is not cut", () => {
    for (const [, token] of TOKENS) {
      for (const more of ["A", "AB", "ABC", "!", "==="]) expect(repairToken(token + more)).toBeUndefined();
    }
  });

  test("padding lost with the end says nothing", () => {
    const token = TOKENS[3]?.[1] ?? "";
    expect(repairToken(token.slice(0, -6))?.alterations).toEqual(["CUT"]);
  });
});

describe("two tokens pasted together", () => {
  const SEPARATORS = ["", " ", "\n", ",", ", ", ";", '", "', "','", "\r\n\r\n", '""'];

  test.each(TOKENS.flatMap(([a, first]) => TOKENS.map(([b, second]) => [a, b, first, second] as const)))(
    "%s and %s",
    (_a, _b, first, second) => {
      for (const separator of SEPARATORS) {
        const repair = repairToken(first + separator + second);
        expect(repair?.alterations, JSON.stringify(separator)).toContain("DOUBLED");
        expect(repair?.text).toBe(first);
        expect(repair?.parsed).toEqual(parseToken(first));
      }
    },
  );

  test.each(TOKENS)("%s, both altered alike", (_, token) => {
    for (const [alteration, kind, alter] of ALL) {
      // Headers and marks between the two are not looked for.
      if (["PREFIX", "WHITE_SPACE", "NO_PADDING"].includes(alteration)) continue;
      for (const separator of [" ", ","]) {
        const repair = repairToken(alter(token) + separator + alter(token));
        expect(repair?.alterations, `${kind} ${separator}`).toContain("DOUBLED");
        expect(repair?.text).toBe(token);
      }
    }
  });

  test("a token and a cut one are not two tokens", () => {
    const [, token] = TOKENS[1] ?? ["", ""];
    expect(repairToken(`${token} ${token.slice(0, 120)}`)).toBeUndefined();
  });
});

describe("a plus at the end that has become a space", () => {
  const token = sampleWith(sample007, /\+.*\+$/);

  test("is one, and not white space", () => {
    const text = token.replaceAll("+", " ");
    expect(repairToken(text)).toEqual({ alterations: ["PLUS_TO_SPACE"], text: token, parsed: parseToken(token) });
  });

  test("spaces after a token that has none are white space", () => {
    const whole = sampleWith(sample007, /[^=+]$/);
    for (const spaces of [" ", "  ", "   ", "    "]) {
      expect(repairToken(whole + spaces)?.alterations).toEqual(["WHITE_SPACE"]);
    }
  });
});

describe("legacy and other tokens", () => {
  test.each(VECTORS.legacy.map(({ id, expected }) => [id, expected] as const))("%s in quotes is itself", (_, text) => {
    expect(repairToken(` "${text}" `)).toEqual({
      alterations: ["WHITE_SPACE", "QUOTES"],
      text,
      parsed: parseToken(text),
    });
  });

  test("a token of a version to come is told from one in quotes", () => {
    const text = TOKENS[1]?.[1].replace(/^007/, "008") ?? "";
    expect(repairToken(`'${text}'`)?.parsed).toEqual({ kind: "unsupported", version: "008" });
  });
});

describe("what is no token", () => {
  test.each([
    "",
    " ",
    '""',
    "Bearer ",
    "agora token=",
    "hello world",
    "null",
    "undefined",
    "[object Object]",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "970CA35de60c44645bbae8a215061b33",
    "006",
    "007",
    "007eJ",
    "007\u0000",
    "%",
    "%25",
    "\\",
    "+",
    "-".repeat(200),
    `006${"0".repeat(32)}`.slice(0, 34),
    "007AAAAAAAAAAAAAAAAAAAAAAAA",
    `007${"A".repeat(200)}`,
  ])("%j stays none", (text) => {
    expect(repairToken(text)).toBeUndefined();
  });
});

test("every alteration says what it is and what to do", () => {
  expect(Object.keys(ALTERATIONS).sort()).toEqual([...Object.keys(ALTER), "CUT", "DOUBLED"].sort());
  for (const { says, mend } of Object.values(ALTERATIONS)) {
    expect(says).toMatch(/^(?:has|is|uses) \S/);
    expect(mend).toMatch(/^[a-z]/);
  }
});

function lines(text: string): string[] {
  return text.match(new RegExp(`.{1,${LINE}}`, "gs")) ?? [];
}
