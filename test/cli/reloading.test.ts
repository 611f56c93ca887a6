import { describe, expect, test } from "vitest";
import type { ReadFile } from "../../src/cli/files.ts";
import { type SelfCheck, selfCheckAt } from "../../src/cli/load.ts";
import { Reloading, type ReloadResult } from "../../src/cli/reloading.ts";
import { SelfCheckFailed } from "../../src/keyring/self-check.ts";
import { CERTIFICATES, type ConfigParts, configIn } from "./files.ts";

const T0 = 1_790_000_000;
const FILE = "/etc/tokend.yaml";

/** A service that follows files in memory, by a clock that the test turns. */
class Follower {
  now = T0;
  readonly files = new Map<string, string>();
  readonly modes = new Map<string, number>();
  readonly results: ReloadResult[] = [];
  readonly signing: boolean[] = [];
  /** Is called before a file is read. */
  beforeRead: (path: string) => void = () => undefined;
  selfCheck: SelfCheck = selfCheckAt(() => this.now);
  #reloading: Reloading | undefined;

  constructor(parts: ConfigParts = {}) {
    for (const [id, digits] of Object.entries(CERTIFICATES)) this.files.set(`/run/${id}`, digits);
    this.configure(parts);
  }

  get reloading(): Reloading {
    if (!this.#reloading) throw new Error("not started");
    return this.#reloading;
  }

  configure(parts: ConfigParts): void {
    this.files.set(FILE, configIn("/run", parts));
  }

  async start(): Promise<this> {
    this.#reloading = await Reloading.start({
      file: FILE,
      read: this.#read,
      rules: { samples: false },
      selfCheck: (ring) => this.selfCheck(ring),
      clock: () => this.now,
      onReload: (result) => this.results.push(result),
      onSigning: (right) => this.signing.push(right),
    });
    return this;
  }

  /** Looks twice: once to see a change, and once to find it settled. */
  async settle(): Promise<void> {
    await this.reloading.poll();
    await this.reloading.poll();
  }

  /** The states of the certificates in use, by ID. */
  get states(): Readonly<Record<string, string>> {
    const project = this.reloading.current.composition.keyRing.project("live");
    return Object.fromEntries((project?.certificates ?? []).map(({ id, state }) => [id, state]));
  }

  get outcomes(): string[] {
    return this.results.map(({ outcome }) => outcome);
  }

  /** The problems of the last result. */
  get problems(): readonly string[] {
    const last = this.results.at(-1);
    return last?.outcome === "refused" ? last.problems : [];
  }

  readonly #read: ReadFile = async (path) => {
    this.beforeRead(path);
    const text = this.files.get(path);
    if (text === undefined) throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    return { bytes: Buffer.from(text), mode: this.modes.get(path) ?? 0o400, projected: false };
  };
}

const ROTATED = { certificates: { a: "retiring", b: "primary" } } as const;

