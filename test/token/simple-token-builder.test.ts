import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  type BuilderSurroundings,
  Privileges,
  Role,
  SimpleTokenBuilder,
} from "../../src/token/simple-token-builder.ts";
import { PRIVILEGES_006, parse006, verify006 } from "../../src/token/token006.ts";
import { VECTORS, VECTORS_006 } from "../vectors/vectors.ts";

const { appId: APP_ID, appCertificate: CERTIFICATE, channelName: CHANNEL, uid: UID } = VECTORS.defaults;
const NOW = 1_800_000_000;
const DAY = 86_400;
const at = (now: number): BuilderSurroundings => ({ clock: () => now });

function builderAt(now = NOW, uid: number | string = UID): SimpleTokenBuilder {
  return new SimpleTokenBuilder(APP_ID, CERTIFICATE, CHANNEL, uid, at(now));
}

function granted(builder: SimpleTokenBuilder): [number, number][] {
  return [...parse006(builder.buildToken()).privileges];
}

describe("buildToken", () => {
  const vectors = VECTORS_006.filter(({ id, privileges, uidString }) => {
    const live = Object.keys(privileges).every((number) => PRIVILEGES_006.get(Number(number))?.retired === false);
    // Left out: what this builder refuses, and ends that leave no room for 24 hours.
    return live && !["gen-006-utf8", "gen-006-no-privileges"].includes(id) && uidString !== "0";
  });

  test.each(vectors.map((vector) => [vector.id, vector] as const))(
    "%s: the very text of Agora's builders",
    (_, vector) => {
      const { uidInput, uidString, salt, ts, privileges } = vector;
      const uid = uidInput === "" || uidString === "" ? 0 : (uidInput ?? Number(uidString));
      const surroundings = { clock: () => ts - DAY, salt: () => salt };
      const builder = new SimpleTokenBuilder(APP_ID, CERTIFICATE, vector.channelName, uid, surroundings);
      for (const [number, end] of Object.entries(privileges)) builder.setPrivilege(Number(number), end);
      expect(builder.buildToken()).toBe(vector.expected);
    },
  );

  test("those are most of the vectors", () => {
    expect(vectors.map(({ id }) => id)).toEqual([
      "off-006-01",
      "off-006-02",
      "off-006-04",
      "off-006-05",
      "gen-006-subscriber-role2",
      "gen-006-string-account",
      "gen-006-rtm",
      "gen-006-max-u32",
    ]);
  });

  test("a token lasts 24 hours and verifies", () => {
    const claimed = parse006(builderAt().buildToken());
    expect(claimed).toMatchObject({ appId: APP_ID, expiresAt: NOW + DAY });
    expect(verify006(claimed, CHANNEL, String(UID), Buffer.from(CERTIFICATE))).toBe(true);
  });

  test("by the clock of this machine, if it is given none", () => {
    const before = Math.floor(Date.now() / 1000);
    const { expiresAt } = parse006(new SimpleTokenBuilder(APP_ID, CERTIFICATE, CHANNEL, UID).buildToken());
    expect(expiresAt).toBeGreaterThanOrEqual(before + DAY);
    expect(expiresAt).toBeLessThanOrEqual(Math.floor(Date.now() / 1000) + DAY);
  });

  test("each token has another salt, which is never 0", () => {
    const builder = builderAt();
    const salts = Array.from({ length: 200 }, () => parse006(builder.buildToken()).salt);
    expect(new Set(salts).size).toBeGreaterThan(198);
    expect(salts).not.toContain(0);
  });

  test("the case of App ID and certificate is kept", () => {
    const lower = new SimpleTokenBuilder(APP_ID.toLowerCase(), CERTIFICATE.toLowerCase(), CHANNEL, UID, at(NOW));
    const claimed = parse006(lower.buildToken());
    expect(claimed.appId).toBe(APP_ID.toLowerCase());
    expect(verify006(claimed, CHANNEL, String(UID), Buffer.from(CERTIFICATE.toLowerCase()))).toBe(true);
    expect(verify006(claimed, CHANNEL, String(UID), Buffer.from(CERTIFICATE))).toBe(false);
  });

  test("an account of digits is the uid, and uid 0 is nobody in particular", () => {
    const user = (uid: number | string): number => parse006(builderAt(NOW, uid).buildToken()).userChecksum;
    expect(user("123")).toBe(user(123));
    expect(user(0)).toBe(0);
    expect(user(-0)).toBe(0);
  });
});

