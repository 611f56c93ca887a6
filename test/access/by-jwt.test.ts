import { describe, expect, test } from "vitest";
import { JwtCallers, type JwtEntry } from "../../src/access/by-jwt.ts";
import { FILE_SCHEDULE, IssuerKeys } from "../../src/access/issuer-keys.ts";
import { badJwts, CLAIMS, claimsAt, KEYS, keySet, makeJwt, SHORT_KEY } from "../fixtures/jwts.ts";

const START = 1_800_000_000;
const ENTRY: JwtEntry = { id: "rooms", issuer: CLAIMS.iss, subject: CLAIMS.sub, audience: CLAIMS.aud };

/** Callers of one issuer, whose keys and clock a test turns. */
function issuer(content: () => Promise<Uint8Array>, entries = [ENTRY]) {
  const state = { now: START, readings: 0 };
  const clock = () => state.now;
  const read = () => {
    state.readings++;
    return content();
  };
  const keys = new IssuerKeys({ read, schedule: FILE_SCHEDULE, clock, onOutcome: () => undefined });
  const callers = new JwtCallers(entries, (name) => (name === CLAIMS.iss ? keys : undefined), clock);
  return Object.assign(state, { keys, callers });
}

const all = async () => keySet(KEYS.rsa, KEYS.ec, KEYS.ed);

describe("a good JWT", () => {
  test.each(Object.values(KEYS))("by $alg names its caller", async (key) => {
    const caller = await issuer(all).callers.recognize(makeJwt(claimsAt(START), key));
    expect(caller).toEqual({
      id: "rooms",
      match: expect.any(String),
      proof: "jwt",
      issuer: CLAIMS.iss,
      subject: "rooms",
      jwtId: "one",
    });
  });

  test.each([
    ["one of several audiences", { aud: ["somebody-else", "agora-token"] }, {}],
    ["no ID", { jti: undefined }, {}],
    ["a clock that is 30 s behind", { iat: START + 30 }, {}],
    ["an end 29 s ago", { exp: START - 29 }, {}],
    ["a life of a day", { iat: START, exp: START + 86_400 }, {}],
    ["further claims", { "kubernetes.io": { namespace: "rooms" }, nbf: START - 60 }, {}],
    ["its type", {}, { typ: "JWT" }],
    ["the type of an access token", {}, { typ: "application/at+jwt" }],
    ["a key that is the only one of its kind, and not named", {}, { kid: undefined }],
  ])("may have %s", async (_, claims, header) => {
    const jwt = makeJwt(claimsAt(START, claims), KEYS.ec, header);
    expect(await issuer(all).callers.recognize(jwt)).toMatchObject({ id: "rooms" });
  });
});

test.each(badJwts(START))("%s names nobody", async (_, jwt) => {
  const { callers } = issuer(async () => keySet(KEYS.rsa, KEYS.ec, KEYS.ed, SHORT_KEY));
  expect(await callers.recognize(jwt)).toBeUndefined();
});

test("a caller is the first entry with an audience that the JWT is for", async () => {
  const entries = [
    { ...ENTRY, id: "elsewhere", audience: "elsewhere" },
    { ...ENTRY, id: "somebody", subject: "somebody" },
    { ...ENTRY, id: "first", audience: "b" },
    { ...ENTRY, id: "second", audience: "a" },
  ];
  const { callers } = issuer(all, entries);
  expect(await callers.recognize(makeJwt(claimsAt(START, { aud: ["a", "b"] })))).toMatchObject({ id: "first" });
  expect(await callers.recognize(makeJwt(claimsAt(START, { aud: "a" })))).toMatchObject({ id: "second" });
});

describe("a JWT that was verified", () => {
  test("is known at once the next time, until it expires", async () => {
    const at = issuer(all);
    const jwt = makeJwt(claimsAt(START));
    const first = await at.callers.recognize(jwt);
    expect(at.callers.recognize(jwt)).toBe(first);
    at.now = START + 3629;
    expect(at.callers.recognize(jwt)).toBe(first);
    at.now = START + 3630;
    expect(await at.callers.recognize(jwt)).toBeUndefined();
  });

  test("is verified again when the keys have changed", async () => {
    let content = keySet(KEYS.ec, KEYS.ed);
    const at = issuer(async () => content);
    const jwt = makeJwt(claimsAt(START));
    expect(await at.callers.recognize(jwt)).toMatchObject({ id: "rooms" });
    content = keySet(KEYS.ed);
    at.now += 2;
    await at.keys.poll();
    expect(await at.callers.recognize(jwt)).toBeUndefined();
  });

  test("is not remembered if it was bad", async () => {
    const at = issuer(all);
    const jwt = makeJwt(claimsAt(START, { iat: START + 60 }));
    expect(await at.callers.recognize(jwt)).toBeUndefined();
    at.now += 60;
    expect(await at.callers.recognize(jwt)).toMatchObject({ id: "rooms" });
  });
});

describe("a key that is not known", () => {
  test("is looked for once, and calls at the same time wait for the same reading", async () => {
    let content = keySet(KEYS.ed);
    const at = issuer(async () => content);
    await at.keys.poll();
    content = keySet(KEYS.ed, KEYS.ec);
    at.now += 2;
    const calls = [1, 2, 3].map((count) => at.callers.recognize(makeJwt(claimsAt(START, { jti: `${count}` }))));
    expect(await Promise.all(calls)).toEqual(Array(3).fill(expect.objectContaining({ id: "rooms" })));
    expect(at.readings).toBe(2);
  });

  test("is not looked for at every call", async () => {
    const at = issuer(async () => keySet(KEYS.ed));
    for (let count = 0; count < 20; count++) {
      expect(await at.callers.recognize(makeJwt(claimsAt(START, { jti: `${count}` })))).toBeUndefined();
    }
    expect(at.readings).toBe(1);
  });

  test("is not looked for where the issuer is not known", async () => {
    const at = issuer(all);
    expect(await at.callers.recognize(makeJwt(claimsAt(START, { iss: "https://evil.example" })))).toBeUndefined();
    expect(at.readings).toBe(0);
  });

  test("names nobody while the keys cannot be had", async () => {
    const at = issuer(() => Promise.reject(new Error("down")));
    expect(await at.callers.recognize(makeJwt(claimsAt(START)))).toBeUndefined();
  });
});

test("a fault that is no fault of a JWT is no refusal", async () => {
  const keys = new IssuerKeys({
    read: all,
    schedule: FILE_SCHEDULE,
    clock: () => START,
    onOutcome: () => {
      throw new RangeError("of ours");
    },
  });
  const callers = new JwtCallers(
    [ENTRY],
    () => keys,
    () => START,
  );
  await expect(callers.recognize(makeJwt(claimsAt(START)))).rejects.toThrow("of ours");
});
