import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cover, type ExpectedGrant } from "../../src/issuing/cover.ts";
import type { Grant } from "../../src/token/services.ts";
import { SERVICE_NAMES } from "../../src/token/services.ts";
import type { Channel, User } from "../../src/token/user.ts";
import { NOW } from "../api/world.ts";
import { FUZZ } from "../token/random-tokens.ts";
import { claims006, claims007, expectation, grantOfService, privileges, rtcGrant } from "./claimed.ts";

function reasons(grants: readonly Grant[], expected: ExpectedGrant, now = NOW): string[] {
  return cover(claims007(grants), expected, now).findings.map(({ reason }) => reason);
}

function says(grants: readonly Grant[], expected: ExpectedGrant, now = NOW): string {
  return cover(claims007(grants), expected, now)
    .findings.map(({ description }) => description)
    .join("\n");
}

function join(channel: Channel, user: User, numbers: readonly number[] = []): ExpectedGrant {
  return { service: "rtc", channel, user, privileges: new Map(numbers.map((number) => [number, undefined])) };
}

const room = { name: "room-1" };

describe.each(SERVICE_NAMES)("%s", (service) => {
  const grant = grantOfService(service);

  test("covers itself, and what asks for less", () => {
    expect(reasons([grant], expectation(grant))).toEqual([]);
    expect(reasons([grant], expectation(grant, []))).toEqual([]);
  });

  test("is missing from a token of every other service", () => {
    const others = SERVICE_NAMES.filter((name) => name !== service).map(grantOfService);
    expect(reasons(others, expectation(grant))).toEqual(["SERVICE_MISSING"]);
    expect(says(others, expectation(grant))).toMatch(
      /^The token grants .* and .*; \S+ is expected\. Build it with a grant/,
    );
  });

  test("lacks what it does not grant", () => {
    for (const number of grant.privileges.keys()) {
      const less = { ...grant, privileges: privileges([...grant.privileges.keys()].filter((each) => each !== number)) };
      expect(reasons([less as Grant], expectation(grant))).toEqual(["PRIVILEGE_MISSING"]);
    }
  });
});

describe("users", () => {
  test.each<[string, User, boolean]>([
    ["123", { uid: 123 }, true],
    ["123", { account: "123" }, true],
    ["abc", { account: "abc" }, true],
    ["abc", { account: "Abc" }, false],
    ["123", { uid: 124 }, false],
    ["123", { account: "0123" }, false],
    ["0", { uid: 1 }, false],
    ["", { uid: 123 }, true],
    ["", { account: "abc" }, true],
    ["", "any", true],
    ["*", { uid: 123 }, true],
    ["*", { account: "abc" }, true],
    ["*", "any", true],
    ["123", "any", false],
    ["abc", "any", false],
    ["1*", "any", false],
    ["1*a*2", { account: "1a2" }, true],
    ["1*a*2", { account: "1xaxa2" }, true],
    ["1*a*2", { account: "1b2" }, false],
    ["1*2", { uid: 1002 }, true],
    ["1*2", { uid: 1003 }, false],
  ])("a token for %j and a join as %j: %s", (text, user, covers) => {
    expect(reasons([rtcGrant("room-1", text)], join(room, user))).toEqual(covers ? [] : ["USER_MISMATCH"]);
  });

  test("a uid and the account of its digits are one user, whichever it is", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffff_ffff }), (uid) => {
        const grants = [rtcGrant("room-1", String(uid))];
        expect(reasons(grants, join(room, { uid }))).toEqual([]);
        expect(reasons(grants, join(room, { account: String(uid) }))).toEqual([]);
      }),
      { ...FUZZ, numRuns: 200 },
    );
  });

  test.each<[string, User, string]>([
    [
      "42",
      { account: "abc" },
      'The token is for uid 42; the join is as account "abc". Join as uid 42 or, which is the same user to Agora, account "42"; or build one for account "abc".',
    ],
    ["abc", { account: "ABC" }, "The token has it in lower case."],
    ["abc ", { account: "abc" }, "The join has it without the white space around it."],
    ["a%20b", { account: "a b" }, "The token has it percent-encoded."],
    ['"abc"', { account: "abc" }, "The token has it in quotes."],
    ["0123", { uid: 123 }, "The join has it without its leading zeros."],
    ["123.0", { uid: 123 }, "The token has it with a decimal point."],
    [
      "-1",
      { uid: 4_294_967_295 },
      "The token has it as a signed number of 32 bits. A uid has no sign, so -1 is an account to Agora.",
    ],
    ["4294967297", { uid: 1 }, "The join has it cut to the 32 bits that a uid has."],
    ["9854785632", { uid: 7 }, "A uid is at most 4294967295, so 9854785632 is an account to Agora."],
    ["room-1", { account: "other" }, 'The token is for account "room-1"; the join is as account "other". Join'],
  ])("%j is not %j: %s", (text, user, words) => {
    expect(says([rtcGrant("room-1", text)], join(room, user))).toContain(words);
  });

  test("of signaling: an empty one is nobody and not anyone", () => {
    const nobody: Grant = { service: "rtm", userId: "", privileges: privileges([1]) };
    const expected: ExpectedGrant = { service: "rtm", userId: "u-1", privileges: new Map() };
    expect(says([nobody], expected)).toContain('The token is for no user; the join is as user "u-1".');
  });

  test("of Chat and rooms: what is not named is not compared", () => {
    const chat: Grant = { service: "chat", userId: "bob", privileges: privileges([1]) };
    expect(reasons([chat], { service: "chat", userId: "", privileges: new Map() })).toEqual([]);
    expect(says([chat], { service: "chat", userId: "123", privileges: new Map() })).toContain(
      'The token is for user "bob"; the join is as user "123".',
    );
    const app: Grant = { service: "chat", userId: "", privileges: privileges([2]) };
    expect(reasons([app], { service: "chat", userId: "bob", privileges: new Map() })).toEqual([]);
  });
});

