// Neither the contract nor the tables of the code can be changed alone.

import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { ConfigSchema } from "../../gen/agora/token/config/v1/config_pb.ts";
import {
  BatchBuildTokensRequestSchema,
  BuildTokenRequestSchema,
  ErrorReasonSchema,
  FindingReasonSchema,
  file_agora_token_v1_token,
  GrantSchema,
  InspectTokenRequestSchema,
  PrivilegeSchema,
  RenewTokenRequestSchema,
  RtcRole,
  RtcRoleSchema,
  Rtm2AccessSchema,
  Rtm2PermissionSchema,
  Rtm2ResourceTypeSchema,
  SignatureCheckSchema,
  TokenService,
  VerdictSchema,
} from "../../gen/agora/token/v1/token_pb.ts";
import { METHODS } from "../../src/access/policy.ts";
import { RTM2_USERS } from "../../src/access/resources.ts";
import { ANSWERS, answerTo, ERROR_DOMAIN } from "../../src/api/answers.ts";
import { VERSIONS } from "../../src/api/findings.ts";
import { Failure, type Reason } from "../../src/failure.ts";
import { isBuildable } from "../../src/issuing/buildable.ts";
import { FINDINGS, type FindingReason, type Severity } from "../../src/issuing/findings.ts";
import { MAX_LIFETIME } from "../../src/issuing/lifetime.ts";
import { Status } from "../../src/rpc/status.ts";
import { MAX_TOKEN_CHARS, MalformedToken } from "../../src/token/bytes.ts";
import { isLegalGrant, isLegalUser } from "../../src/token/legal.ts";
import { tryParseToken } from "../../src/token/parse.ts";
import { ROLES } from "../../src/token/role.ts";
import { type Grant, SERVICE_NAMES, SERVICES } from "../../src/token/services.ts";
import { MAX_ACCOUNT_BYTES, MAX_CHANNEL_NAME_BYTES, MAX_USER_ID_BYTES } from "../../src/token/user.ts";
import { handmade007 } from "../api/originals.ts";
import { official007 } from "../token/official.ts";
import { enumComment, fieldComments, rulesOf, stringRulesOf, valueComments } from "./contract.ts";

const grantOf = (service: string): DescMessage => {
  const message = GrantSchema.field[service as keyof typeof GrantSchema.field]?.message;
  if (!message) throw new Error(`the contract has no ${service}`);
  return message;
};
const privilegesOf = (service: string): readonly DescField[] =>
  grantOf(service).field["privileges"]?.message?.fields ?? [];

describe("services", () => {
  test("have the names and numbers of the table", () => {
    const table = SERVICE_NAMES.map((name) => [name, SERVICES[name].type]);
    expect(GrantSchema.fields.map(({ localName, number }) => [localName, number])).toEqual(table);
  });

  test.each(SERVICE_NAMES)("%s has the privileges of the table", (name) => {
    const contract = privilegesOf(name).map(({ localName, number }) => [localName, number]);
    expect(Object.fromEntries(contract)).toEqual(SERVICES[name].privileges);
    for (const { message } of privilegesOf(name)) expect(message).toBe(PrivilegeSchema);
  });

  test.each(SERVICE_NAMES)("%s requires the privilege to enter, and no other", (name) => {
    const required = privilegesOf(name).filter((field) => rulesOf(field)?.required);
    const { entry } = SERVICES[name];
    expect(required.map(({ number }) => number)).toEqual(entry === undefined ? [] : [entry]);
  });

  test.each(SERVICE_NAMES)("%s has the fields of the table", (name) => {
    const spelled: Readonly<Record<string, readonly string[]>> = {
      channel: ["channelName", "anyChannel"],
      user: ["uid", "userAccount", "anyUser"],
    };
    const table = Object.keys(SERVICES[name].fields).flatMap((field) => spelled[field] ?? [field]);
    const more = [...(name === "rtc" ? ["role"] : []), ...(privilegesOf(name).length > 0 ? ["privileges"] : [])];
    expect(
      grantOf(name)
        .fields.map(({ localName }) => localName)
        .sort(),
    ).toEqual([...table, ...more].sort());
  });
});

