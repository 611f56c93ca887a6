// For every token that leaves: what it grants is within a permit of the caller, and within the request, and for a
// renewal within the original. And what leaves and what does not is what an oracle says that shares no code with us.

import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { Permit } from "../../src/access/policy.ts";
import { permits, type Row, rowsFor, wishesIn } from "../access/oracle.ts";
import { FUZZ } from "../token/random-tokens.ts";
import { CALLER, call, type Outcome } from "./harness.ts";
import { token007 } from "./originals.ts";
import { grants, lifetime, messageOf, officialOf, type RandomGrant, rows } from "./random-calls.ts";
import { isSignedWith, type Read007, type ReadService, read007 } from "./reading.ts";
import { APP_IDS, build, DIGITS, NOW, renew, ttl, world } from "./world.ts";

// More cases, as FUZZ_RUNS asks for them, take longer.
const TIME = { timeout: 30_000 + FUZZ.numRuns * 30 };
const PROJECTS = ["live", "other", "unsigned"];
/** What the key ring holds of each project. */
const RING: Readonly<Record<string, { readonly maxTtl: number; readonly signer?: string }>> = {
  live: { maxTtl: 86_400, signer: DIGITS.primary },
  other: { maxTtl: 7200, signer: DIGITS.other },
  unsigned: { maxTtl: 86_400 },
};
const project = fc.constantFrom("live", "live", "live", "other", "unsigned", "absent");
const permitOf = (row: Row): Permit => ({ ...row, callers: [CALLER] });

/** How often each answer was given: a property that holds for want of cases would show. */
const counts = new Map<string, number>();
const count = (method: string, answer: string) =>
  counts.set(`${method} ${answer}`, (counts.get(`${method} ${answer}`) ?? 0) + 1);
const answerOf = (outcome: Outcome<"buildToken" | "renewToken">) =>
  "refusal" in outcome ? outcome.refusal.reason : "OK";
const textOf = (outcome: Outcome<"buildToken" | "renewToken">) =>
  "response" in outcome ? (outcome.response.issuedToken?.token ?? "") : "";

/** What the oracle says of a decision: the answer to a call for these grants. */
function expected(
  rows: readonly Row[],
  method: string,
  id: string,
  wishes: ReturnType<typeof wishesIn>,
  seconds: number,
) {
  const permitting = rowsFor(rows, method, id, PROJECTS).filter((row) => permits(row, wishes));
  if (permitting.length === 0) return "NOT_PERMITTED";
  const most = Math.min(RING[id]?.maxTtl ?? 0, Math.max(...permitting.map(({ maxTtl }) => maxTtl)));
  if (seconds > most) return "LIFETIME_NOT_PERMITTED";
  return RING[id]?.signer === undefined ? "NO_SIGNING_CERTIFICATE" : "OK";
}

/** Whether a row lets its caller use a method at all, on whichever project. */
function mayUse(rows: readonly Row[], method: string): boolean {
  return rows.some((row) => row.projects.some((id) => rowsFor([row], method, id, [id]).length > 0));
}

/** The invariant, as far as it is about the permit: read from the token alone. */
function expectWithinPermit(token: string, rows: readonly Row[], method: string, id: string): Read007 {
  const read = read007(token);
  const wishes = wishesIn(token);
  const within = rowsFor(rows, method, id, PROJECTS).filter(
    (row) => permits(row, wishes) && read.lifetime <= row.maxTtl && read.lifetime <= (RING[id]?.maxTtl ?? 0),
  );
  expect(within.length).toBeGreaterThan(0);
  expect(read.lifetime).toBeGreaterThan(0);
  expect(read.salt).toBeGreaterThan(0);
  expect(isSignedWith(token, RING[id]?.signer ?? "")).toBe(true);
  for (const { privileges } of read.services) {
    for (const end of Object.values(privileges)) {
      expect(end).toBeGreaterThan(0);
      expect(end).toBeLessThanOrEqual(read.lifetime);
    }
  }
  return read;
}

/** What a service is for, without its privileges. */
function identity({ type, channel, user, role, permissions }: ReadService): string {
  return JSON.stringify([type, channel === "" && type !== 7 ? "*" : channel, user, role, permissions]);
}

/** Takes each service from those that there were: the ones that it is not more than. */
function expectWithin(
  services: readonly ReadService[],
  before: readonly ReadService[],
  isWithin: (end: number, old: number) => boolean,
) {
  const left = [...before];
  for (const service of services) {
    const at = left.findIndex(
      (each) =>
        identity(each) === identity(service) &&
        Object.entries(service.privileges).every(([number, end]) => {
          const old = each.privileges[Number(number)];
          return old !== undefined && isWithin(end, old);
        }),
    );
    expect(at, `${JSON.stringify(service)} is within ${JSON.stringify(before)}`).toBeGreaterThanOrEqual(0);
    left.splice(at, 1);
  }
}