describe("channels", () => {
  test.each<[string, Channel, boolean]>([
    ["room-1", room, true],
    ["room-1", { name: "room-2" }, false],
    ["room-1", "any", false],
    ["*", room, true],
    ["*", "any", true],
    ["", room, true],
    ["", "any", true],
    ["room-*", room, true],
    ["room-*", { name: "hall" }, false],
    ["room-*", "any", false],
    ["1*a*2", { name: "1-a-2" }, true],
    ["1*a*2", { name: "1-2" }, false],
  ])("a token for %j and a join to %j: %s", (text, channel, covers) => {
    expect(reasons([rtcGrant(text, "42")], join(channel, { uid: 42 }))).toEqual(covers ? [] : ["CHANNEL_MISMATCH"]);
  });

  test("all that the token is for are named", () => {
    const grants = ["a", "b", "c", "d", "e", "f", "g"].map((name) => rtcGrant(name, "42"));
    expect(says(grants, join({ name: "h" }, { uid: 42 }))).toContain(
      'The token is for channel "a", channel "b", channel "c", channel "d", channel "e" and 2 more; the join is to channel "h".',
    );
  });

  test("one in another case, or in the place of the user, is told from another", () => {
    expect(says([rtcGrant("Room-1", "42")], join(room, { uid: 42 }))).toContain(
      'The token is for channel "Room-1"; the join is to channel "room-1". The join has it in lower case.',
    );
    expect(says([rtcGrant("bob", "room-1")], join(room, { account: "bob" }))).toMatch(
      /The channel and the user are exchanged\.[\s\S]*The channel and the user are exchanged\./,
    );
  });

  test("rooms are called rooms", () => {
    const grant = grantOfService("apaas");
    const other = { ...expectation(grant), roomUuid: "room-2" } as ExpectedGrant;
    expect(says([grant], other)).toContain('The token is for room "room-1"; the join is to room "room-2".');
    expect(reasons([grant], { ...other, roomUuid: "" } as ExpectedGrant)).toEqual([]);
    expect(reasons([{ ...grant, roomUuid: "" } as Grant], other)).toEqual([]);
  });
});

describe("several grants of one service in a token", () => {
  test("each covers its own channel", () => {
    const grants = [rtcGrant("a", "1", [1]), rtcGrant("b", "2", [1, 2])];
    expect(reasons(grants, join({ name: "a" }, { uid: 1 }))).toEqual([]);
    expect(reasons(grants, join({ name: "b" }, { uid: 2 }, [1, 2]))).toEqual([]);
  });

  test("they are not added together", () => {
    const grants = [rtcGrant("a", "1", [1, 2]), rtcGrant("b", "1", [1])];
    expect(reasons(grants, join({ name: "b" }, { uid: 1 }, [1, 2]))).toEqual(["PRIVILEGE_MISSING"]);
    expect(reasons(grants, join({ name: "b" }, { uid: 2 }))).toEqual(["USER_MISMATCH"]);
  });

  test("the nearest is the one that lacks least, and of two alike the one that has not ended", () => {
    const grants = [rtcGrant("a", "1", [1], 10), rtcGrant("*", "1", [1], 3600)];
    expect(cover(claims007(grants), join({ name: "a" }, { uid: 1 }), NOW).nearest?.grant).toMatchObject({
      channel: { name: "a" },
    });
    expect(cover(claims007(grants), join({ name: "a" }, { uid: 1 }), NOW + 60)).toMatchObject({
      nearest: { grant: { channel: "any" } },
      findings: [],
    });
  });
});

