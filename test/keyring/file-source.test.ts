import { describe, expect, test } from "vitest";
import { KeyRingInvalid, loadKeyRing, type ProjectSource, type SecretFile } from "../../src/keyring/file-source.ts";
import { signer } from "../../src/keyring/keyring.ts";

const DIGITS = "A1b2C3d4E5f60718293a4B5c6D7e8F90";
const OTHER = "00112233445566778899aabbccddeeff";
const SAMPLE_APP_ID = "970CA35de60c44645bbae8a215061b33";
const SAMPLE_CERTIFICATE = "5CFd2fd1755d40ecb72977518be15d3b";

function file(text: string, parts: Partial<SecretFile> = {}): SecretFile {
  return { bytes: new TextEncoder().encode(text), mode: 0o400, projected: false, ...parts };
}

function project(parts: Partial<ProjectSource> = {}): ProjectSource {
  return {
    id: "live",
    appId: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    allowToken006: false,
    maxTtl: 86400,
    certificates: [{ id: "first", state: "primary", file: "/run/first" }],
    allowReadableFiles: false,
    ...parts,
  };
}

function load(sources: readonly ProjectSource[], files: Readonly<Record<string, SecretFile>>, samples = false) {
  const read = (path: string) => {
    const found = files[path];
    if (!found) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
    return found;
  };
  return loadKeyRing(sources, read, { samples });
}

/** The problem of the only certificate of the only project. */
function problemOf(content: SecretFile, parts: Partial<ProjectSource> = {}): string | undefined {
  return problemsOf([project(parts)], { "/run/first": content })[0]?.message;
}

function problemsOf(sources: readonly ProjectSource[], files: Readonly<Record<string, SecretFile>>) {
  try {
    load(sources, files);
    return [];
  } catch (error) {
    if (error instanceof KeyRingInvalid) return error.problems;
    throw error;
  }
}

test.each([
  ["as it is", DIGITS],
  ["with a newline", `${DIGITS}\n`],
  ["with that of Windows", `${DIGITS}\r\n`],
])("a certificate %s is loaded, and the bytes that were read are wiped", (_, text) => {
  const content = file(text);
  const ring = load([project()], { "/run/first": content });
  const live = ring.project("live");
  expect(live && signer(live)?.id).toBe("first");
  expect(live && Buffer.from(signer(live)?.secret.reveal() ?? []).toString()).toBe(DIGITS);
  expect(content.bytes.every((byte) => byte === 0)).toBe(true);
  expect(Object.keys(live ?? {}).toSorted()).toEqual(["allowToken006", "appId", "certificates", "id", "maxTtl"]);
});

describe("who may read the file", () => {
  test.each([0o400, 0o600, 0o700])("its owner alone: %o", (mode) => {
    expect(problemOf(file(DIGITS, { mode }))).toBeUndefined();
  });

  test.each([0o440, 0o404, 0o644, 0o640, 0o610, 0o601, 0o660])("others too: %o", (mode) => {
    expect(problemOf(file(DIGITS, { mode }))).toBe(
      `readable file: others than its owner may use it (mode 0${mode.toString(8)}); make its mode 0400 with chmod, or state allow_readable_files: true for the project (/run/first)`,
    );
    expect(problemOf(file(DIGITS, { mode, projected: true }))).toBeUndefined();
    expect(problemOf(file(DIGITS, { mode }), { allowReadableFiles: true })).toBeUndefined();
  });

  test.each([0o602, 0o646, 0o777])("and whoever may write it, always: %o", (mode) => {
    const problem = /^writable file: every user of this machine may write it; make its mode 0400 with chmod/;
    expect(problemOf(file(DIGITS, { mode }))).toMatch(problem);
    expect(problemOf(file(DIGITS, { mode, projected: true }), { allowReadableFiles: true })).toMatch(problem);
  });
});

