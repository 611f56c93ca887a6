// No slip in a configuration lets a call through that it denied: whatever key is dropped, misspelt or given a value of
// another type, and whatever character is changed.
// `FUZZ_RUNS=5000 npx vitest run test/cli/mutation.test.ts` changes more of them.

import { describe, expect, test } from "vitest";
import { isMap, isScalar, isSeq, type Node, parseDocument } from "yaml";
import { METHODS, type MethodName, refusals } from "../../src/access/policy.ts";
import { compose } from "../../src/cli/compose.ts";
import { ConfigInvalid, type MatchSettings, readConfig, type Settings, unsafe } from "../../src/config/config.ts";
import { checkRules } from "../../src/config/rules.ts";
import { KeyRingInvalid } from "../../src/keyring/file-source.ts";
import { ROLES } from "../../src/token/role.ts";
import type { Grant } from "../../src/token/services.ts";
import { CERTIFICATES } from "./files.ts";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 300);

const TEXT = `listen: [{ address: 127.0.0.1:50051 }]
reflection: true
projects:
  - id: live
    app_id: "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    allow_token006: false
    max_ttl: 86400s
    certificates:
      - id: first
        state: primary
        file: /run/a
      - id: second
        state: revoked
        file: /run/b
  - id: test
    app_id: "0123456789abcdef0123456789abcdef"
    certificates:
      - { id: first, state: primary, file: /run/c }
callers:
  - id: lobby
    match: { spiffe_id: spiffe://prod.example/lobby }
  - id: local
    match:
      loopback: true
permits:
  - callers: [lobby]
    projects: [live]
    methods: [BuildToken, RenewToken]
    services: [rtc, rtm]
    channels: ["room-*", hall]
    users: { uids: true, accounts: ["u-*"] }
    roles: [publisher, subscriber]
    max_ttl: 3600s
    any_user: false
    any_channel: false
  - callers: [local]
    projects: ["*"]
    methods: [BuildToken, BatchBuildTokens]
    services: ["*"]
    channels: ["*"]
    users:
      uids: false
      accounts: ["*"]
    roles: [subscriber]
    max_ttl: 60s
    any_user: true
    any_channel: true
limits:
  max_message_bytes: 262144
`;

/** Who calls, as it is recognized, and what for. */
interface Call {
  readonly match: MatchSettings;
  readonly method: MethodName;
  readonly project: string;
  readonly grant: Grant;
  readonly ttl: number;
}

// A value that differs by one character may be what the operator wants: `room-*` and `oom-*` are both good. So these
// are far from each other, and from all that is permitted: no slip makes one of another.
const CALLERS: readonly MatchSettings[] = [
  { kind: "spiffe", id: "spiffe://prod.example/lobby" },
  { kind: "spiffe", id: "spiffe://elsewhere.test/intruder" },
  { kind: "loopback" },
];
const GRANTS: readonly Grant[] = [
  ...["room-1", "backstage"].flatMap((name) =>
    [{ uid: 42 }, { account: "u-42" }, { account: "stranger" }, "any" as const].flatMap((user) =>
      [ROLES.publisher, ROLES.subscriber].map((role): Grant => {
        return { service: "rtc", channel: { name }, user, privileges: new Map(role.map((number) => [number, 0])) };
      }),
    ),
  ),
  { service: "rtc", channel: "any", user: { uid: 42 }, privileges: new Map([[1, 0]]) },
  { service: "rtm", userId: "stranger", privileges: new Map([[1, 0]]) },
  { service: "chat", userId: "u-42", privileges: new Map([[1, 0]]) },
];
const CALLS: readonly Call[] = CALLERS.flatMap((match) =>
  METHODS.flatMap((method) =>
    ["live", "test", "absent"].flatMap((project) =>
      GRANTS.flatMap((grant) => [30, 86_400].map((ttl) => ({ match, method, project, grant, ttl }))),
    ),
  ),
);

