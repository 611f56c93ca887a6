// What is said of a text that is not a token as it stands.

import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { examine, projectsIn } from "../../src/issuing/inspect.ts";
import { altered } from "../../src/issuing/judge-text.ts";
import { KeyRing } from "../../src/keyring/keyring.ts";
import { ALTERATIONS, type Alteration } from "../../src/token/altered.ts";
import { ByteWriter, MAX_TOKEN_CHARS } from "../../src/token/bytes.ts";
import { rtc007, services, token006, token007 } from "../api/originals.ts";
import { DIGITS, NOW } from "../api/world.ts";
import { sampleWith } from "../token/sample-tokens.ts";
import { VECTORS } from "../vectors/vectors.ts";
import { ask, PROJECTS, rtc, said } from "./asking.ts";

const GOOD = sampleWith((salt) => rtc007({ salt }), /^.{60,}\+.*\/.*[^+=]=$/);

describe("a text that was altered", () => {
  test.each([
    ["in quotes", `"${GOOD}"`, "it has quotes or other marks around it"],
    ["with white space", ` ${GOOD}\n`, "it has white space before or after it"],
    ["with line breaks", GOOD.replace(/.{60}/g, "$&\n"), "it has line breaks or other invisible characters in it"],
    ["percent-encoded", encodeURIComponent(GOOD), "it is percent-encoded"],
    ["with spaces for plus", GOOD.replaceAll("+", " "), "it has spaces where `+` was"],
    [
      "in the URL-safe alphabet",
      GOOD.replaceAll("+", "-").replaceAll("/", "_"),
      "it uses `-` and `_` of the URL-safe alphabet",
    ],
    ["without its padding", GOOD.replace(/=+$/, ""), "it has lost the `=` at its end"],
    ["with Bearer", `Bearer ${GOOD}`, "it has a header's words before it"],
    ["with agora token=", `agora token=${GOOD}`, "it has a header's words before it"],
    ["in HTML's escapes", GOOD.replaceAll("/", "&#x2F;").replaceAll("=", "&#x3D;"), "it has escapes of HTML in it"],
    ["in JSON's escapes", GOOD.replaceAll("/", "\\/"), "it has backslashes of JSON in it"],
    [
      "twice",
      ` "${encodeURIComponent(GOOD)}"`,
      "it has white space before or after it, has quotes or other marks around it and is percent-encoded",
    ],
  ])("%s", async (_, text, words) => {
    const told = await ask(text, rtc());
    expect(told).toMatchObject({ verdict: "REJECTED", signature: "VALID", reasons: ["TEXT_ALTERED"] });
    expect(said(told, "TEXT_ALTERED")).toContain(
      `The text is a token, but ${words}. Repaired, it decodes and its signature is valid, and nothing else is wrong with it. To mend it, `,
    );
    expect(told.findings[0]?.agoraErrorCode).toBe(110);
    expect(told.response).toMatchObject({ project: "live", certificateId: "primary" });
    expect(told.response.tokenInfo?.grants).toHaveLength(1);
  });

  test("two tokens that were pasted together", async () => {
    const told = await ask(GOOD + rtc007({ salt: 5 }), rtc());
    expect(told.reasons).toEqual(["TEXT_ALTERED"]);
    expect(said(told, "TEXT_ALTERED")).toBe(
      "The text is two tokens pasted together. The first of them decodes and its signature is valid, and nothing else is wrong with it. To mend it, pass one of them.",
    );
    expect(said(await ask(`"${GOOD} ${GOOD}"`, rtc()), "TEXT_ALTERED")).toContain(
      "The text is two tokens pasted together, but it has quotes or other marks around it. The first of them",
    );
  });

  test("and has other faults too: they are found as well, and it is said that they are", async () => {
    const expired = await ask(`'${rtc007({ issuedAt: NOW - 7200 })}'`, rtc({ uid: 7 }));
    expect(expired.reasons).toEqual(["TEXT_ALTERED", "EXPIRED", "USER_MISMATCH"]);
    expect(said(expired, "TEXT_ALTERED")).toContain("Repaired, it decodes and its signature is valid: see the rest.");
    const forged = await ask(` ${rtc007({ digits: "9".repeat(32) })}`, rtc());
    expect(forged.reasons).toEqual(["TEXT_ALTERED", "SIGNATURE_INVALID"]);
    expect(said(forged, "TEXT_ALTERED")).toContain(
      "Repaired, it decodes, but its signature is not valid: see the rest.",
    );
    const unchecked = await ask(` ${token006()}`);
    expect(unchecked.reasons).toEqual(["TEXT_ALTERED", "EXPECTED_GRANT_REQUIRED", "CHANNEL_NOT_BOUND"]);
    expect(said(unchecked, "TEXT_ALTERED")).toContain("its signature was not checked: see the rest.");
    const noted = await ask(`"${rtc007({ digits: DIGITS.retiring })}"`, rtc());
    expect(noted.reasons).toEqual(["TEXT_ALTERED", "CERTIFICATE_NOT_PRIMARY"]);
    expect(said(noted, "TEXT_ALTERED")).toContain("and nothing else is wrong with it");
  });

  test("that was cut: how long it is tells which column is too short", async () => {
    for (const length of [64, 100, 128]) {
      const told = await ask(GOOD.slice(0, length), rtc());
      expect(told).toMatchObject({ verdict: "REJECTED", signature: "SKIPPED", reasons: ["TEXT_ALTERED"] });
      expect(said(told, "TEXT_ALTERED")).toContain(
        `its end is missing. It ends after ${length} characters. To mend it, look for`,
      );
      expect(told.response.tokenInfo).toBeUndefined();
    }
  });

  test("of an old kind", async () => {
    const key = VECTORS.legacy.find(({ id }) => id === "dk3")?.expected ?? "";
    const told = await ask(`"${key}"`);
    expect(told.reasons).toEqual(["TEXT_ALTERED", "LEGACY_FORMAT"]);
    expect(said(told, "TEXT_ALTERED")).toContain("Repaired, it is what the rest is about.");
  });
});

