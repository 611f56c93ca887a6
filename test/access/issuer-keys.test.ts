import { describe, expect, test } from "vitest";
import { IssuerKeys, type KeyOutcome, type KeySchedule, URL_SCHEDULE } from "../../src/access/issuer-keys.ts";
import { KeySetInvalid, readKeySet } from "../../src/access/key-set.ts";
import { KEYS, keySet, makeSigningKey } from "../fixtures/jwts.ts";

const START = 1_800_000_000;

function issuer(schedule: KeySchedule = URL_SCHEDULE) {
  const state = {
    now: START,
    readings: 0,
    outcomes: [] as KeyOutcome[],
    content: async (): Promise<Uint8Array> => keySet(KEYS.ec),
  };
  const keys = new IssuerKeys({
    read: () => {
      state.readings++;
      return state.content();
    },
    schedule,
    clock: () => state.now,
    onOutcome: (outcome) => state.outcomes.push(outcome),
  });
  return Object.assign(state, { keys });
}

const down = () => Promise.reject(new Error("the issuer cannot be reached: ECONNREFUSED"));

describe("keys of an issuer behind a URL", () => {
  test("are read at first, and every ten minutes from then on", async () => {
    const at = issuer();
    expect(at.keys.set).toBeUndefined();
    await at.keys.poll();
    expect([...(at.keys.set?.ids ?? [])]).toEqual([KEYS.ec.kid]);
    at.now += 599;
    await at.keys.poll();
    expect(at.readings).toBe(1);
    expect(at.keys.age).toBe(599);
    at.now += 1;
    await at.keys.poll();
    expect(at.readings).toBe(2);
    expect(at.keys.age).toBe(0);
    expect(at.outcomes).toEqual([{ outcome: "read", keys: 1 }]);
  });

  test("stay for a day while it is down, and are read as soon as it is back", async () => {
    const at = issuer();
    await at.keys.poll();
    const { set } = at.keys;
    at.content = down;
    for (let looks = 0; looks < 43_200; looks += 30) {
      at.now = START + looks * 2;
      await at.keys.poll();
      if (at.keys.set !== set) throw new Error(`the keys are gone after ${at.now - START} s`);
    }
    at.now = START + 86_400;
    expect(at.keys.set).toBe(set);
    at.now = START + 86_401;
    expect(at.keys.set).toBeUndefined();
    at.content = async () => keySet(KEYS.ec);
    at.now += 30;
    await at.keys.poll();
    expect(at.keys.set).toBe(set);
    expect(at.outcomes.map(({ outcome }) => outcome)).toEqual(["read", "failed", "read"]);
  });

  test("are tried again after half a minute, whoever asks", async () => {
    const at = issuer();
    at.content = down;
    for (let second = 0; second < 60; second++) {
      at.now = START + second;
      await Promise.all([at.keys.poll(), at.keys.refresh(), at.keys.refresh()]);
    }
    expect(at.readings).toBe(2);
    expect(at.outcomes).toEqual([{ outcome: "failed", message: "the issuer cannot be reached: ECONNREFUSED" }]);
  });

  test("stay when it answers with something else", async () => {
    const at = issuer();
    await at.keys.poll();
    const { set } = at.keys;
    for (const text of ["<html>", "{}", '{"keys":[]}', '{"keys":[1]}', "null"]) {
      at.content = async () => Buffer.from(text);
      at.now += 600;
      await at.keys.poll();
      expect(at.keys.set, text).toBe(set);
    }
    expect(at.outcomes.filter(({ outcome }) => outcome === "failed")).toHaveLength(4);
  });

  test("are the same object until they change", async () => {
    const at = issuer();
    await at.keys.poll();
    const { set } = at.keys;
    at.now += 600;
    await at.keys.poll();
    expect(at.keys.set).toBe(set);
    at.content = async () => keySet(KEYS.ec, KEYS.rsa);
    at.now += 600;
    await at.keys.poll();
    expect(at.keys.set).not.toBe(set);
    expect(at.outcomes).toEqual([
      { outcome: "read", keys: 1 },
      { outcome: "read", keys: 2 },
    ]);
  });

  test("are read again after the clock was set back", async () => {
    const at = issuer();
    await at.keys.poll();
    at.now -= 86_400;
    await at.keys.poll();
    expect(at.readings).toBe(2);
  });
});

describe("a JWK Set", () => {
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const { jwk } = KEYS.ec;

  test("may have keys that are of no use here", () => {
    const others = [{ kty: "oct-but-not-here" }, { kty: "EC", crv: "P-521", kid: "a" }, { ...jwk, use: "enc" }];
    expect([...readKeySet(json({ keys: [...others, jwk] })).ids]).toEqual([KEYS.ec.kid]);
  });

  test.each([
    ["no JSON", Buffer.from("keys"), "it is no JSON"],
    ["no UTF-8", Buffer.of(0xff), "it is no JSON"],
    ["a list", json([jwk]), "it is no JWK Set"],
    ["no keys", json({ key: jwk }), "it is no JWK Set"],
    ["keys that are texts", json({ keys: ["a"] }), "it is no JWK Set"],
    ["nothing of use", json({ keys: [{ ...jwk, use: "enc" }] }), "has no key for signatures"],
    ["a private key", json({ keys: [{ ...jwk, d: "c2VjcmV0LXNjYWxhcg" }] }), "holds a private or secret key"],
    [
      "a shared secret",
      json({ keys: [jwk, { kty: "oct", k: "c2VjcmV0LXNjYWxhcg" }] }),
      "holds a private or secret key",
    ],
    ["two keys of one name", json({ keys: [jwk, makeSigningKey("ES256", "ec-1").jwk] }), "two keys with the same kid"],
    [
      "two keys without a name",
      json({ keys: [jwk, makeSigningKey("ES256", "x").jwk].map((key) => ({ ...key, kid: undefined })) }),
      "two keys with the same kid, or without one",
    ],
    ["too many", json({ keys: Array.from({ length: 101 }, (_, at) => ({ ...jwk, kid: `${at}` })) }), "more than 100"],
  ])("cannot be %s", (_, bytes, message) => {
    expect(() => readKeySet(bytes)).toThrow(KeySetInvalid);
    expect(() => readKeySet(bytes)).toThrow(message);
    expect(() => readKeySet(bytes)).not.toThrow("c2VjcmV0");
  });
});
