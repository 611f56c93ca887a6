import fc from "fast-check";
import { expect, test } from "vitest";
import { type Permit, refusals } from "../../src/access/policy.ts";
import { RowIndex } from "../../src/access/row-index.ts";
import type { Grant } from "../../src/token/services.ts";

const text = fc.stringMatching(/^[ab*]{0,4}$/);
const permit = fc.record({ channels: fc.array(text, { maxLength: 3 }) }).map(
  ({ channels }): Permit => ({
    callers: ["lobby"],
    projects: ["live"],
    methods: ["*"],
    services: ["*"],
    channels,
    users: { uids: true, accounts: ["*"] },
    roles: ["*"],
    maxTtl: 60,
    anyUser: true,
    anyChannel: true,
  }),
);

test("leaves out rows that refuse the channel, and no other, and keeps their order", () => {
  fc.assert(
    fc.property(fc.array(permit, { maxLength: 40 }), fc.stringMatching(/^[ab]{0,5}$/), (rows, name) => {
      const grant: Grant<unknown> = {
        service: "rtc",
        channel: { name },
        user: { uid: 1 },
        privileges: new Map([[1, undefined]]),
      };
      const matches = (row: Permit) => refusals(row, { grants: [grant], ttl: 1 }).length === 0;
      const found = new RowIndex(rows).rowsFor(name);
      expect(found.filter(matches)).toEqual(rows.filter(matches));
      expect(found).toEqual(rows.filter((row) => found.includes(row)));
    }),
    { numRuns: 500, seed: 6 },
  );
});

test("of ten thousand rows, a call looks at those alone whose channels begin as its own", () => {
  const [row] = fc.sample(permit, 1);
  if (!row) throw new Error("no sample");
  const rows = Array.from({ length: 10_000 }, (_, n) => ({ ...row, channels: [`room-${n}-*`, "hall"] }));
  const index = new RowIndex(rows);
  expect(index.rowsFor("room-77-a")).toEqual([rows[77]]);
  expect(index.rowsFor("elsewhere")).toEqual([]);
  expect(index.rowsFor("hall")).toHaveLength(10_000);
  expect(index.rowsFor(undefined)).toHaveLength(10_000);
});
