import { describe, expect, test } from "vitest";
import { complaint, complaints, PROJECTS, read } from "./fixtures/read.ts";

const CERTIFICATES = "certificates: [{ id: a, state: primary, file: /run/a }]";
const CALLERS = `callers:
  - { id: lobby, match: { loopback: true } }
  - { id: rooms, match: { spiffe_id: "spiffe://prod.example/rooms" } }
`;

describe("projects", () => {
  test("have IDs of their own", () => {
    const text = `${PROJECTS}  - { id: live, app_id: "00000000000000000000000000000000", ${CERTIFICATES} }\n`;
    expect(complaint(text)).toBe("5:11: projects[1].id: another project has it too: projects[0].id");
  });

  test("have App IDs of their own", () => {
    const text = `${PROJECTS}  - { id: other, app_id: "0123456789abcdef0123456789abcdef", ${CERTIFICATES} }\n`;
    expect(complaint(text)).toBe("5:26: projects[1].app_id: another project has it too: projects[0].app_id");
  });

  test("have App IDs that differ in more than case", () => {
    const text = `${PROJECTS}  - { id: other, app_id: "0123456789ABCDEF0123456789abcdef", ${CERTIFICATES} }\n`;
    expect(complaint(text)).toBe(
      "5:26: projects[1].app_id: differs only in upper and lower case from projects[0].app_id: " +
        "case is part of an App ID, so correct one of them",
    );
  });

  test("may share IDs and files of certificates", () => {
    const text = `${PROJECTS}  - { id: other, app_id: "00000000000000000000000000000000", ${CERTIFICATES} }\n`;
    expect(read(text).projects).toHaveLength(2);
  });
});

describe("certificates of a project", () => {
  const withCertificates = (...list: string[]) =>
    `projects:\n  - id: live\n    app_id: "0123456789abcdef0123456789abcdef"\n    certificates:\n${list.map((c) => `      - ${c}\n`).join("")}`;

  test("have IDs of their own", () => {
    const text = withCertificates("{ id: a, state: standby, file: /a }", "{ id: a, state: revoked, file: /b }");
    expect(complaint(text)).toBe(
      "6:15: projects[0].certificates[1].id: another certificate of the project has it too: projects[0].certificates[0].id",
    );
  });

  test("are primary at most once", () => {
    const text = withCertificates(
      "{ id: a, state: primary, file: /a }",
      "{ id: b, state: primary, file: /b }",
      "{ id: c, state: primary, file: /c }",
    );
    expect(complaints(text)).toEqual([
      "6:25: projects[0].certificates[1].state: is primary as projects[0].certificates[0].state is: only one can sign",
      "7:25: projects[0].certificates[2].state: is primary as projects[0].certificates[0].state is: only one can sign",
    ]);
  });

  test("need no primary", () => {
    expect(read(withCertificates("{ id: a, state: retiring, file: /a }")).projects).toHaveLength(1);
  });

  test("are in a state that there is", () => {
    expect(complaint(withCertificates("{ id: a, state: Primary, file: /a }"))).toBe(
      "5:25: projects[0].certificates[0].state: must be standby, primary, retiring or revoked; did you mean `primary`?",
    );
  });

  test("keep the certificate itself out of the file", () => {
    expect(
      complaints(withCertificates("{ id: a, state: primary, certificate: '0123456789abcdef0123456789abcdef' }")),
    ).toEqual([
      "5:9: projects[0].certificates[0].file: is missing: it must be the file that holds the App Certificate",
      "5:34: projects[0].certificates[0].certificate: unknown key `certificate`",
    ]);
  });
});

