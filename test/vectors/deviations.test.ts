// Every difference that deviations.json names still holds: on our side, and on Agora's.

import { readFileSync } from "node:fs";
import { deflateSync, inflateSync } from "node:zlib";
import { expect, test, vi } from "vitest";
import { repairToken } from "../../src/token/altered.ts";
import { IRREGULARITIES, MalformedToken, TokenTooLarge } from "../../src/token/bytes.ts";
import { tryParseToken } from "../../src/token/parse.ts";
import { randomSalt } from "../../src/token/salt.ts";
import type { Grant } from "../../src/token/services.ts";
import { SimpleTokenBuilder } from "../../src/token/simple-token-builder.ts";
import { PRIVILEGES_006, parse006, sign006 } from "../../src/token/token006.ts";
import { parse007, sign007, verify007 } from "../../src/token/token007.ts";
import { channelFromText, channelToText, userToText } from "../../src/token/user.ts";
import {
  ApaasTokenBuilder,
  type OfficialToken006,
  type OfficialToken007,
  official006,
  official007,
  RtcTokenBuilder,
} from "../token/official.ts";
import { VECTORS } from "./vectors.ts";

interface Deviation {
  readonly id: string;
  readonly theirs: string;
  readonly ours: string;
  readonly why: string;
  readonly tested: boolean;
}

const { deviations } = JSON.parse(readFileSync(new URL("deviations.json", import.meta.url), "utf8")) as {
  readonly deviations: readonly Deviation[];
};
const { appId, appCertificate, channelName, uid } = VECTORS.defaults;
const CERTIFICATE = Buffer.from(appCertificate, "latin1");
const token = { appId, issuedAt: 1_111_111, lifetime: 600, salt: 1 };
const noPrivileges = new Map<number, number>();
const rtc: Grant = { service: "rtc", privileges: new Map([[1, 600]]), channel: { name: "c" }, user: { uid: 1 } };

const theirs006 = (user: unknown = uid): OfficialToken006 =>
  new official006.AccessToken(appId, appCertificate, channelName, user);
const theirs007 = (): OfficialToken007 => new official007.AccessToken2(appId, appCertificate, 1_111_111, 600);
const theirRtc = (...rest: [cert: string | undefined, user: unknown, role: unknown, expire: unknown]): string => {
  const [cert, user, role, expire] = rest;
  return RtcTokenBuilder.buildTokenWithUid(appId, cert, "c", user, role, expire, 600);
};
const ours = (user: unknown = uid): SimpleTokenBuilder =>
  new SimpleTokenBuilder(appId, appCertificate, channelName, user as number);
const negative = (id: string): string => VECTORS.negative.find((vector) => vector.id === id)?.token ?? "";
const generated = (id: string) => VECTORS.generated006.find((vector) => vector.id === id);
const privilegeCount = (text: string): number | undefined => parse007(text).grants[0]?.privileges.size;
const theyRead = (text: string): boolean => new official007.AccessToken2("", "").from_string(text);

