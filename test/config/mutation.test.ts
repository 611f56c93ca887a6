import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Settings } from "../../src/config/config.ts";
import { problemsOf, read } from "./fixtures/read.ts";

const TEXT = readFileSync(new URL("fixtures/example.yaml", import.meta.url), "utf8");

/** A key of the example: its path, where it begins, and its value. */
interface Key {
  readonly path: string;
  readonly name: string;
  readonly place: { readonly line: number; readonly column: number };
  readonly value: Node;
  readonly keyRange: readonly [number, number];
  readonly valueRange: readonly [number, number];
}

const lines = new LineCounter();
const KEYS = keysOf("", parseDocument<Node>(TEXT, { lineCounter: lines }).contents);

function keysOf(path: string, node: Node | null): Key[] {
  if (isSeq<Node>(node)) return node.items.flatMap((item, index) => keysOf(`${path}[${index}]`, item));
  if (!isMap<Node, Node>(node)) return [];
  return node.items.flatMap(({ key, value }) => {
    if (!isScalar<string>(key) || !key.range || !value?.range) throw new Error("not the example");
    const at = path === "" ? key.value : `${path}.${key.value}`;
    const { line, col } = lines.linePos(key.range[0]);
    const [from, to] = key.range;
    const [begin, end] = value.range;
    const place = { line, column: col };
    return [
      { path: at, name: key.value, place, value, keyRange: [from, to], valueRange: [begin, end] },
      ...keysOf(at, value),
    ];
  });
}

function spliced([from, to]: readonly [number, number], text: string): string {
  return TEXT.slice(0, from) + text + TEXT.slice(to);
}

/** The values of other types than the one that a key has. */
function otherTypes(value: Node): string[] {
  if (isMap(value)) return ["x", "7", "true", "~", "[]", "[x]"];
  if (isSeq(value)) return ["x", "7", "true", "~", "{ x: y }"];
  const scalars = {
    string: ["7", "1e3", "true", '""'],
    number: ["x", '"7"', "true"],
    boolean: ["x", '"true"', "7", "yes"],
  };
  if (!isScalar(value)) throw new Error("not the example");
  const own = typeof value.value as keyof typeof scalars;
  return [...scalars[own], "~", "[]", "[x]", "{}", "{ x: y }"];
}

// A scalar in place of a block needs a place of its own, and so does a block mapping in flow style.
function retyped({ value, keyRange, valueRange }: Key, text: string): string {
  const isBlock = !isScalar(value) && !("flow" in value && value.flow);
  return isBlock ? spliced([keyRange[1], valueRange[1]], `: ${text}\n`) : spliced(valueRange, text);
}

/** The file without a key. */
function dropped({ value, keyRange, valueRange, place, path }: Key): string {
  const line = TEXT.split("\n")[place.line - 1] ?? "";
  const before = line.slice(0, place.column - 1);
  // The dash of an element stays, and so do the brackets around a mapping.
  if (/^ *$/.test(before)) return spliced([keyRange[0] - before.length, endOf(value, valueRange[1])], "");
  if (/^ *- $/.test(before)) return spliced([keyRange[0], firstOf(path)], "");
  const rest = /^ *,? */.exec(TEXT.slice(valueRange[1]))?.[0].length ?? 0;
  return spliced([keyRange[0], valueRange[1] + rest], "");
}

function endOf(value: Node, end: number): number {
  return TEXT.slice(0, end).endsWith("\n") && !isScalar(value) ? end : TEXT.indexOf("\n", end - 1) + 1;
}

/** Where the second key of the element begins whose first key is at a path. */
function firstOf(path: string): number {
  const element = path.slice(0, path.lastIndexOf("."));
  const siblings = KEYS.filter((key) => key.path.slice(0, key.path.lastIndexOf(".")) === element);
  return siblings[1]?.keyRange[0] ?? siblings[0]?.valueRange[1] ?? 0;
}

test("the example has keys of all kinds", () => {
  expect(KEYS.length).toBeGreaterThan(60);
  expect(new Set(KEYS.map(({ path }) => path)).size).toBe(KEYS.length);
});

