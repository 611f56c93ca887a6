import { describe, expect, test } from "vitest";
import type { Claims } from "../../src/issuing/claims.ts";
import type { ExpectedGrant } from "../../src/issuing/cover.ts";
import type { FindingReason } from "../../src/issuing/findings.ts";
import { judge } from "../../src/issuing/judge.ts";
import type { Grant } from "../../src/token/services.ts";
import { handmade007, rtcBytes } from "../api/originals.ts";
import { NOW } from "../api/world.ts";
import { claims006, claims007, claimsIn, expectation, grantOfService, privileges, rtcGrant } from "./claimed.ts";

const HOUR = 3600;
const DAY = 86_400;
const JOIN = expectation(rtcGrant("room-1", "42"));
const publisher = (end = HOUR) => rtcGrant("room-1", "42", [1, 2, 3, 4], end);

function reasons(claims: Claims, expected?: ExpectedGrant, now = NOW): string[] {
  return judge(claims, expected, now).map(({ reason, severity }) => `${reason} ${severity}`);
}

function says(reason: FindingReason, claims: Claims, expected?: ExpectedGrant, now = NOW): string {
  return judge(claims, expected, now)
    .filter((each) => each.reason === reason)
    .map(({ description }) => description)
    .join("\n");
}

describe("the end of a token of version 007", () => {
  test.each([
    ["the lifetime that it states", HOUR, NOW + HOUR],
    ["24 hours, if it states none", 0, NOW + DAY],
    ["24 hours, if it states just that", DAY, NOW + DAY],
    ["24 hours, if it states more", 30 * DAY, NOW + DAY],
    ["24 hours, if it states a time", NOW + HOUR, NOW + DAY],
  ])("is %s: %d", (_, lifetime, end) => {
    const claims = claims007([rtcGrant("room-1", "42", [1, 2], 0)], { lifetime });
    expect(reasons(claims, undefined, end - 1)).not.toContain("EXPIRED rejects");
    expect(reasons(claims, undefined, end)).toContain("EXPIRED rejects");
    expect(says("EXPIRED", claims, undefined, end + 192)).toContain("The token expired 3 min 12 s ago, at ");
  });

  test("is said once, and not again of each of its privileges", () => {
    const expected = expectation(publisher());
    expect(reasons(claims007([publisher()]), expected, NOW + HOUR)).toEqual(["EXPIRED rejects"]);
  });

  test("may lie after 2106", () => {
    const claims = claims007([publisher(0)], { issuedAt: 0xffff_ffff, lifetime: 0xffff_ffff });
    expect(says("EXPIRED", claims, undefined, 0xffff_ffff + DAY)).toContain("it states 2242-03-16T12:56:30Z");
  });
});

describe("the end of a token of version 006", () => {
  test("is the earlier of its own and that of the privilege to join", () => {
    const own = claims006({ expiresAt: NOW + 60 });
    expect(reasons(own, JOIN, NOW + 59)).toEqual(["PRIVILEGE_OUTLASTS_TOKEN notes", "CHANNEL_NOT_BOUND notes"]);
    expect(reasons(own, JOIN, NOW + 60)).toContain("EXPIRED rejects");
    const joins = claims006({
      privileges: new Map([
        [1, NOW + 60],
        [2, NOW + HOUR],
      ]),
    });
    expect(reasons(joins, JOIN, NOW + 59)).toEqual(["CHANNEL_NOT_BOUND notes"]);
    expect(reasons(joins, JOIN, NOW + 60)).toContain("EXPIRED rejects");
    expect(says("EXPIRED", joins, JOIN, NOW + 61)).toContain(
      "That is the end of join_channel of RTC, which is before that of the token, 2027-01-15T09:00:00Z.",
    );
  });

  test("is not that of another privilege", () => {
    const claims = claims006({
      privileges: new Map([
        [1, 0],
        [2, NOW + 60],
      ]),
    });
    expect(reasons(claims, JOIN, NOW + 60)).toEqual(["PRIVILEGE_EXPIRED notes", "CHANNEL_NOT_BOUND notes"]);
    expect(reasons(claims, JOIN, NOW + HOUR)).toContain("EXPIRED rejects");
  });

  test("for signaling is that of the login", () => {
    const rtm = claims006({ channelText: "u-1", userText: "", privileges: new Map([[1000, NOW + 60]]) });
    expect(says("EXPIRED", rtm, undefined, NOW + 60)).toContain("the end of login of RTM");
  });

  test("over 24 hours from now is too far, whenever it was issued", () => {
    const claims = claims006({ expiresAt: NOW + 2 * DAY });
    expect(says("LIFETIME_TOO_LONG", claims)).toContain(
      "claims to last at least 2 d, until 2027-01-17T08:00:00Z. Agora accepts 24 hours from its issue",
    );
    expect(reasons(claims006({ expiresAt: NOW + DAY }))).not.toContain("LIFETIME_TOO_LONG notes");
  });
});

