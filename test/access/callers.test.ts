import { describe, expect, test } from "vitest";
import { makeApiKey } from "../../src/access/by-api-key.ts";
import { type CallerSource, Callers, type Presented } from "../../src/access/callers.ts";
import { IssuerKeys, URL_SCHEDULE } from "../../src/access/issuer-keys.ts";
import { SPIFFE_ID } from "../fixtures/bad-credentials.ts";
import { CLAIMS, claimsAt, KEYS, keySet, makeJwt } from "../fixtures/jwts.ts";

const NOW = 1_800_000_000;
const key = makeApiKey("job");
const next = makeApiKey("job");
const SOURCES: readonly CallerSource[] = [
  { id: "local", match: { kind: "loopback" } },
  { id: "job", match: { kind: "apiKey", sha256: key.sha256, next: next.sha256 } },
  { id: "rooms", match: { kind: "jwt", issuer: CLAIMS.iss, subject: CLAIMS.sub, audience: CLAIMS.aud } },
  { id: "lobby", match: { kind: "spiffe", id: SPIFFE_ID } },
];

const issuerKeys = new IssuerKeys({
  read: async () => keySet(KEYS.ec),
  schedule: URL_SCHEDULE,
  clock: () => NOW,
  onOutcome: () => undefined,
});
const callers = new Callers(SOURCES);
const recognize = callers.recognizer(
  () => issuerKeys,
  () => NOW,
);
const jwt = makeJwt(claimsAt(NOW));
const certificate = { spiffeId: SPIFFE_ID, serial: "01", notAfter: NOW };

async function who(presented: Partial<Presented>): Promise<string | undefined> {
  const caller = await recognize({ local: undefined, certificate: undefined, authorization: [], ...presented });
  return caller && `${caller.id} by ${caller.proof}`;
}

describe("the first proof that recognizes a caller decides", () => {
  test.each<[string | undefined, Partial<Presented>]>([
    ["local by loopback", { local: "loopback" }],
    ["local by unix", { local: "unix" }],
    ["job by api_key", { authorization: [`Bearer ${key.key}`] }],
    ["job by api_key", { authorization: [`bearer ${next.key}`] }],
    ["rooms by jwt", { authorization: [`Bearer ${jwt}`] }],
    ["lobby by mtls", { certificate }],
    ["lobby by mtls", { certificate, authorization: [`Bearer ${jwt}`] }],
    ["rooms by jwt", { certificate: { ...certificate, spiffeId: undefined }, authorization: [`Bearer ${jwt}`] }],
    ["job by api_key", { local: "unix", authorization: [`Bearer ${key.key}`] }],
    [undefined, {}],
    [undefined, { certificate: { ...certificate, spiffeId: `${SPIFFE_ID}2` } }],
  ])("%s", async (expected, presented) => {
    expect(await who(presented)).toBe(expected);
  });
});

describe("nobody is recognized", () => {
  test.each<[string, Partial<Presented>]>([
    ["by a bad bearer on this machine", { local: "loopback", authorization: ["Bearer agk_job_x"] }],
    ["by an empty bearer on this machine", { local: "loopback", authorization: [""] }],
    ["by two bearers", { authorization: [`Bearer ${key.key}`, `Bearer ${key.key}`] }],
    ["by two bearers in one header", { authorization: [`Bearer ${key.key}, Bearer ${key.key}`] }],
    ["by another scheme", { authorization: [`Basic ${key.key}`] }],
    ["without a scheme", { authorization: [key.key] }],
    ["by two blanks", { authorization: [`Bearer  ${key.key}`] }],
    ["by a blank at the end", { authorization: [`Bearer ${key.key} `] }],
    ["by a certificate that has expired", { certificate: { ...certificate, notAfter: NOW - 1 } }],
    [
      "on this machine, by a certificate that names nobody",
      { local: "loopback", certificate: { ...certificate, spiffeId: undefined } },
    ],
    [
      "by a bearer on a connection whose certificate has expired",
      { certificate: { ...certificate, notAfter: NOW - 1 }, authorization: [`Bearer ${key.key}`] },
    ],
  ])("%s", async (_, presented) => {
    expect(await who(presented)).toBeUndefined();
  });

  test("on this machine, if nobody on it is a caller", async () => {
    const strict = new Callers(SOURCES.slice(1)).recognizer(
      () => issuerKeys,
      () => NOW,
    );
    expect(strict({ local: "loopback", certificate: undefined, authorization: [] })).toBeUndefined();
  });
});

describe("a caller after a reload", () => {
  const presented: Partial<Presented>[] = [
    { local: "unix" },
    { authorization: [`Bearer ${key.key}`] },
    { authorization: [`Bearer ${jwt}`] },
    { certificate },
  ];
  const known = (part: Partial<Presented>) =>
    recognize({ local: undefined, certificate: undefined, authorization: [], ...part });

  test.each(presented)("is still the same, if the configuration is: %#", async (part) => {
    const caller = await known(part);
    if (!caller) throw new Error("nobody");
    expect(new Callers(SOURCES).isStill(caller)).toBe(true);
    expect(new Callers([]).isStill(caller)).toBe(false);
    const renamed = SOURCES.map(({ id, match }) => ({ id: `${id}2`, match }));
    expect(new Callers(renamed).isStill(caller)).toBe(false);
  });

  test("is not the same if its ID is that of somebody else now", async () => {
    const rotated = SOURCES.map(({ match }, at) => ({ id: SOURCES[(at + 1) % 4]?.id ?? "", match }));
    for (const part of presented) {
      const caller = await known(part);
      expect(caller && new Callers(rotated).isStill(caller)).toBe(false);
    }
  });

  test("is the same with the key that stays, and not with the one that goes", async () => {
    const after = new Callers([{ id: "job", match: { kind: "apiKey", sha256: next.sha256, next: undefined } }]);
    const [old, stays] = await Promise.all([key, next].map((each) => known({ authorization: [`Bearer ${each.key}`] })));
    expect([old, stays].map((caller) => caller && after.isStill(caller))).toEqual([false, true]);
  });
});
