// What a call costs the server, all on: authentication, policy, validation, audit to a file, metrics. Side by side with a
// raw answer of node:http2, a bare nice-grpc, and the obvious stack; each server is a process of its own.

import { execFileSync } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import type { Candidate, Contest } from "./harness.ts";
import type { BenchOptions } from "./main.ts";
import { peerOf } from "./server-agora.ts";
import { type Configured, configure, type Size } from "./server-config.ts";
import type { Load, Outcome } from "./server-load.ts";
import { BATCH, batchOf, builds, inspections, pathOf, rawAnswer } from "./server-messages.ts";
import { type Generator, type Running, startGenerator, startServer } from "./server-processes.ts";
import { startContest } from "./server-start.ts";

const OURS = "dist/main.cjs";
const SHAPES = [
  [1, 1],
  [1, 16],
  [8, 16],
] as const;
const BUSY = { connections: 8, streams: 16, calls: 4000 };
const MB = 1e6;
/** After so many milliseconds without work, V8 has given back what the start left. */
const IDLE_MS = 15_000;

/** Contests of the server. */
export async function* contests({ peers }: BenchOptions): AsyncGenerator<Contest> {
  execFileSync("npm", ["run", "--silent", "build:server"], { stdio: ["ignore", "ignore", "inherit"] });
  const generator = startGenerator();
  try {
    yield* callContests(generator);
    yield* ownContests(generator, peers);
    yield* growthContests(generator);
    yield memoryContest(generator);
    yield startContest(OURS);
  } finally {
    await generator.stop();
  }
}

async function* callContests(generator: Generator): AsyncGenerator<Contest> {
  const configured = configure();
  const messages = builds(configured.project);
  const servers = {
    raw: await startServer(["dist/bench/server-raw.cjs", rawAnswer()]),
    "nice-grpc": await startServer(["dist/bench/server-echo.cjs", rawAnswer()]),
    "obvious stack": await startServer(["dist/bench/server-obvious.cjs"]),
    ours: await startServer([OURS, "serve", "--config", configured.file]),
  };
  const call = { path: pathOf("BuildToken"), authorization: configured.authorization, messages };
  try {
    for (const [connections, streams] of SHAPES) {
      const load = { ...call, connections, streams, calls: connections * streams === 1 ? 500 : BUSY.calls };
      const all = connections > 1;
      yield {
        title: `BuildToken on ${connections} connections of ${streams} streams`,
        unit: "us of CPU a call",
        baseline: "raw",
        candidates: Object.entries(servers).map(([name, server]) => cpuCandidate(name, generator, server, load)),
        goals: all
          ? [
              { candidate: "ours", bound: { atMostTimes: 2.5 }, stretch: 2 },
              { candidate: "ours", against: "obvious stack", bound: { atMostTimes: 0.6 }, stretch: 0.45 },
            ]
          : [],
      };
    }
    const paced = { ...call, connections: 4, streams: 1, calls: 2000, rate: 1000 };
    yield {
      title: "the slowest of a hundred calls, at 1,000 calls a second",
      unit: "ms",
      baseline: "raw",
      candidates: (["raw", "ours"] as const).map((name) => ({
        name,
        measure: async () => (await drive(generator, servers[name], paced)).p99,
      })),
      goals: [{ candidate: "ours", bound: { atMostTimes: 1.5 }, stretch: 1.2 }],
    };
  } finally {
    await Promise.all(Object.values(servers).map((server) => server.stop()));
    configured.remove();
  }
}

/** Our methods against each other, and batches against Agora's own service. */
async function* ownContests(generator: Generator, withPeers: boolean): AsyncGenerator<Contest> {
  const configured = configure();
  const server = await startServer([OURS, "serve", "--config", configured.file]);
  const { authorization, project } = configured;
  const build = { ...BUSY, path: pathOf("BuildToken"), authorization, messages: builds(project) };
  const inspect = { ...build, path: pathOf("InspectToken"), messages: await inspections(server, configured) };
  const batch = {
    ...build,
    connections: 1,
    streams: 4,
    calls: 100,
    path: pathOf("BatchBuildTokens"),
    messages: [batchOf(project)],
  };
  const peer = withPeers ? await peerOf() : undefined;
  try {
    yield {
      title: "InspectToken of 128 streams",
      unit: "us of CPU a call",
      baseline: "BuildToken",
      candidates: [
        cpuCandidate("BuildToken", generator, server, build),
        cpuCandidate("InspectToken", generator, server, inspect),
      ],
      goals: [{ candidate: "InspectToken", bound: { atMostTimes: 1.2 }, stretch: 1 }],
    };
    yield {
      title: `tokens in batches of ${BATCH}`,
      unit: "us of CPU a token",
      baseline: "BuildToken",
      candidates: [
        cpuCandidate("BuildToken", generator, server, build),
        cpuCandidate("batch", generator, server, batch, BATCH),
        ...(peer ? [peer.candidate] : []),
      ],
      goals: peer
        ? [{ candidate: "batch", against: peer.candidate.name, bound: { atLeastTimesAsCheap: 20 }, stretch: 40 }]
        : [],
    };
  } finally {
    await peer?.stop();
    await server.stop();
    configured.remove();
  }
}

