import { chmodSync, rmSync } from "node:fs";
import { connect } from "node:net";
import type { Server } from "nice-grpc";
import { Health } from "../api/health.ts";
import { systemClock } from "../clock.ts";
import { addressText } from "../config/address.ts";
import { type ListenSettings, notSupportedYet, type Problem, readConfig, unsafe } from "../config/config.ts";
import { drain } from "../server/drain.ts";
import type { ReportFault } from "../server/middleware/answer.ts";
import { SERVICES, tokenServer } from "../server/server.ts";
import { randomSalt } from "../token/salt.ts";
import { type Composition, compose } from "./compose.ts";
import { demo, demoListener } from "./demo.ts";
import { demoLines } from "./greeting.ts";

/** Where a command writes to, and what ends it. */
export interface Surroundings {
  out(line: string): void;
  error(line: string): void;
  /** Resolves when a stop is asked for, and again, for a second promise, when it is asked for once more. */
  stop(): Promise<void>;
}

/** Why the service does not start. */
export class Unfit extends Error {
  override readonly name = "Unfit";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

interface Plan extends Composition {
  readonly listeners: readonly ListenSettings[];
  readonly reflection: boolean;
  readonly maxMessageBytes: number;
}

const DEFAULT_PORT = 50051;
const DEFAULT_MAX_MESSAGE_BYTES = 262_144;

/**
 * Serves until a stop is asked for.
 *
 * @param options.config the configuration file; without it, the demo project is served
 * @throws ConfigInvalid, KeyRingInvalid or Unfit before anything is served
 */
export async function serve(options: { config?: string; port?: number }, around: Surroundings): Promise<void> {
  const plan = options.config === undefined ? planOfDemo(options.port ?? DEFAULT_PORT) : planOfFile(options.config);
  const health = new Health(["", ...SERVICES.map(({ typeName }) => typeName)]);
  const servers: Server[] = [];
  for (const listener of plan.listeners) {
    const server = tokenServer({
      identify: plan.identify(listener),
      snapshot: () => plan,
      clock: systemClock,
      salt: randomSalt,
      health,
      reflection: plan.reflection,
      maxMessageBytes: plan.maxMessageBytes,
      report: reportTo(around),
    });
    servers.push(server);
    const address = await listen(server, listener);
    around.out(`agora-tokend serves on ${address}`);
    if (options.config === undefined) for (const line of demoLines(address)) around.out(line);
  }
  for (const service of ["", ...SERVICES.map(({ typeName }) => typeName)]) health.set(service, true);
  await around.stop();
  around.out("agora-tokend is stopping: calls in progress may finish");
  await drain(servers, health, around.stop());
}

function planOfDemo(port: number): Plan {
  return { ...demo(), listeners: [demoListener(port)], reflection: true, maxMessageBytes: DEFAULT_MAX_MESSAGE_BYTES };
}

function planOfFile(file: string): Plan {
  const settings = readConfig(file);
  const problems = [...notSupportedYet(settings), ...unsafe(settings)];
  if (problems.length > 0) throw new Unfit(problems.map((problem) => problemLine(file, problem)));
  const { listen: listeners, reflection, limits } = settings;
  return { ...compose(settings), listeners, reflection, maxMessageBytes: limits.maxMessageBytes };
}

function problemLine(file: string, { place, path, message }: Problem): string {
  return [file, ...(place ? [place.line, place.column] : [])].join(":").concat(`: ${path}: ${message}`);
}

async function listen(server: Server, { address }: ListenSettings): Promise<string> {
  const text = addressText(address);
  if (address.kind === "tcp") {
    const port = await server.listen(text);
    return addressText({ ...address, port });
  }
  await removeStaleSocket(address.path);
  await server.listen(text);
  // Whoever may use the socket is a caller: its owner and group, not everyone.
  chmodSync(address.path, 0o660);
  return text;
}

// A socket that nobody listens on was left by a process that was killed.
async function removeStaleSocket(path: string): Promise<void> {
  const stale = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });
  if (stale) rmSync(path);
}

function reportTo(around: Surroundings): ReportFault {
  return ({ facts, cause }, method) => {
    const what = cause instanceof Error ? (cause.stack ?? cause.message) : (facts.detail ?? "unknown");
    around.error(JSON.stringify({ level: "error", method, what }));
  };
}