/** Expects that no row of the policy permits more than in the example. Without `max_ttl`, it is the project's. */
function expectNothingMore({ permits, projects }: Settings): void {
  const original = read(TEXT);
  permits.forEach((row, index) => {
    const before = original.permits[index];
    if (before === undefined) throw new Error("a row that was not there");
    for (const list of ["callers", "projects", "methods", "services", "channels", "roles"] as const) {
      expect([...before[list]]).toEqual(expect.arrayContaining([...row[list]]));
    }
    expect([...before.users.accounts]).toEqual(expect.arrayContaining([...row.users.accounts]));
    expect(Number(row.users.uids)).toBeLessThanOrEqual(Number(before.users.uids));
    expect(Number(row.anyUser)).toBeLessThanOrEqual(Number(before.anyUser));
    expect(Number(row.anyChannel)).toBeLessThanOrEqual(Number(before.anyChannel));
  });
  expect(projects.map(({ allowToken006, maxTtl }) => [allowToken006, maxTtl])).toEqual([[false, 86400]]);
}

describe("a key that is renamed", () => {
  test.each(KEYS)("$path", ({ name, keyRange, place, path }) => {
    const misspelt = name.length > 2 ? name.slice(0, 1) + name.slice(2) : `${name}x`;
    const problems = problemsOf(spliced(keyRange, misspelt));
    const at = path.slice(0, path.length - name.length) + misspelt;
    const message = `unknown key \`${misspelt}\`; did you mean \`${name}\`?`;
    // What follows from it is no problem of its own.
    expect(problems).toEqual([{ place, path: at, message }]);
  });
});

describe("a key with a value of another type", () => {
  test.each(KEYS.flatMap((key) => otherTypes(key.value).map((text) => ({ ...key, text }))))("$path: $text", (key) => {
    const problems = problemsOf(retyped(key, key.text));
    expect(problems[0]?.place?.line).toBe(key.place.line);
    const about = problems.filter(
      ({ path }) => path === key.path || path.startsWith(`${key.path}[`) || path.startsWith(`${key.path}.`),
    );
    expect(about).not.toEqual([]);
    expect(about[0]?.message).toMatch(/must be |has no value|has none of|is empty|unknown key|is missing|there is no /);
  });
});

describe("a key that is dropped", () => {
  // The rest of the file still says something, and the key has a default.
  const OPTIONAL =
    /^(listen|admin|reflection|permits|limits|audit|shutdown)$|^(limits|audit|shutdown)\.|\.(allow_token006|acknowledge_live_tokens|allow_readable_files|api_key_sha256_next|max_ttl|channels|users|uids|accounts|roles|any_user|any_channel|methods|services)$|^permits\[\d\]\.(callers|projects)$/;

  test.each(KEYS)("$path", (key) => {
    const text = dropped(key);
    const problems = problemsOf(text);
    if (OPTIONAL.test(key.path)) {
      expect(problems).toEqual([]);
      const settings = read(text);
      expect(settings.places.has(key.path)).toBe(false);
      expectNothingMore(settings);
      return;
    }
    expect(problems).not.toEqual([]);
    for (const { place, message } of problems) {
      expect(place).toBeDefined();
      expect(message).toMatch(
        /is missing: it must be |has none of |there is no |no issuer of |must be a mapping|has no value/,
      );
    }
  });
});

test("a change of one character gives settings or problems with places, and nothing else", () => {
  const alphabet = "\n\t -:,[]{}\"'#&*!|>%@`~?01aZ_.\\\u0000é";
  let state = 20261124;
  const next = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const outcomes = { valid: 0, invalid: 0 };
  for (let i = 0; i < 600; i++) {
    const at = next(TEXT.length);
    const drop = next(2);
    const text = TEXT.slice(0, at) + (alphabet[next(alphabet.length)] ?? "") + TEXT.slice(at + drop);
    const problems = problemsOf(text);
    outcomes[problems.length === 0 ? "valid" : "invalid"]++;
    for (const { place, message } of problems) {
      expect(place?.line).toBeGreaterThan(0);
      expect(place?.column).toBeGreaterThan(0);
      expect(message).toMatch(/^[^\n]+$/);
    }
  }
  expect(outcomes.valid).toBeGreaterThan(30);
  expect(outcomes.invalid).toBeGreaterThan(200);
});