describe("enums", () => {
  test("roles are those of the table, and grant what their comments say", () => {
    const names = RtcRoleSchema.values.map(({ localName }) => localName.toLowerCase());
    expect(names).toEqual(["unspecified", ...Object.keys(ROLES)]);
    const comments = valueComments(RtcRoleSchema);
    const all = Object.values(SERVICES.rtc.privileges);
    expect(comments.get("RTC_ROLE_PUBLISHER")).toBe("May join, and publish audio, video and data.");
    expect(ROLES.publisher).toEqual(all);
    expect(comments.get("RTC_ROLE_SUBSCRIBER")).toMatch(/^May join\./);
    expect(ROLES.subscriber).toEqual([SERVICES.rtc.privileges.joinChannel]);
    expect([RtcRole.PUBLISHER, RtcRole.SUBSCRIBER]).toEqual([1, 2]);
  });

  test("versions have their own numbers", () => {
    expect(VERSIONS).toEqual({ "006": 6, "007": 7 });
  });

  test("RTM2 resources and accesses are numbered as Agora's, plus one", () => {
    const agora = official007.Rtm2Permissions as unknown as Readonly<Record<string, number>>;
    const numbers = (...names: string[]) => [0, ...names.map((name) => (agora[name] ?? Number.NaN) + 1)];
    const types = ["kMessageChannels", "kStreamChannels", "kGroupChannels", "kServerGroups", "kUsers"];
    expect(Rtm2ResourceTypeSchema.values.map(({ number }) => number)).toEqual(numbers(...types));
    expect(Rtm2AccessSchema.values.map(({ number }) => number)).toEqual(numbers("kRead", "kWrite"));
    expect(RTM2_USERS).toBe(agora["kUsers"]);
  });

  test("RTM2 resources and accesses are built as far as the contract numbers them", () => {
    const builds = (resourceType: number, access: number) =>
      isBuildable({ ...RTM2, permissions: [{ resourceType, access, resources: ["a"] }] });
    const types = Rtm2ResourceTypeSchema.values.length - 1;
    const accesses = Rtm2AccessSchema.values.length - 1;
    expect([builds(types - 1, accesses - 1), builds(types, 0), builds(0, accesses)]).toEqual([true, false, false]);
  });

  test("the verdicts and results of an inspection are spelled as in the code", () => {
    const verdicts = ["ACCEPTED", "REJECTED", "INCONCLUSIVE"];
    expect(VerdictSchema.values.map(({ localName }) => localName)).toEqual(["UNSPECIFIED", ...verdicts]);
    const checks = ["VALID", "INVALID", "SKIPPED"];
    expect(SignatureCheckSchema.values.map(({ localName }) => localName)).toEqual(["UNSPECIFIED", ...checks]);
  });

  test("methods are those that a row may name", () => {
    expect(TokenService.methods.map(({ name }) => name)).toEqual([...METHODS]);
  });
});

