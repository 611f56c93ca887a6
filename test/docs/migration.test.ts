// Every example of proto/MIGRATION.md, carried out on both sides.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { inflateSync } from "node:zlib";
import { fromJsonString } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { BuildTokenRequestSchema, FindingReason, RenewTokenRequestSchema } from "../../gen/agora/token/v1/token_pb.ts";
import type { Claimed } from "../../src/token/parse.ts";
import { parseToken } from "../../src/token/parse.ts";
import { Privileges, Role, SimpleTokenBuilder } from "../../src/token/simple-token-builder.ts";
import { parse007 } from "../../src/token/token007.ts";
import { answered, refused } from "../api/harness.ts";
import { APP_IDS, DIGITS, NOW, world } from "../api/world.ts";

const PAGE = readFileSync("proto/MIGRATION.md", "utf8");
const require = createRequire(import.meta.url);

/** What the examples of a chapter call. */
const WORDS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "agora-token (007)": { ...require("agora-token"), ...require("agora-token/src/AccessToken2") },
  "agora-access-token (006)": { ...require("agora-access-token"), ...require("agora-access-token/src/AccessToken") },
  "SimpleTokenBuilder (006)": { SimpleTokenBuilder, Role, Privileges },
  "Dynamic Keys and Signaling tokens": {
    DynamicKey5: require("agora-access-token/src/DynamicKey5"),
    SignalingToken: require("agora-access-token/src/SignalingToken"),
  },
};

/** What the routes of agora-token-service stand for, in the order of the page. */
const ROUTES = [
  'RtcTokenBuilder.buildTokenWithUid(appId, appCertificate, "room-1", 42, RtcRole.PUBLISHER, 3600, 3600)',
  'RtcTokenBuilder.buildTokenWithUserAccount(appId, appCertificate, "room-1", "alice", RtcRole.SUBSCRIBER, 3600, 3600)',
  'RtmTokenBuilder.buildToken(appId, appCertificate, "alice", 3600)',
  'RtcTokenBuilder.buildTokenWithRtm(appId, appCertificate, "room-1", "42", RtcRole.PUBLISHER, 3600, 3600)',
  'ChatTokenBuilder.buildUserToken(appId, appCertificate, "alice", 3600)',
  "ChatTokenBuilder.buildAppToken(appId, appCertificate, 3600)",
];

interface Example {
  readonly title: string;
  readonly chapter: string;
  readonly code: string;
  readonly request: string;
  readonly differs: boolean;
}