describe("what the file holds", () => {
  test.each([
    ["0".repeat(32), /^weak certificate: it has 1 different digits/],
    ["0123456".repeat(5).slice(0, 32), /^weak certificate: it has 7 different digits/],
    // In either case a digit is the same digit.
    ["aAbBcCdD".repeat(4), /^weak certificate: it has 4 different digits/],
    [SAMPLE_CERTIFICATE, /^sample certificate: everybody can sign with it/],
    [SAMPLE_CERTIFICATE.toLowerCase(), /^sample certificate: /],
    [SAMPLE_CERTIFICATE.toUpperCase(), /^sample certificate: /],
    ["", /^an App Certificate has 32 hexadecimal digits, and 0 bytes are there/],
    [`${DIGITS}\n\n`, /and 33 bytes are there/],
    [` ${DIGITS.slice(1)}`, /^byte 1 of the App Certificate is no hexadecimal digit/],
  ])("%j is refused, and not told", (text, expected) => {
    const problem = problemOf(file(text));
    expect(problem).toMatch(expected);
    expect(problem).toMatch(/ \(\/run\/first\)$/);
    if (text.trim() !== "") expect(problem?.toLowerCase()).not.toContain(text.trim().slice(0, 12).toLowerCase());
  });

  test("eight different digits are enough", () => {
    expect(problemOf(file("01234567".repeat(4)))).toBeUndefined();
  });

  test.each([SAMPLE_APP_ID, SAMPLE_APP_ID.toLowerCase()])("the App ID of the samples is refused: %s", (appId) => {
    const [problem] = problemsOf([project({ appId })], { "/run/first": file(DIGITS) });
    expect(problem).toMatchObject({ project: 0, certificate: undefined });
    expect(problem?.message).toMatch(/^sample App ID: .*--unsafe-samples/);
  });

  test("the samples are let in where that is asked for", () => {
    const ring = load([project({ appId: SAMPLE_APP_ID })], { "/run/first": file(SAMPLE_CERTIFICATE) }, true);
    expect(ring.projectOfAppId(SAMPLE_APP_ID)?.certificates).toHaveLength(1);
  });

  test("one certificate twice is a file in the wrong place", () => {
    const certificates = [
      { id: "old", state: "revoked", file: "/run/first" },
      { id: "new", state: "primary", file: "/run/second" },
    ] as const;
    const other = project({ id: "test", appId: "f".repeat(32), certificates: [certificates[1]] });
    const files = { "/run/first": file(OTHER), "/run/second": file(OTHER) };
    expect(problemsOf([project({ certificates })], files)).toEqual([
      {
        project: 0,
        certificate: 1,
        message: "repeated certificate: it is that of live/old too; copy the right one here",
      },
    ]);
    const across = problemsOf([project(), other], { "/run/first": file(OTHER), "/run/second": file(OTHER) });
    expect(across).toMatchObject([{ project: 1, certificate: 0, message: expect.stringContaining("live/first") }]);
  });
});

test("all problems are told together, in the order of the files", () => {
  const certificates = ["a", "b", "c"].map((id) => ({ id, state: "standby" as const, file: `/run/${id}` }));
  const problems = problemsOf([project({ certificates }), project({ id: "test", appId: SAMPLE_APP_ID })], {
    "/run/b": file("x"),
    "/run/first": file(DIGITS, { mode: 0o666 }),
  });
  expect(
    problems.map(({ project, certificate, message }) => `${project} ${certificate} ${message.split(":")[0]}`),
  ).toEqual([
    "0 0 the file does not exist (/run/a)",
    "0 1 an App Certificate has 32 hexadecimal digits, and 1 bytes are there (/run/b)",
    "0 2 the file does not exist (/run/c)",
    "1 undefined sample App ID",
    "1 0 writable file",
  ]);
});

test("what is no fault of a file is not taken for one", () => {
  const broken = () => {
    throw new TypeError("a mistake of ours");
  };
  expect(() => loadKeyRing([project()], broken, { samples: false })).toThrow(TypeError);
});