describe("failures", () => {
  const comments = [...valueComments(ErrorReasonSchema)].map(
    ([name, comment]) => [name.replace("ERROR_REASON_", ""), comment] as const,
  );

  test("every reason has an answer, and the other way round", () => {
    expect(comments.map(([reason]) => reason)).toEqual(["UNSPECIFIED", ...Object.keys(ANSWERS)]);
    expect(ERROR_DOMAIN).toBe(ErrorReasonSchema.file.proto.package);
  });

  test.each(comments.slice(1))("%s has the status of its comment: %s", (reason, comment) => {
    const [, status = ""] = /^([A-Z_]+): /.exec(comment) ?? [];
    expect(Status[ANSWERS[reason as Reason].status]).toBe(status);
    const { code, errorInfo } = answerTo(new Failure(reason as Reason));
    expect([code, errorInfo?.reason, errorInfo?.domain]).toEqual([Status[status as never], reason, "agora.token.v1"]);
  });

  test("facts have the names that the contract states", () => {
    const facts = { index: 3, maxTtl: 60, expireTime: 1_800_000_000, version: "006", method: "BuildToken" };
    const { errorInfo } = answerTo(new Failure("REQUEST_INVALID", facts));
    const stated = enumComment(ErrorReasonSchema).match(/`[a-z_]+`/g) ?? [];
    const names = Object.keys(errorInfo?.metadata ?? {});
    expect(["reason", "metadata", ...names].map((name) => `\`${name}\``).sort()).toEqual([...stated].sort());
    expect(errorInfo?.metadata).toEqual({
      index: "3",
      max_ttl: "60s",
      expire_time: "2027-01-15T08:00:00Z",
      version: "006",
      method: "BuildToken",
    });
  });

  test.each(Object.keys(ANSWERS) as Reason[])(
    "%s says something in ASCII, whether or not it knows the facts",
    (reason) => {
      for (const facts of [{}, { detail: "a detail", maxTtl: 5, expireTime: 0, version: "006", retryAfterMs: 10 }]) {
        const { message } = answerTo(new Failure(reason, facts));
        expect(message).toMatch(/^[ -~]{10,512}$/);
        expect(message).not.toMatch(/undefined|NaN|\[object/);
      }
    },
  );
});

describe("findings", () => {
  const comments = [...valueComments(FindingReasonSchema)].map(
    ([name, comment]) => [name.replace("FINDING_REASON_", ""), comment] as const,
  );
  const severities: Readonly<Record<string, Severity>> = { Rejects: "rejects", "Leaves open": "open", Notes: "notes" };

  test("every reason is in the table, and the other way round", () => {
    expect(comments.map(([reason]) => reason).sort()).toEqual(["UNSPECIFIED", ...Object.keys(FINDINGS)].sort());
  });

  test.each(comments.slice(1))("%s is as grave as its comment says: %s", (reason, comment) => {
    const [, words = ""] = /^(Rejects|Leaves open|Notes)(?:: | if )/.exec(comment) ?? [];
    expect(FINDINGS[reason as FindingReason].severity).toBe(severities[words]);
  });

  test("the codes that the contract names are those of the table", () => {
    const says = fieldComments(
      file_agora_token_v1_token.messages.find(({ name }) => name === "Finding") as DescMessage,
    );
    expect(says.get("agora_error_code")).toContain("109 for an expired token or 110 for an invalid one");
    expect([FINDINGS.EXPIRED.code, FINDINGS.MALFORMED.code]).toEqual([109, 110]);
  });
});

const NO_PRIVILEGES = { privileges: new Map() };
const RTM2: Extract<Grant<unknown>, { service: "rtm2" }> = {
  service: "rtm2",
  privileges: new Map([[1, undefined]]),
  userId: "u",
  permissions: [],
};
const byName = (service: "rtc" | "streaming" | "fcdn") => (name: string) =>
  isLegalGrant({ service, ...NO_PRIVILEGES, channel: { name }, user: "any" });
const byAccount = (service: "rtc" | "streaming" | "fcdn") => (account: string) =>
  isLegalGrant({ service, ...NO_PRIVILEGES, channel: "any", user: { account } });
const byResource = (resource: string) =>
  isLegalGrant({ ...RTM2, permissions: [{ resourceType: 0, access: 0, resources: [resource] }] });
const byRoom = (roomUuid: string) =>
  isLegalGrant({ service: "apaas", ...NO_PRIVILEGES, roomUuid, userUuid: "", role: undefined });
const byRoomUser = (userUuid: string) =>
  isLegalGrant({ service: "apaas", ...NO_PRIVILEGES, roomUuid: "", userUuid, role: undefined });

/** Every text of a grant, the most bytes of it, and what the code makes of it. */
const TEXTS: readonly (readonly [DescField | undefined, number, (text: string) => boolean])[] = [
  ...(["rtc", "streaming", "fcdn"] as const).flatMap((service) => [
    [grantOf(service).field["channelName"], MAX_CHANNEL_NAME_BYTES, byName(service)] as const,
    [grantOf(service).field["userAccount"], MAX_ACCOUNT_BYTES, byAccount(service)] as const,
  ]),
  [
    grantOf("rtm").field["userId"],
    MAX_USER_ID_BYTES,
    (userId) => isLegalGrant({ service: "rtm", ...NO_PRIVILEGES, userId }),
  ],
  [grantOf("rtm2").field["userId"], MAX_USER_ID_BYTES, (userId) => isLegalGrant({ ...RTM2, userId })],
  [grantOf("chat").field["userId"], 64, (userId) => isLegalGrant({ service: "chat", ...NO_PRIVILEGES, userId })],
  [grantOf("apaas").field["roomUuid"], 64, byRoom],
  [grantOf("apaas").field["userUuid"], 63, byRoomUser],
  [Rtm2PermissionSchema.field.resources, 64, byResource],
];

describe("texts", () => {
  test("all of them are compared", () => {
    const inGrants = [...GrantSchema.fields.map(({ message }) => message), Rtm2PermissionSchema];
    const strings = inGrants.flatMap((message) =>
      (message?.fields ?? []).filter(({ scalar }) => scalar === ScalarType.STRING),
    );
    expect(strings.map(String).sort()).toEqual(TEXTS.map(([field]) => String(field)).sort());
  });

  test.each(TEXTS)("%s has the characters that the code takes for legal", (field, _, isLegal) => {
    const pattern = new RegExp(stringRulesOf(field).pattern);
    const differ = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code)).filter(
      (char) =>
        char !== "0" && (pattern.test(char) !== isLegal(char) || pattern.test(`a${char}`) !== isLegal(`a${char}`)),
    );
    expect(differ).toEqual([]);
    expect(["😀", "a\n", "\na", "é", "\ufeff"].filter((text) => pattern.test(text) || isLegal(text))).toEqual([]);
  });

  test.each(TEXTS)("%s has at most %d bytes, in the code too", (field, most, isLegal) => {
    const { pattern, maxBytes } = stringRulesOf(field);
    const accepts = (text: string) =>
      new RegExp(pattern).test(text) && (maxBytes === 0n || Buffer.byteLength(text) <= maxBytes);
    for (const size of [0, 1, most - 1, most, most + 1, 1000]) {
      const text = "a".repeat(size);
      // An unset name or account is none: the rule that needs one is another.
      if (size > 0 || !["channel_name", "user_account"].includes(field?.name ?? "")) {
        expect([size, isLegal(text)]).toEqual([size, accepts(text)]);
      }
      expect([size, accepts(text)]).toEqual([size, size <= most && (size > 0 || new RegExp(pattern).test(""))]);
    }
  });

  test('the account "0" is nobody\'s', () => {
    for (const service of ["rtc", "streaming", "fcdn"]) {
      expect(stringRulesOf(grantOf(service).field["userAccount"]).notIn).toEqual(["0"]);
    }
    expect(isLegalUser({ account: "0" })).toBe(false);
  });

  test("a project is spelled as in the configuration", () => {
    const requests = [BuildTokenRequestSchema, RenewTokenRequestSchema, InspectTokenRequestSchema];
    const patterns = requests.map((request) => stringRulesOf(request.field["project"]).pattern);
    const configured = ConfigSchema.field.projects.message?.field["id"];
    expect(new Set(patterns)).toEqual(new Set([stringRulesOf(configured).pattern]));
  });
});

