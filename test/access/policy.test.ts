// The policy: rows, and nothing that no row permits.

import { describe, expect, test } from "vitest";
import { TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import {
  type Ask,
  METHODS,
  type MethodName,
  type Permit,
  Permits,
  Policy,
  type Refusal,
  refusals,
  wireName,
} from "../../src/access/policy.ts";
import { SERVICE_NAMES } from "../../src/token/services.ts";
import { call, type Method, type Request } from "../api/harness.ts";
import { rtc007 } from "../api/originals.ts";
import { APP_IDS, build, DIGITS, EVERYTHING, type GrantInit, renew, ttl, world } from "../api/world.ts";

type Grant = Ask["grants"][number];

/** The row of the example. */
const LOBBY: Permit = {
  callers: ["lobby"],
  projects: ["live"],
  methods: ["BuildToken", "RenewToken"],
  services: ["rtc", "rtm"],
  channels: ["room-*"],
  users: { uids: true, accounts: ["u-*"] },
  roles: ["publisher", "subscriber"],
  maxTtl: 3600,
  anyUser: false,
  anyChannel: false,
};
const ALL_SERVICES = { ...LOBBY, services: ["*"] };

const privileges = (...numbers: number[]) => new Map(numbers.map((number) => [number, undefined]));
const rtc = (
  name: string,
  user: Extract<Grant, { service: "rtc" }>["user"] = { uid: 1 },
  numbers = [1, 2, 3, 4],
): Grant => ({
  service: "rtc",
  privileges: privileges(...numbers),
  channel: { name },
  user,
});
const rtm = (userId: string): Grant => ({ service: "rtm", privileges: privileges(1), userId });
const chat = (userId: string, number: number): Grant => ({ service: "chat", privileges: privileges(number), userId });
const apaas = (roomUuid: string, userUuid: string, number: number): Grant => ({
  service: "apaas",
  privileges: privileges(number),
  roomUuid,
  userUuid,
  role: undefined,
});
const rtm2 = (
  userId: string,
  ...permissions: [resourceType: number, access: number, ...resources: string[]][]
): Grant => ({
  service: "rtm2",
  privileges: privileges(1),
  userId,
  permissions: permissions.map(([resourceType, access, ...resources]) => ({ resourceType, access, resources })),
});
const ask = (row: Permit, grant: Grant, lifetime = 600): Refusal[] => refusals(row, { grants: [grant], ttl: lifetime });

describe("a row", () => {
  const cases: readonly (readonly [string, Grant, readonly Refusal[]])[] = [
    ["a uid in a room", rtc("room-1"), []],
    ["an account in a room", rtc("room-", { account: "u-1" }), []],
    ["a subscriber", rtc("room-1", { uid: 1 }, [1]), []],
    ["a user of RTM", rtm("u-1"), []],
    ["a user of RTM whose ID is a uid", rtm("123"), []],
    ["another channel", rtc("hall-1"), ["channels"]],
    ["a channel that begins otherwise", rtc("my-room-1"), ["channels"]],
    ["a channel in upper case", rtc("ROOM-1"), ["channels"]],
    ["another account", rtc("room-1", { account: "bob" }), ["users"]],
    ["another user of RTM", rtm("bob"), ["users"]],
    ["a user of RTM with a number that is no uid", rtm("0123"), ["users"]],
    ["another service", { service: "fpa", privileges: privileges(1) }, ["services"]],
    ["any user", rtc("room-1", "any"), ["any_user"]],
    ["any channel", { ...rtc("room-1"), channel: "any" } as Grant, ["any_channel"]],
    ["all that is wrong at once", { ...rtc("room-1", "any"), channel: "any" } as Grant, ["any_channel", "any_user"]],
    ["a privilege that nobody knows", rtc("room-1", { uid: 1 }, [1, 9]), ["roles"]],
    ["no privilege", rtc("room-1", { uid: 1 }, []), ["roles"]],
  ];

  test.each(cases)("%s", (_, grant, refused) => {
    expect(ask(LOBBY, grant)).toEqual(refused);
  });

  test("permits as long as it says, and no longer", () => {
    expect([3600, 3601].map((lifetime) => ask(LOBBY, rtc("room-1"), lifetime))).toEqual([[], ["max_ttl"]]);
    expect(ask(LOBBY, rtc("hall"), 3601)).toEqual(["channels", "max_ttl"]);
  });

  test("must permit every grant", () => {
    expect(refusals(LOBBY, { grants: [rtc("room-1"), rtm("u-1")], ttl: 1 })).toEqual([]);
    expect(refusals(LOBBY, { grants: [rtc("room-1"), rtm("bob")], ttl: 1 })).toEqual(["users"]);
    expect(refusals(LOBBY, { grants: [rtm("bob"), rtc("hall")], ttl: 1 })).toEqual(["users", "channels"]);
  });

  test("permits nothing to who asks for nothing", () => {
    expect(refusals(EVERYTHING, { grants: [], ttl: 1 })).toEqual(["services"]);
  });

  test.each<[keyof Permit, Partial<Permit>, Refusal]>([
    ["services", { services: [] }, "services"],
    ["channels", { channels: [] }, "channels"],
    ["users", { users: { uids: false, accounts: [] } }, "users"],
    ["roles", { roles: [] }, "roles"],
  ])("with an empty list of %s permits nothing", (_, row, refused) => {
    expect(ask({ ...LOBBY, ...row }, rtc("room-1"))).toEqual([refused]);
  });

  test.each(SERVICE_NAMES)("names %s as the contract does", (service) => {
    const grants: Readonly<Record<string, Grant>> = {
      rtc: rtc("room-1"),
      rtm: rtm("u-1"),
      streaming: { service: "streaming", privileges: privileges(1), channel: { name: "room-1" }, user: { uid: 1 } },
      fpa: { service: "fpa", privileges: privileges(1) },
      chat: chat("u-1", 1),
      fcdn: { service: "fcdn", privileges: privileges(1), channel: { name: "room-1" }, user: { uid: 1 } },
      apaas: apaas("room-1", "u-1", 1),
      rtm2: rtm2("u-1", [0, 0, "room-1"]),
      convoAi: { service: "convoAi", privileges: privileges() },
      stt: { service: "stt", privileges: privileges() },
    };
    const grant = grants[service];
    if (!grant) throw new Error("no grant");
    const others = SERVICE_NAMES.filter((name) => name !== service).map(wireName);
    expect(ask({ ...LOBBY, services: [wireName(service)] }, grant)).toEqual([]);
    expect(ask(ALL_SERVICES, grant)).toEqual([]);
    expect(ask({ ...LOBBY, services: others }, grant)).toEqual(["services"]);
  });
});

describe("channels and accounts", () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["room-*", ["room-", "room-1", "room-a-b"], ["room", "Room-1", "a room-1", "xroom-1"]],
    ["*-room", ["-room", "a-room", "a-room-room"], ["a-room-", "room"]],
    ["a*b*c", ["abc", "aXbYc", "abbbc", "abcbc"], ["ab", "acb", "abcd", "xabc"]],
    ["aa*aa", ["aaaa", "aaaaa", "aaXaa"], ["aaa", "aa"]],
    ["a**b", ["ab", "aXb"], ["a", "b"]],
    ["room.1", ["room.1"], ["roomX1", "room-1"]],
    ["[a-z]+", ["[a-z]+"], ["abc"]],
    ["(a|b)", ["(a|b)"], ["a", "b"]],
    ["^a$", ["^a$"], ["a"]],
    ["?", ["?"], ["a"]],
    ["*", ["a", "room-1", "#", "a b"], []],
    ["", [], ["a"]],
  ];

  test.each(cases)("%j is anchored, and only * is special in it", (pattern, matching, others) => {
    const permits = (text: string) => [
      ask({ ...LOBBY, channels: [pattern] }, rtc(text)),
      ask({ ...LOBBY, users: { uids: true, accounts: [pattern] } }, rtm(text)),
    ];
    for (const text of matching) expect([text, permits(text)]).toEqual([text, [[], []]]);
    for (const text of others) expect([text, permits(text)]).toEqual([text, [["channels"], ["users"]]]);
  });

  test("of a request are literal: the pattern of a row is not a channel", async () => {
    for (const channelName of ["room-*", "*", "room-1*"]) {
      const grant: GrantInit = { service: { case: "rtc", value: { channelName, uid: 1, role: 1 } } };
      const outcome = await call("buildToken", build(grant), world([LOBBY]));
      expect(outcome).toMatchObject({ refusal: { reason: "REQUEST_INVALID" } });
    }
    // Should one ever get past the rules of the contract, it is a wish for more channels than one.
    expect(ask(LOBBY, rtc("room-*"))).toEqual(["any_channel"]);
    expect(ask(LOBBY, rtc("room-1", { account: "u-*" }))).toEqual(["any_user"]);
  });

  test("a pattern takes time in proportion to it and the text, however it is made", () => {
    const pattern = `${"a*".repeat(5000)}b`;
    const start = performance.now();
    expect(ask({ ...LOBBY, channels: [pattern] }, rtc("a".repeat(64)))).toEqual(["channels"]);
    expect(performance.now() - start).toBeLessThan(200);
  });
});

