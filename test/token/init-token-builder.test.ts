import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { INIT_RESULT, Privileges, Role, SimpleTokenBuilder } from "../../src/token/simple-token-builder.ts";
import { parse006, sign006 } from "../../src/token/token006.ts";
import { VECTORS } from "../vectors/vectors.ts";
import { sample007 } from "./sample-tokens.ts";

const { appId: APP_ID, appCertificate: CERTIFICATE, channelName: CHANNEL, uid: UID } = VECTORS.defaults;
const NOW = 1_800_000_000;
const DAY = 86_400;

function builderAt(now = NOW, uid: number | string = UID): SimpleTokenBuilder {
  return new SimpleTokenBuilder(APP_ID, CERTIFICATE, CHANNEL, uid, { clock: () => now });
}

function granted(builder: SimpleTokenBuilder): [number, number][] {
  return [...parse006(builder.buildToken()).privileges];
}

describe("initTokenBuilder", () => {
  const CERTIFICATE_BYTES = Buffer.from(CERTIFICATE);
  const made = (change: Partial<Parameters<typeof sign006>[0]> & { readonly certificate?: Buffer } = {}): string => {
    const { certificate = CERTIFICATE_BYTES, ...rest } = change;
    const token = { appId: APP_ID, channelText: CHANNEL, userText: String(UID), salt: 7, expiresAt: NOW + 60 };
    return sign006({ ...token, privileges: new Map([[1, 0]]), ...rest }, certificate);
  };

  test("takes over the privileges and their ends, and builds another token", () => {
    const original = made({
      privileges: new Map([
        [4, 0],
        [1, NOW + 30],
        [3, NOW - 10],
      ]),
    });
    const builder = builderAt();
    expect(builder.initTokenBuilder(original)).toBe(INIT_RESULT.OK);
    const token = builder.buildToken();
    expect(token).not.toBe(original);
    expect(parse006(token)).toMatchObject({
      expiresAt: NOW + DAY,
      privileges: new Map([
        [1, NOW + 30],
        [3, NOW - 10],
        [4, 0],
      ]),
    });
    expect(parse006(token).salt).not.toBe(7);
    builder.removePrivilege(Privileges.publishVideoStream);
    expect(granted(builder)).toEqual([
      [1, NOW + 30],
      [4, 0],
    ]);
  });

  test("leaves the retired ones out, of a token that Agora's first builder made", () => {
    const builder = builderAt();
    const { privileges } = VECTORS.generated006.find(({ id }) => id === "gen-006-seed-publisher") ?? {};
    const original = made({ privileges: new Map(Object.keys(privileges ?? {}).map((number) => [Number(number), 0])) });
    expect(parse006(original).privileges.size).toBe(9);
    expect(builder.initTokenBuilder(original)).toBe(0);
    expect(granted(builder)).toEqual([1, 2, 3, 4].map((number) => [number, 0]));
  });

  test("takes what it has built itself, of a role, by uid, by account and for signaling", () => {
    for (const uid of [0, 7, "alice"]) {
      const builder = builderAt(NOW, uid);
      builder.initPrivileges(Role.subscriber);
      const other = builderAt(NOW, uid);
      expect(other.initTokenBuilder(builder.buildToken())).toBe(0);
      expect(granted(other)).toEqual([[1, 0]]);
    }
    const signaling = builderAt(NOW, 0);
    signaling.setPrivilege(Privileges.rtmLogin, NOW + 1);
    expect(builderAt(NOW, 0).initTokenBuilder(signaling.buildToken())).toBe(0);
  });

  const genuine = made();
  const cases: [string, unknown, number][] = [
    ["nothing", "", INIT_RESULT.MALFORMED],
    ["junk", "hello", INIT_RESULT.MALFORMED],
    ["a token that is cut", genuine.slice(0, -4), INIT_RESULT.MALFORMED],
    ["a token in quotes", `"${genuine}"`, INIT_RESULT.MALFORMED],
    ["a token and a line break", `${genuine}\n`, INIT_RESULT.MALFORMED],
    ["undefined", undefined, INIT_RESULT.MALFORMED],
    ["null", null, INIT_RESULT.MALFORMED],
    ["a number", 6, INIT_RESULT.MALFORMED],
    ["bytes", Buffer.from(genuine), INIT_RESULT.MALFORMED],
    ["an object with a text", { toString: () => genuine }, INIT_RESULT.MALFORMED],
    ["version 007", sample007(1), INIT_RESULT.VERSION],
    ["a Dynamic Key", VECTORS.legacy[0]?.expected, INIT_RESULT.VERSION],
    ["version 008", `008${"A".repeat(60)}`, INIT_RESULT.VERSION],
    ["another App ID", made({ appId: "0".repeat(32) }), INIT_RESULT.APP_ID],
    ["the App ID in lower case", made({ appId: APP_ID.toLowerCase() }), INIT_RESULT.APP_ID],
    ["another channel", made({ channelText: "other" }), INIT_RESULT.CHANNEL],
    ["another uid", made({ userText: "1" }), INIT_RESULT.USER],
    ["anyone", made({ userText: "" }), INIT_RESULT.USER],
    ["another certificate", made({ certificate: Buffer.alloc(32, "0") }), INIT_RESULT.SIGNATURE],
    [
      "a certificate in lower case",
      made({ certificate: Buffer.from(CERTIFICATE.toLowerCase()) }),
      INIT_RESULT.SIGNATURE,
    ],
    ["one privilege more, by hand", widened(), INIT_RESULT.SIGNATURE],
    ["a token that has ended", made({ expiresAt: NOW }), INIT_RESULT.EXPIRED],
    [
      "a privilege to join that has ended",
      made({
        privileges: new Map([
          [1, NOW],
          [2, 0],
        ]),
      }),
      INIT_RESULT.EXPIRED,
    ],
    ["a privilege to log in that has ended", made({ privileges: new Map([[1000, 1]]) }), INIT_RESULT.EXPIRED],
    [
      "a privilege without a name",
      made({
        privileges: new Map([
          [1, 0],
          [77, 0],
        ]),
      }),
      INIT_RESULT.UNKNOWN_PRIVILEGE,
    ],
    ["no privilege", made({ privileges: new Map() }), INIT_RESULT.NO_PRIVILEGES],
    [
      "retired privileges alone",
      made({
        privileges: new Map([
          [101, 0],
          [5, 0],
        ]),
      }),
      INIT_RESULT.NO_PRIVILEGES,
    ],
  ];

  test.each(cases)("%s is refused with its number, and changes nothing", (_, original, result) => {
    const builder = builderAt();
    builder.setPrivilege(Privileges.publishDataStream, NOW + 99);
    expect(result).toBeLessThan(0);
    expect(builder.initTokenBuilder(original as string)).toBe(result);
    expect(granted(builder)).toEqual([[4, NOW + 99]]);
    // Nor one on which nothing was set.
    const fresh = builderAt();
    fresh.initTokenBuilder(original as string);
    expect(granted(fresh)).toHaveLength(4);
  });

  test("a privilege to join that has ended counts, not one to log in beside it", () => {
    const original = made({
      privileges: new Map([
        [1, NOW + 1],
        [1000, 1],
      ]),
    });
    expect(builderAt().initTokenBuilder(original)).toBe(0);
  });

  test("lasts up to the last second", () => {
    expect(builderAt().initTokenBuilder(made({ expiresAt: NOW + 1 }))).toBe(0);
    expect(builderAt().initTokenBuilder(made({ privileges: new Map([[1, NOW + 1]]) }))).toBe(0);
  });

  test("each result has its own number, and each but 0 is tested", () => {
    const results = Object.values(INIT_RESULT);
    expect(new Set(results).size).toBe(results.length);
    expect(new Set([0, ...cases.map(([, , result]) => result)])).toEqual(new Set(results));
  });

  test("never throws, whatever the text", () => {
    const builder = builderAt();
    const near = fc.tuple(fc.nat(genuine.length), fc.string({ unit: "binary", maxLength: 9 }));
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      near.map(([at, more]) => genuine.slice(0, at) + more + genuine.slice(at + more.length)),
      fc.base64String({ maxLength: 300 }).map((text) => `006${APP_ID}${text}`),
      fc.constantFrom<unknown>(
        undefined,
        null,
        0,
        6n,
        Symbol.iterator,
        [],
        {},
        new Proxy({}, {}),
      ) as fc.Arbitrary<string>,
    );
    fc.assert(
      fc.property(texts, (text) => {
        if (builder.initTokenBuilder(text) > 0) throw new Error("it should be 0 or negative");
      }),
      { numRuns: 400, seed: 47 },
    );
  });

  function widened(): string {
    const content = Buffer.from(
      made({
        privileges: new Map([
          [1, 0],
          [2, 0],
        ]),
      }).slice(35),
      "base64",
    );
    content.writeUInt16LE(3, 60);
    return `006${APP_ID}${content.toString("base64")}`;
  }
});
