// An error that nobody catches: the server says where it came from and nothing else, drains, and ends as failed.
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Load, pause } from "./load.ts";
import { startProcess, underLoad } from "./service.ts";
import { addRow } from "./table.ts";

const SECRET = "007eJxTYHi";
const SIGNAL = "SIGUSR2";

// Loaded before the server, as a fault in a library would be: the signal is when it strikes.
const FAULTS = {
  "an exception": `throw new TypeError("cannot read ${SECRET}\\n    at ${SECRET} (x.js:1:1)");`,
  "a rejection": `Promise.reject(Object.assign(new Error("${SECRET}", { cause: new RangeError("${SECRET}") }), { code: "ERR_ODD" }));`,
  "a rejection with text": `Promise.reject("${SECRET}");`,
  "one after the other": `setInterval(() => { throw new Error("${SECRET}"); }, 1);`,
};

test.each(Object.entries(FAULTS))("%s", async (name, fault) => {
  const file = join(tmpdir(), `agora-tokend-${process.pid}-fault.cjs`);
  writeFileSync(file, `process.on("${SIGNAL}", () => setImmediate(function strikes() { ${fault} }));`);
  const server = await startProcess({ flags: ["--require", file] });
  const load = new Load([server.address], { inFlight: 8 });
  await load.more(50);
  server.signal(SIGNAL);
  while (!server.printed().includes("is stopping")) await pause(1);
  await load.more(50);
  await load.stop();
  expect(load.failures).toEqual({});
  expect(await server.ended).toEqual({ code: 70, signal: null });
  const printed = server.printed();
  expect(printed).not.toContain(SECRET);
  const lines = printed.split("\n").filter((line) => line.includes('"event":"uncaught"'));
  expect(lines.length).toBeLessThanOrEqual(10);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "fatal", event: "uncaught" });
  if (name === "an exception") expect(lines[0]).toContain("at Immediate.strikes");
  addRow({ fault: `uncaught error: ${name}`, load: "8 in flight", ...load.counted });
});

test("an address that is taken: which, and what to do", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void other.close());
  await new Promise((resolve) => other.once("listening", resolve));
  const { port } = other.address() as { port: number };
  const started = startProcess({ config: underLoad(port) });
  await expect(started).rejects.toThrow(`agora-tokend: cannot listen on 127.0.0.1:${port}: EADDRINUSE`);
  await expect(started).rejects.toThrow(/another process listens there: stop it, or listen elsewhere/);
});