describe("BuildToken", () => {
  test("allows what the rows say, and gives no more than was asked for", TIME, async () => {
    const cases = fc.asyncProperty(rows, project, grants, lifetime, async (rows, id, wanted, seconds) => {
      const request = build(wanted.map(messageOf), { project: id, expiration: ttl(seconds) });
      const outcome = await call("buildToken", request, world(rows.map(permitOf)));
      const answer = answerOf(outcome);
      count("BuildToken", answer);
      const outlasts = wanted.some(({ ends }) => Object.values(ends).some((end) => end !== undefined && end > seconds));
      const wishes = wanted.map(({ wish }) => wish);
      // A request is judged before its permission, by whoever may use the method at all.
      if (mayUse(rows, "BuildToken") && outlasts) expect(answer).toBe("PRIVILEGE_OUTLASTS_TOKEN");
      else expect(answer).toBe(expected(rows, "BuildToken", id, wishes, seconds));
      if (answer !== "OK") return;
      const { services, ...read } = expectWithinPermit(textOf(outcome), rows, "BuildToken", id);
      expect(read).toMatchObject({ issuedAt: NOW, lifetime: seconds, appId: APP_IDS[id as keyof typeof APP_IDS] });
      expect(services).toHaveLength(wanted.length);
      expectWithin(services, asRead(wanted, seconds), (end, old) => end === old);
    });
    await fc.assert(cases, FUZZ);
  });
});

describe("BatchBuildTokens", () => {
  test("allows what the rows say of every request, or nothing, and names the first that they deny", TIME, async () => {
    const endless = grants.map((wanted) => wanted.map((each) => ({ ...each, ends: withEnds(each.ends, undefined) })));
    const orders = fc.array(fc.record({ id: project, wanted: endless, seconds: lifetime }), {
      minLength: 1,
      maxLength: 3,
    });
    const cases = fc.asyncProperty(rows, orders, async (rows, orders) => {
      const requests = orders.map(({ id, wanted, seconds }) =>
        build(wanted.map(messageOf), { project: id, expiration: ttl(seconds) }),
      );
      const outcome = await call("batchBuildTokens", { requests }, world(rows.map(permitOf)));
      const answers = orders.map(({ id, wanted, seconds }) =>
        expected(
          rows,
          "BatchBuildTokens",
          id,
          wanted.map(({ wish }) => wish),
          seconds,
        ),
      );
      const first = answers.findIndex((answer) => answer !== "OK");
      count("BatchBuildTokens", first < 0 ? "OK" : (answers[first] ?? ""));
      if ("refusal" in outcome) {
        expect(outcome.refusal.reason).toBe(answers[first]);
        // Who may not use the method at all is not told that it is about one of them.
        if (outcome.refusal.metadata["index"] !== undefined)
          expect(outcome.refusal.metadata["index"]).toBe(String(first));
        else expect(mayUse(rows, "BatchBuildTokens")).toBe(false);
        return;
      }
      expect(first).toBe(-1);
      const texts = outcome.response.issuedTokens.map(({ token }) => token);
      expect(texts).toHaveLength(orders.length);
      texts.forEach((text, index) => {
        const order = orders[index];
        const { services } = expectWithinPermit(text, rows, "BatchBuildTokens", order?.id ?? "");
        expectWithin(services, asRead(order?.wanted ?? [], order?.seconds ?? 0), (end, old) => end === old);
      });
    });
    await fc.assert(cases, { ...FUZZ, numRuns: Math.ceil(FUZZ.numRuns / 4) });
  });
});

describe("RenewToken", () => {
  // Mostly that of the original.
  const named = fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: project });
  const original = fc.record({
    grants,
    project: fc.constantFrom("live", "live", "live", "live", "other", "unsigned"),
    certificate: fc.oneof(
      { weight: 5, arbitrary: fc.constant("primary") },
      { weight: 1, arbitrary: fc.constantFrom("retiring", "standby", "revoked", "nobody") },
    ),
    age: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(0, 1, 59, 60, 61) },
      { weight: 1, arbitrary: fc.constantFrom(-61, -60, 599, 3599, 3600, 86_400) },
    ),
    lifetime: fc.constantFrom(0, 1, 60, 600, 3600, 3600, 3600, 86_400, 86_401, 1_800_000_000),
  });

  test(
    "allows what the rows say of what is left of a genuine original, and gives no more than it held",
    TIME,
    async () => {
      const cases = fc.asyncProperty(rows, named, original, lifetime, async (rows, other, was, seconds) => {
        const id = other ?? was.project;
        const issuedAt = NOW - was.age;
        const token = token007(
          was.grants.map((each) => officialOf(each, was.lifetime)),
          {
            appId: APP_IDS[was.project as keyof typeof APP_IDS],
            digits: digitsOf(was.project, was.certificate),
            issuedAt,
            lifetime: was.lifetime,
          },
        );
        const outcome = await call(
          "renewToken",
          renew(token, { project: id, expiration: ttl(seconds) }),
          world(rows.map(permitOf)),
        );
        const answer = answerOf(outcome);
        count("RenewToken", answer);
        const end = Math.min(was.lifetime || 86_400, 86_400);
        expect(answer).toBe(expectedOfRenewal(rows, id, { ...was, end, seconds }));
        if (answer !== "OK") return;
        const { services, ...read } = expectWithinPermit(textOf(outcome), rows, "RenewToken", id);
        expect(read).toMatchObject({ issuedAt: NOW, lifetime: seconds, appId: APP_IDS[id as keyof typeof APP_IDS] });
        const { services: before } = read007(token);
        // An end that was earlier than the token's is an end in time: it must not have moved.
        expectWithin(services, before, (now, old) =>
          old === 0 || old >= end ? now <= seconds : NOW + now <= issuedAt + old,
        );
      });
      await fc.assert(cases, FUZZ);
    },
  );
});