test("all that can be done to a text at once is said in less than a thousand characters", () => {
  const alterations = Object.keys(ALTERATIONS) as Alteration[];
  const { description } = altered(
    { alterations, text: "x", parsed: undefined },
    { findings: [], signatureCheck: "SKIPPED" },
  );
  expect(description.length).toBeLessThan(1000);
  for (const alteration of alterations) expect(description).toContain(ALTERATIONS[alteration].mend);
});

describe("a text that is no token", () => {
  test.each([
    ["  ", "it is empty."],
    ["undefined", "it is what code writes for a value that was never set. Look for the variable"],
    ["null", "it is what code writes for a value that was never set."],
    ["[object Promise]", "it is what JavaScript writes for an object, such as a promise that was not awaited."],
    ["{{token}}", "it is a placeholder that was never filled in."],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "it is a JSON Web Token, such as a login of your own."],
    [GOOD.toLowerCase(), "it was changed to lower case, as no token is without a capital letter. Keep its case"],
    [GOOD.toUpperCase(), "it was changed to upper case, as no token is without a small letter. Keep its case"],
    ['{"error":"no"}', "it is JSON. Pass the value of its token alone."],
    ["https://example.com/token", "it is an address."],
    ["<!doctype html>", "it is HTML or XML, such as the page of an error."],
    ["970CA35de60c44645bbae8a215061b33", "it is an App ID or an App Certificate and no token."],
    ['"970CA35de60c44645bbae8a215061b33"', "it does not start with the version of a token, such as 007."],
    ["hello", "it does not start with the version of a token, such as 007."],
    ["007!!!!", "character 1 of its base64 part is none of the base64 alphabet."],
    ["007aGVsbG8gd29ybGQsIG5vdCB6bGli", "its compressed content is damaged, or is none."],
  ])("%j", async (text, words) => {
    const told = await ask(text, rtc());
    expect(told).toMatchObject({ verdict: "REJECTED", signature: "SKIPPED", reasons: ["MALFORMED"] });
    expect(said(told, "MALFORMED")).toContain(`The text is not a token: ${words}`);
    expect(told.findings[0]?.agoraErrorCode).toBe(110);
  });

  test("because its version is missing", async () => {
    for (const rest of [GOOD.slice(3), GOOD.slice(2), GOOD.slice(1)]) {
      expect(said(await ask(rest), "MALFORMED")).toBe(
        "The text is a token without the version at its start, or without all of it. Start it with 007 again.",
      );
    }
    expect(said(await ask(`eJ${"x".repeat(60)}`), "MALFORMED")).toContain("does not start with the version");
  });

  test("because it is longer than this server reads: the limit is ours, and Agora has no error for it", () => {
    const token = "x".repeat(MAX_TOKEN_CHARS + 1);
    const projects = projectsIn(new KeyRing(PROJECTS), undefined, () => true);
    expect(examine(projects, { token, expected: undefined, at: NOW })).toMatchObject({
      verdict: "REJECTED",
      findings: [
        { reason: "MALFORMED", agoraErrorCode: 0, description: expect.stringContaining("has 16385 characters") },
      ],
    });
  });

  test("because it holds more than this server reads: the limit is ours, and Agora has no error for it", () => {
    const content = new ByteWriter().bytes(Buffer.alloc(32)).text("0".repeat(32)).uint32(1).uint32(1).uint32(1);
    const token = `007${deflateSync(content.uint16(33).finish()).toString("base64")}`;
    const projects = projectsIn(new KeyRing(PROJECTS), undefined, () => true);
    expect(examine(projects, { token, expected: undefined, at: NOW })).toMatchObject({
      verdict: "REJECTED",
      findings: [
        {
          reason: "MALFORMED",
          agoraErrorCode: 0,
          description: expect.stringMatching(
            /services is 33, more than the 32 that are read\. That limit is this server's/,
          ),
        },
      ],
    });
  });

  test("nothing of it is said again", async () => {
    for (const text of ["swordfish-token", "007swordfish", `006${"swordfish".repeat(20)}`, "swordfish".repeat(1000)]) {
      expect(JSON.stringify((await ask(text)).findings)).not.toContain("swordfish");
    }
  });
});