describe("privileges", () => {
  test("without any, the one to enter by is expected", () => {
    expect(reasons([rtcGrant("room-1", "42", [2, 3])], join(room, { uid: 42 }))).toEqual(["PRIVILEGE_MISSING"]);
    const rooms = grantOfService("apaas");
    expect(says([{ ...rooms, privileges: new Map() } as Grant], expectation(rooms, []))).toContain(
      "For APaaS, the token grants no privilege. Build",
    );
  });

  test("what is missing and what has ended is named, with what there is", () => {
    const grant = {
      ...rtcGrant("room-1", "42"),
      privileges: new Map([
        [1, 3600],
        [2, 60],
      ]),
    };
    expect(says([grant], join(room, { uid: 42 }, [1, 2, 3]), NOW + 60)).toBe(
      "For RTC, the token does not grant publish_video_stream and publish_audio_stream (which has ended); it grants join_channel. Build it with the role or the privileges that are needed.",
    );
    expect(says([grant], join(room, { uid: 42 }, [1, 2]), NOW + 60)).toContain("Build a new one whose privileges last");
  });

  test.each([
    [[2, 3], [1, 2], 110],
    [[1, 2], [1, 3], 119],
    [[1], [1, 2, 3, 4], 119],
  ])("of %j, %j are missing: error %d", (granted, wanted, code) => {
    const { findings } = cover(claims007([rtcGrant("room-1", "42", granted)]), join(room, { uid: 42 }, wanted), NOW);
    expect(findings.map(({ agoraErrorCode }) => agoraErrorCode)).toEqual([code]);
  });

  test("that to join has ended: error 109", () => {
    const grant = {
      ...rtcGrant("room-1", "42"),
      privileges: new Map([
        [1, 60],
        [2, 3600],
      ]),
    };
    const { findings } = cover(claims007([grant]), join(room, { uid: 42 }, [1]), NOW + 60);
    expect(findings).toMatchObject([{ reason: "PRIVILEGE_MISSING", agoraErrorCode: 109 }]);
  });

  test("of a token that has ended are not said to have ended again", () => {
    expect(reasons([rtcGrant("room-1", "42")], join(room, { uid: 42 }, [1]), NOW + 3600)).toEqual([]);
  });
});

describe("RTM2 permissions", () => {
  const granted = (permissions: Extract<Grant, { service: "rtm2" }>["permissions"]): Grant => ({
    service: "rtm2",
    userId: "u-1",
    privileges: privileges([1]),
    permissions,
  });
  const of = (resourceType: number, access: number, ...resources: string[]) => ({ resourceType, access, resources });
  const expected = (...permissions: ReturnType<typeof of>[]) => ({ ...granted(permissions), privileges: new Map() });

  test.each([
    [[of(0, 1, "a", "b")], [of(0, 1, "a")], true],
    [[of(0, 1, "a")], [of(0, 1, "a", "b")], false],
    [[of(0, 1, "a*")], [of(0, 1, "a", "abc")], true],
    [[of(0, 1, "1*a*2", "b")], [of(0, 1, "1xa2", "b")], true],
    [[of(0, 1, "a")], [of(0, 0, "a")], false],
    [[of(0, 1, "a")], [of(1, 1, "a")], false],
    [[of(0, 0, "x"), of(0, 1, "a"), of(0, 1, "b")], [of(0, 1, "a", "b")], true],
    [[of(0, 1, "room-*")], [of(0, 1, "room-*")], true],
    [[of(0, 1, "*")], [of(0, 1, "room-*")], true],
    [[], [of(4, 1, "anyone")], true],
    [[of(0, 1, "a")], [], true],
  ])("%j and an expectation of %j: %s", (has, wanted, covers) => {
    expect(reasons([granted(has)], expected(...wanted))).toEqual(covers ? [] : ["PRIVILEGE_MISSING"]);
  });

  test("what is lacking is named", () => {
    const wanted = expected(of(0, 1, "a", "b", "c"), of(4, 0, "bob"), of(9, 7, "x"));
    expect(says([granted([of(0, 1, "a")])], wanted)).toContain(
      'For RTM2, the token does not grant write of message channel "b" and 1 more, read of user "bob" and 7 of 9 "x"; it grants login.',
    );
  });

  test("not more of it than can be read", () => {
    const kinds = [0, 1, 2, 3, 4].map((type) => of(type, 0, `${type}`));
    expect(says([granted([of(0, 1, "a")])], expected(...kinds))).toContain(
      'read of message channel "0", read of stream channel "1", read of group channel "2" and 2 more of the permissions; it grants login.',
    );
  });

  test("more patterns than can be compared in time leave it open", () => {
    const stars = (at: number) =>
      `*${at
        .toString(2)
        .padStart(10, "0")
        .replace(/(?<=.)(?=.)/g, "*")}*${"b*".repeat(20)}c*`;
    const many = granted([of(0, 1, ...Array.from({ length: 1000 }, (_, at) => stars(at).slice(0, 63)))]);
    const wanted = expected(of(0, 1, ...Array.from({ length: 64 }, (_, at) => `${"01".repeat(30)}${at}`)));
    const { findings } = cover(claims007([many]), wanted, NOW);
    expect(findings).toMatchObject([{ reason: "CONTENTS_UNKNOWN", severity: "open" }]);
    expect(findings[0]?.description).toContain("more RTM2 patterns than this server compares");
  });

  test("as many as this service builds are compared", () => {
    const names = Array.from({ length: 64 }, (_, at) => `room-${at}-*`);
    const kinds = [0, 1, 2, 3, 4].flatMap((type) => [of(type, 0, ...names), of(type, 1, ...names)]);
    const wanted = kinds.map(({ resourceType, access, resources }) =>
      of(resourceType, access, ...resources.map((name) => name.replace("*", "x"))),
    );
    expect(reasons([granted(kinds)], expected(...wanted))).toEqual([]);
  });
});

