// Originals that are forged, foreign, expired, widened or written anew: none is renewed, each for the reason that the
// contract states, and whoever has no permit for the project learns nothing of any of them.

import { deflateRawSync, deflateSync, gzipSync, inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { RtcRole } from "../../gen/agora/token/v1/token_pb.ts";
import { ApaasTokenBuilder } from "../token/official.ts";
import { VECTORS } from "../vectors/vectors.ts";
import { answered, call, type Refusal, refused } from "./harness.ts";
import {
  bytes,
  handmade007,
  publisher,
  rtc007,
  rtcBytes,
  services,
  signed007,
  signedPart,
  text007,
  token006,
  token007,
  withChecksums,
  written,
} from "./originals.ts";
import { read006, read007 } from "./reading.ts";
import { APP_IDS, build006, DIGITS, type GrantInit, NOW, renew, world } from "./world.ts";

const GENUINE = rtc007();
const room1: GrantInit = { service: { case: "rtc", value: { channelName: "room-1", uid: 42 } } };
const rtc = (value: object): GrantInit => ({ service: { case: "rtc", value: { channelName: "room-1", ...value } } });
const rtm = (userId: string): GrantInit => ({ service: { case: "rtm", value: { userId } } });

/** The content of a token with one service of RTC, changed after it was signed. */
function changed(change: (content: Buffer) => Buffer | undefined): string {
  const content = inflateSync(Buffer.from(GENUINE.slice(3), "base64"));
  return text007(change(content) ?? content);
}

/** A genuine token of version 006, changed after it was signed. */
function changed006(change: (content: Buffer) => Buffer | undefined): string {
  const token = token006();
  const content = Buffer.from(token.slice(35), "base64");
  return token.slice(0, 35) + (change(content) ?? content).toString("base64");
}

// Where the parts of that content stand.
const AT = { signature: 2, appId: 36, issuedAt: 68, lifetime: 72, salt: 76, count: 80, end: 88, channel: 112 } as const;
const fpa = Buffer.concat([bytes.u16(4), written([[1, 3600]])]);
const rtm2 = (...kinds: number[][]) =>
  Buffer.concat([
    bytes.u16(8),
    written([[1, 3600]]),
    bytes.text("u-1"),
    bytes.u16(kinds.length),
    ...kinds.map(([type = 0, access = 0]) => Buffer.concat([bytes.u16(type, 1, access, 1), bytes.text("a")])),
  ]);
const legacy = (kind: string) => VECTORS.legacy.find((each) => each.kind.includes(kind))?.expected ?? "";
/** A genuine token whose text has what is asked of it. */
function having(pattern: RegExp): string {
  for (let salt = 1; salt < 1000; salt++) {
    const text = rtc007({ salt });
    if (pattern.test(text)) return text;
  }
  throw new Error("no such token");
}

// A text that ends in one `=`, of which the last letter carries two bits that are no part of the bytes.
const withPadding = () => having(/[^=]=$/);
const nonCanonical = () => {
  const text = withPadding();
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return `${text.slice(0, -2)}${letters[letters.indexOf(text.at(-2) ?? "") + 1]}=`;
};

type Row = readonly [what: string, token: string, expectedGrant?: GrantInit];

/** The originals, by the reason that each is refused for. */
const ORIGINALS: Readonly<Record<string, readonly Row[]>> = {
  TOKEN_MALFORMED: [
    ["no token", "x"],
    ["a version alone", "007"],
    ["another version's body", `006${GENUINE.slice(3)}`],
    ["a JWT", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.AAAA"],
    ["white space before it", ` ${GENUINE}`],
    ["a line break after it", `${GENUINE}\n`],
    ["a line break in it", `${GENUINE.slice(0, 40)}\n${GENUINE.slice(40)}`],
    ["quotes around it", `"${GENUINE}"`],
    ["a header's words before it", `Bearer ${GENUINE}`],
    ["percent-encoded", encodeURIComponent(withPadding())],
    ["the URL-safe alphabet", having(/[+/]/).replaceAll("+", "-").replaceAll("/", "_")],
    ["its padding stripped", withPadding().replace(/=+$/, "")],
    ["more padding", `${withPadding()}=`],
    ["bits in its last letter", nonCanonical()],
    ["cut by a letter", GENUINE.replace(/.=*$/, "")],
    ["cut in half", GENUINE.slice(0, GENUINE.length / 2)],
    ["twice", GENUINE + GENUINE],
    [
      "bytes after the compressed content",
      `007${Buffer.concat([Buffer.from(GENUINE.slice(3), "base64"), Buffer.from("abc")]).toString("base64")}`,
    ],
    ["deflate without zlib", `007${deflateRawSync(signed007(signedPart([rtcBytes()]))).toString("base64")}`],
    ["gzip", `007${gzipSync(signed007(signedPart([rtcBytes()]))).toString("base64")}`],
    [
      "a dictionary that nobody has",
      `007${deflateSync(signed007(signedPart([rtcBytes()])), { dictionary: Buffer.from("room") }).toString("base64")}`,
    ],
    ["a content of 1 MiB", text007(Buffer.concat([signed007(signedPart([rtcBytes()])), Buffer.alloc(2 ** 20)]))],
    [
      "a signature of 31 bytes",
      changed((content) => Buffer.concat([bytes.text(content.subarray(2, 33)), content.subarray(34)])),
    ],
    ["a signature of no bytes", changed((content) => Buffer.concat([bytes.u16(0), content.subarray(34)]))],
    ["no services", handmade007([])],
    ["33 services", handmade007(Array.from({ length: 33 }, () => fpa))],
    ["fewer services than it says", handmade007([rtcBytes()], { count: 2 })],
    ["more services than it says", handmade007([rtcBytes(), fpa], { count: 1 })],
    ["signed bytes after its services", handmade007([rtcBytes()], { tail: Buffer.from([0]) })],
    ["services out of order", handmade007([fpa, rtcBytes()])],
    [
      "privileges out of order",
      handmade007([
        rtcBytes("room-1", "42", [
          [2, 3600],
          [1, 3600],
        ]),
      ]),
    ],
    [
      "a privilege twice",
      handmade007([
        rtcBytes("room-1", "42", [
          [1, 60],
          [1, 3600],
        ]),
      ]),
    ],
    [
      "65 privileges",
      handmade007([
        rtcBytes(
          "room-1",
          "42",
          Array.from({ length: 65 }, (_, n) => [n, 1] as const),
        ),
      ]),
    ],
    ["a text that is not UTF-8", handmade007([rtcBytes(Buffer.from([0x72, 0xff]))])],
    ["a text that is longer than it", changed((content) => void content.writeUInt16LE(600, AT.channel - 2))],
    ["RTM2 kinds out of order", handmade007([rtm2([4, 0], [0, 0])])],
    ["an RTM2 kind twice", handmade007([rtm2([0, 0], [0, 0])])],
    ["006 with a letter missing", token006().slice(0, -1)],
    ["006 with a privilege cut off", token006().slice(0, -8)],
    ["006 of an App ID that is none", `006${"g".repeat(32)}${token006().slice(35)}`],
    ["006 of too many privileges", `006${APP_IDS.live}${Buffer.alloc(54 + 6 * 65).toString("base64")}`],
    ["006 in the URL-safe alphabet", `${token006().slice(0, -2)}-_`],
  ],
  TOKEN_VERSION_UNSUPPORTED: [
    ["version 008", `008${GENUINE.slice(3)}`],
    ["version 000", `000${GENUINE.slice(3)}`],
    ["a Dynamic Key 3", legacy("3")],
    ["a Dynamic Key 4", legacy("4")],
    ["a Dynamic Key 5", legacy("5")],
    ["a Signaling token", legacy("ignaling")],
  ],
  TOKEN_FOREIGN: [
    ["another project's", rtc007({ appId: APP_IDS.other, digits: DIGITS.other })],
    ["another project's, signed with this one's certificate", rtc007({ appId: APP_IDS.other })],
    ["an App ID in lower case", rtc007({ appId: APP_IDS.live.toLowerCase() })],
    ["an App ID that nobody has", rtc007({ appId: "f".repeat(32) })],
    ["no App ID", handmade007([rtcBytes()], { appId: "" })],
    ["an App ID and more", handmade007([rtcBytes()], { appId: `${APP_IDS.live}0` })],
    ["006 of another project", token006({ appId: APP_IDS.other, digits: DIGITS.other }), room1],
    ["006 of another project, nothing expected", token006({ appId: APP_IDS.other })],
    ["expired and another project's", rtc007({ appId: APP_IDS.other, issuedAt: NOW - 9999 })],
  ],
  EXPECTED_GRANT_REQUIRED: [
    ["006", token006()],
    ["006 that nobody signed", token006({ digits: "0".repeat(32) })],
    ["006 that has expired", token006({ expiresAt: NOW - 1 })],
  ],
  TOKEN_NOT_GENUINE: [
    ["a bit of its signature turned", changed((content) => void content.writeUInt8(content.readUInt8(2) ^ 1, 2))],
    ["a signature of zeros", changed((content) => void content.fill(0, 2, 34))],
    [
      "another token's signature",
      changed(
        (content) => void inflateSync(Buffer.from(rtc007({ salt: 5 }).slice(3), "base64")).copy(content, 2, 2, 34),
      ),
    ],
    ["another channel written in", changed((content) => void content.write("room-2", AT.channel))],
    ["any user written in", handmade(rtcBytes("room-1", "42"), rtcBytes("room-1", ""))],
    ["any channel written in", handmade(rtcBytes("room-1", "42"), rtcBytes("", "42"))],
    ["another user written in", handmade(rtcBytes("room-1", "42"), rtcBytes("room-1", "43"))],
    ["a letter moved from the user to the channel", handmade(rtcBytes("room-1", "42"), rtcBytes("room-14", "2"))],
    [
      "a privilege added",
      handmade(
        rtcBytes(),
        rtcBytes("room-1", "42", [
          [1, 3600],
          [2, 3600],
        ]),
      ),
    ],
    ["a privilege lengthened", changed((content) => void content.writeUInt32LE(86_400, AT.end))],
    ["a privilege made to last as long as the token", changed((content) => void content.writeUInt32LE(0, AT.end))],
    ["a service added", handmade(rtcBytes(), Buffer.concat([rtcBytes(), fpa]), 2)],
    ["its life lengthened", changed((content) => void content.writeUInt32LE(86_400, AT.lifetime))],
    ["its issue moved", changed((content) => void content.writeUInt32LE(NOW, AT.issuedAt))],
    ["another salt", changed((content) => void content.writeUInt32LE(1, AT.salt))],
    ["expired and its life lengthened", expiredAndLengthened()],
    ["signed by nobody", rtc007({ digits: "0123456789abcdef0123456789abcdef" })],
    ["signed by another project's certificate", rtc007({ digits: DIGITS.other })],
    ["signed by the certificate in lower case", rtc007({ digits: DIGITS.primary.toLowerCase() })],
    ["signed by a revoked certificate", rtc007({ digits: DIGITS.revoked })],
    ["signed by a revoked certificate, and expired", rtc007({ digits: DIGITS.revoked, issuedAt: NOW - 9999 })],
    ["issued in the future", rtc007({ issuedAt: NOW + 61 })],
    ["issued in the year 2106", rtc007({ issuedAt: 0xffff_ffff })],
    ["an unknown service, unsigned", changed((content) => void content.writeUInt16LE(99, AT.count + 2))],
    [
      "006 with a bit of its signature turned",
      changed006((content) => void content.writeUInt8(content.readUInt8(2) ^ 1, 2)),
      room1,
    ],
    ["006 with its life lengthened", changed006((content) => void content.writeUInt32LE(NOW + 90_000, 48)), room1],
    ["006 with a privilege lengthened", changed006((content) => void content.writeUInt32LE(NOW + 90_000, 56)), room1],
    ["006 with another privilege", changed006((content) => void content.writeUInt16LE(5, 72)), room1],
    ["006 with another salt", changed006((content) => void content.writeUInt32LE(1, 44)), room1],
    ["006 signed by nobody", token006({ digits: "0".repeat(32) }), room1],
    ["006 signed by a revoked certificate", token006({ digits: DIGITS.revoked }), room1],
    [
      "006 of another App ID, this one's written in",
      `006${APP_IDS.live}${token006({ appId: APP_IDS.other }).slice(35)}`,
      room1,
    ],
    [
      "006 with another channel's checksum",
      withChecksums(token006(), "room-2", "42"),
      rtc({ channelName: "room-2", uid: 42 }),
    ],
    ["006 with no user's checksum", withChecksums(token006(), "room-1", ""), rtc({ anyUser: true })],
    ["006 with no user's checksum, and a user", withChecksums(token006(), "room-1", ""), room1],
    [
      "006 of RTM with a user's checksum",
      withChecksums(token006({ channel: "u-1", user: "", privileges: { 1000: NOW + 9 } }), "u-1", "x"),
      rtm("u-1"),
    ],
    [
      "006 of RTM that nobody signed",
      token006({ channel: "u-1", user: "", privileges: { 1000: NOW + 9 }, digits: "0".repeat(32) }),
      rtm("u-1"),
    ],
  ],
  TOKEN_EXPIRED: [
    ["just now", rtc007({ issuedAt: NOW - 3600 })],
    ["a second ago", rtc007({ issuedAt: NOW - 3601 })],
    ["long ago", rtc007({ issuedAt: 1 })],
    ["24 hours after its issue, whatever it claims", rtc007({ issuedAt: NOW - 86_400, lifetime: 864_000 })],
    ["24 hours after its issue, of no lifetime", rtc007({ issuedAt: NOW - 86_400, lifetime: 0 }, 0)],
    ["its life goes round the end of 32 bits", rtc007({ issuedAt: NOW - 86_401, lifetime: 0xffff_ffff })],
    ["an absolute time for a lifetime", rtc007({ issuedAt: NOW - 90_000, lifetime: NOW })],
    ["its privilege to join", token007([[services.rtc(), { 1: 60, 2: 3600 }]])],
    ["its privilege to log in", token007([[services.rtm(), { 1: 30 }]])],
    ["all its privileges", token007([[services.streaming(), { 1: 30, 2: 60 }]])],
    [
      "its privilege to join, in all of its grants",
      token007([
        [services.rtc(), { 1: 60 }],
        [services.rtm(), { 1: 60 }],
      ]),
    ],
    [
      "its privilege to join, in the grant that is expected",
      token007([
        [services.rtc(), { 1: 60 }],
        [services.rtm(), { 1: 3600 }],
      ]),
      room1,
    ],
    ["and for another channel", rtc007({ issuedAt: NOW - 9999 }), rtc({ channelName: "room-2", uid: 42 })],
    ["006", token006({ expiresAt: NOW }), room1],
    ["006 and its privilege to join", token006({ privileges: { 1: NOW, 2: NOW + 60 } }), room1],
    ["006 of RTM", token006({ channel: "u-1", user: "", privileges: { 1000: NOW - 1 } }), rtm("u-1")],
    ["006 with a length of time for its end", token006({ expiresAt: 3600 }), room1],
  ],
  EXPECTED_GRANT_MISMATCH: [
    ["another channel", GENUINE, rtc({ channelName: "room-2", uid: 42 })],
    ["the channel in upper case", GENUINE, rtc({ channelName: "ROOM-1", uid: 42 })],
    ["another user", GENUINE, rtc({ uid: 43 })],
    ["any user", GENUINE, rtc({ anyUser: true })],
    ["any channel", GENUINE, { service: { case: "rtc", value: { anyChannel: true, uid: 42 } } }],
    ["another service", GENUINE, rtm("42")],
    ["a privilege that it lacks", token007([[services.rtc(), { 1: 3600 }]]), rtc({ uid: 42, role: RtcRole.PUBLISHER })],
    [
      "a privilege that has ended",
      token007([[services.rtc(), { 1: 3600, 2: 60 }]]),
      rtc({ uid: 42, privileges: { joinChannel: {}, publishAudioStream: {} } }),
    ],
    ["a service behind one that nobody knows", handmade007([Buffer.concat([bytes.u16(11), fpa])]), room1],
    ["006 and another channel", token006(), rtc({ channelName: "room-2", uid: 42 })],
    ["006 and another user", token006(), rtc({ uid: 43 })],
    ["006 and any user", token006(), rtc({ anyUser: true })],
    ["006 and any channel", token006(), { service: { case: "rtc", value: { anyChannel: true, uid: 42 } } }],
    ["006 and another service", token006(), rtm("room-1")],
    [
      "006 of RTM and RTC",
      token006({ channel: "u-1", user: "", privileges: { 1000: NOW + 9 } }),
      rtc({ channelName: "u-1", anyUser: true }),
    ],
    [
      "006 and a privilege that it lacks",
      token006({ privileges: { 1: NOW + 99 } }),
      rtc({ uid: 42, role: RtcRole.PUBLISHER }),
    ],
    ["006 of nothing but what Agora retired", token006({ privileges: { 5: NOW + 99 } }), room1],
    [
      "006 and the letter where it was moved from",
      withChecksums(token006({ channel: "room1", user: 23 }), "room12", "3"),
      rtc({ channelName: "room1", uid: 23 }),
    ],
  ],
  TOKEN_NOT_RENEWABLE: [
    ["a service that nobody knows", handmade007([Buffer.concat([bytes.u16(11), fpa])])],
    ["a service behind one that is known", handmade007([rtcBytes(), Buffer.concat([bytes.u16(200), fpa])])],
    [
      "a privilege that nobody knows",
      handmade007([
        rtcBytes("room-1", "42", [
          [1, 3600],
          [9, 3600],
        ]),
      ]),
    ],
    [
      "the privilege 0",
      handmade007([
        rtcBytes("room-1", "42", [
          [0, 3600],
          [1, 3600],
        ]),
      ]),
    ],
    ["a privilege where there are none", handmade007([Buffer.concat([bytes.u16(9), written([[1, 3600]])])])],
    ["no privilege at all", token007([[services.rtc(), {}]])],
    [
      "no privilege beside a grant with one",
      token007([
        [services.rtc(), {}],
        [services.rtm(), { 1: 3600 }],
      ]),
    ],
    ["no privilege to join", token007([[services.rtc(), { 2: 3600 }]])],
    ["no privilege to act in the room, as npm writes it", apaasOfNpm()],
    ['the account "0"', token007([[services.rtc("room-1", "0"), publisher(3600)]])],
    ["a pattern of channels", token007([[services.rtc("1*a*2"), publisher(3600)]])],
    ["a pattern of users", token007([[services.rtc("room-1", "u-*"), publisher(3600)]])],
    ["a channel with another character", token007([[services.rtc("raum-ä"), publisher(3600)]])],
    ["a channel of 65 bytes", token007([[services.rtc("a".repeat(65)), publisher(3600)]])],
    ["an account of 256 bytes", token007([[services.fcdn("a", "a".repeat(256)), { 1: 3600 }]])],
    ["an RTM user without a name", token007([[services.rtm(""), { 1: 3600 }]])],
    ["any RTM user", token007([[services.rtm("*"), { 1: 3600 }]])],
    ["a Chat user in upper case", token007([[services.chat("Bob"), { 1: 3600 }]])],
    ["a Chat user without a name", token007([[services.chat(""), { 1: 3600 }]])],
    ["a room user without a room", token007([[services.apaas(""), { 1: 3600 }]])],
    ["a user of all rooms without a name", token007([[services.apaas("a", ""), { 2: 3600 }]])],
    ["a role below none", token007([[services.apaas("a", "b", -2), { 1: 3600 }]])],
    ["an RTM2 resource of a kind that nobody knows", token007([[services.rtm2("u-1", [[5, 0, ["a"]]]), { 1: 3600 }]])],
    ["an RTM2 access that nobody knows", token007([[services.rtm2("u-1", [[0, 2, ["a"]]]), { 1: 3600 }]])],
    ["an RTM2 resource without a name", token007([[services.rtm2("u-1", [[0, 0, [""]]]), { 1: 3600 }]])],
    ["no RTM2 resource of a kind", token007([[services.rtm2("u-1", [[0, 0, []]]), { 1: 3600 }]])],
    ["006 to join and to log in", token006({ privileges: { 1: NOW + 99, 1000: NOW + 99 } }), room1],
    ["006 of a privilege that nobody knows", token006({ privileges: { 1: NOW + 99, 77: NOW + 99 } }), room1],
    [
      "006 for any channel",
      token006({ channel: "*" }),
      { service: { case: "rtc", value: { anyChannel: true, uid: 42 } } },
    ],
  ],
};

function handmade(signed: Buffer, shown: Buffer, count = 1): string {
  const content = signed007(signedPart([signed]));
  return text007(Buffer.concat([content.subarray(0, 34), signedPart([shown], { count })]));
}

function expiredAndLengthened(): string {
  const content = inflateSync(Buffer.from(rtc007({ issuedAt: NOW - 9999 }).slice(3), "base64"));
  content.writeUInt32LE(86_400, AT.lifetime);
  return text007(content);
}

function apaasOfNpm(): string {
  // Its builder takes the time from the clock, so the services are built by hand as it builds them.
  const theirs = read007(ApaasTokenBuilder.buildRoomUserToken(APP_IDS.live, DIGITS.primary, "room-1", "bob", 1, 600));
  expect(theirs.services.find(({ type }) => type === 7)?.privileges).toEqual({});
  return token007([
    [services.apaas(), {}],
    [services.rtm("bob"), { 1: 600 }],
    [services.chat("bob"), { 1: 600 }],
  ]);
}

const ROWS = Object.entries(ORIGINALS).flatMap(([reason, rows]) =>
  rows.map(([what, token, expectedGrant]) => ({ reason, what, request: renew(token, { expectedGrant }) })),
);

test("there are many, and they are all different", () => {
  expect(ROWS.length).toBeGreaterThan(150);
  expect(new Set(ROWS.map(({ request }) => JSON.stringify({ ...request, expiration: 0 }))).size).toBe(ROWS.length);
});

describe("who may build everything", () => {
  test.each(ROWS)("is refused for $reason: $what", async ({ reason, request }) => {
    const refusal = await refused("renewToken", request, world());
    expect(refusal).toMatchObject({ reason, metadata: { method: "RenewToken" } });
    // Neither the token nor what is in it.
    const told = refusal.details.toString("latin1");
    const { token = "" } = request;
    expect(told).not.toMatch(/room-|u-1|bob|eyJ|raum/);
    if (token.length > 20) expect(told).not.toContain(token.slice(3, 20));
  });
});

describe("who has no permit for the project", () => {
  const strangers: readonly (readonly [string, ReturnType<typeof world>, string])[] = [
    ["permits for another project", world([{ projects: ["other"] }]), "live"],
    ["no permit to build", world([{ projects: ["live"], methods: ["RenewToken"] }, { projects: ["other"] }]), "live"],
    ["a project that does not exist", world(), "absent"],
  ];

  test("gets one answer for all of them, to the byte, and for a good one", async () => {
    const all: Refusal[] = [];
    for (const [, around, project] of strangers) {
      for (const { request } of [...ROWS, { request: renew(GENUINE) }]) {
        all.push(await refused("renewToken", { ...request, project } as typeof request, around));
      }
    }
    expect(all.length).toBeGreaterThan(450);
    const [first] = all;
    expect(first).toMatchObject({
      reason: "NOT_PERMITTED",
      code: 7,
      metadata: { method: "RenewToken" },
      violations: [],
    });
    for (const refusal of all) expect(refusal).toEqual(first);
  });
});

describe("a letter moved between channel and user of version 006", () => {
  // Every way to part what was signed for (room1, 23), and any user of all of it.
  const signed = "room123";
  const original = token006({ channel: "room1", user: 23 });
  const splits = Array.from(
    { length: signed.length },
    (_, n) => [signed.slice(0, n + 1), signed.slice(n + 1)] as const,
  );
  const grantFor = ([channelName, user]: readonly [string, string], role: object = {}): GrantInit => {
    const named = user === "" ? { anyUser: true } : { userAccount: user };
    return { service: { case: "rtc", value: { channelName, ...named, ...role } } };
  };
  const forged = (split: readonly [string, string]) =>
    renew(withChecksums(original, ...split), { expectedGrant: grantFor(split) });
  const row = { channels: ["room1"], users: { uids: true, accounts: ["u-*"] }, anyUser: false, anyChannel: false };

  test.each(splits)("(%s, %s): whoever may use room1 alone gets nothing", async (...split) => {
    const genuine = split[0] === "room1";
    const outcome = await call("renewToken", forged(split), world([row]));
    if (genuine) expect(outcome).toHaveProperty("response");
    else expect(outcome).toMatchObject({ refusal: { reason: "NOT_PERMITTED", code: 7, violations: [] } });
  });

  test.each(splits)("(%s, %s): whoever may build it gets what it could build, and no more", async (...split) => {
    const rows = [
      { ...row, channels: ["r*"] },
      { ...row, channels: ["*"], users: { uids: false, accounts: ["*"] } },
      {},
    ];
    for (const around of rows.map((each) => world([each]))) {
      const wanted = grantFor(split, { role: RtcRole.PUBLISHER });
      const couldBuild = await call(
        "buildToken",
        build006(wanted, { expiration: renew("").expiration as never }),
        around,
      );
      const renewed = await call("renewToken", forged(split), around);
      expect("response" in renewed).toBe("response" in couldBuild);
      if ("response" in renewed && "response" in couldBuild) {
        const [ours, theirs] = [renewed, couldBuild].map(({ response }) => read006(response.issuedToken?.token ?? ""));
        expect({ ...ours, salt: 0 }).toEqual({ ...theirs, salt: 0 });
      } else {
        expect(renewed).toMatchObject({ refusal: { reason: "NOT_PERMITTED" } });
      }
    }
  });

  test("a token of version 006 is never renewed where the project does not allow it", async () => {
    const theirs = token006({ appId: APP_IDS.other, digits: DIGITS.other });
    const { reason } = await refused("renewToken", renew(theirs, { project: "other", expectedGrant: room1 }), world());
    expect(reason).toBe("VERSION_NOT_ALLOWED");
  });

  test("a genuine one is renewed, as version 006 and never as 007", async () => {
    const { issuedToken } = await answered("renewToken", renew(token006(), { expectedGrant: room1 }), world());
    expect(issuedToken?.token).toMatch(/^006/);
  });
});
