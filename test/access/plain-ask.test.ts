import fc from "fast-check";
import { expect, test } from "vitest";
import { permitsPlainly } from "../../src/access/plain-ask.ts";
import { type Ask, type Permit, refusals } from "../../src/access/policy.ts";
import type { Grant } from "../../src/token/services.ts";

const names = fc.constantFrom("a", "b", "ab", "a*", "*", "", "0", "7", "4294967295", "4294967296");
const channel = fc.oneof(
  fc.constant("any" as const),
  names.map((name) => ({ name })),
);
const user = fc.oneof(
  fc.constant("any" as const),
  fc.constantFrom(0, 1, 7, 0xffff_ffff, 0x1_0000_0000).map((uid) => ({ uid })),
  names.map((account) => ({ account })),
);
const privileges = fc
  .constantFrom([1, 2, 3, 4], [1], [1, 9], [2], [])
  .map((numbers) => new Map(numbers.map((number) => [number, undefined])));
const grant: fc.Arbitrary<Grant<unknown>> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ service: fc.constant("rtc" as const), channel, user, privileges }) },
  { weight: 1, arbitrary: fc.record({ service: fc.constant("streaming" as const), channel, user, privileges }) },
  { weight: 1, arbitrary: fc.record({ service: fc.constant("rtm" as const), userId: names, privileges }) },
);
const ask: fc.Arbitrary<Ask> = fc.record({
  grants: fc.oneof(
    { weight: 3, arbitrary: fc.tuple(grant) },
    { weight: 1, arbitrary: fc.array(grant, { maxLength: 2 }) },
  ),
  ttl: fc.constantFrom(1, 60, 61),
});
const permit: fc.Arbitrary<Permit> = fc.record({
  callers: fc.constant(["lobby"]),
  projects: fc.constant(["live"]),
  methods: fc.constant(["*"]),
  services: fc.constantFrom(["*"], ["rtc"], ["rtc", "rtm"], ["rtm"]),
  channels: fc.constantFrom(["*"], ["a*"], ["a", "b", "0"], []),
  users: fc.record({ uids: fc.boolean(), accounts: fc.constantFrom(["*"], ["a*"], ["7", "ab"], []) }),
  roles: fc.constantFrom(["*"], ["publisher"], ["subscriber"], ["join_channel"], []),
  maxTtl: fc.constant(60),
  anyUser: fc.boolean(),
  anyChannel: fc.boolean(),
});

test("whatever is permitted plainly, no condition of the row refuses; and of RTC by name, most is", () => {
  const count = { plain: 0, permitted: 0 };
  fc.assert(
    fc.property(permit, ask, (row, asked) => {
      const permitted = refusals(row, asked).length === 0;
      if (permitted) count.permitted++;
      if (!permitsPlainly(row, asked)) return;
      count.plain++;
      expect(permitted).toBe(true);
    }),
    { numRuns: 20_000 },
  );
  expect(count.plain).toBeGreaterThan(50);
  expect(count.permitted).toBeGreaterThan(count.plain);
});
