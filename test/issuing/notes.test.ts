import fc from "fast-check";
import { expect, test } from "vitest";
import { allNotes, notesOnGrants } from "../../src/issuing/notes.ts";
import type { Grant } from "../../src/token/services.ts";

const names = fc.constantFrom("room", "a*", "*", "0", "undefined", "");
const grant: fc.Arbitrary<Grant<unknown>> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      service: fc.constantFrom("rtc" as const, "streaming" as const),
      channel: fc.oneof(
        fc.constant("any" as const),
        names.map((name) => ({ name })),
      ),
      user: fc.oneof(
        fc.constant("any" as const),
        fc.constantFrom(0, 7).map((uid) => ({ uid })),
        names.map((account) => ({ account })),
      ),
      privileges: fc.subarray([1, 2, 3, 4]).map((numbers) => new Map(numbers.map((number) => [number, undefined]))),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ service: fc.constant("rtm" as const), userId: names, privileges: fc.constant(new Map()) }),
  },
);

test("grants without a note are told quickly, and are those on which no note is found", () => {
  let silent = 0;
  fc.assert(
    fc.property(
      fc.constantFrom("006" as const, "007" as const),
      fc.array(grant, { maxLength: 3 }),
      (version, grants) => {
        const all = allNotes(version, grants);
        if (all.length === 0 && grants.length > 0) silent++;
        expect(notesOnGrants(version, grants)).toEqual(all);
      },
    ),
    { numRuns: 10_000 },
  );
  expect(silent).toBeGreaterThan(100);
});
