// A golden file for every finding: what was asked, and the whole answer. `UPDATE_GOLDEN=1` writes them anew, to be
// read before they are committed.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fromJson, type JsonObject, toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  FindingReasonSchema,
  InspectTokenRequestSchema,
  InspectTokenResponseSchema,
} from "../../gen/agora/token/v1/token_pb.ts";
import { expectedGrantFrom } from "../../src/api/grants.ts";
import { FINDINGS, type FindingReason, type Severity } from "../../src/issuing/findings.ts";
import { examine, projectsIn } from "../../src/issuing/inspect.ts";
import { AppCertificate, type CertificateState } from "../../src/keyring/certificate.ts";
import { KeyRing, type Project } from "../../src/keyring/keyring.ts";
import { repairToken } from "../../src/token/altered.ts";
import { MalformedToken } from "../../src/token/bytes.ts";
import { tryParseToken } from "../../src/token/parse.ts";
import { DIGITS, NOW } from "../api/world.ts";
import { valueComments } from "../contract/contract.ts";
import { ask, PROJECTS } from "./asking.ts";
import { fileOf, GOLDEN_CASES, type GoldenCase } from "./golden-cases.ts";

interface GoldenFile {
  readonly about: string;
  readonly made: string;
  readonly keyRing: readonly {
    readonly id: string;
    readonly appId: string;
    readonly certificates: readonly {
      readonly id: string;
      readonly state: CertificateState;
      readonly digits: string;
    }[];
  }[];
  /** `InspectTokenRequest`. */
  readonly request: JsonObject;
  /** `InspectTokenResponse`. */
  readonly response: JsonObject;
}

const FOLDER = new URL("golden/", import.meta.url);
const UPDATES = process.env["UPDATE_GOLDEN"] === "1";
if (UPDATES && process.env["CI"]) throw new Error("golden files are written by people, who read them, and not by CI");

const KEY_RING = PROJECTS.slice(0, 2).map(({ id, appId, certificates }) => ({
  id,
  appId,
  certificates: certificates.map(({ id, state }) => ({ id, state, digits: DIGITS[id as keyof typeof DIGITS] })),
}));

if (UPDATES) for (const each of GOLDEN_CASES) await write(each);

async function write(golden: GoldenCase): Promise<void> {
  const request = { ...requestOf(golden), token: golden.token() };
  const file: GoldenFile = {
    about: golden.about,
    made: golden.made,
    keyRing: KEY_RING,
    request,
    response: await answer(KEY_RING, request),
  };
  writeFileSync(new URL(fileOf(golden), FOLDER), `${JSON.stringify(file, null, 2)}\n`);
}

function read(golden: GoldenCase): GoldenFile {
  return JSON.parse(readFileSync(new URL(fileOf(golden), FOLDER), "utf8")) as GoldenFile;
}

function requestOf({ asked = {} }: GoldenCase): JsonObject {
  return { ...(asked as JsonObject), inspectTime: new Date(NOW * 1000).toISOString().replace(".000Z", "Z") };
}

function projectsOf(keyRing: GoldenFile["keyRing"]): Project[] {
  return keyRing.map(({ certificates, ...project }) => ({
    ...project,
    allowToken006: true,
    maxTtl: 86_400,
    certificates: certificates.map(({ id, state, digits }) => ({
      id,
      state,
      secret: AppCertificate.parse(Buffer.from(digits, "latin1")),
    })),
  }));
}

async function answer(keyRing: GoldenFile["keyRing"], request: JsonObject): Promise<JsonObject> {
  const { token, $typeName: _, ...asked } = fromJson(InspectTokenRequestSchema, request);
  // Another time than that of the request, which is the one that counts.
  const { response } = await ask(token, asked, projectsOf(keyRing), NOW + 1_000_000);
  return toJson(InspectTokenResponseSchema, response) as JsonObject;
}

/** What a text says, however its zlib wrote it. */
function contentOf(text: string): unknown {
  const parsed = tryParseToken(text);
  if (!(parsed instanceof MalformedToken)) return parsed.kind === "unsupported" ? parsed : { parsed };
  const repair = repairToken(text);
  return repair ? { alterations: repair.alterations, parsed: repair.parsed } : text;
}

/** The severities with which the reason of a golden file is found. */
function severitiesOf(golden: GoldenCase): Severity[] {
  const { keyRing, request } = read(golden);
  const { token, project, expectedGrant } = fromJson(InspectTokenRequestSchema, request);
  const ring = new KeyRing(projectsOf(keyRing));
  const expected = expectedGrant && expectedGrantFrom(expectedGrant);
  const { findings } = examine(
    projectsIn(ring, ring.project(project), () => true),
    { token, expected, at: NOW },
  );
  return findings.filter(({ reason }) => reason === golden.reason).map(({ severity }) => severity);
}

test.each(GOLDEN_CASES.map((golden) => [fileOf(golden), golden] as const))("%s", async (_, golden) => {
  const { about, made, keyRing, request, response } = read(golden);
  const { token, ...asked } = request;
  expect({ about, made, keyRing, asked }).toEqual({
    about: golden.about,
    made: golden.made,
    keyRing: KEY_RING,
    asked: requestOf(golden),
  });
  expect(contentOf(String(token))).toEqual(contentOf(golden.token()));
  expect(await answer(keyRing, request)).toEqual(response);
  expect(severitiesOf(golden)).toContain(golden.severity);
});

describe("none is missing", () => {
  test("every file is of a case", () => {
    expect(readdirSync(FOLDER).sort()).toEqual(GOLDEN_CASES.map(fileOf).sort());
  });

  const comments = [...valueComments(FindingReasonSchema)].map(
    ([name, comment]) => [name.replace("FINDING_REASON_", ""), comment] as const,
  );

  test("the contract states them", () => {
    expect(comments).toHaveLength(Object.keys(FINDINGS).length + 1);
    expect(comments[0]).toEqual(["UNSPECIFIED", "Not used."]);
  });

  test.each(comments.slice(1))("%s has one for each severity that the contract states: %s", (reason, comment) => {
    const words: Readonly<Record<string, Severity>> = { rejects: "rejects", "leaves open": "open", notes: "notes" };
    const stated = [...comment.matchAll(/\b(rejects|leaves open|notes)(?=:| if| for)/gi)].map(
      ([word]) => words[word.toLowerCase()],
    );
    const cases = GOLDEN_CASES.filter((golden) => golden.reason === reason);
    expect(stated.length).toBeGreaterThan(0);
    const { severity, lesser } = FINDINGS[reason as FindingReason];
    expect(stated).toEqual(lesser ? [severity, lesser] : [severity]);
    expect(new Set(cases.map((each) => each.severity))).toEqual(new Set(stated));
  });
});