describe("callers", () => {
  const callers = (...matches: string[]) =>
    `${PROJECTS}jwt_issuers: [{ issuer: iss, jwks_file: /keys }]\ncallers:\n${matches.map((m, i) => `  - { id: c${i}, match: ${m} }\n`).join("")}`;
  const hex = "0123456789abcdef".repeat(4);

  test("have IDs of their own", () => {
    const text = `${PROJECTS}callers:\n  - { id: a, match: { loopback: true } }\n  - { id: a, match: { spiffe_id: "spiffe://x/y" } }\n`;
    expect(complaint(text)).toBe("7:11: callers[1].id: another caller has it too: callers[0].id");
  });

  test.each([
    "{ loopback: true }",
    "{ spiffe_id: spiffe://prod.example/rooms }",
    `{ api_key_sha256: ${hex} }`,
    "{ jwt: { issuer: iss, subject: s, audience: a } }",
  ])("are recognized by one entry: %s", (match) => {
    expect(read(callers(match)).callers).toHaveLength(1);
    expect(complaint(callers(match, match))).toBe(
      "8:15: callers[1].match: recognizes the same as callers[0].match: a caller is recognized by one entry",
    );
  });

  test("are recognized by one entry, whichever of its two API keys it is", () => {
    const other = "fedcba9876543210".repeat(4);
    const third = "00aa11bb22cc33dd".repeat(4);
    const two = `{ api_key_sha256: ${hex}, api_key_sha256_next: ${other} }`;
    expect(read(callers(two, `{ api_key_sha256: ${third} }`)).callers[0]?.match).toEqual({
      kind: "apiKey",
      sha256: hex,
      next: other,
    });
    for (const clash of [hex, other]) {
      expect(complaint(callers(two, `{ api_key_sha256: ${third}, api_key_sha256_next: ${clash} }`))).toContain(
        "callers[1].match: recognizes the same as callers[0].match",
      );
    }
  });

  test("differ if one claim differs", () => {
    const text = callers(
      "{ jwt: { issuer: iss, subject: s, audience: a } }",
      "{ jwt: { issuer: iss, subject: t, audience: a } }",
      "{ jwt: { issuer: iss, subject: s, audience: b } }",
    );
    expect(read(text).callers).toHaveLength(3);
  });

  test("have an issuer that is listed", () => {
    expect(complaint(callers("{ jwt: { issuer: ISS, subject: s, audience: a } }"))).toBe(
      "7:39: callers[0].match.jwt.issuer: no issuer of jwt_issuers has this name: list it there",
    );
  });

  test.each([
    ["{ }", "callers[0].match: has none of spiffe_id, api_key_sha256, jwt and loopback: it needs one of them"],
    ["{ loopback: false }", "callers[0].match.loopback: must be true: what is false recognizes nobody"],
    [
      `{ api_key_sha256: ${hex}, loopback: true }`,
      "callers[0].match: has api_key_sha256 and loopback: it needs exactly one of them",
    ],
    ["{ lopback: true }", "callers[0].match.lopback: unknown key `lopback`; did you mean `loopback`?"],
    [
      "loopback",
      "callers[0].match: must be a mapping with one of the keys spiffe_id, api_key_sha256, jwt and loopback",
    ],
    [
      `{ api_key_sha256: ${hex.toUpperCase()} }`,
      "callers[0].match.api_key_sha256: must be the SHA-256 of the API key in quotes: 64 hexadecimal digits in lower case",
    ],
    [
      `{ api_key_sha256_next: ${hex} }`,
      "callers[0].match: has none of spiffe_id, api_key_sha256, jwt and loopback: it needs one of them",
    ],
    [
      `{ loopback: true, api_key_sha256_next: ${hex} }`,
      "callers[0].match.api_key_sha256_next: is for a second API key: it needs api_key_sha256 beside it",
    ],
    [
      `{ api_key_sha256: ${hex}, api_key_sha256_next: ${hex} }`,
      "callers[0].match.api_key_sha256_next: is api_key_sha256 once more",
    ],
    [
      `{ api_key_sha256: ${hex}, api_key_sha256_next: key }`,
      "callers[0].match.api_key_sha256_next: must be the SHA-256 of the API key that takes over, in quotes: 64",
    ],
    [`{ api_key_sha256: ${"1".repeat(64)} }`, "in lower case; YAML reads this as a number: quote it"],
    ["{ jwt: { issuer: iss, subject: s } }", "callers[0].match.jwt.audience: is missing: it must be the aud claim"],
  ])("%s is refused", (match, expected) => {
    expect(complaint(callers(match))).toContain(expected);
  });

  test("need a match", () => {
    expect(complaint(`${PROJECTS}callers: [{ id: a }]\n`)).toContain(
      "callers[0].match: is missing: it must be a mapping with one of",
    );
  });
});

