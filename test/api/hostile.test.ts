// Texts that were made to break something, in every field that holds a text: no fault of the server, and nothing of
// them in what a failure says.

import { create, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { describe, expect, test } from "vitest";
import { TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import { FUZZ } from "../token/random-tokens.ts";
import { call, callWithBytes, type Method, type Refusal, type Request } from "./harness.ts";
import { rtc007, token006 } from "./originals.ts";
import { build, type GrantInit, NOW, renew, world } from "./world.ts";

// Stands in most texts, so that it can be looked for in what comes back.
const MARK = "Zq9xJw";

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => String.fromCodePoint(from + n));
const SEEDS: readonly string[] = [
  ...range(0x00, 0x1f),
  ...range(0x7f, 0x9f),
  ...range(0x200b, 0x200f),
  ...range(0x2028, 0x202e),
  ...range(0x2060, 0x2069),
  ..."\u00a0\u00ad\u0300\u034f\u061c\u180e\u3000\ufe0f\ufeff\ufff9\ufffc\ufffd\ufffe\uffff＊＂０／é频ا",
  "\u{1f600}",
  "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
  "\u{e0001}",
  "\u{10ffff}",
  "Z\u0351\u036b\u0343\u036a\u0302",
  ..."*\"'\\/`%&<>|;$#@!~^",
  "room-*",
  "1*a*2",
  "__proto__",
  "constructor",
  "prototype",
  "hasOwnProperty",
  "toString",
  "valueOf",
  "__defineGetter__",
  "undefined",
  "null",
  "NaN",
  "true",
  "0",
  "-1",
  "00",
  "1e400",
  "4294967296",
  "18446744073709551616",
  "0x7",
  "%00",
  "%s%n%d",
  "%E2%80%AE",
  "$" + "{7*7}",
  "{{7*7}}",
  "<script>alert(1)</script>",
  "' OR 1=1 --",
  "$(reboot)",
  "../../../../etc/passwd",
  "\r\ngrpc-status: 0",
  "\u001b[31m",
  '{"a":1}',
  "[object Object]",
  "007",
  "006",
  "Bearer x",
];

/** 2,000 texts: each seed alone and in company, and some that are long. */
const TEXTS: readonly string[] = [
  ...new Set([
    ...["a", "é", "频", "\u{1f600}", "*", " ", "\u0000", "="].flatMap((unit) => [
      unit.repeat(65),
      MARK + unit.repeat(300),
      MARK + unit.repeat(Math.floor(60_000 / Buffer.byteLength(unit))),
    ]),
    ...SEEDS.flatMap((seed) => [
      seed,
      MARK + seed,
      seed + MARK,
      `room-1${seed}`,
      `${seed}room-1`,
      MARK + seed + MARK,
      seed.repeat(2),
      MARK + seed.repeat(22),
      `u-${seed}-${MARK}`,
      `007${MARK}${seed}`,
      `006${MARK}${seed}`,
      `${MARK} ${seed} ${MARK}`,
      encodeURIComponent(MARK + seed),
    ]),
  ]),
].slice(0, 2000);

const grantOf = (service: string, value: object) => ({ service: { case: service, value } }) as unknown as GrantInit;
const GRANTS: readonly GrantInit[] = [
  grantOf("rtc", { channelName: "room-1", userAccount: "u-1", privileges: { joinChannel: {} } }),
  grantOf("rtm", { userId: "u-1", privileges: { login: {} } }),
  grantOf("streaming", { channelName: "room-1", userAccount: "u-1", privileges: { publishMixStream: {} } }),
  grantOf("chat", { userId: "bob", privileges: { user: {} } }),
  grantOf("fcdn", { channelName: "room-1", userAccount: "u-1", privileges: { play: {} } }),
  grantOf("apaas", { roomUuid: "room-1", userUuid: "bob", privileges: { roomUser: {} } }),
  grantOf("rtm2", {
    userId: "u-1",
    privileges: { login: {} },
    permissions: [{ resourceType: 1, access: 1, resources: ["room-1"] }],
  }),
];

/** Where texts are put: one field of a request, or several at once. */
interface Place {
  readonly method: Method;
  readonly fields: readonly string[];
  put(text: string): Request<Method>;
}

/** Every field of a request that holds a text, and all of those in grants at once. */
function placesIn<M extends Method>(method: M, request: Request<M>): Place[] {
  const { input } = TokenService.method[method] as { input: DescMessage };
  const fresh = () => reflect(input, create(input, structuredClone(request) as Record<string, unknown>));
  const place = (paths: readonly Path[]): Place => ({
    method,
    fields: paths.map((path) => path.map((step) => (typeof step === "number" ? `[${step}]` : step.name)).join(".")),
    put(text) {
      const message = fresh();
      for (const path of paths) set(message, path, text);
      return message.message as Request<Method>;
    },
  });
  const paths = pathsTo(fresh());
  const inGrants = paths.filter((path) => path.length > 1);
  // The rules of all fields are checked together, so that one request with all of them wrong shows what each says.
  return [...paths.map((path) => place([path])), place(inGrants)];
}

type Path = readonly (DescField | number)[];

function pathsTo(message: ReflectMessage): Path[] {
  return message.fields.flatMap((field): Path[] => {
    // A text of a choice that is not made is made nowhere else either.
    if (field.fieldKind === "scalar")
      return field.scalar === ScalarType.STRING && message.isSet(field) ? [[field]] : [];
    if (!message.isSet(field)) return [];
    if (field.fieldKind === "message") return pathsTo(message.get(field)).map((path) => [field, ...path]);
    if (field.fieldKind !== "list") return [];
    return [...message.get(field)].flatMap((element, index): Path[] => {
      if (field.listKind === "scalar") return [[field, index]];
      return field.listKind === "message"
        ? pathsTo(element as ReflectMessage).map((path) => [field, index, ...path])
        : [];
    });
  });
}

function set(message: ReflectMessage, [field, ...rest]: Path, text: string): void {
  if (typeof field === "number" || field === undefined) throw new Error("no field");
  if (field.fieldKind === "scalar") message.set(field, text);
  else if (field.fieldKind === "message") set(message.get(field), rest, text);
  else if (field.fieldKind === "list") {
    const [index, ...inner] = rest;
    const list = message.get(field);
    if (inner.length === 0) list.set(Number(index), text);
    else set(list.get(Number(index)) as ReflectMessage, inner, text);
  }
}

const PLACES: readonly Place[] = [
  ...placesIn("buildToken", build(GRANTS[1] ?? {})),
  ...placesIn("buildToken", build([...GRANTS])).filter(({ fields }) => fields[0] !== "project"),
  ...placesIn("batchBuildTokens", { requests: [build(GRANTS[1] ?? {}), build(GRANTS[6] ?? {})] }),
  ...placesIn("renewToken", renew(rtc007(), { expectedGrant: GRANTS[0] })),
  ...placesIn("renewToken", renew(token006(), { expectedGrant: GRANTS[0] })).filter(
    ({ fields }) => fields.length === 1,
  ),
  ...placesIn("inspectToken", { project: "live", token: token006(), expectedGrant: GRANTS[0] as GrantInit }),
];
const nameOf = ({ method, fields }: Place) => `${method} ${fields.length > 1 ? "all of its grants" : fields[0]}`;

/** The failure is the caller's, and all of it is our own words. */
function expectClean({ reason, cause, message, metadata, violations, details }: Refusal): void {
  if (cause !== undefined || reason === "INTERNAL") throw new Error("a fault of the server", { cause });
  expect(message).toMatch(/^.{1,512}$/);
  const told = violations.flatMap(({ field, description, rule }) => [field, description, rule]);
  expect([message, ...Object.values(metadata), ...told].join("")).toMatch(/^[ -~]*$/);
  expect(details.includes(MARK)).toBe(false);
  expect(details.length).toBeLessThan(6144);
}

/** Puts a text where it belongs not, and looks at what comes back. */
async function attempt(place: Place, text: string): Promise<string> {
  const outcome = await call(place.method, place.put(text) as Request<typeof place.method>, AROUND);
  if ("refusal" in outcome) expectClean(outcome.refusal);
  return "refusal" in outcome ? outcome.refusal.reason : "OK";
}

const AROUND = world();

test("there are 2,000 texts, all well-formed, and they meet every field", () => {
  expect(TEXTS).toHaveLength(2000);
  expect(TEXTS.filter((text) => !text.isWellFormed())).toEqual([]);
  const fields = TokenService.methods.flatMap(({ input }) => stringsOf(input, new Set()));
  const names = PLACES.flatMap(({ fields }) => fields.map((name) => /([a-z_]+)(?:\.\[\d+\])?$/.exec(name)?.[1]));
  const met = new Set(names);
  expect(fields.length).toBeGreaterThan(15);
  expect([...met].sort()).toEqual([...new Set(fields)].sort());
});

function stringsOf(message: DescMessage, seen: Set<DescMessage>): string[] {
  if (seen.has(message)) return [];
  seen.add(message);
  return message.fields.flatMap((field) => {
    if (field.scalar === ScalarType.STRING) return [field.name];
    return field.message ? stringsOf(field.message, seen) : [];
  });
}

describe("a hostile text", () => {
  const reasons = new Set<string>();

  test.each(PLACES.map((place, n) => [nameOf(place), place, n] as const))(
    "in %s",
    { timeout: 60_000 },
    async (_, place, n) => {
      // Every text in all grants at once, and as project and token; in each of the other fields alone, one in sixteen.
      const isWhole = place.method === "buildToken" && place.fields.length > GRANTS.length;
      const isPlain = place.fields[0] === "token" || (place.fields[0] === "project" && place.method === "buildToken");
      const all = isWhole || isPlain || FUZZ.numRuns > TEXTS.length;
      const seen = new Set<string>();
      for (const [index, text] of TEXTS.entries()) {
        if (all || (index + n) % 16 === 0) seen.add(await attempt(place, text));
      }
      for (const reason of seen) reasons.add(reason);
      if (place.fields[0] !== "token") expect(seen).toContain("REQUEST_INVALID");
      else expect(seen).toContain(place.method === "inspectToken" ? "OK" : "TOKEN_MALFORMED");
    },
  );

  test("was refused by more than one check", () => {
    for (const reason of ["OK", "REQUEST_INVALID", "NOT_PERMITTED", "TOKEN_MALFORMED", "EXPECTED_GRANT_MISMATCH"]) {
      expect(reasons).toContain(reason);
    }
  });
});

describe("a request that no code of ours would write", () => {
  const varint = (value: bigint) => {
    const bytes: number[] = [];
    let left = BigInt.asUintN(64, value);
    for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
    return [...bytes, Number(left)];
  };
  const field = (number: number, bytes: readonly number[]) => [
    (number << 3) | 2,
    ...varint(BigInt(bytes.length)),
    ...bytes,
  ];
  const text = (value: string) => [...Buffer.from(value)];
  const withUid = (uid: bigint) => {
    const rtc = [...field(1, text("room-1")), 3 << 3, ...varint(uid), 6 << 3, 1];
    return Uint8Array.from([...field(1, text("live")), ...field(3, [1 << 3, 60]), ...field(4, field(1, rtc))]);
  };

  test.each([0n, 2n ** 32n, 2n ** 33n, 2n ** 63n])(
    "with a uid of %d, which is 0 in 32 bits, is for nobody",
    async (uid) => {
      const outcome = await callWithBytes("buildToken", withUid(uid), AROUND);
      expect(outcome).toMatchObject({
        refusal: { reason: "REQUEST_INVALID", message: expect.stringContaining("any_user") },
      });
    },
  );

  test("with more violations than fit is refused with some of them", async () => {
    const bad = build(
      Array.from({ length: 32 }, () => GRANTS[0] ?? {}).map(() =>
        grantOf("rtc", { channelName: "\u202e".repeat(99), uid: 0 }),
      ),
    );
    const outcome = await call("batchBuildTokens", { requests: Array.from({ length: 100 }, () => bad) }, AROUND);
    if (!("refusal" in outcome)) throw new Error("it should have been refused");
    expectClean(outcome.refusal);
    expect(outcome.refusal.violations.length).toBeGreaterThan(10);
    expect(outcome.refusal.metadata["index"]).toBe("0");
  });

  test("with a time that is none is refused, or taken for what it is", async () => {
    const times = [-(2n ** 63n), 2n ** 63n - 1n, -1n, 0n, BigInt(NOW)];
    for (const seconds of times) {
      for (const nanos of [-(2 ** 31), -1, 0, 2 ** 31 - 1]) {
        for (const kind of ["ttl", "expireTime"] as const) {
          const request = { ...build(GRANTS[0] ?? {}), expiration: { case: kind, value: { seconds, nanos } } };
          const outcome = await call("buildToken", request as Request<"buildToken">, AROUND);
          if ("refusal" in outcome) expectClean(outcome.refusal);
          else expect(Number(outcome.response.issuedToken?.expireTime?.seconds) - NOW).toBeLessThanOrEqual(86_400);
        }
      }
    }
  });
});