describe("a change", () => {
  test("is taken when a second look finds the same, and told once", async () => {
    const follower = await new Follower().start();
    const before = follower.reloading.current;
    await follower.settle();
    expect(follower.reloading.current).toBe(before);
    follower.configure(ROTATED);
    await follower.reloading.poll();
    expect(follower.states).toEqual({ a: "primary" });
    await follower.reloading.poll();
    expect(follower.states).toEqual({ a: "retiring", b: "primary" });
    await follower.settle();
    expect(follower.results).toEqual([{ outcome: "applied", notes: [] }]);
  });

  test("of a certificate file alone is a change", async () => {
    const follower = await new Follower(ROTATED).start();
    follower.files.set("/run/b", CERTIFICATES.c);
    follower.configure({ ...ROTATED, project: "acknowledge_live_tokens: true" });
    await follower.settle();
    const ring = follower.reloading.current.composition.keyRing;
    const secret = ring.project("live")?.certificates[1]?.secret.reveal() ?? new Uint8Array();
    expect(Buffer.from(secret).toString()).toBe(CERTIFICATES.c);
  });

  test("of permissions alone is a change", async () => {
    const follower = await new Follower().start();
    follower.modes.set("/run/a", 0o444);
    await follower.settle();
    expect(follower.problems).toEqual([expect.stringContaining("readable file: ")]);
    follower.modes.delete("/run/a");
    await follower.settle();
    expect(follower.outcomes).toEqual(["refused", "applied"]);
  });

  test("that goes on is waited for", async () => {
    const follower = await new Follower().start();
    for (const channel of ["one", "two", "three"]) {
      follower.configure({ channels: channel });
      await follower.reloading.poll();
    }
    expect(follower.results).toEqual([]);
    await follower.reloading.poll();
    expect(follower.reloading.current.settings.permits[0]?.channels).toEqual(["three"]);
  });

  test("that is taken back before it settled is none", async () => {
    const follower = await new Follower().start();
    follower.configure({ channels: "other" });
    await follower.reloading.poll();
    follower.configure({});
    await follower.settle();
    expect(follower.results).toEqual([]);
  });

  test("in the middle of a reading is not taken by halves", async () => {
    const follower = await new Follower().start();
    let writes = 0;
    // The writer is always one step ahead of the reader.
    follower.beforeRead = (path) => {
      if (path !== FILE) follower.configure({ channels: `room-${writes++}` });
    };
    await follower.reloading.reload();
    expect(follower.problems).toEqual([expect.stringContaining("is being written")]);
    expect(follower.reloading.current.settings.permits[0]?.channels).toEqual(["room-*"]);
    follower.beforeRead = () => undefined;
    await follower.settle();
    expect(follower.outcomes).toEqual(["refused", "applied"]);
  });

  test("is taken at once when that is asked for, even if there is none", async () => {
    const follower = await new Follower().start();
    follower.configure(ROTATED);
    await follower.reloading.reload();
    expect(follower.states).toEqual({ a: "retiring", b: "primary" });
    const before = follower.reloading.current;
    await follower.reloading.reload();
    expect(follower.reloading.current).not.toBe(before);
    expect(follower.outcomes).toEqual(["applied", "applied"]);
    await follower.settle();
    expect(follower.results).toHaveLength(2);
  });

  test("and another are looked at one after the other", async () => {
    const follower = await new Follower().start();
    follower.configure({ channels: "first" });
    const first = follower.reloading.reload();
    const second = follower.reloading.reload();
    await Promise.all([first, follower.reloading.poll(), second]);
    expect(follower.outcomes).toEqual(["applied", "applied"]);
  });

  test.each([
    ["listen", { listen: '[{ address: 127.0.0.1:0 }, { address: "unix:/run/tokend.sock" }]' }],
    ["listen", { listen: "[{ address: 127.0.0.1:50051 }]" }],
    ["reflection", { rest: "reflection: false" }],
    ["limits", { rest: "limits: { max_message_bytes: 4096 }" }],
  ])("of %s waits for a restart, and the rest does not", async (key, parts) => {
    const follower = await new Follower().start();
    follower.configure({ ...parts, channels: "other" });
    await follower.settle();
    const notes = [`${key} has changed: restart for it to take effect`];
    expect(follower.results).toEqual([{ outcome: "applied", notes }]);
    expect(follower.reloading.current.settings.permits[0]?.channels).toEqual(["other"]);
    // It is compared with what runs, not with what was last read.
    follower.configure({ ...parts, channels: "another" });
    await follower.settle();
    expect(follower.results.at(-1)).toEqual({ outcome: "applied", notes });
    follower.configure({});
    await follower.settle();
    expect(follower.results.at(-1)).toEqual({ outcome: "applied", notes: [] });
  });
});