describe("privileges", () => {
  test("without a word, those of an attendee", () => {
    expect(granted(builderAt())).toEqual([1, 2, 3, 4].map((number) => [number, 0]));
  });

  test("the first that is set is the only one", () => {
    const builder = builderAt();
    builder.setPrivilege(Privileges.joinChannel, NOW + 60);
    expect(granted(builder)).toEqual([[1, NOW + 60]]);
    builder.setPrivilege(Privileges.publishDataStream, 0);
    builder.setPrivilege(Privileges.joinChannel, 0xffff_ffff);
    expect(granted(builder)).toEqual([
      [1, 0xffff_ffff],
      [4, 0],
    ]);
  });

  test("what is removed first is taken from those of an attendee", () => {
    const builder = builderAt();
    builder.removePrivilege(Privileges.publishVideoStream);
    expect(granted(builder)).toEqual([
      [1, 0],
      [2, 0],
      [4, 0],
    ]);
    builder.setPrivilege(Privileges.publishVideoStream, NOW + 5);
    expect(granted(builder)).toEqual([
      [1, 0],
      [2, 0],
      [3, NOW + 5],
      [4, 0],
    ]);
  });

  test("a role takes the place of what was granted", () => {
    const builder = builderAt();
    builder.setPrivilege(Privileges.rtmLogin, NOW + 60);
    builder.initPrivileges(Role.subscriber);
    expect(granted(builder)).toEqual([[1, 0]]);
    builder.initPrivileges(Role.admin);
    expect(granted(builder)).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
    ]);
  });

  test("a token that would grant nothing is not built, and can be mended", () => {
    const builder = builderAt();
    for (const privilege of [1, 2, 3, 4]) builder.removePrivilege(privilege);
    expect(() => builder.buildToken()).toThrow(/^the token would grant nothing: every privilege was removed; call/);
    builder.setPrivilege(Privileges.joinChannel, 0);
    expect(granted(builder)).toEqual([[1, 0]]);
  });

  test("one builder does not change what another grants", () => {
    const one = builderAt();
    one.initPrivileges(Role.attendee);
    one.removePrivilege(1);
    const other = builderAt();
    other.initPrivileges(Role.attendee);
    expect(granted(other)).toHaveLength(4);
  });

  const retired = [...PRIVILEGES_006].filter(([, row]) => row.retired);
  test.each(retired)("%i, which is retired, is named, and cannot be set but removed", (number, { name }) => {
    const builder = builderAt();
    expect(() => builder.setPrivilege(number, 0)).toThrow(RangeError);
    expect(() => builder.setPrivilege(number, 0)).toThrow(`privilege ${number} (${name}) was retired by Agora`);
    expect(() => builder.removePrivilege(number)).not.toThrow();
    expect(granted(builder)).toHaveLength(4);
  });

  test.each([0, 13, 100, 102, 999, 1001, -1, 1.5, Number.NaN, 65_537])("%d is unknown", (number) => {
    expect(() => builderAt().setPrivilege(number, 0)).toThrow(
      new RangeError(`privilege ${number} is unknown: it must be a value of Privileges`),
    );
    expect(() => builderAt().removePrivilege(number)).toThrow(RangeError);
  });

  test.each(["1", null, undefined, {}, 1n])("%s is no number of a privilege", (value) => {
    expect(() => builderAt().setPrivilege(value as never, 0)).toThrow(TypeError);
    expect(() => builderAt().removePrivilege(value as never)).toThrow("privilege must be a number");
  });

  test.each([
    [1_800_000_000_000, RangeError, /^expireTimestamp must be in seconds.*divide milliseconds by 1000$/],
    [2 ** 32, RangeError, /divide milliseconds by 1000$/],
    [Number.POSITIVE_INFINITY, RangeError, /^expireTimestamp/],
    [-1, RangeError, /^expireTimestamp must be whole seconds since 1970, or 0/],
    [1.5, RangeError, /^expireTimestamp must be whole seconds/],
    [Number.NaN, RangeError, /^expireTimestamp must be whole seconds/],
    ["600", TypeError, /^expireTimestamp must be a number of seconds/],
    [new Date(0), TypeError, /^expireTimestamp must be a number of seconds/],
    [undefined, TypeError, /^expireTimestamp/],
    [null, TypeError, /^expireTimestamp/],
  ])("an end of %s is refused, and changes nothing", (end, type, message) => {
    const builder = builderAt();
    expect(() => builder.setPrivilege(1, end as never)).toThrow(type);
    expect(() => builder.setPrivilege(1, end as never)).toThrow(message);
    expect(granted(builder)).toHaveLength(4);
  });

  test.each([3, 4, 100, -1, "publisher", "1", undefined, null])("there is no role %s", (role) => {
    expect(() => builderAt().initPrivileges(role as never)).toThrow(RangeError);
    expect(() => builderAt().initPrivileges(role as never)).toThrow(/^role must be a value of Role/);
  });
});