describe("a lifetime", () => {
  const meant = (lifetime: number) => says("LIFETIME_LOOKS_ABSOLUTE", claims007([publisher(0)], { lifetime }));

  test.each([
    [NOW + HOUR, "read as a time is 2027-01-15T09:00:00Z. Pass 3600, the seconds from the issue"],
    [NOW + 7 * DAY, "Pass 604800, the seconds"],
    [NOW - HOUR, "read as a time is 2027-01-15T07:00:00Z. Pass seconds from now"],
    [4_000_000_000, "read as a time is 2096-10-02T07:06:40Z. Pass seconds from now"],
    [HOUR * 1000, "read as milliseconds is 1 h. Pass 3600:"],
    [600_000, "read as milliseconds is 10 min. Pass 600:"],
    [DAY * 1000, "read as milliseconds is 1 d. Pass 86400:"],
    [7 * DAY * 1000, "read as milliseconds is 7 d. Pass 604800:"],
  ])("of %d seconds looks like something else: %s", (lifetime, words) => {
    expect(meant(lifetime)).toContain(`The lifetime is ${lifetime} seconds, which `);
    expect(meant(lifetime)).toContain(words);
    expect(reasons(claims007([publisher(0)], { lifetime }))).toContain("LIFETIME_TOO_LONG notes");
  });

  test.each([1, HOUR, DAY, DAY + 1, 7 * DAY, 30 * DAY, 90 * DAY, 100 * DAY, 365 * DAY, 10 * 365 * DAY])(
    "of %d seconds is what it says",
    (lifetime) => {
      expect(meant(lifetime)).toBe("");
      const tooLong = reasons(claims007([publisher(0)], { lifetime })).includes("LIFETIME_TOO_LONG notes");
      expect(tooLong).toBe(lifetime > DAY);
    },
  );
});

describe("a token that was issued after the time that it is judged at", () => {
  test.each([
    [0, undefined],
    [60, undefined],
    [61, "issued in 1 min 1 s, at 2027-01-15T08:01:01Z. Set the clock"],
    [HOUR, "a local time may have been taken for UTC"],
    [5.75 * HOUR + 90, "a local time may have been taken for UTC"],
    [14 * HOUR, "a local time may have been taken for UTC"],
    [HOUR + 91, "issued in 1 h 1 min, at 2027-01-15T09:01:31Z. Set the clock"],
    [15 * HOUR, "issued in 15 h, at 2027-01-15T23:00:00Z. Set the clock"],
  ])("by %d s: %s", (ahead, words) => {
    const claims = claims007([publisher()], { issuedAt: NOW + ahead });
    expect(reasons(claims)).toEqual(words ? ["ISSUED_IN_FUTURE rejects"] : []);
    if (words) expect(says("ISSUED_IN_FUTURE", claims)).toContain(words);
  });
});

describe("a privilege that has ended", () => {
  const late = NOW + 60;
  const ended = (numbers: readonly number[]): Grant => ({
    ...rtcGrant("room-1", "42"),
    privileges: new Map([1, 2, 3, 4].map((number) => [number, numbers.includes(number) ? 30 : HOUR])),
  });
  const rtmEnded = (end: number): Grant => ({ service: "rtm", userId: "u-1", privileges: privileges([1], end) });

  test.each<[string, readonly Grant[], ExpectedGrant | undefined, string]>([
    ["to join", [ended([1])], undefined, "rejects"],
    ["to join, where that is expected", [ended([1])], JOIN, "rejects"],
    ["to publish", [ended([2, 3, 4])], undefined, "notes"],
    ["to publish, where joining is expected", [ended([2, 3, 4])], JOIN, "notes"],
    ["to join, and not to log in", [ended([1]), rtmEnded(HOUR)], undefined, "notes"],
    ["to join, and not to log in, where joining is expected", [ended([1]), rtmEnded(HOUR)], JOIN, "rejects"],
    ["to log in, where joining is expected", [publisher(), rtmEnded(30)], JOIN, "notes"],
    ["to join and to log in", [ended([1]), rtmEnded(30)], undefined, "rejects"],
    [
      "one of Chat's",
      [
        {
          service: "chat",
          userId: "b",
          privileges: new Map([
            [1, 30],
            [2, HOUR],
          ]),
        },
      ],
      undefined,
      "notes",
    ],
    ["both of Chat's", [{ service: "chat", userId: "b", privileges: privileges([1, 2], 30) }], undefined, "rejects"],
  ])("%s", (_, grants, expected, severity) => {
    expect(reasons(claims007(grants), expected, late)).toContain(`PRIVILEGE_EXPIRED ${severity}`);
    const [finding] = judge(claims007(grants), expected, late).filter(({ reason }) => reason === "PRIVILEGE_EXPIRED");
    expect(finding?.agoraErrorCode).toBe(severity === "rejects" ? 109 : 0);
  });

  test("those of one service and end are named together, with the end of the token", () => {
    const grants = [
      {
        ...ended([2, 3]),
        privileges: new Map([
          [1, HOUR],
          [2, 30],
          [3, 30],
          [4, 50],
        ]),
      } as Grant,
      rtmEnded(30),
    ];
    expect(says("PRIVILEGE_EXPIRED", claims007(grants), undefined, late)).toContain(
      "publish_audio_stream and publish_video_stream of RTC ended 30 s ago, at 2027-01-15T08:00:30Z; publish_data_stream of RTC ended 10 s ago, at 2027-01-15T08:00:50Z; login of RTM ended 30 s ago, at 2027-01-15T08:00:30Z. The token lasts until 2027-01-15T09:00:00Z.",
    );
  });

  test("what could not be decoded may still admit", () => {
    const text = handmade007([rtcBytes("room-1", "42", [[1, 30]]), Buffer.from([11, 0, 0, 0])], { issuedAt: NOW });
    expect(reasons(claimsIn(text), undefined, late)).toContain("PRIVILEGE_EXPIRED notes");
    expect(reasons(claimsIn(text), JOIN, late)).toContain("PRIVILEGE_EXPIRED rejects");
  });
});

