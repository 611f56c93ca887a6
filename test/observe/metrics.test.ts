import { describe, expect, test } from "vitest";
import { Metrics } from "../../src/observe/metrics.ts";
import { TABLE } from "../../src/observe/table.ts";

const METHOD = "agora.token.v1.TokenService/BuildToken";
const metrics = () => new Metrics({ version: "1.2.3", nodeVersion: "v20.0.0", methods: [METHOD] });

/** What is told of metrics whose names begin so. */
async function told(from: Metrics, name: string): Promise<string[]> {
  const { text } = await from.page();
  return text.split("\n").filter((line) => line.startsWith(name));
}

describe("series", () => {
  test("are no more than 201 callers, however many call", async () => {
    const all = metrics();
    const token = { project: "live", version: "007", services: ["rtc"], renewed: false };
    for (let n = 0; n < 10_000; n++) all.callAnswered(`caller-${n}`, [token]);
    for (let n = 0; n < 10_000; n++) all.callRefused(METHOD, "NOT_PERMITTED", `caller-${n}`);
    const byCaller = await told(all, TABLE.issuedTo.name);
    expect(byCaller).toHaveLength(201);
    expect(byCaller.at(-1)).toBe(`${TABLE.issuedTo.name}{caller="other"} 9800`);
    expect(await told(all, TABLE.byCaller.name)).toHaveLength(402);
  });

  test("are no more than 1001 projects", async () => {
    const all = metrics();
    for (let n = 0; n < 3000; n++) {
      all.callAnswered("lobby", [{ project: `p-${n}`, version: "007", services: ["rtc"], renewed: true }]);
    }
    expect(await told(all, TABLE.issued.name)).toHaveLength(1001);
    expect((await told(all, TABLE.renewed.name)).at(-1)).toBe(`${TABLE.renewed.name}{project="other"} 2000`);
  });

  test("are no more for methods that are made up", async () => {
    const all = metrics();
    for (let n = 0; n < 10_000; n++) all.callEnded(`made.up/M${n}`, "UNIMPLEMENTED", 0.001);
    expect(await told(all, `${TABLE.calls.name}_count`)).toEqual([
      `${TABLE.calls.name}_count{rpc_method="_OTHER",rpc_response_status_code="UNIMPLEMENTED"} 10000`,
    ]);
  });

  test("are no more than 1000 certificates, all of which are counted", async () => {
    const all = metrics();
    const certificates = [
      { id: "a", state: "primary" },
      { id: "b", state: "retiring" },
    ];
    const projects = Array.from({ length: 10_000 }, (_, n) => ({ id: `p-${n}`, certificates }));
    all.watch({ configuration: () => ({ hash: "0", loadedAt: 1, projects }) });
    expect(await told(all, TABLE.certificate.name)).toHaveLength(1000);
    expect(await told(all, `${TABLE.certificates.name}{`)).toContain(
      `${TABLE.certificates.name}{state="primary"} 10000`,
    );
  });
});

test("a token of several services counts once for each, and once for its caller", async () => {
  const all = metrics();
  all.callAnswered("lobby", [{ project: "live", version: "007", services: ["rtc", "rtm"], renewed: false }]);
  all.callAnswered("lobby", []);
  expect(await told(all, TABLE.issued.name)).toEqual([
    `${TABLE.issued.name}{project="live",service="rtc",version="007"} 1`,
    `${TABLE.issued.name}{project="live",service="rtm",version="007"} 1`,
  ]);
  expect(await told(all, TABLE.issuedTo.name)).toEqual([`${TABLE.issuedTo.name}{caller="lobby"} 1`]);
  expect(await told(all, TABLE.byCaller.name)).toEqual([`${TABLE.byCaller.name}{caller="lobby",outcome="answered"} 2`]);
});