test("issuers have one source of keys, and names of their own", () => {
  const issuers = (list: string) => complaint(`${PROJECTS}jwt_issuers: [${list}]\n`);
  expect(issuers("{ issuer: a }")).toContain(
    "jwt_issuers[0]: has none of jwks_file and jwks_url: it needs one of them",
  );
  expect(issuers("{ issuer: a, jwks_file: /a, jwks_url: https://a.example }")).toContain(
    "jwt_issuers[0]: has jwks_file and jwks_url: it needs exactly one of them",
  );
  expect(issuers("{ issuer: a, jwks_file: /a }, { issuer: a, jwks_file: /b }")).toContain(
    "jwt_issuers[1].issuer: another issuer has it too: jwt_issuers[0].issuer",
  );
});

describe("permits", () => {
  const permit = (keys: string) => `${PROJECTS}${CALLERS}permits: [{ ${keys} }]\n`;

  test.each([
    ["callers: [lobbi]", "there is no caller of `callers` `lobbi`; did you mean `lobby`?"],
    ["callers: [nobody]", "there is no caller of `callers` `nobody`"],
    ["projects: [lives]", "there is no project of `projects` `lives`; did you mean `live`?"],
    ["projects: [Live]", "there is no project of `projects` `Live`; did you mean `live`?"],
    ["methods: [buildToken]", "there is no method `buildToken`; did you mean `BuildToken`?"],
    ["methods: [BuildTokens]", "there is no method `BuildTokens`; did you mean `BuildToken`?"],
    ["methods: [renew]", "there is no method `renew`; did you mean `RenewToken`?"],
    ["methods: [RevokeToken]", "there is no method `RevokeToken`"],
    ["methods: [Build*]", "* is no part of a name: write * alone for all, or list the names"],
    ["services: ['**']", "* is no part of a name: write * alone for all, or list the names"],
    ["services: [rtn]", "there is no service `rtn`; did you mean `rtc`?"],
    ["services: [convo-ai]", "there is no service `convo-ai`; did you mean `convo_ai`?"],
    ["services: [RTC]", "there is no service `RTC`; did you mean `rtc`?"],
    ["roles: [pubisher]", "there is no role or RTC privilege `pubisher`; did you mean `publisher`?"],
    ["roles: [attendee]", "there is no role or RTC privilege `attendee`"],
    [
      "roles: [publishVideoStream]",
      "there is no role or RTC privilege `publishVideoStream`; did you mean `publish_video_stream`?",
    ],
    ["roles: ['a b']", "there is no role or RTC privilege of this name"],
  ])("%s", (list, expected) => {
    const path = `permits[0].${list.split(":")[0]}[0]`;
    expect(complaint(permit(list)).replace(/^\d+:\d+: /, "")).toBe(`${path}: ${expected}`);
  });

  test("name all there is", () => {
    const all = [
      "callers: [lobby, rooms, '*']",
      "projects: [live, '*']",
      "methods: [BuildToken, BatchBuildTokens, RenewToken, InspectToken, '*']",
      "services: [rtc, rtm, streaming, fpa, chat, fcdn, apaas, rtm2, convo_ai, stt, '*']",
      "channels: [room-*, '*']",
      "roles: [publisher, subscriber, join_channel, publish_audio_stream, publish_video_stream, publish_data_stream, '*']",
    ];
    const [row] = read(permit(all.join(", "))).permits;
    expect(row?.callers).toEqual(["lobby", "rooms", "*"]);
    expect(row?.methods).toHaveLength(5);
    expect(row?.services).toHaveLength(11);
    expect(row?.roles).toHaveLength(7);
  });

  test("are not blamed for callers and projects that have problems of their own", () => {
    const keys = "callers: [lobby], projects: [live]";
    expect(complaints(`${PROJECTS}caller: []\npermits: [{ ${keys} }]\n`)).toEqual([
      "5:1: caller: unknown key `caller`; did you mean `callers`?",
    ]);
    expect(complaints(`project: []\n${CALLERS}permits: [{ ${keys} }]\n`)).toEqual([
      "1:1: project: unknown key `project`; did you mean `projects`?",
    ]);
    expect(complaints(permit(keys).replace("id: lobby", "id: 7"))).toEqual([
      "6:11: callers[0].id: must be 1 to 63 of a-z, 0-9 and -, and begin with a letter; YAML reads this as a number: quote it",
    ]);
  });

  test("a wrong element does not shift the others", () => {
    expect(complaints(permit("methods: [1, BuildToken, Foo]"))).toEqual([
      "8:23: permits[0].methods[0]: must be a string; YAML reads this as a number: quote it",
      "8:38: permits[0].methods[2]: there is no method `Foo`",
    ]);
  });
});