const chapters = new Map(PAGE.split(/^## /m).map((text) => [text.slice(0, text.indexOf("\n")), text] as const));

/** Pairs of a call and its request, in the order of the page. */
function examplesOf(chapter: string): Example[] {
  const pairs = /(?<before>(?:(?!```)[\s\S])*)```js\n(?<code>[\s\S]*?)```\n\n```json\n(?<request>[\s\S]*?)```/g;
  return [...(chapters.get(chapter) ?? "").matchAll(pairs)].map(
    ({ groups: { before = "", code = "", request = "" } = {} }, index) => ({
      title: `${before.match(/^### (.*)/m)?.[1] ?? "example"} ${index + 1}`,
      chapter,
      code: code.trim(),
      request,
      differs: before.includes("**Differs**"),
    }),
  );
}

const examples = Object.keys(WORDS).flatMap(examplesOf);

/** What a builder gives. */
function official(code: string, chapter: string): string {
  const words = { appId: APP_IDS.live, appCertificate: DIGITS.primary, now: NOW, ...WORDS[chapter] };
  return new Function(...Object.keys(words), `return (${code})`)(...Object.values(words));
}

/** What this service gives, with the salt of another token. */
async function ours(request: string, like: Claimed): Promise<string> {
  const message = fromJsonString(BuildTokenRequestSchema, request);
  const { issuedToken } = await answered("buildToken", message, world([{}], { salt: () => like.salt }));
  return issuedToken?.token ?? "";
}

function claimedOf(text: string): Claimed {
  const parsed = parseToken(text);
  if (parsed.kind !== "token") throw new Error(`a token was expected, not ${parsed.kind}`);
  return parsed.claimed;
}

/** What a token holds, signature included: what compresses it may differ. */
function contentOf(text: string): string {
  return text.startsWith("007") ? inflateSync(Buffer.from(text.slice(3), "base64")).toString("hex") : text;
}

/** What a token says, with the differences that the page tells of made good. */
function settled(claimed: Claimed): unknown {
  if (claimed.version === "006") {
    const { privileges, channelChecksum, userChecksum } = claimed;
    const ends = [...privileges].map(([number, end]) => [number, end || claimed.expiresAt] as const);
    const expiresAt = Math.min(claimed.expiresAt, Math.max(...ends.map(([, end]) => end)));
    return { channelChecksum, userChecksum, expiresAt, privileges: new Map(ends) };
  }
  const { lifetime, issuedAt } = claimed;
  const grants = claimed.grants.map((grant) => {
    const privileges = new Map([...grant.privileges].map(([number, end]) => [number, end || lifetime]));
    return {
      ...grant,
      privileges: grant.service === "apaas" && privileges.size === 0 ? new Map([[1, lifetime]]) : privileges,
    };
  });
  return { lifetime, issuedAt, grants };
}

beforeAll(() => vi.useFakeTimers({ now: NOW * 1000, toFake: ["Date"] }));
afterAll(() => vi.useRealTimers());

test("the page has an example of every function of the packages", () => {
  const code = examples.map(({ code: each, chapter }) => `${chapter}: ${each}`).join("\n");
  for (const [chapter, words] of Object.entries(WORDS)) {
    for (const [name, builder] of Object.entries(words).filter(
      ([each]) => /TokenBuilder$/.test(each) && each !== "SimpleTokenBuilder",
    )) {
      if (name === "EducationTokenBuilder") continue;
      for (const method of Object.getOwnPropertyNames(builder).filter((each) => /^build/i.test(each))) {
        expect(code).toContain(`${chapter}: `);
        expect(code).toContain(`${name}.${method}(`);
      }
    }
  }
  expect(PAGE).toContain("EducationTokenBuilder");
  expect(examples.length).toBeGreaterThan(25);
});

test("EducationTokenBuilder is ApaasTokenBuilder by another name", () => {
  const { ApaasTokenBuilder, EducationTokenBuilder } = require("agora-token");
  for (const method of Object.getOwnPropertyNames(ApaasTokenBuilder).filter((each) => /^build/.test(each))) {
    expect(String(EducationTokenBuilder[method])).toBe(String(ApaasTokenBuilder[method]));
  }
});

describe("a call and the request that takes its place", () => {
  test.each(examples.filter(({ differs }) => !differs))(
    "$chapter $title: the same bytes",
    async ({ code, chapter, request }) => {
      const theirs = official(code, chapter);
      expect(contentOf(await ours(request, claimedOf(theirs)))).toBe(contentOf(theirs));
    },
  );

  test.each(examples.filter(({ differs }) => differs))(
    "$chapter $title: the same but for what the page tells",
    async ({ code, chapter, request }) => {
      const theirs = claimedOf(official(code, chapter));
      const built = claimedOf(await ours(request, theirs));
      expect(settled(built)).toEqual(settled(theirs));
      expect(built.signed).not.toEqual(theirs.signed);
    },
  );
});

describe("the routes of agora-token-service", () => {
  const requests = [...(chapters.get("agora-token-service") ?? "").matchAll(/```json\n([\s\S]*?)```/g)].map(
    ([, text = ""]) => text,
  );

  test("are all there", () => {
    expect(requests).toHaveLength(ROUTES.length);
  });

  test.each(ROUTES.map((code, index) => ({ code, request: requests[index] ?? "" })))(
    "$code",
    async ({ code, request }) => {
      const theirs = official(code, "agora-token (007)");
      expect(contentOf(await ours(request, claimedOf(theirs)))).toBe(contentOf(theirs));
    },
  );
});

describe("what is refused now", () => {
  const rows = (chapters.get("What changes") ?? "").split("\n").flatMap((line) => {
    const cells = line.split("|").map((cell) => cell.trim());
    const [, code = "", gave = "", request = "", answer = ""] = cells;
    const { reason, field } = /^`(?<reason>[A-Z_]+)`(?: at `(?<field>[^`]+)`)?$/.exec(answer)?.groups ?? {};
    return reason === undefined ? [] : [{ code: bare(code), gave, request: bare(request), reason, field }];
  });

  test("is told", () => {
    expect(rows).toHaveLength(7);
  });

  test.each(rows)("$code", async ({ code, gave, request, reason, field }) => {
    const theirs = official(code, "agora-token (007)");
    expect(theirs).toMatch(gave === '`""`' ? /^$/ : /^007/);
    const message = fromJsonString(BuildTokenRequestSchema, request);
    const refusal = await refused("buildToken", message, world());
    expect(refusal.reason).toBe(reason);
    expect(refusal.violations[0]?.field).toBe(field);
  });
});

describe("a key from before version 006", () => {
  const chapter = "Dynamic Keys and Signaling tokens";
  const rows = (chapters.get(chapter) ?? "")
    .split("\n")
    .map((line) => line.split(" | ").map((cell) => bare(cell.replace(/^\| | \|$/g, ""))))
    .flatMap(([code = "", request = ""]) => (request.startsWith("{") ? [{ code, request }] : []));

  test("has a row for every function that makes one", () => {
    const words = WORDS[chapter] as Readonly<Record<string, object>>;
    const names = Object.entries(words).flatMap(([name, functions]) =>
      Object.keys(functions)
        .filter((each) => /^(generate.*Key|get.*)$/.test(each) && each !== "generateDynamicKey")
        .map((each) => `${name}.${each}(`),
    );
    expect(names).toHaveLength(6);
    for (const name of names) expect(rows.map(({ code }) => code.slice(0, code.indexOf("(") + 1))).toContain(name);
  });

  test.each(rows)("$code: it is recognized, and the request builds what takes its place", async ({ code, request }) => {
    const { findings } = await answered("inspectToken", { token: official(code, chapter) }, world());
    expect(findings.map(({ reason }) => reason)).toContain(FindingReason.LEGACY_FORMAT);
    const message = fromJsonString(BuildTokenRequestSchema, request);
    const { issuedToken } = await answered("buildToken", message, world());
    const [grant] = parse007(issuedToken?.token ?? "").grants;
    const asked = /"(alice|room-1)"/.exec(code)?.[1];
    expect(grant).toMatchObject(
      asked === "alice" ? { userId: "alice" } : { channel: { name: asked }, user: { uid: 42 } },
    );
    expect(grant?.privileges.size).toBe(/noUpload|Recording|Signaling/.test(code) ? 1 : 4);
  });
});

test.each([
  ["007", /```json RenewToken\n([\s\S]*?)```/, 0],
  ["006", /```json RenewToken 006\n([\s\S]*?)```/, examplesOf("agora-token (007)").length],
])("a token of version %s is renewed as the page says", async (version, pattern, index) => {
  const { code = "", chapter = "" } = examples[index] ?? {};
  const original = official(code, chapter);
  const request = (pattern.exec(PAGE)?.[1] ?? "").replace("TOKEN", original);
  const { issuedToken } = await answered("renewToken", fromJsonString(RenewTokenRequestSchema, request), world());
  const renewed = claimedOf(issuedToken?.token ?? "");
  expect(renewed.version).toBe(version);
  expect(settled(renewed)).toEqual(settled(claimedOf(original)));
});

function bare(cell: string): string {
  return cell.replace(/^`|`$/g, "");
}
