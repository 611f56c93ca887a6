import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Config, ConfigSchema } from "../../gen/agora/token/config/v1/config_pb.ts";
import { isPlainConfig } from "../../src/config/plain-config.ts";

// The rules of the schema, as the library reads them: what `isPlainConfig` must never be laxer than.
const rules = createValidator();
const isValid = (config: Config) => rules.validate(ConfigSchema, config).kind === "valid";

type Init = MessageInitShape<typeof ConfigSchema>;

/** Mostly the first, which is right; now and then one of the others. */
const mostly = <T>(right: T, ...others: T[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
const optional = <T>(some: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: some });

const id = mostly("live", "", "a".repeat(63), "a".repeat(64), "Live", "1a", "a_b", "live\n", "é");
const duration = fc.record({
  seconds: mostly(60n, 0n, 1n, -1n, 300n, 301n, 600n, 601n, 86_400n, 86_401n),
  nanos: mostly(0, 1, -1, 999_999_999),
});
const file = mostly("a.txt", "");
const certificate = fc.record({
  id: mostly("2026-11", "", "a".repeat(63), "a".repeat(64), "-a", "A._-", "a b"),
  state: mostly("primary", "standby", "retiring", "revoked", "", "Primary", "old"),
  file,
});
const project = fc.record({
  id,
  appId: mostly(
    "0123456789abcdefABCDEF0123456789",
    "",
    "0".repeat(31),
    "0".repeat(33),
    "g".repeat(32),
    `${"0".repeat(32)}\n`,
  ),
  maxTtl: optional(duration),
  certificates: fc.oneof(
    { weight: 9, arbitrary: fc.array(certificate, { minLength: 1, maxLength: 2 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(0, 16, 17).map((count) => Array(count).fill({ id: "a", state: "revoked", file: "f" })),
    },
  ),
});
const sha256 = mostly("0".repeat(64), "", "0".repeat(63), "A".repeat(64));
const jwt = fc.record({ issuer: file, subject: file, audience: file });
const match = fc.oneof(
  { weight: 3, arbitrary: fc.record({ apiKeySha256: sha256, apiKeySha256Next: optional(sha256) }) },
  { weight: 1, arbitrary: fc.record({ spiffeId: mostly("spiffe://a/b", "") }) },
  { weight: 1, arbitrary: fc.record({ jwt }) },
  { weight: 1, arbitrary: fc.record({ loopback: mostly(true, false) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      apiKeySha256: sha256,
      loopback: fc.boolean(),
      jwt: optional(jwt),
      spiffeId: mostly("", "a"),
    }),
  },
);
const caller = fc.record({
  id,
  match: fc.oneof({ weight: 15, arbitrary: match }, { weight: 1, arbitrary: fc.constant(undefined) }),
});
const number = (...values: number[]) => optional(fc.constantFrom(...values));
const limits = fc.record({
  maxMessageBytes: number(1023, 1024, 4_194_304, 4_194_305),
  maxConcurrentStreams: number(0, 1, 10_000, 10_001),
  maxInFlight: number(0, 1, 100_000, 100_001),
  maxConnections: number(0, 1, 1_000_000, 1_000_001),
  maxConnectionsPerAddress: number(0, 1, 1_000_000, 1_000_001),
  perCaller: optional(fc.record({ rate: number(0, 1, 4_294_967_295), burst: number(0, 1, 4_294_967_295) })),
});
const few = <T>(of: fc.Arbitrary<T>, minLength = 0) => fc.array(of, { minLength, maxLength: 2 });
const config = fc.record({
  listen: fc.oneof(
    {
      weight: 9,
      arbitrary: few(
        fc.record({
          address: mostly("127.0.0.1:1", ""),
          tls: optional(fc.record({ certificateFile: file, keyFile: file })),
        }),
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom(8, 9).map((count) => Array(count).fill({ address: "a" })) },
  ),
  projects: fc.oneof({ weight: 15, arbitrary: few(project, 1) }, { weight: 1, arbitrary: fc.constant([]) }),
  callers: few(caller),
  jwtIssuers: few(fc.record({ issuer: file, jwksFile: mostly("a.json", ""), jwksUrl: mostly("", "https://a") })),
  permits: few(fc.record({ maxTtl: optional(duration) })),
  limits: optional(limits),
  audit: optional(
    fc.record({ onFull: mostly("deny", "drop", "", "Deny"), names: mostly("plain", "pseudonym", "", "x") }),
  ),
  shutdown: optional(fc.record({ drainDelay: optional(duration), deadline: optional(duration) })),
  log: optional(fc.record({ level: mostly("info", "debug", "warn", "error", "", "Info") })),
}) as fc.Arbitrary<Init>;

test("whatever is told to keep the rules keeps them, and nearly all that keep them are told", () => {
  const count = { plain: 0, valid: 0, all: 0 };
  fc.assert(
    fc.property(config, (init) => {
      const message = create(ConfigSchema, init);
      const plain = isPlainConfig(message);
      const valid = isValid(message);
      count.all++;
      if (valid) count.valid++;
      if (!plain) return;
      count.plain++;
      expect(valid).toBe(true);
    }),
    { numRuns: Number(process.env["CONFIG_RUNS"] ?? 5000) },
  );
  expect(count.valid).toBeLessThan(count.all * 0.9);
  expect(count.plain).toBeGreaterThan(count.all / 10);
  // Nanoseconds alone are left to the rules.
  expect(count.plain).toBeGreaterThan(count.valid * 0.9);
});

test.each([
  ["projects", 10_000, { id: "a", appId: "0".repeat(32), certificates: [{ id: "a", state: "primary", file: "f" }] }],
  ["callers", 10_000, { id: "a", match: { loopback: true } }],
  ["jwtIssuers", 16, { issuer: "a", jwksFile: "f" }],
  ["permits", 10_000, {}],
] as const)("no more %s than the rules allow", (list, most, item) => {
  const projects = [{ id: "a", appId: "0".repeat(32), certificates: [{ id: "a", state: "primary", file: "f" }] }];
  const of = (count: number) => create(ConfigSchema, { projects, [list]: Array(count).fill(item) });
  expect([isPlainConfig(of(most)), isPlainConfig(of(most + 1))]).toEqual([true, false]);
});