describe("users", () => {
  const only = (users: Permit["users"]): Permit => ({ ...ALL_SERVICES, users });
  const uids = only({ uids: true, accounts: [] });
  const accounts = only({ uids: false, accounts: ["*"] });

  test("are uids or accounts, and a number is a uid where a user may be one", () => {
    expect([ask(uids, rtc("room-1", { uid: 7 })), ask(accounts, rtc("room-1", { uid: 7 }))]).toEqual([[], ["users"]]);
    const asAccount = rtc("room-1", { account: "7" });
    expect([ask(uids, asAccount), ask(accounts, asAccount)]).toEqual([[], ["users"]]);
    const name = rtc("room-1", { account: "bob" });
    expect([ask(uids, name), ask(accounts, name)]).toEqual([["users"], []]);
  });

  test.each(["007", "4294967296", "+7", "7 ", "-7", "1e3", "0x7"])("the account %s is no uid", (account) => {
    expect([ask(uids, rtc("room-1", { account })), ask(accounts, rtc("room-1", { account }))]).toEqual([["users"], []]);
  });

  test("of services that know text alone are either", () => {
    for (const grant of [rtm("7"), chat("7", 1), apaas("room-1", "7", 1), rtm2("7", [0, 0, "room-1"])]) {
      expect([ask(uids, grant), ask(accounts, grant)]).toEqual([[], []]);
    }
  });
});