/** Thirty files that nobody can use, and what is said of each. */
const BROKEN: readonly (readonly [string, (text: string) => string, RegExp])[] = [
  ["nothing", () => "", /the file is empty/],
  ["blanks", () => "  \n\n", /the file is empty/],
  ["a comment", () => "# soon\n", /the file is empty/],
  ["a word", () => "hello\n", /must be a mapping/],
  ["a list", () => "- projects\n", /must be a mapping/],
  ["binary", () => "\u0000\u0001", /control character|must be a mapping|cannot begin|does not belong/],
  ["JSON cut short", () => '{ "projects": [', /a bracket is not closed/],
  ["a tab", (text) => text.replace("  - id", "\t- id"), /tabs|indentation|does not belong/],
  ["two documents", (text) => `${text}---\n${text}`, /second document/],
  ["a directive", (text) => `%YAML 1.1\n---\n${text}`, /directives/],
  ["an anchor", (text) => text.replace("[live]", "&x [live]"), /anchors/],
  ["a tag", (text) => text.replace("[live]", "!!seq [live]"), /tags/],
  ["a key twice", (text) => `${text}callers: []\n`, /twice/],
  ["a key misspelt", (text) => text.replace("max_ttl", "max_tll"), /did you mean `max_ttl`/],
  ["no projects", (text) => text.replace(/projects:\n(.*\n){5}/, ""), /projects: is missing/],
  ["an App ID as a number", (text) => text.replace(/app_id: .*/, "app_id: 12"), /projects\[0\]\.app_id: must be/],
  ["a state that is none", (text) => text.replace("primary", "main"), /standby, primary, retiring or revoked/],
  ["two primaries", (text) => text.replace("state: standby", "state: primary"), /only one can sign/],
  ["a certificate file that is not there", (text) => text.replace("/run/a", "/run/x"), /the file does not exist/],
  ["a certificate file with another secret twice", (text) => text.replace("/run/b", "/run/a"), /repeated certificate/],
  ["a caller that is none", (text) => text.replace("callers: [local]", "callers: [loca]"), /did you mean `local`/],
  ["a project that is none", (text) => text.replace("projects: [live]", "projects: [test]"), /there is no project/],
  ["a method that is none", (text) => text.replace('["*"]', "[Build]"), /there is no method/],
  ["a lifetime without a unit", (text) => text.replace("3600s", "3600"), /write 3600s/],
  ["no lifetime", (text) => text.replace("max_ttl: 3600s", ""), /no lifetime: the row permits to build/],
  ["a limit over the limit", (text) => `${text}limits: { max_message_bytes: 1 }\n`, /from 1024 to 4194304/],
  ["no caller", (text) => text.replace(/callers: \[\{.*/, "callers: []").replace("[local]", "[]"), /no caller: /],
  ["plain text off loopback", (text) => text.replace("127.0.0.1", "0.0.0.0"), /plain text off loopback/],
  ["a pattern that is no text", (text) => text.replace('"room-*"', "7"), /quote it/],
  ["a file too large", (text) => text + "#".repeat(9 * 1024 * 1024), /is larger than/],
];

describe("what is broken is refused, and what was last good stays", () => {
  test("for thirty files", () => expect(BROKEN).toHaveLength(30));

  test.each(BROKEN)("%s", async (_, breakIt, expected) => {
    const follower = await new Follower({ certificates: { a: "primary", b: "standby" } }).start();
    const good = follower.files.get(FILE) ?? "";
    const before = follower.reloading.current;
    const broken = breakIt(good);
    expect(broken).not.toBe(good);
    follower.files.set(FILE, broken);
    await follower.settle();
    await follower.settle();
    expect(follower.outcomes).toEqual(["refused"]);
    expect(follower.problems.join("\n")).toMatch(expected);
    for (const problem of follower.problems) expect(problem).toMatch(/^\/etc\/tokend\.yaml[: ]/);
    expect(follower.reloading.current).toBe(before);
    follower.files.set(FILE, good);
    await follower.settle();
    expect(follower.outcomes).toEqual(["refused", "applied"]);
    expect(follower.signing).toEqual([]);
  });

  test("a file that is gone for a while", async () => {
    const follower = await new Follower().start();
    const good = follower.files.get(FILE) ?? "";
    follower.files.delete(FILE);
    await follower.settle();
    expect(follower.problems).toEqual([`${FILE}: cannot be read: there is no such file`]);
    follower.files.set(FILE, good);
    await follower.settle();
    expect(follower.outcomes).toEqual(["refused", "applied"]);
  });

  test("a certificate cut at any byte", async () => {
    const follower = await new Follower().start();
    for (let length = 0; length < 32; length++) {
      follower.files.set("/run/a", CERTIFICATES.a.slice(0, length));
      await follower.settle();
    }
    expect(follower.outcomes).toEqual(Array(32).fill("refused"));
    expect(follower.problems.join()).not.toContain(CERTIFICATES.a.slice(0, 8));
    expect(follower.states).toEqual({ a: "primary" });
  });

  test("a mistake of ours, without its message, which may hold anything", async () => {
    const follower = await new Follower().start();
    follower.selfCheck = () => {
      throw new RangeError(CERTIFICATES.a);
    };
    await follower.reloading.reload();
    expect(follower.problems).toEqual(["internal error: RangeError"]);
  });

  test("the start does not begin with it", async () => {
    const follower = new Follower({ certificates: { x: "primary" } });
    await expect(follower.start()).rejects.toThrow(
      "projects[0].certificates[0].file: the file does not exist (/run/x)",
    );
  });
});

describe("tokens that live", () => {
  const dropped = { certificates: { b: "primary" } } as const;

  test("keep the certificate that signed them, until they have ended or the operator says so", async () => {
    const follower = await new Follower({
      certificates: { a: "primary", b: "standby" },
      project: "max_ttl: 600s",
    }).start();
    follower.configure({ ...dropped, project: "max_ttl: 600s" });
    await follower.settle();
    expect(follower.problems).toEqual([
      "live tokens: certificate a of project live would be dropped, and tokens that it signed may live until " +
        "2026-09-21T14:23:20Z; make another certificate the primary and this one retiring first, or state " +
        "acknowledge_live_tokens: true for the project",
    ]);
    follower.configure({ ...ROTATED, project: "max_ttl: 600s" });
    await follower.settle();
    expect(follower.states).toEqual({ a: "retiring", b: "primary" });

    follower.now += 599;
    follower.configure({ ...dropped, project: "max_ttl: 600s" });
    await follower.settle();
    expect(follower.problems).toEqual([expect.stringContaining("leave it as it is until then")]);
    expect(follower.states).toEqual({ a: "retiring", b: "primary" });
    // Nothing is told while nothing changes, and the change is taken by itself when it may be.
    await follower.settle();
    expect(follower.outcomes).toEqual(["refused", "applied", "refused"]);
    follower.now += 1;
    await follower.reloading.poll();
    expect(follower.outcomes).toEqual(["refused", "applied", "refused", "applied"]);
    expect(follower.states).toEqual({ b: "primary" });
  });

  test.each([
    ["dropped", dropped.certificates],
    ["revoked", { a: "revoked", b: "primary" }],
  ])("may be ended with acknowledge_live_tokens: %s", async (_, certificates) => {
    const follower = await new Follower({ certificates: { a: "primary", b: "standby" } }).start();
    follower.configure({ certificates });
    await follower.settle();
    expect(follower.outcomes).toEqual(["refused"]);
    follower.configure({ certificates, project: "acknowledge_live_tokens: true" });
    await follower.settle();
    expect(follower.outcomes).toEqual(["refused", "applied"]);
    expect(follower.states).toEqual(certificates);
    // It is for this change, not for the next.
    follower.configure({ certificates: { c: "primary" } });
    await follower.settle();
    expect(follower.problems).toEqual([expect.stringContaining("certificate b of project live would be dropped")]);
  });

  test("keep their project, unless that said so before", async () => {
    const other = (more: string) =>
      `[{ id: other, app_id: "${"0123456789abcdef".repeat(2)}", certificates: [{ id: c, state: primary, file: /run/c }]${more} }]`;
    const both = (more: string, rest = "") =>
      configIn("/run").replace("\ncallers", `\n  ${other(more).slice(2, -2).replace(/^/, "- {")} }\ncallers`) + rest;
    const follower = new Follower();
    follower.files.set(FILE, both(""));
    await follower.start();
    follower.configure({});
    await follower.settle();
    expect(follower.problems).toEqual([
      expect.stringMatching(
        /^live tokens: certificate c of project other would be removed with its project, .*, and remove it after that$/,
      ),
    ]);
    follower.files.set(FILE, both(", acknowledge_live_tokens: true"));
    await follower.settle();
    follower.configure({});
    await follower.settle();
    expect(follower.outcomes).toEqual(["refused", "applied", "applied"]);
    expect(follower.reloading.current.composition.keyRing.project("other")).toBeUndefined();
  });
});

describe("the self-check", () => {
  const fail = () => {
    throw new SelfCheckFailed(["self-check: project live cannot verify the token that it signs"]);
  };

  test("keeps the last good key ring", async () => {
    const follower = await new Follower({ certificates: { a: "primary", b: "standby" } }).start();
    const good = follower.reloading.current.composition.keyRing;
    follower.selfCheck = (ring) => (ring === good ? undefined : fail());
    follower.configure(ROTATED);
    await follower.settle();
    expect(follower.problems).toEqual([expect.stringContaining("self-check: ")]);
    expect(follower.states).toEqual({ a: "primary", b: "standby" });
    expect(follower.signing).toEqual([]);
  });

  test("stops the service when the last good key ring fails too, until it passes again", async () => {
    const follower = await new Follower().start();
    follower.selfCheck = fail;
    follower.configure(ROTATED);
    await follower.settle();
    expect(follower.signing).toEqual([false]);
    await follower.settle();
    expect(follower.signing).toEqual([false]);
    expect(follower.outcomes).toEqual(["refused"]);
    follower.selfCheck = () => undefined;
    await follower.reloading.poll();
    expect(follower.signing).toEqual([false, true]);
    expect(follower.outcomes).toEqual(["refused", "applied"]);
    expect(follower.states).toEqual({ a: "retiring", b: "primary" });
  });

  test("is not begun without", async () => {
    const follower = new Follower();
    follower.selfCheck = fail;
    await expect(follower.start()).rejects.toThrow(SelfCheckFailed);
  });
});