describe("arguments", () => {
  const LONG = "x".repeat(256);
  test.each<[string, unknown[], typeof TypeError | typeof RangeError, RegExp]>([
    ["no App ID", [undefined, CERTIFICATE, CHANNEL, UID], TypeError, /^appID must be a string, and it is undefined$/],
    ["a short App ID", ["abc", CERTIFICATE, CHANNEL, UID], RangeError, /^appID must be 32 hexadecimal digits/],
    ["an App ID of others", ["g".repeat(32), CERTIFICATE, CHANNEL, UID], RangeError, /^appID/],
    ["an App ID and a line break", [`${APP_ID}\n`, CERTIFICATE, CHANNEL, UID], RangeError, /^appID/],
    [
      "no certificate",
      [APP_ID, undefined, CHANNEL, UID],
      TypeError,
      /^appCertificate must be a string, and it is undef/,
    ],
    ["an empty certificate", [APP_ID, "", CHANNEL, UID], RangeError, /^appCertificate must be 32 hexadecimal digits/],
    ["a certificate and a space", [APP_ID, ` ${CERTIFICATE}`, CHANNEL, UID], RangeError, /^appCertificate/],
    ["certificate bytes", [APP_ID, Buffer.from(CERTIFICATE), CHANNEL, UID], TypeError, /^appCertificate.*is object$/],
    ["no channel", [APP_ID, CERTIFICATE, null, UID], TypeError, /^channelName must be a string, and it is null$/],
    ["an empty channel", [APP_ID, CERTIFICATE, "", UID], RangeError, /^channelName must have 1 to 64 characters/],
    ["a channel of 65", [APP_ID, CERTIFICATE, "c".repeat(65), UID], RangeError, /^channelName/],
    ["every channel", [APP_ID, CERTIFICATE, "*", UID], RangeError, /^channelName/],
    ["another alphabet", [APP_ID, CERTIFICATE, "频道", UID], RangeError, /^channelName/],
    ["half a character", [APP_ID, CERTIFICATE, "a\ud800", UID], RangeError, /^channelName/],
    [
      "no uid",
      [APP_ID, CERTIFICATE, CHANNEL],
      TypeError,
      /^uid.*it is undefined; the number 0 leaves it to be assigned$/,
    ],
    ["null for a uid", [APP_ID, CERTIFICATE, CHANNEL, null], TypeError, /^uid.*it is null/],
    ["a bigint", [APP_ID, CERTIFICATE, CHANNEL, 1n], TypeError, /^uid.*it is bigint/],
    ["true", [APP_ID, CERTIFICATE, CHANNEL, true], TypeError, /^uid.*it is boolean/],
    [
      "a negative uid",
      [APP_ID, CERTIFICATE, CHANNEL, -1],
      RangeError,
      /^uid must be a whole number from 1 to 4294967295/,
    ],
    ["half a uid", [APP_ID, CERTIFICATE, CHANNEL, 1.5], RangeError, /^uid must be a whole number/],
    ["NaN", [APP_ID, CERTIFICATE, CHANNEL, Number.NaN], RangeError, /^uid must be a whole number/],
    ["too large a uid", [APP_ID, CERTIFICATE, CHANNEL, 2 ** 32], RangeError, /^uid must be a whole number/],
    [
      "the account 0",
      [APP_ID, CERTIFICATE, CHANNEL, "0"],
      RangeError,
      /^uid must not be the account "0".*the number 0, uid 0/,
    ],
    ["no account", [APP_ID, CERTIFICATE, CHANNEL, ""], RangeError, /^uid must not be .* empty; the number 0, uid 0/],
    [
      "an account of 256",
      [APP_ID, CERTIFICATE, CHANNEL, LONG],
      RangeError,
      /^uid, as an account, must have 1 to 255 char/,
    ],
    ["everyone", [APP_ID, CERTIFICATE, CHANNEL, "*"], RangeError, /^uid, as an account, must have/],
    ["an account with é", [APP_ID, CERTIFICATE, CHANNEL, "é"], RangeError, /^uid, as an account, must have/],
    ["an account with half", [APP_ID, CERTIFICATE, CHANNEL, "\udc00"], RangeError, /^uid, as an account, must have/],
  ])("%s", (_, args, type, message) => {
    const make = (): unknown => Reflect.construct(SimpleTokenBuilder, args);
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });

  test.each([
    ["c", 1],
    ["c".repeat(64), 0xffff_ffff],
    [" !#$%&()+-:;<=.>?@[]^_{}|~,", 0],
    ["0", "00"],
    ["c", "a".repeat(255)],
    ["c", " !#$%&()+-:;<=.>?@[]^_{}|~,"],
  ])("channel %j and uid %j are taken", (channel, uid) => {
    expect(() => new SimpleTokenBuilder(APP_ID, CERTIFICATE, channel, uid).buildToken()).not.toThrow();
  });

  test("an error shows no value", () => {
    const secret = "5ecret5ecret5ecret5ecret5ecret5e*";
    for (let wrong = 0; wrong < 4; wrong++) {
      const args = [APP_ID, CERTIFICATE, CHANNEL, "user"].with(wrong, secret);
      expect(() => Reflect.construct(SimpleTokenBuilder, args)).not.toThrow(/5ecret/);
      expect(() => Reflect.construct(SimpleTokenBuilder, args)).toThrow(RangeError);
    }
  });
});

test("the certificate shows in no log and no JSON", () => {
  const builder = builderAt();
  builder.buildToken();
  const shown = [inspect(builder, { showHidden: true, depth: 9 }), JSON.stringify({ builder }), String(builder)];
  shown.push(JSON.stringify(Object.getOwnPropertyDescriptors(builder)), inspect({ ...builder }));
  const hex = Buffer.from(CERTIFICATE).toString("hex");
  for (const text of shown) {
    expect(text).not.toContain(CERTIFICATE);
    expect(text.replaceAll(" ", "")).not.toContain(hex);
  }
});