describe("roles", () => {
  const cases: readonly (readonly [readonly string[], readonly number[], boolean])[] = [
    [["publisher"], [1, 2, 3, 4], true],
    [["publisher"], [1], true],
    [["subscriber"], [1], true],
    [["subscriber"], [1, 2], false],
    [["join_channel"], [1], true],
    [["join_channel", "publish_audio_stream"], [1, 2], true],
    [["join_channel", "publish_audio_stream"], [1, 2, 3], false],
    [["subscriber", "publish_data_stream"], [1, 4], true],
    [["publish_audio_stream"], [1], false],
    [["*"], [1, 2, 3, 4], true],
    [["joinChannel"], [1], false],
    [["Publisher"], [1], false],
    [["toString", "__proto__", "constructor"], [1], false],
    [[], [1], false],
  ];

  test.each(cases)("%j: privileges %j: %s", (roles, numbers, permitted) => {
    expect(ask({ ...LOBBY, roles }, rtc("room-1", { uid: 1 }, [...numbers]))).toEqual(permitted ? [] : ["roles"]);
  });

  test("are of RTC alone", () => {
    expect(ask({ ...LOBBY, roles: [] }, rtm("u-1"))).toEqual([]);
  });
});

describe("what reaches beyond what it names", () => {
  const any: Permit = { ...ALL_SERVICES, anyUser: true, anyChannel: true };
  const cases: readonly (readonly [string, Grant, readonly Refusal[]])[] = [
    ["a Chat token of the whole application", chat("", 2), ["any_user"]],
    ["a Chat token of the whole application that names a user", chat("u-1", 2), ["any_user"]],
    ["a Chat user", chat("u-1", 1), []],
    ["an application token", apaas("", "", 3), ["any_channel", "any_user"]],
    ["an application token that names a room and a user", apaas("room-1", "u-1", 3), ["any_channel", "any_user"]],
    ["a user in all rooms", apaas("", "u-1", 2), ["any_channel"]],
    ["a user in all rooms that names one", apaas("room-1", "u-1", 2), ["any_channel"]],
    ["a user in a room", apaas("room-1", "u-1", 1), []],
    ["RTM2 with all resources open", rtm2("u-1"), ["any_channel", "any_user"]],
    ["RTM2 with a pattern of channels", rtm2("u-1", [0, 0, "room-*"]), ["any_channel"]],
    ["RTM2 with all channels", rtm2("u-1", [1, 1, "room-1", "*"]), ["any_channel"]],
    ["RTM2 with a pattern of users", rtm2("u-1", [4, 0, "u-*"]), ["any_user"]],
  ];

  test.each(cases)("%s", (_, grant, refused) => {
    expect(ask(ALL_SERVICES, grant)).toEqual(refused);
    expect(ask(any, grant)).toEqual([]);
    for (const needed of ["any_channel", "any_user"] as const) {
      const without = needed === "any_channel" ? { anyChannel: false } : { anyUser: false };
      expect(ask({ ...any, ...without }, grant)).toEqual(refused.filter((each) => each === needed));
    }
  });

  test("RTM2 resources are within the channels and users of the row", () => {
    const grant = (resourceType: number, name: string) =>
      rtm2("u-1", [resourceType, 0, "room-1"], [4, 0, "u-1"], [resourceType, 1, name]);
    for (const type of [0, 1, 2, 3]) {
      expect(ask(ALL_SERVICES, grant(type, "room-2"))).toEqual([]);
      expect(ask(ALL_SERVICES, grant(type, "hall"))).toEqual(["channels"]);
      expect(ask(ALL_SERVICES, grant(type, "u-2"))).toEqual(["channels"]);
    }
    expect(ask(ALL_SERVICES, rtm2("u-1", [4, 1, "u-2", "123"]))).toEqual([]);
    expect(ask(ALL_SERVICES, rtm2("u-1", [4, 1, "bob"]))).toEqual(["users"]);
    expect(ask(ALL_SERVICES, rtm2("u-1", [4, 1, "room-1"]))).toEqual(["users"]);
    expect(ask(ALL_SERVICES, rtm2("bob", [0, 0, "room-1"]))).toEqual(["users"]);
  });
});