/** The answer to a renewal, by the words of the contract. */
function expectedOfRenewal(
  rows: readonly Row[],
  id: string,
  was: {
    grants: readonly RandomGrant[];
    project: string;
    certificate: string;
    age: number;
    end: number;
    seconds: number;
  },
): string {
  if (rowsFor(rows, "RenewToken", id, PROJECTS).length === 0) return "NOT_PERMITTED";
  if (was.project !== id) return "TOKEN_FOREIGN";
  const signers = id === "live" ? ["primary", "retiring", "standby"] : id === "other" ? ["primary"] : ["retiring"];
  if (!signers.includes(was.certificate) || was.age < -60) return "TOKEN_NOT_GENUINE";
  if (was.end <= was.age) return "TOKEN_EXPIRED";
  const left = was.grants.flatMap(({ wish }, index) => {
    const ends = was.grants[index]?.ends ?? {};
    const privileges = wish.privileges.filter(
      (number) => (ends[number] ?? was.end) > was.age || isOpen(was, ends[number]),
    );
    const enters = ["rtc", "rtm", "fpa", "rtm2"].includes(wish.service)
      ? privileges.includes(1)
      : privileges.length > 0;
    const needsNone = wish.privileges.length === 0;
    return enters || needsNone ? [{ ...wish, privileges }] : [];
  });
  if (left.length === 0) return "TOKEN_EXPIRED";
  return expected(rows, "RenewToken", id, left, was.seconds);
}

// An end that is written as that of the token, or as 0, is no end of its own.
function isOpen({ end, age }: { end: number; age: number }, own: number | undefined): boolean {
  return own === undefined && end > age;
}

function digitsOf(id: string, name: string): string {
  if (name === "nobody") return "0123456789abcdef0123456789abcdef";
  if (id === "other" && name === "primary") return DIGITS.other;
  return DIGITS[name as keyof typeof DIGITS];
}

/** What was asked for, as Agora's parser would read it from a token that lasts so long. */
function asRead(wanted: readonly RandomGrant[], seconds: number): ReadService[] {
  const token = token007(
    wanted.map((each) => officialOf({ ...each, ends: withEnds(each.ends, seconds) }, seconds)),
    { issuedAt: NOW, lifetime: seconds },
  );
  // Its constructor makes -1 of the role 0, which the parser shows as 65535.
  return read007(token).services.map((service) => (service.role === 65_535 ? { ...service, role: 0 } : service));
}

/** The privileges that have no end with this one; with none at all, all of them without. */
function withEnds(ends: RandomGrant["ends"], seconds: number | undefined): RandomGrant["ends"] {
  return Object.fromEntries(
    Object.entries(ends).map(([number, end]) => [number, seconds === undefined ? undefined : (end ?? seconds)]),
  );
}

afterAll(() => {
  // Of each answer there were enough to mean something.
  const often = Math.floor(FUZZ.numRuns / 100);
  const needed = {
    BatchBuildTokens: ["OK", "NOT_PERMITTED"],
    BuildToken: ["OK", "NOT_PERMITTED", "LIFETIME_NOT_PERMITTED", "PRIVILEGE_OUTLASTS_TOKEN"],
    RenewToken: [
      "OK",
      "NOT_PERMITTED",
      "LIFETIME_NOT_PERMITTED",
      "TOKEN_FOREIGN",
      "TOKEN_NOT_GENUINE",
      "TOKEN_EXPIRED",
    ],
  };
  for (const [method, answers] of Object.entries(needed)) {
    for (const answer of answers)
      expect(counts.get(`${method} ${answer}`) ?? 0, `${method} ${answer}`).toBeGreaterThan(often);
  }
});