describe("a privilege that outlasts its token", () => {
  test("is named, with by how much", () => {
    const claims = claims007([publisher(2 * HOUR)]);
    expect(says("PRIVILEGE_OUTLASTS_TOKEN", claims)).toMatch(
      /^The token ends at 2027-01-15T09:00:00Z\. join_channel, .* of RTC end 1 h later\. Let privileges end with the token/,
    );
    expect(reasons(claims007([publisher(HOUR)]))).toEqual([]);
    expect(reasons(claims007([publisher(0)]))).toEqual([]);
  });

  test("is measured by what the token states, not by what Agora counts", () => {
    expect(reasons(claims007([publisher(7 * DAY)], { lifetime: 7 * DAY }))).toEqual(["LIFETIME_TOO_LONG notes"]);
    expect(reasons(claims007([publisher(DAY)], { lifetime: 0 }))).toEqual(["CONTENTS_IRREGULAR notes"]);
    expect(reasons(claims007([publisher(DAY + 1)], { lifetime: 0 }))).toEqual([
      "CONTENTS_IRREGULAR notes",
      "PRIVILEGE_OUTLASTS_TOKEN notes",
    ]);
  });

  test("was meant as something else", () => {
    expect(says("PRIVILEGE_OUTLASTS_TOKEN", claims007([publisher(NOW + HOUR)]))).toContain(
      "An end is written as 1800003600 seconds, which read as a time is 2027-01-15T09:00:00Z. Pass 3600,",
    );
    expect(says("PRIVILEGE_OUTLASTS_TOKEN", claims007([publisher(HOUR * 1000)]))).toContain(
      "milliseconds is 1 h. Pass 3600",
    );
  });

  test("in version 006 is measured by the end of the token", () => {
    const claims = claims006({ expiresAt: NOW + HOUR, privileges: new Map([[1, NOW + DAY]]) });
    expect(says("PRIVILEGE_OUTLASTS_TOKEN", claims)).toContain("join_channel of RTC ends 23 h later");
  });
});

