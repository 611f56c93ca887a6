// What the server is made of: what the lock file says, what may run at an installation, what is told of it.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, describe, expect, test } from "vitest";

interface Locked {
  readonly version: string;
  readonly name?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly inBundle?: boolean;
}

interface Component {
  readonly "bom-ref": string;
  readonly properties?: readonly { readonly name: string }[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const packages = Object.entries<Locked>(lock.packages).filter(([path]) => path !== "");
const folder = mkdtempSync(join(tmpdir(), "agora-tokend-"));
afterAll(() => rmSync(folder, { recursive: true }));

function nameOf(path: string, { name, version }: Locked): string {
  return `${name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)}@${version}`;
}

function namesOf(holds: (locked: Locked) => boolean): string[] {
  const names = packages.filter(([, locked]) => holds(locked)).map(([path, locked]) => nameOf(path, locked));
  return [...new Set(names)].sort();
}

describe("the lock file", () => {
  test("is of version 3, and says what package.json says", () => {
    expect(lock.lockfileVersion).toBe(3);
    const { dependencies, devDependencies, version } = lock.packages[""];
    expect({ dependencies, devDependencies, version }).toEqual({
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies,
      version: manifest.version,
    });
  });

  test("pins what each package holds", () => {
    expect(namesOf(({ integrity, inBundle }) => !inBundle && !/^sha512-[\w+/]{86}==$/.test(integrity ?? ""))).toEqual(
      [],
    );
  });

  test("names no place but a registry, and no registry but one", () => {
    const hosts = packages.flatMap(([, { resolved }]) => (resolved === undefined ? [] : [new URL(resolved).host]));
    expect(new Set(hosts).size).toBeLessThanOrEqual(1);
  });

  test("has dependencies in exact versions, and few of them at run time", () => {
    for (const [name, range] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }))
      expect(range, name).toMatch(/^\d+\.\d+\.\d+$/);
    expect(Object.keys(manifest.dependencies).length).toBeLessThanOrEqual(10);
  });
});

describe("scripts of packages", () => {
  // esbuild and buf check that their binary came with its package; protobufjs prints a hint for those who use
  // it. Whoever adds one here has tried `npm ci --ignore-scripts && npm test` without it.
  const NOT_NEEDED = ["@bufbuild/buf", "esbuild", "protobufjs"];

  test("are few, known, and needed by nothing: `npm ci --ignore-scripts` suffices", () => {
    const names = namesOf(({ hasInstallScript }) => hasInstallScript === true);
    expect([...new Set(names.map((name) => name.slice(0, name.lastIndexOf("@"))))]).toEqual(NOT_NEEDED);
  });
});

describe("the bill of materials", () => {
  const file = join(folder, "sbom.json");
  execFileSync("node", [".ci/sbom.mjs", file], { stdio: ["ignore", "ignore", "pipe"] });
  const bom = JSON.parse(readFileSync(file, "utf8"));
  const components: readonly Component[] = bom.components;
  const isForDevelopment = ({ properties }: Component) =>
    properties?.some(({ name }) => name === "cdx:npm:package:development") ?? false;

  test("is CycloneDX, of this package, and the same for the same lock file", () => {
    expect(bom).toMatchObject({ bomFormat: "CycloneDX", specVersion: expect.stringMatching(/^1\.[5-9]$/) });
    expect(bom.metadata.component).toMatchObject({ name: manifest.name, version: manifest.version });
    // The time and a random number would differ from run to run.
    expect(bom).not.toHaveProperty("serialNumber");
    expect(bom.metadata).not.toHaveProperty("timestamp");
  });

  test("lists what the lock file lists, no more and no less, with the same digests", () => {
    expect([...new Set(components.map((each) => each["bom-ref"]))].sort()).toEqual(namesOf(() => true));
    const digests = new Map(packages.map(([path, locked]) => [nameOf(path, locked), locked.integrity]));
    for (const { "bom-ref": name, hashes } of components) {
      const [hash] = hashes ?? [];
      const integrity = `sha512-${Buffer.from(hash?.content ?? "", "hex").toString("base64")}`;
      if (digests.get(name) !== undefined) expect(integrity, name).toBe(digests.get(name));
    }
  });

  test("tells what is shipped from what only builds and tests it", () => {
    const shipped = components.filter((each) => !isForDevelopment(each)).map((each) => each["bom-ref"]);
    expect(shipped.sort()).toEqual(namesOf(({ dev, devOptional }) => !dev && !devOptional));
    expect(shipped.length).toBeLessThan(components.length / 2);
  });
});

describe("the licenses", () => {
  test("of everything in the bundle go with it, each with its text", async () => {
    const { metafile } = await build({
      entryPoints: ["src/main.ts"],
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      metafile: true,
      write: false,
      logLevel: "silent",
    });
    const meta = join(folder, "meta.json");
    writeFileSync(meta, JSON.stringify(metafile));
    const output = join(folder, "LICENSES.txt");
    execFileSync("node", [".ci/licenses.mjs", meta, output]);
    const sections = readFileSync(output, "utf8").split(/^-{80}$/m);
    const bundled = new Set(
      Object.keys(metafile.inputs).flatMap((input) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? []),
    );
    expect(sections.map((section) => section.trim().split(" ")[0])).toEqual([...bundled].sort());
    for (const section of sections) expect(section.length, section.slice(0, 60)).toBeGreaterThan(400);
    // All that is bundled is of the bill of materials, as shipped.
    const shipped = namesOf(({ dev, devOptional }) => !dev && !devOptional);
    for (const name of bundled)
      expect(
        shipped.some((each) => each.startsWith(`${name}@`)),
        name,
      ).toBe(true);
  });
});