/** Starts with a text as the service does, and tells which calls it lets through; none, if it does not start. */
function permitted(text: string): ReadonlySet<number> {
  const settings = started(text);
  if (settings === undefined) return new Set();
  const { policy, keyRing } = composed(settings);
  const idOf = new Map(settings.callers.map(({ id, match }) => [JSON.stringify(match), id]));
  const rows = new Map<string, ReturnType<typeof policy.permits>>();
  const passing = CALLS.flatMap(({ match, method, project, grant, ttl }, index) => {
    const id = idOf.get(JSON.stringify(match)) ?? "";
    const key = `${id} ${method}`;
    if (!rows.has(key)) rows.set(key, policy.permits(id, method));
    const permits = rows.get(key);
    const found = permits?.has(project) ? keyRing.project(project) : undefined;
    const passes =
      found !== undefined &&
      (method === "InspectToken" ||
        (ttl <= found.maxTtl && permits?.rule(project, { grants: [grant], ttl }).permitted));
    return passes ? [index] : [];
  });
  return new Set(passing);
}

function started(text: string): Settings | undefined {
  try {
    const settings = readConfig("config.yaml", () => new TextEncoder().encode(text), checkRules);
    if (unsafe(settings).length > 0) return undefined;
    composed(settings);
    return settings;
  } catch (error) {
    if (error instanceof ConfigInvalid || error instanceof KeyRingInvalid) return undefined;
    throw error;
  }
}