const GROWTH: readonly (readonly [title: string, sizes: Readonly<Record<string, Size>>])[] = [
  ["projects in the key ring", { "1": {}, "100": { projects: 100 }, "10,000": { projects: 10_000 } }],
  ["rows of permits", { "1": {}, "100": { permits: 100 }, "10,000": { permits: 10_000 } }],
  ["callers", { "1": {}, "1,000": { callers: 1000 } }],
];

/** None of these may show in the cost of a call. */
async function* growthContests(generator: Generator): AsyncGenerator<Contest> {
  for (const [title, sizes] of GROWTH) {
    const opened: { name: string; configured: Configured; server: Running }[] = [];
    try {
      for (const [name, size] of Object.entries(sizes)) {
        const configured = configure(size);
        opened.push({ name, configured, server: await startServer([OURS, "serve", "--config", configured.file]) });
      }
      yield {
        title: `BuildToken of 128 streams, by ${title}`,
        unit: "us of CPU a call",
        baseline: "1",
        candidates: opened.map(({ name, configured: { project, authorization }, server }) =>
          cpuCandidate(name, generator, server, {
            ...BUSY,
            path: pathOf("BuildToken"),
            authorization,
            messages: builds(project),
          }),
        ),
        // Noise, on a shared machine, is a quarter.
        goals: opened.slice(1).map(({ name }) => ({ candidate: name, bound: { atMostTimes: 1.25 } })),
      };
    } finally {
      await Promise.all(opened.map(({ server }) => server.stop()));
      for (const { configured } of opened) configured.remove();
    }
  }
}

function memoryContest(generator: Generator): Contest {
  const residentAfter = async (load: Partial<Load> | undefined, quietMs = 0) => {
    const configured = configure();
    const server = await startServer([OURS, "serve", "--config", configured.file]);
    try {
      const { authorization, project } = configured;
      const call = { ...BUSY, path: pathOf("BuildToken"), authorization, messages: builds(project) };
      if (load) await drive(generator, server, { ...call, ...load });
      await setTimeout(quietMs);
      return (await server.usage()).residentBytes / MB;
    } finally {
      await server.stop();
      configured.remove();
    }
  };
  return {
    title: "resident memory",
    unit: "MB",
    baseline: "idle",
    rounds: 3,
    candidates: [
      { name: "just started", measure: () => residentAfter(undefined) },
      { name: "idle", measure: () => residentAfter(undefined, IDLE_MS) },
      { name: "after 128 streams", measure: () => residentAfter({ calls: 20_000 }) },
    ],
    goals: [
      { candidate: "idle", bound: { atMost: 70 }, stretch: 60 },
      { candidate: "after 128 streams", bound: { atMost: 160 }, stretch: 140 },
    ],
  };
}

type Call = Omit<Load, "port">;

function cpuCandidate(name: string, generator: Generator, server: Running, load: Call, each = 1): Candidate {
  return {
    name,
    async measure() {
      const before = await server.usage();
      await drive(generator, server, load);
      const after = await server.usage();
      return (after.cpuUs - before.cpuUs) / (load.calls * each);
    },
  };
}

/** Of a hundred calls, so many may be refused for want of time, on a machine that has much else to do. */
const MOST_REFUSED = 2;

/** Calls, and throws if more calls failed than noise explains: what refuses is quick, and would look cheap. */
async function drive(generator: Generator, { port }: Running, load: Call): Promise<Outcome> {
  const outcome = await generator.run({ ...load, port });
  if (outcome.succeeded * 100 < load.calls * (100 - MOST_REFUSED))
    throw new Error(`calls failed: ${JSON.stringify(outcome)}`);
  return outcome;
}