describe("limits", () => {
  const mostItems = (field: DescField) => {
    const type = rulesOf(field)?.type;
    return type?.case === "repeated" ? Number(type.value.maxItems) : undefined;
  };

  test("a token has 16384 characters at most", () => {
    for (const request of [RenewTokenRequestSchema, InspectTokenRequestSchema]) {
      expect(Number(stringRulesOf(request.field["token"]).maxBytes)).toBe(MAX_TOKEN_CHARS);
    }
    expect(MAX_TOKEN_CHARS).toBe(16_384);
  });

  test("every length of time is from 1 second to 24 hours", () => {
    const fields = file_agora_token_v1_token.messages.flatMap(({ fields }) => fields);
    const lengths = fields.filter(({ message }) => message === DurationSchema);
    expect(lengths.map(({ parent }) => parent.name)).toEqual(["BuildTokenRequest", "RenewTokenRequest", "Privilege"]);
    for (const field of lengths) {
      const type = rulesOf(field)?.type;
      if (type?.case !== "duration") throw new Error("no rules for a duration");
      expect(type.value.greaterThan.value).toMatchObject({ seconds: 1n, nanos: 0 });
      expect(type.value.lessThan.value).toMatchObject({ seconds: BigInt(MAX_LIFETIME), nanos: 0 });
    }
    expect(MAX_LIFETIME).toBe(86_400);
  });

  test("a request has 32 grants at most, which is what a token is read with", () => {
    expect(mostItems(BuildTokenRequestSchema.field.grants)).toBe(32);
    const fpa = Buffer.from([4, 0, 1, 0, 1, 0, 9, 0, 0, 0]);
    const withGrants = (count: number) => tryParseToken(handmade007(Array.from({ length: count }, () => fpa)));
    expect(withGrants(32)).toMatchObject({ kind: "token" });
    expect(withGrants(33)).toBeInstanceOf(MalformedToken);
  });

  test("a batch has 100 requests at most", () => {
    expect(mostItems(BatchBuildTokensRequestSchema.field.requests)).toBe(100);
  });

  test("RTM2 has 10 permissions of 64 resources at most, in the code too", () => {
    expect(mostItems(grantOf("rtm2").field["permissions"] as DescField)).toBe(10);
    expect(mostItems(Rtm2PermissionSchema.field.resources)).toBe(64);
    const permission = (resources: number) => ({ resourceType: 0, access: 0, resources: Array(resources).fill("a") });
    const legal = (count: number, resources: number) =>
      isLegalGrant({ ...RTM2, permissions: Array.from({ length: count }, () => permission(resources)) });
    expect([legal(10, 64), legal(11, 64), legal(10, 65), legal(10, 0)]).toEqual([true, false, false, false]);
  });

  test("the role of a room is from 0 to 32767, in the code too", () => {
    const type = rulesOf(grantOf("apaas").field["role"])?.type;
    if (type?.case !== "int32") throw new Error("no rules for the role");
    expect([type.value.greaterThan.value, type.value.lessThan.value]).toEqual([0, 32_767]);
    const legal = (role: number) =>
      isLegalGrant({ service: "apaas", ...NO_PRIVILEGES, roomUuid: "a", userUuid: "a", role });
    expect([-2, 0, 32_767].map(legal)).toEqual([false, true, true]);
  });
});

describe("the five rules of the file", () => {
  const fields = file_agora_token_v1_token.messages.flatMap((message) => message.fields);

  test("a time is a Timestamp named *_time, a length of time a Duration named ttl", () => {
    for (const { name, message } of fields) {
      expect(message === TimestampSchema).toBe(name.endsWith("_time"));
      expect(message === DurationSchema).toBe(name === "ttl");
      expect(name).not.toMatch(/seconds|millis|_ts$|_at$/);
    }
  });

  test("a field that carries a token is marked, and no other", () => {
    const marked = fields.filter(({ proto }) => proto.options?.debugRedact).map(String);
    expect(marked).toEqual(fields.filter(({ name }) => name === "token").map(String));
    expect(marked).toHaveLength(3);
  });

  test("no field carries an App Certificate", () => {
    const named = fields.filter(({ name }) => /certificate/.test(name)).map(({ name }) => name);
    expect(new Set(named)).toEqual(new Set(["certificate_id"]));
    expect(fields.filter(({ scalar }) => scalar === ScalarType.BYTES)).toEqual([]);
  });
});
