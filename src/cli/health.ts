import { createHealthClient } from "../client/client.ts";
import { answering, connected, EXIT_CODES_OF_CALLS } from "./asking.ts";
import { EXIT } from "./exit.ts";
import { jsonText, painter, printable } from "./printable.ts";
import type { AddCommand, Context } from "./prompt.ts";
import { addServerOptions, DEFAULT_SERVER, type ServerOptions } from "./server-options.ts";
import { tableLines } from "./table.ts";

interface HealthOptions extends ServerOptions {
  readonly of?: string;
  readonly json?: boolean;
}

const HELP = `
Without --of, the server as a whole counts for the exit code, and all services that it tells of are printed.

Examples:
  $ agora-tokend health
  $ agora-tokend health --of agora.token.v1.TokenService --server unix:/run/token.sock

Exit codes:
  0   serving
  1   not serving
${EXIT_CODES_OF_CALLS}`;

/** `health`: asks a server for its health. */
export const addHealth: AddCommand = (tokend, context) => {
  const command = tokend
    .command("health")
    .description(`ask the server at ${DEFAULT_SERVER} or at --server whether it serves`)
    .option("--of <service>", "the full name of one service")
    .option("--json", "print it for programs");
  addServerOptions(command, `${DEFAULT_SERVER} if it is left out`)
    .addHelpText("after", HELP)
    .action(async (options: HealthOptions) => {
      await answering(context, options.json, () => health(options, context));
    });
};

async function health(options: HealthOptions, { around, prompt }: Context): Promise<number> {
  const { state, services } = await connected(options, createHealthClient, async (client) => ({
    state: await client.check(options.of ?? ""),
    services: options.of === undefined ? await client.list() : new Map<string, string>(),
  }));
  const paint = painter(prompt.colours);
  if (options.json) around.out(jsonText({ status: state, services: Object.fromEntries(services) }));
  else {
    around.out(paint(state === "SERVING" ? "green" : "red", state));
    const rows = [...services].filter(([name]) => name !== "").map(([name, each]) => [printable(name), each]);
    for (const line of tableLines(rows)) around.out(line);
  }
  return state === "SERVING" ? EXIT.OK : EXIT.NOT_SERVING;
}
