import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { APP_ID, commandsOf, run, type Server, startServer } from "./harness.ts";
import { requires } from "./programs.ts";
import { addRow } from "./table.ts";

/** A language that calls the service. */
export interface Language {
  /** As the README's heading has it. */
  readonly name: string;
  /** Its folder here. */
  readonly folder: string;
  /** Programs that must be there. */
  readonly needs: readonly string[];
  /** Commands, run in its folder, that print what made the stubs, and its version. */
  readonly generator: string;
  /** What its check calls the code of Agora that it hands the token to. */
  readonly parser: string;
  /** Whose code that is, where the language's own is in no registry. */
  readonly parserOf?: string;
}

/** Runs what the README says under the language's heading, and compares every value that the two programs print. */
export function testQuickStart({ name, folder, needs, generator, parser, parserOf }: Language): void {
  describe.skipIf(needs.some(requires))(name, () => {
    let server: Server;
    beforeAll(async () => {
      server = await startServer();
    });
    afterAll(() => server.stop());

    test("calls the service, and Agora's code verifies the token", async () => {
      const start = performance.now();
      const printed = await run(commandsOf(name), server);
      const seconds = Math.round((performance.now() - start) / 1000);
      const [called = {}, checked = {}, ...more] = printed.match(/^[^{\n]*\{.*\}/gm)?.map(json) ?? [];
      expect(more).toEqual([]);
      expect(called).toEqual(ANSWERS);
      expect(called["token"]).not.toBe(called["renewed"]);
      expect(plain(called["status"])).toBe("invalidargument");
      expect(checked).toEqual({ ...VERIFIED, parser });
      addRow({
        language: name,
        runtime: String(called["runtime"]),
        "stub generator": (await run(`cd test/interop/${folder}\n${generator}`)).trim().replaceAll(/\s+/g, " "),
        calls: Number(called["calls"]),
        "official parser": parserOf === undefined ? parser : `${parser}, of ${parserOf}`,
        answer: checked["verified"] && !checked["forged"] ? "verified" : "refused",
        seconds,
      });
    });
  });
}

const TOKEN = expect.stringMatching(/^007[A-Za-z0-9+/]+=*$/);

/** What each quick start prints: it builds for a channel and a user, renews for two hours, inspects, and is refused. */
const ANSWERS = {
  runtime: expect.stringMatching(/\d/),
  calls: 4,
  app_id: APP_ID,
  token: TOKEN,
  renewed: TOKEN,
  verdict: "VERDICT_ACCEPTED",
  channel: "room-1",
  uid: 42,
  status: expect.any(String),
  reason: "REQUEST_INVALID",
  field: "grants[0].rtc.channel_name",
};

/** What Agora's code says of the renewed token; `forged` is whether another certificate would do, too. */
const VERIFIED = {
  app_id: APP_ID,
  ttl: 7200,
  channel: "room-1",
  uid: "42",
  privileges: { 1: 7200, 2: 7200, 3: 7200, 4: 7200 },
  verified: true,
  forged: false,
};

// Maven writes colours before a line, even into a pipe.
function json(line: string): Record<string, unknown> {
  return JSON.parse(line.slice(line.indexOf("{")));
}

// Languages spell INVALID_ARGUMENT as they spell names.
function plain(status: unknown): string {
  return String(status).replaceAll("_", "").toLowerCase();
}