describe("a role in a room", () => {
  const room1 = grantOfService("apaas") as Extract<Grant, { service: "apaas" }>;

  test.each([
    [1, 1, true],
    [2, 1, false],
    [undefined, 1, false],
    [0, 0, true],
    [0, undefined, true],
    [undefined, undefined, true],
  ])("%s and an expectation of %s: %s", (has, wanted, covers) => {
    const found = reasons([{ ...room1, role: has }], { ...expectation(room1), role: wanted } as ExpectedGrant);
    expect(found).toEqual(covers ? [] : ["PRIVILEGE_MISSING"]);
  });
});

describe("version 006", () => {
  const said = (expected: ExpectedGrant, more = {}) =>
    cover(claims006(more), expected, NOW)
      .findings.map(({ reason, description }) => `${reason} ${description}`)
      .join("\n");

  test.each<[string, string, Channel, User, string[]]>([
    ["room-1", "42", room, { uid: 42 }, []],
    ["room-1", "42", room, { account: "42" }, []],
    ["room-1", "42", { name: "room-2" }, { uid: 42 }, ["CHANNEL_MISMATCH"]],
    ["room-1", "42", room, { uid: 43 }, ["USER_MISMATCH"]],
    ["room-1", "42", { name: "x" }, { uid: 43 }, ["CHANNEL_MISMATCH", "USER_MISMATCH"]],
    ["room-1", "", room, { uid: 43 }, []],
    ["room-1", "", room, "any", []],
    ["room-1", "42", room, "any", ["USER_MISMATCH"]],
    ["room-1", "42", "any", { uid: 42 }, ["CHANNEL_MISMATCH"]],
  ])("signed for %j and %j, expected for %j and %j: %j", (channelText, userText, channel, user, found) => {
    const { findings } = cover(claims006({ channelText, userText }), join(channel, user), NOW);
    expect(findings.map(({ reason }) => reason)).toEqual(found);
  });

  test("a slip is told by the checksum", () => {
    expect(said(join({ name: "Room-1" }, { uid: 42 }))).toContain("The token has it in lower case.");
    expect(said(join(room, { account: "042" }))).toContain("The token has it without its leading zeros.");
    expect(said(join({ name: "42" }, { account: "room-1" }))).toMatch(/exchanged[\s\S]*exchanged/);
    expect(said(join(room, { uid: 4_294_967_291 }), { userText: "-5" })).toContain("as a signed number of 32 bits");
    expect(said(join(room, { account: "9854785632" }))).toContain("A uid is at most 4294967295");
  });

  test("why the signature is not checked is said", () => {
    expect(said(join({ name: "x" }, { uid: 1 }))).toMatch(
      /CHANNEL_MISMATCH .* signature was not checked[\s\S]*USER_MISMATCH .* not checked/,
    );
    expect(said({ service: "rtm", userId: "u-1", privileges: new Map() })).toMatch(/SERVICE_MISSING .* not checked/);
    expect(said({ service: "stt", privileges: new Map() })).toMatch(
      /SERVICE_MISSING The token grants RTC; STT is expected/,
    );
  });

  test("of signaling, the user is in the channel's place", () => {
    const rtm = { channelText: "u-1", userText: "", privileges: new Map([[1000, NOW + 60]]) };
    expect(said({ service: "rtm", userId: "u-1", privileges: new Map() }, rtm)).toBe("");
    expect(said({ service: "rtm", userId: "U-1", privileges: new Map() }, rtm)).toMatch(
      /USER_MISMATCH The token is not for user "U-1": it has the checksum of another\. The token has it in lower case\./,
    );
  });
});