describe("what a token holds", () => {
  test("no service at all", () => {
    expect(reasons(claims007([]))).toEqual(["SERVICE_MISSING rejects"]);
    expect(says("SERVICE_MISSING", claims007([]))).toContain("The token grants no service at all.");
  });

  test("a service that is not known leaves it open", () => {
    const claims = claimsIn(handmade007([rtcBytes(), Buffer.from([11, 0, 0, 0])]));
    expect(reasons(claims)).toEqual(["CO_HOST_AUTHENTICATION notes", "CONTENTS_UNKNOWN open"]);
    expect(says("CONTENTS_UNKNOWN", claims)).toBe(
      "The token has a grant of service type 11, which this server does not know. Update this server.",
    );
    const more = claimsIn(handmade007([Buffer.from([99, 1, 0, 0]), rtcBytes(), rtcBytes()]));
    expect(reasons(more)).toEqual(["CONTENTS_UNKNOWN open"]);
    expect(says("CONTENTS_UNKNOWN", more)).toContain(
      "service type 355, which this server does not know, so 2 more after it",
    );
  });

  test("what is expected may be in what was not decoded, unless it would stand before that", () => {
    const expected = expectation(grantOfService("rtm"));
    const later = claimsIn(handmade007([rtcBytes(), Buffer.from([11, 0, 0, 0]), Buffer.from([12, 0, 0, 0])]));
    expect(reasons(later, expected)).toContain("SERVICE_MISSING rejects");
    const alone = claimsIn(handmade007([Buffer.from([0, 0, 0, 0])]));
    expect(reasons(alone, expected)).toContain("SERVICE_MISSING rejects");
    const before = claimsIn(handmade007([Buffer.from([0, 0, 0, 0]), rtcBytes()]));
    expect(reasons(before, expected)).toEqual(["CONTENTS_UNKNOWN open"]);
    const rtm2 = Buffer.from([8, 0, 0, 0, 1, 0, 0x75, 0, 0]);
    const unsorted = claimsIn(handmade007([rtm2, rtcBytes(), Buffer.from([11, 0, 0, 0]), Buffer.from([2, 0, 0, 0])]));
    expect(reasons(unsorted, expected)).not.toContain("SERVICE_MISSING rejects");
  });

  test("a privilege that is not known leaves it open, and a retired one does not", () => {
    const claims = claims007([
      rtcGrant("room-1", "42", [1, 2, 77, 99]),
      { ...grantOfService("rtm"), privileges: privileges([1, 5]) } as Grant,
    ]);
    expect(reasons(claims)).toEqual(["CONTENTS_UNKNOWN open"]);
    expect(says("CONTENTS_UNKNOWN", claims)).toContain(
      "that this server does not know: 77 of RTC, 99 of RTC and 5 of RTM.",
    );
    const retired = claims006({ privileges: new Map([1, 2, 5, 12, 101].map((number) => [number, NOW + HOUR])) });
    expect(reasons(retired, JOIN)).toEqual(["CHANNEL_NOT_BOUND notes", "CONTENTS_UNKNOWN notes"]);
    expect(says("CONTENTS_UNKNOWN", retired)).toContain(
      "publish_audio_cdn, invite_publish_data_stream and administrate_channel. Leave them out.",
    );
    const both = claims006({ privileges: new Map([1, 5, 300].map((number) => [number, NOW + HOUR])) });
    expect(reasons(both).filter((each) => each.startsWith("CONTENTS"))).toEqual([
      "CONTENTS_UNKNOWN open",
      "CONTENTS_UNKNOWN notes",
    ]);
  });

  test.each<[string, readonly Grant[], string]>([
    ["none of RTC", [rtcGrant("room-1", "42", [])], "nothing but a grant of RTC without any privilege. Build"],
    [
      "none to join",
      [rtcGrant("room-1", "42", [2, 3])],
      "a grant of RTC without join_channel, and the others are of no use without it",
    ],
    [
      "none of rooms",
      [{ ...grantOfService("apaas"), privileges: new Map() } as Grant],
      "The builders of npm agora-token for rooms leave out",
    ],
    [
      "none of Chat",
      [{ service: "chat", userId: "b", privileges: new Map() }],
      "Java's builders for rooms put the privilege of Chat on RTM",
    ],
  ])("no privilege of use: %s", (_, grants, words) => {
    expect(reasons(claims007(grants))).toEqual(["PRIVILEGE_MISSING rejects"]);
    expect(says("PRIVILEGE_MISSING", claims007(grants))).toContain(words);
    const beside = claims007([...grants, { ...grantOfService("rtm"), privileges: privileges([1]) } as Grant]);
    expect(reasons(beside)).toEqual(["CONTENTS_IRREGULAR notes"]);
    const stt = claims007([...grants, { service: "stt", privileges: new Map() }]);
    expect(reasons(stt)).toEqual(["CONTENTS_IRREGULAR notes"]);
  });

  test("services without privileges need none", () => {
    for (const service of ["convoAi", "stt"] as const) {
      expect(reasons(claims007([{ service, privileges: new Map() }]))).toEqual([]);
    }
  });

  test("what is odd about how it is written is named", () => {
    const claims = claimsIn(
      handmade007(
        [
          rtcBytes("room-1", "42", [
            [2, 60],
            [1, 60],
            [2, 30],
          ]),
        ],
        { tail: Buffer.from("x") },
      ),
    );
    expect(says("CONTENTS_IRREGULAR", claims)).toBe(
      "The token is not as Agora's builders write it: its privileges are not in ascending order, a privilege stands in it twice and bytes follow the last service. Build it with this service.",
    );
  });

  test("the number of findings does not depend on that of the grants", () => {
    const odd = (n: number): Grant => ({
      ...rtcGrant(`频道${n}`, n % 2 ? "undefined" : `-${n + 1}`, [2, 90 + n], 2 * HOUR + n),
    });
    const few = claims007([0, 1].map(odd));
    const many = claims007(Array.from({ length: 32 }, (_, n) => odd(n)));
    expect(reasons(many)).toEqual(reasons(few));
    expect(reasons(many).length).toBeGreaterThan(4);
    for (const { description } of judge(many, JOIN, NOW)) expect(description.length).toBeLessThan(1000);
  });
});
