// Renewals of renewals, at random: what the contract says of the ends of privileges, over whole chains of them.

import fc from "fast-check";
import { expect, test } from "vitest";
import { FUZZ } from "../token/random-tokens.ts";
import { call } from "./harness.ts";
import { services, token007 } from "./originals.ts";
import { read007 } from "./reading.ts";
import { NOW, renew, ttl, world } from "./world.ts";

const LIFETIMES = [1, 2, 59, 60, 61, 600, 3600, 7200, 86_400];

/** An original, and when it is renewed, and for how long. */
const chain = fc.record({
  lifetime: fc.constantFrom(60, 600, 3600, 86_400),
  /** The ends of the privileges to publish audio, video and data. */
  ends: fc.tuple(...[2, 3, 4].map(() => fc.constantFrom(0, 1, 30, 60, 599, 600, 601, 1800, 3599, 3600, 86_400))),
  steps: fc.array(
    fc.record({ after: fc.constantFrom(0, 1, 29, 30, 59, 300, 599), lasts: fc.constantFrom(...LIFETIMES) }),
    {
      minLength: 1,
      maxLength: 6,
    },
  ),
});

/** Ends in seconds since 1970, by the number of the privilege. */
type Ends = ReadonlyMap<number, number>;

const RENEWED = { most: 0, cut: 0, kept: 0, left: 0 };

/** The rule, in the words of the contract, told a second time. */
function ruled(before: Ends, end: number, now: number, next: number): Map<number, number> {
  const after = new Map<number, number>();
  for (const [number, own] of before) {
    if (own >= end) after.set(number, next);
    else if (own > now) after.set(number, Math.min(own, next));
  }
  return after;
}

function endsIn(token: string): { readonly end: number; readonly ends: Ends } {
  const { issuedAt, lifetime, services: read } = read007(token);
  const end = issuedAt + lifetime;
  const privileges = Object.entries(read[0]?.privileges ?? {});
  return { end, ends: new Map(privileges.map(([number, own]) => [Number(number), own === 0 ? end : issuedAt + own])) };
}

test(
  "an earlier end is kept through every chain of renewals that last at least as long as it",
  async () => {
    const cases = fc.asyncProperty(chain, async ({ lifetime, ends, steps }) => {
      const privileges = Object.fromEntries([[1, 0], ...ends.map((end, index) => [index + 2, end] as const)]);
      let token = token007([[services.rtc(), privileges]], { issuedAt: NOW, lifetime });
      const first = endsIn(token);
      let now = NOW;
      let shortest = Number.POSITIVE_INFINITY;
      for (const { after, lasts } of steps) {
        const was = endsIn(token);
        now += after;
        const outcome = await call("renewToken", renew(token, { expiration: ttl(lasts) }), world([{}], { now }));
        if (was.end <= now) {
          expect(outcome).toMatchObject({ refusal: { reason: "TOKEN_EXPIRED" } });
          return;
        }
        if ("refusal" in outcome) throw new Error(outcome.refusal.message);
        token = outcome.response.issuedToken?.token ?? "";
        const is = endsIn(token);
        expect(is).toEqual({ end: now + lasts, ends: ruled(was.ends, was.end, now, now + lasts) });
        shortest = Math.min(shortest, is.end);
        for (const [number, own] of is.ends) {
          const original = first.ends.get(number) ?? 0;
          // Only one that lasted with its token, from the beginning or since a renewal cut it down, ends later than it did.
          if (original < first.end && original < shortest) {
            expect(own).toBeLessThanOrEqual(original);
            RENEWED.kept++;
          } else if (original < first.end && own > original) RENEWED.cut++;
        }
        RENEWED.left += was.ends.size - is.ends.size;
        RENEWED.most = Math.max(RENEWED.most, is.ends.size);
      }
    });
    await fc.assert(cases, { ...FUZZ, numRuns: Math.ceil(FUZZ.numRuns / 4) });
    // All of it happened often enough to mean something.
    expect(RENEWED.most).toBe(4);
    for (const count of [RENEWED.kept, RENEWED.cut, RENEWED.left]) expect(count).toBeGreaterThan(FUZZ.numRuns / 100);
  },
  30_000 + FUZZ.numRuns * 10,
);