describe("the rows of a caller", () => {
  const policy = (rows: readonly Partial<Permit>[]) =>
    new Policy(
      rows.map((row) => ({ ...LOBBY, ...row })),
      ["lobby", "other"],
      ["live", "test"],
    );
  const may = (rows: readonly Partial<Permit>[], method: MethodName, caller = "lobby") =>
    policy(rows).permits(caller, method) !== undefined;

  test("a caller without one may use no method", () => {
    for (const method of METHODS) {
      expect([may([], method), may([{}], method, "other"), may([{}], method, "nobody")]).toEqual([false, false, false]);
      for (const name of ["*", "", "__proto__"])
        expect(may([{ methods: ["*"], callers: ["*"] }], method, name)).toBe(false);
    }
  });

  test.each<[MethodName, string[], boolean]>([
    ["BuildToken", ["BuildToken"], true],
    ["BatchBuildTokens", ["BatchBuildTokens"], false],
    ["BatchBuildTokens", ["BatchBuildTokens", "BuildToken"], true],
    ["RenewToken", ["RenewToken"], false],
    ["RenewToken", ["RenewToken", "BuildToken"], true],
    ["InspectToken", ["InspectToken"], true],
    ["InspectToken", ["BuildToken", "BatchBuildTokens", "RenewToken"], false],
    ["BuildToken", ["RenewToken", "BatchBuildTokens", "InspectToken"], false],
    ["RenewToken", ["*"], true],
    ["BuildToken", [], false],
    ["BuildToken", ["buildToken"], false],
  ])("%s by %j: %s", (method, methods, permitted) => {
    expect(may([{ methods }], method)).toBe(permitted);
    expect(
      may(
        methods.map((each) => ({ methods: [each] })),
        method,
      ),
    ).toBe(permitted && methods.length === 1);
  });

  test("a method that is none has no rows", () => {
    for (const method of ["", "*", "Check", "constructor", "__proto__"]) {
      expect(policy([{ methods: ["*"] }]).permits("lobby", method as MethodName)).toBeUndefined();
    }
  });

  test("name projects, and * is those that there are", () => {
    const permits = (projects: string[]) => policy([{ projects }]).permits("lobby", "BuildToken");
    expect(["live", "test", "absent", "*"].map((id) => permits(["*"])?.has(id))).toEqual([true, true, false, false]);
    expect(["live", "test"].map((id) => permits(["test"])?.has(id))).toEqual([false, true]);
    expect(permits([])).toBeUndefined();
  });

  test("one of them must permit all: two do not add up", () => {
    const rows = [
      { ...LOBBY, services: ["rtc"] },
      { ...LOBBY, services: ["rtm"] },
      { ...LOBBY, channels: [] },
    ];
    const permits = new Permits(rows, new Set(["live"]));
    const rule = (...grants: Grant[]) => permits.rule("live", { grants, ttl: 1 }).permitted;
    expect([rule(rtc("room-1")), rule(rtm("u-1")), rule(rtc("room-1"), rtm("u-1"))]).toEqual([true, true, false]);
    expect(permits.rule("absent", { grants: [rtm("u-1")], ttl: 1 })).toEqual({ permitted: false, maxTtl: undefined });
  });

  test("tell the longest lifetime of those that permit all else", () => {
    const rows = [
      { ...LOBBY, maxTtl: 60 },
      { ...LOBBY, maxTtl: 300 },
      { ...LOBBY, maxTtl: 200 },
      { ...LOBBY, maxTtl: 900, channels: ["hall"] },
    ];
    const permits = new Permits(rows, new Set(["live"]));
    const rule = (lifetime: number, channel = "room-1") =>
      permits.rule("live", { grants: [rtc(channel)], ttl: lifetime });
    expect(rule(300)).toEqual({ permitted: true, permit: rows[1] });
    expect(rule(301)).toEqual({ permitted: false, maxTtl: 300 });
    expect(rule(901, "hall")).toEqual({ permitted: false, maxTtl: 900 });
    expect(rule(1, "elsewhere")).toEqual({ permitted: false, maxTtl: undefined });
  });
});