const HOLDS: Readonly<Record<string, () => void>> = {
  "salt-006"() {
    expect(theirs006().salt).toBe(theirs006().salt);
    expect(parse006(ours().buildToken()).salt).not.toBe(parse006(ours().buildToken()).salt);
  },
  "salt-007"() {
    const salts = Array.from({ length: 200 }, () => [theirs007().salt, randomSalt()] as const);
    expect(salts.every(([theirs]) => theirs < 1e8)).toBe(true);
    expect(salts.some(([, mine]) => mine > 1e9)).toBe(true);
  },
  "empty-on-failure"() {
    expect(theirRtc("abc", 1, 1, 600)).toBe("");
    expect(theirRtc(undefined, 1, 1, 600)).toBe("");
    expect(() => new SimpleTokenBuilder(appId, "abc", "c", 1)).toThrow(/^appCertificate must be/);
  },
  "uid-by-coercion"() {
    for (const user of [undefined, null, -1, 1.5, 1e21]) {
      const [grant] = parse007(theirRtc(appCertificate, user, 1, 600)).grants;
      expect(grant).toMatchObject({ user: { account: String(user) } });
      expect(() => ours(user === undefined ? Number.NaN : user)).toThrow(/^uid must be/);
    }
  },
  "account-zero"() {
    expect(theirs006("0").build()).not.toBe(theirs006(0).build());
    expect(parse007(theirRtc(appCertificate, "0", 1, 600)).grants[0]).toMatchObject({ user: { account: "0" } });
    expect(() => ours("0")).toThrow(/uid 0/);
  },
  "empty-channel"() {
    const text = RtcTokenBuilder.buildTokenWithUid(appId, appCertificate, "", 1, 1, 600);
    expect(parse007(text).grants[0]).toMatchObject({ channel: "any" });
    expect([channelToText("any"), channelFromText("*")]).toEqual(["*", "any"]);
    expect(() => new SimpleTokenBuilder(appId, appCertificate, "", 1)).toThrow(/^channelName must/);
  },
  "unknown-role"() {
    for (const role of [undefined, 99, "publisher"]) {
      expect(privilegeCount(theirRtc(appCertificate, 1, role, 600))).toBe(1);
      expect(() => ours().initPrivileges(role as never)).toThrow(RangeError);
    }
  },
  "lifetime-by-coercion"() {
    expect(parse007(theirRtc(appCertificate, 1, 1, "1h")).lifetime).toBe(0);
    expect(parse007(theirRtc(appCertificate, 1, 1, undefined)).lifetime).toBe(0);
    expect(() => sign007({ ...token, lifetime: "1h" as never, grants: [rtc] }, CERTIFICATE)).toThrow(RangeError);
    expect(() => sign007({ ...token, lifetime: Number.NaN, grants: [rtc] }, CERTIFICATE)).toThrow(RangeError);
  },
  "role-unsigned"() {
    const text = sign007({ ...token, grants: [apaas(undefined)] }, CERTIFICATE);
    const theirs = new official007.AccessToken2("", "");
    theirs.from_string(text);
    expect(theirs.services[0]?.__role).toBe(65_535);
    expect(parse007(text).grants).toEqual([apaas(undefined)]);
  },
  "role-zero"() {
    expect(new official007.ServiceApaas("r", "u", 0).__role).toBe(-1);
    expect(parse007(sign007({ ...token, grants: [apaas(0)] }, CERTIFICATE)).grants).toEqual([apaas(0)]);
  },
  "room-user-privilege"() {
    const theirs = parse007(ApaasTokenBuilder.buildRoomUserToken(appId, appCertificate, "r", "u", 1, 600));
    expect(theirs.grants.find(({ service }) => service === "apaas")?.privileges.size).toBe(0);
    const grant: Grant = { ...apaas(1), privileges: new Map([[1, 600]]) };
    expect(privilegeCount(sign007({ ...token, grants: [grant] }, CERTIFICATE))).toBe(1);
  },
  "fixed-buffer-006"() {
    const theirs = theirs006();
    for (let n = 0; n < 200; n++) theirs.addPriviledge(n, 0);
    expect(() => theirs.build()).toThrow(/out of range|outside buffer bounds/);
    const channelText = "c".repeat(60_000);
    const privileges = new Map(Array.from({ length: 64 }, (_, n) => [n, 0]));
    const values = { appId, channelText, userText: "u", salt: 1, expiresAt: 1, privileges };
    expect(parse006(sign006(values, CERTIFICATE)).privileges.size).toBe(64);
    const more = new Map(privileges).set(64, 0);
    expect(() => sign006({ ...values, privileges: more }, CERTIFICATE)).toThrow(TokenTooLarge);
  },
  "unbounded-content-007"() {
    const theirs = theirs007();
    for (let n = 0; n < 20; n++) theirs.add_service(new official007.ServiceChat("a".repeat(65_535)));
    const text = theirs.build();
    expect(theyRead(text)).toBe(true);
    expect(tryParseToken(text)).toBeInstanceOf(MalformedToken);
  },
  "counts-unbounded"() {
    const theirs = theirs007();
    for (let n = 0; n < 33; n++) theirs.add_service(new official007.ServiceFpa());
    expect(theyRead(theirs.build())).toBe(true);
    expect(tryParseToken(theirs.build())).toEqual(
      new MalformedToken("its number of services is 33, more than the 32 that are read", { isOurLimit: true }),
    );
  },
  "odd-tokens-accepted"() {
    const odd = ["trailing-signed", "no-services", "dup-privilege-key", "unsorted-services"];
    for (const id of odd) {
      const text = negative(`neg-007-${id}`);
      expect(theyRead(text)).toBe(true);
      const { irregularities } = parse007(text);
      expect(irregularities.size).toBe(1);
      for (const irregularity of irregularities) expect(IRREGULARITIES).toHaveProperty(irregularity);
    }
  },
  "lax-base64"() {
    const text = sign007({ ...token, grants: [rtc] }, CERTIFICATE);
    for (const altered of [`${text.slice(0, 40)} \n!${text.slice(40)}`, text.replace(/=+$/, ""), `${text} `]) {
      if (altered === text) continue;
      expect(theyRead(altered)).toBe(true);
      expect(tryParseToken(altered)).toBeInstanceOf(MalformedToken);
    }
    expect(repairToken(`${text} `)?.alterations).toEqual(["WHITE_SPACE"]);
  },
  "prototype-keys"() {
    const sign = (): string => sign007({ ...token, grants: [rtc] }, CERTIFICATE);
    const their = (): string => {
      const theirs = theirs007();
      theirs.salt = 1;
      theirs.add_service(new official007.ServiceRtc("c", 1));
      theirs.services[0]?.add_privilege(1, 600);
      return theirs.build();
    };
    const [mine, theirs] = [sign(), their()];
    expect(mine).toBe(theirs);
    const inherited = { value: 5, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(Object.prototype, "9", inherited);
    const polluted = [sign(), their()];
    Reflect.deleteProperty(Object.prototype, "9");
    expect(polluted[0]).toBe(mine);
    expect(polluted[1]).not.toBe(theirs);
  },
  "errors-in-the-console"() {
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
    try {
      expect(theirs006().fromString(`006${appId}AAAA`)).toBe(false);
      expect(log).toHaveBeenCalledOnce();
      log.mockClear();
      const fault = tryParseToken(`006${appId}AAAA`);
      expect(fault).toBeInstanceOf(MalformedToken);
      expect((fault as MalformedToken).message).not.toContain(appId);
      expect(log).not.toHaveBeenCalled();
    } finally {
      log.mockRestore();
    }
  },
  "global-variable"() {
    const before = Object.keys(globalThis).filter((name) => name !== "originVersion");
    Reflect.deleteProperty(globalThis, "originVersion");
    ours().initTokenBuilder(ours().buildToken());
    expect(Object.keys(globalThis)).toEqual(before);
    theirs006().fromString(theirs006().build());
    expect(globalThis).toHaveProperty("originVersion", "006");
    Reflect.deleteProperty(globalThis, "originVersion");
  },
  "no-verification-006"() {
    expect(Object.keys(theirs006()).filter((name) => /verif/i.test(name))).toEqual([]);
    const forged = new official006.AccessToken(appId, "0".repeat(32), channelName, uid);
    forged.addPriviledge(1, 0);
    const theirs = theirs006();
    theirs.fromString(forged.build());
    expect(theirs.messages).toEqual({ 1: 0 });
    expect(ours().initTokenBuilder(forged.build())).toBeLessThan(0);
  },
  "simple-builder-result"() {
    const results = [ours().buildToken(), "", negative("neg-006-sig-bit"), negative("neg-007-sig-bit")];
    expect(new Set(results.map((text) => ours().initTokenBuilder(text))).size).toBe(4);
    expect(ours().initTokenBuilder(results[0] ?? "")).toBe(0);
  },
  "simple-builder-retired-privileges"() {
    for (const id of ["gen-006-seed-publisher", "gen-006-seed-subscriber", "gen-006-seed-admin"]) {
      const read = [...parse006(generated(id)?.expected ?? "").privileges.keys()];
      expect(read.filter((number) => PRIVILEGES_006.get(number)?.retired).length).toBeGreaterThan(0);
    }
    for (const role of [0, 1, 2, 101] as const) {
      const builder = ours();
      builder.initPrivileges(role);
      const made = [...parse006(builder.buildToken()).privileges.keys()];
      expect(made.filter((number) => number > 4)).toEqual([]);
    }
  },
  "simple-builder-no-privileges"() {
    expect(parse006(generated("gen-006-no-privileges")?.expected ?? "").privileges.size).toBe(0);
    const builder = ours();
    expect(parse006(builder.buildToken()).privileges.size).toBe(4);
    for (const number of [1, 2, 3, 4]) builder.removePrivilege(number);
    expect(() => builder.buildToken()).toThrow(/grant nothing/);
  },
  "lone-surrogates"() {
    const chat = (userId: string): Grant => ({ service: "chat", privileges: noPrivileges, userId });
    const their = (userId: string): string => {
      const theirs = theirs007();
      theirs.salt = 1;
      theirs.add_service(new official007.ServiceChat(userId));
      return theirs.build();
    };
    expect(their("\ud800")).toBe(their("\udc01"));
    expect(() => sign007({ ...token, grants: [chat("\ud800")] }, CERTIFICATE)).toThrow(/well-formed/);
  },
  "buffers-for-texts"() {
    const theirs = new official007.AccessToken2("", "");
    theirs.from_string(sign007({ ...token, grants: [rtc] }, CERTIFICATE));
    expect(theirs.services[0]?.["__channel_name"]).toBeInstanceOf(Buffer);
    expect(parse007(sign007({ ...token, grants: [rtc] }, CERTIFICATE)).grants).toEqual([rtc]);
  },
  "unknown-service"() {
    const text = VECTORS.generated007.find(({ id }) => id === "gen-007-unknown-service-99")?.token ?? "";
    const theirs = new official007.AccessToken2("", "");
    expect(theirs.from_string(text)).toBe(true);
    expect(theirs.services).toHaveLength(1);
    const claimed = parse007(text);
    expect(claimed.unknownService).toEqual({ type: 99, undecoded: 1 });
    expect(verify007(claimed, CERTIFICATE)).toBe(true);
  },
  "uid-zero-php-ruby"() {
    const claimed = parse007(negative("neg-007-php-uid-zero"));
    expect(claimed.grants[0]).toMatchObject({ user: { account: "0" } });
    expect(userToText("any")).toBe("");
  },
};

test("every deviation that can be tested is, and each says why", () => {
  expect(Object.keys(HOLDS)).toEqual(deviations.filter(({ tested }) => tested).map(({ id }) => id));
  for (const { id, theirs, ours, why } of deviations) {
    expect(id).toMatch(/^[a-z0-9-]+$/);
    for (const text of [theirs, ours, why]) expect(text.length).toBeGreaterThan(5);
  }
});

test.each(Object.entries(HOLDS))("%s", (_, holds) => {
  holds();
});

test("their content is ours, so that only what is listed differs", () => {
  const theirs = theirs007();
  theirs.salt = 1;
  theirs.add_service(new official007.ServiceRtc("c", 1));
  theirs.services[0]?.add_privilege(1, 600);
  const content = inflateSync(Buffer.from(theirs.build().slice(3), "base64"));
  const text = sign007({ ...token, grants: [rtc] }, CERTIFICATE);
  expect(text).toBe(`007${deflateSync(content).toString("base64")}`);
});

function apaas(role: number | undefined): Extract<Grant, { service: "apaas" }> {
  return { service: "apaas", privileges: noPrivileges, roomUuid: "r", userUuid: "u", role };
}