function composed(settings: Settings) {
  const read = (path: string) => {
    const digits = new Map(Object.entries(CERTIFICATES)).get(path.replace("/run/", "") as "a");
    if (digits === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    return { bytes: new TextEncoder().encode(digits), mode: 0o400, projected: false };
  };
  return compose(settings, read, { samples: false });
}

const ORIGINAL = permitted(TEXT);

/** The calls that a text lets through and the original does not. */
function gained(text: string): Call[] {
  return [...permitted(text)].filter((index) => !ORIGINAL.has(index)).flatMap((index) => CALLS[index] ?? []);
}

test("the original lets some calls through and denies most", () => {
  expect(ORIGINAL.size).toBeGreaterThan(30);
  expect(ORIGINAL.size).toBeLessThan(CALLS.length / 4);
  // What is permitted to one is denied to another for each of the conditions.
  const refused = new Set(
    (started(TEXT)?.permits ?? []).flatMap((row) =>
      CALLS.flatMap(({ grant, ttl }) => refusals({ ...row, maxTtl: row.maxTtl ?? 0 }, { grants: [grant], ttl })),
    ),
  );
  expect([...refused].toSorted()).toEqual([
    "any_channel",
    "any_user",
    "channels",
    "max_ttl",
    "roles",
    "services",
    "users",
  ]);
});

test("the calls notice what is widened", () => {
  expect(gained(TEXT.replace('"room-*"', '"*"'))).not.toEqual([]);
  expect(gained(TEXT.replace("3600s", "86400s"))).not.toEqual([]);
  expect(gained(TEXT.replace("[BuildToken, RenewToken]", '["*"]'))).not.toEqual([]);
  expect(gained(TEXT.replace("any_user: false", "any_user: true"))).not.toEqual([]);
  expect(gained(TEXT.replace("prod.example/lobby", "elsewhere.test/intruder"))).not.toEqual([]);
});

/** A key of the original: its path, and where it and its value are. */
interface Key {
  readonly path: string;
  readonly name: string;
  readonly key: readonly [number, number];
  readonly value: readonly [number, number];
  readonly node: Node;
}

const KEYS = keysOf("", parseDocument<Node>(TEXT).contents);
/** The elements of lists, by path. */
const ELEMENTS = elementsOf("", parseDocument<Node>(TEXT).contents);

function keysOf(path: string, node: Node | null): Key[] {
  if (isSeq<Node>(node)) return node.items.flatMap((item, index) => keysOf(`${path}[${index}]`, item));
  if (!isMap<Node, Node>(node)) return [];
  return node.items.flatMap(({ key, value }) => {
    if (!isScalar<string>(key) || !value) throw new Error("not the original");
    const at = `${path}.${key.value}`;
    return [{ path: at, name: key.value, key: rangeOf(key), value: rangeOf(value), node: value }, ...keysOf(at, value)];
  });
}

function elementsOf(path: string, node: Node | null): { path: string; range: readonly [number, number] }[] {
  if (isMap<Node, Node>(node)) {
    return node.items.flatMap(({ key, value }) => elementsOf(`${path}.${String(key)}`, value));
  }
  if (!isSeq<Node>(node)) return [];
  return node.items.flatMap((item, index) => {
    const at = `${path}[${index}]`;
    return [{ path: at, range: rangeOf(item) }, ...elementsOf(at, item)];
  });
}

function rangeOf(node: Node): readonly [number, number] {
  if (!node.range) throw new Error("not the original");
  return [node.range[0], node.range[1]];
}

function spliced([from, to]: readonly [number, number], text: string): string {
  return TEXT.slice(0, from) + text + TEXT.slice(to);
}

describe("a key that is dropped", () => {
  test.each(KEYS)("$path", ({ key, value, node }) => {
    const isBlock = !isScalar(node) && !("flow" in node && node.flow);
    const end = isBlock ? value[1] : value[1] + (/^ *,? ?/.exec(TEXT.slice(value[1]))?.[0].length ?? 0);
    expect(gained(spliced([key[0], end], isBlock ? "\n" : ""))).toEqual([]);
    // And the line as a whole, as an editor deletes it.
    const from = TEXT.lastIndexOf("\n", key[0] - 1) + 1;
    expect(gained(spliced([from, TEXT.indexOf("\n", Math.max(value[1] - 1, key[1])) + 1], ""))).toEqual([]);
  });
});

describe("an element that is dropped", () => {
  test.each(ELEMENTS)("$path", ({ range: [from, to] }) => {
    const end = to + (/^ *,? ?/.exec(TEXT.slice(to))?.[0].length ?? 0);
    for (const text of [spliced([from, end], ""), spliced([from, end], "~")]) expect(gained(text)).toEqual([]);
  });
});

describe("a key that is misspelt, or another in its place", () => {
  const names = [...new Set(KEYS.map(({ name }) => name))];

  test.each(KEYS.map((each, index) => ({ ...each, index })))("$path", ({ key, name, index }) => {
    const misspelt = [name.slice(1), `${name}s`, name.toUpperCase(), name.replace("_", ""), `"${name} "`];
    // Of all pairs of keys, a ninth at a time is enough where it is to be quick.
    const others = names.filter((_, at) => RUNS > 1000 || (at + index) % 9 === 0);
    for (const other of [...misspelt, ...others]) {
      // Two switches for different people may have each other's place: that is another wish, not a slip.
      if (other === name || (name.startsWith("any_") && other.startsWith("any_"))) continue;
      expect(gained(spliced(key, other))).toEqual([]);
    }
  });
});

describe("a value of another type", () => {
  const values = [
    "~",
    '""',
    "7",
    "0",
    "-1",
    "1e9",
    "0x7f",
    "yes",
    "on",
    "TRUE",
    '"true"',
    "[]",
    "{}",
    '[""]',
    "[~]",
    "[true]",
    "[[]]",
    "{ '*': '*' }",
    "!!str x",
    "*x",
    "|\n  *",
  ];

  test.each(KEYS)("$path", ({ value, key, node }) => {
    const isBlock = !isScalar(node) && !("flow" in node && node.flow);
    const others = isScalar(node) && typeof node.value === "boolean" ? values : [...values, "true", "false", '"*"'];
    for (const other of others) {
      const text = isBlock ? spliced([key[1], value[1]], `: ${other}\n`) : spliced(value, other);
      expect(gained(text)).toEqual([]);
    }
  });
});

test(`a change of one character, ${RUNS} times`, () => {
  const alphabet = "\n\t -:,[]{}\"'#&*!|>%@`~?01379aeswxyzAZ_.\\/é";
  const outcomes = { started: 0, refused: 0 };
  const random = numbers(20261124);
  for (let run = 0; run < RUNS; run++) {
    const at = Math.floor(random() * TEXT.length);
    const length = Math.floor(random() * 2);
    const put = random() < 0.15 ? "" : (alphabet[Math.floor(random() * alphabet.length)] ?? "");
    const text = spliced([at, at + Math.max(length, put === "" ? 1 : 0)], put);
    expect(gained(text), `${JSON.stringify(put)} for ${length} characters at ${at}, of seed 20261124`).toEqual([]);
    outcomes[started(text) ? "started" : "refused"]++;
  }
  expect(outcomes.started).toBeGreaterThan(RUNS / 50);
  expect(outcomes.refused).toBeGreaterThan(RUNS / 4);
});

test("two lines that change places", () => {
  const lines = TEXT.split("\n");
  for (let index = 0; index + 1 < lines.length; index++) {
    const [first = "", second = ""] = lines.slice(index, index + 2);
    expect(gained([...lines.slice(0, index), second, first, ...lines.slice(index + 2)].join("\n"))).toEqual([]);
  }
});

/** Numbers from 0 to 1, the same for the same seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
}