test("what is counted elsewhere is a counter that never goes back", async () => {
  const all = metrics();
  let lost = 3;
  all.watch({ audit: () => ({ onFull: "drop", queuedBytes: 7, lost, suppressed: 0, healthy: false }) });
  const line = async () => (await told(all, TABLE.auditLost.name))[0];
  expect(await line()).toBe(`${TABLE.auditLost.name}{on_full="drop"} 3`);
  expect(await line()).toBe(`${TABLE.auditLost.name}{on_full="drop"} 3`);
  lost = 5;
  expect(await line()).toBe(`${TABLE.auditLost.name}{on_full="drop"} 5`);
  expect(await told(all, TABLE.auditWriting.name)).toEqual([`${TABLE.auditWriting.name} 0`]);
});

test("what is gone from the configuration is gone from the series", async () => {
  const all = metrics();
  const state = { hash: "a", projects: [{ id: "live", certificates: [{ id: "x", state: "standby" }] }] };
  let issuers = [{ issuer: "https://a.example", age: Number.POSITIVE_INFINITY, usable: false }];
  all.watch({ configuration: () => ({ loadedAt: 1, ...state }), issuers: () => issuers });
  expect(await told(all, TABLE.certificate.name)).toHaveLength(1);
  expect(await told(all, TABLE.unsigning.name)).toEqual([`${TABLE.unsigning.name} 1`]);
  expect(await told(all, TABLE.keyAge.name)).toEqual([]);
  expect(await told(all, TABLE.keysUsable.name)).toEqual([`${TABLE.keysUsable.name}{issuer="https://a.example"} 0`]);
  state.hash = "b";
  state.projects = [];
  issuers = [{ issuer: "https://b.example", age: 12, usable: true }];
  expect(await told(all, TABLE.certificate.name)).toEqual([]);
  expect(await told(all, TABLE.config.name)).toEqual([`${TABLE.config.name}{hash="b"} 1`]);
  expect(await told(all, TABLE.keyAge.name)).toEqual([`${TABLE.keyAge.name}{issuer="https://b.example"} 12`]);
});

test("counters are there before they move, so that their first move is an increase", async () => {
  const all = metrics();
  all.watch({
    tls: () => [{ listener: "0.0.0.0:443", notAfter: 5 }],
    issuers: () => [{ issuer: "https://a.example", age: 1, usable: true }],
  });
  for (const { name } of [
    TABLE.shed,
    TABLE.reloads,
    TABLE.clockSteps,
    TABLE.faults,
    TABLE.tlsReloads,
    TABLE.keyReads,
  ]) {
    const lines = await told(all, `${name}{`);
    expect(lines.length, name).toBeGreaterThan(1);
    for (const line of lines) expect(line).toMatch(/ 0$/);
  }
});

test("steps of the clock", async () => {
  const all = metrics();
  all.clockStepped(-3600);
  all.clockStepped(6);
  all.clockJudged(false);
  expect(await told(all, `${TABLE.clockSteps.name}{`)).toEqual([
    `${TABLE.clockSteps.name}{direction="forward"} 1`,
    `${TABLE.clockSteps.name}{direction="back"} 1`,
  ]);
  expect(await told(all, `${TABLE.clockStep.name} `)).toEqual([`${TABLE.clockStep.name} 6`]);
  expect(await told(all, TABLE.clockRight.name)).toEqual([`${TABLE.clockRight.name} 0`]);
});

test("calls that are shed are counted by why, and calls in progress until they end", async () => {
  const all = metrics();
  const shed = () => told(all, `${TABLE.shed.name}{`);
  const inFlight = () => told(all, `${TABLE.inFlight.name} `);
  for (const why of ["lag", "lag", "rate"] as const) all.callShed(why);
  all.callBegan();
  all.callBegan();
  all.callEnded(METHOD, "OK", 0.001);
  const seen = [
    `${TABLE.shed.name}{why="rate"} 1`,
    `${TABLE.shed.name}{why="in_flight"} 0`,
    `${TABLE.shed.name}{why="lag"} 2`,
  ];
  expect([await shed(), await inFlight()]).toEqual([seen, [`${TABLE.inFlight.name} 1`]]);
  all.callEnded(METHOD, "OK", 0.001);
  expect([await shed(), await inFlight()]).toEqual([seen, [`${TABLE.inFlight.name} 0`]]);
});