describe("a token from before version 006", () => {
  test.each(VECTORS.legacy.map(({ id, expected, appId }) => [id, expected, appId] as const))(
    "%s",
    async (_, text, appId) => {
      const told = await ask(text);
      expect(told).toMatchObject({ verdict: "REJECTED", signature: "SKIPPED", reasons: ["LEGACY_FORMAT"] });
      const words = said(told, "LEGACY_FORMAT");
      expect(words.toLowerCase()).toContain(`for the app id ${appId.toLowerCase()}`);
      expect(words).toMatch(/(?:Dynamic Key [1-5]|Signaling token)/);
      expect(words).toMatch(/ago, at 201[57]-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
      expect(words).toMatch(/In its place, build a token of version 007 with a grant of RT[CM] for the/);
    },
  );
});

describe("without a key ring", () => {
  const alone = (token: string) => examine(undefined, { token, expected: undefined, at: NOW });

  test("nothing is verified, so nothing is accepted", () => {
    expect(alone(GOOD)).toMatchObject({
      verdict: "INCONCLUSIVE",
      signatureCheck: "SKIPPED",
      findings: [],
      project: undefined,
      certificateId: undefined,
    });
  });

  test("what can be found all the same is found", () => {
    expect(alone(rtc007({ issuedAt: NOW - 7200 }))).toMatchObject({
      verdict: "REJECTED",
      findings: [{ reason: "EXPIRED" }],
    });
    expect(alone(`"${GOOD}"`).findings[0]?.description).toContain("its signature was not checked");
    const open = token007([[services.rtc("*", 0), { 1: 3600, 2: 3600 }]]);
    expect(alone(open).findings.map(({ reason }) => reason)).toEqual(["ANY_USER", "ANY_CHANNEL"]);
  });
});