describe("over the methods", () => {
  const grant: GrantInit = { service: { case: "rtc", value: { channelName: "room-1", uid: 1, role: 1 } } };
  const original = rtc007();
  const requests = (project: string): { readonly [M in Method]: Request<M> } => ({
    buildToken: build(grant, { project }),
    batchBuildTokens: { requests: [build(grant, { project })] },
    renewToken: renew(original, { project }),
    inspectToken: { token: original, project },
  });
  const methods = TokenService.methods.map(({ localName }) => localName as Method);

  test.each(methods)(
    "%s: a project that is denied and one that does not exist are told alike, to the byte",
    async (method) => {
      const around = world([{ projects: ["live"] }]);
      const outcomes = await Promise.all(
        ["other", "unsigned", "absent", "x"].map((id) => call(method, requests(id)[method], around)),
      );
      const [first] = outcomes;
      expect(first).toMatchObject({ refusal: { reason: "NOT_PERMITTED", code: 7, violations: [] } });
      for (const outcome of outcomes) expect(outcome).toEqual(first);
      expect(await call(method, requests("live")[method], around)).toHaveProperty("response");
    },
  );

  test.each(methods)("%s: a project that a row names and the key ring has not is told alike too", async (method) => {
    const named = await call(method, requests("absent")[method], world([{ projects: ["absent", "live"] }]));
    expect(named).toEqual(await call(method, requests("absent")[method], world()));
  });

  test.each(methods)("%s: what is denied of a permitted project is told alike", async (method) => {
    const rows = [
      [{ services: ["rtm"] }],
      [{ channels: [] }],
      [{ users: { uids: false, accounts: [] } }],
      [{ roles: [] }],
      [{ projects: ["other"] }],
      [{ methods: [] }],
      [{ callers: ["another"] }],
      [{ services: [], maxTtl: 1 }],
      [],
    ];
    const applies = method === "inspectToken" ? rows.slice(4, 7) : rows;
    const outcomes = await Promise.all(applies.map((each) => call(method, requests("live")[method], world(each))));
    const messages = new Set<string>();
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ refusal: { reason: "NOT_PERMITTED", code: 7 } });
      if ("refusal" in outcome) messages.add(outcome.refusal.message);
    }
    expect(messages.size).toBe(1);
  });

  test("a lifetime that is not permitted is told of only where all else is", async () => {
    const long = build(grant, { expiration: ttl(700) });
    const reason = async (...rows: Parameters<typeof world>[0] & object) => {
      const outcome = await call("buildToken", long, world(rows));
      return "refusal" in outcome ? outcome.refusal.reason : "OK";
    };
    expect(await reason({ maxTtl: 600 })).toBe("LIFETIME_NOT_PERMITTED");
    expect(await reason({ maxTtl: 600, channels: ["hall"] })).toBe("NOT_PERMITTED");
    expect(await reason({ maxTtl: 600 }, { channels: ["hall"] })).toBe("LIFETIME_NOT_PERMITTED");
    expect(await reason({ maxTtl: 600 }, { maxTtl: 700 })).toBe("OK");
    const foreign = await call(
      "buildToken",
      build(grant, { project: "other", expiration: ttl(7201) }),
      world([{ projects: ["live"] }]),
    );
    expect(foreign).toMatchObject({ refusal: { reason: "NOT_PERMITTED" } });
  });

  test("the key ring decides which App ID a project has, whatever the token says", async () => {
    const foreign = rtc007({ appId: APP_IDS.other, digits: DIGITS.other });
    const around = world([{ projects: ["live"] }]);
    expect(await call("renewToken", renew(foreign), around)).toMatchObject({ refusal: { reason: "TOKEN_FOREIGN" } });
    expect(await call("renewToken", renew(foreign, { project: "other" }), around)).toMatchObject({
      refusal: { reason: "NOT_PERMITTED" },
    });
  });
});
