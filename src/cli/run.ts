import { Command, CommanderError, InvalidArgumentError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { ConfigInvalid } from "../config/config.ts";
import { nearest } from "../config/suggest.ts";
import { type Started, unsafeToStart } from "../config/surroundings.ts";
import { SelfCheckFailed } from "../keyring/self-check.ts";
import { apiKey } from "./api-key.ts";
import { AT_THE_PROMPT } from "./at-the-prompt.ts";
import { checkConfig } from "./check-config.ts";
import { DataInvalid, EXIT, USAGE, usage } from "./exit.ts";
import { explain } from "./explain.ts";
import { API_KEY_HELP, CHECK_CONFIG_HELP, EXPLAIN_HELP, PROGRAM_HELP, SERVE_HELP } from "./help.ts";
import { ListenFailed } from "./listening.ts";
import { processSurroundings, startedWith } from "./process.ts";
import { type Prompt, processPrompt } from "./prompt.ts";
import { runtimeWarning } from "./runtime.ts";
import { type Surroundings, serve, Unfit } from "./serve.ts";
import { Faulted } from "./uncaught.ts";

export { EXIT } from "./exit.ts";

/**
 * Runs a command line, and gives its exit code.
 *
 * @param args without the program
 * @param started what the process was started with
 * @param prompt who is at the other end
 */
export async function run(
  args: readonly string[],
  around: Surroundings = processSurroundings(),
  started: Started = startedWith(),
  prompt: Prompt = processPrompt(),
): Promise<number> {
  let code: number = EXIT.OK;
  const end = (ended: number) => {
    code = ended;
  };
  try {
    const tokend = program(around, started);
    // To make ready all the others is a twentieth of a start.
    if (args[0] !== SERVE) addOthers(tokend, around, end, prompt);
    refuseUnknown(args[0], tokend);
    await tokend.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    return report(error, around);
  }
}

const SERVE = "serve";

function program(around: Surroundings, started: Started): Command {
  const write = {
    writeOut: (text: string) => around.out(text.trimEnd()),
    writeErr: (text: string) => around.error(text.trimEnd()),
  };
  const tokend = new Command("agora-tokend")
    .description("Builds, renews and inspects Agora access tokens, as a gRPC service.")
    .version(packageJson.version)
    .exitOverride()
    .configureOutput(write)
    .addHelpText("after", PROGRAM_HELP)
    // All of the help would push the error out of sight.
    .showHelpAfterError("(--help tells more)");
  addServe(tokend, around, started);
  return tokend;
}

function addOthers(tokend: Command, around: Surroundings, end: (code: number) => void, prompt: Prompt): void {
  tokend
    .command("check-config")
    .description("check a configuration as at the start, certificates included, and print what each caller may do")
    .argument("<file>", "the configuration file, YAML")
    .option("--json", "print it for programs")
    .option("--unsafe-samples", "let in the credentials of Agora's samples, which everybody knows")
    .addHelpText("after", CHECK_CONFIG_HELP)
    .action(async (file: string, options) => end(await checkConfig(file, options, around)));
  tokend
    .command("explain")
    .description("say whether a caller may make a request, and which row permits it or why each row does not")
    .requiredOption("-c, --config <file>", "the configuration file, YAML")
    .requiredOption("--caller <id>", "the ID of the caller")
    .requiredOption("--request <file>", "the request, in the JSON of its message; - is standard input")
    .option("--method <name>", "the method", "BuildToken")
    .option("--json", "print it for programs")
    .option("--unsafe-samples", "let in the credentials of Agora's samples, which everybody knows")
    .addHelpText("after", EXPLAIN_HELP)
    .action(async (options) => end(await explain(options, around)));
  tokend
    .command("api-key")
    .description("make an API key, print it this once, and say what to put into the configuration")
    .argument("<name>", "the ID of its caller")
    .option("--json", "print the key and its SHA-256 for programs")
    .addHelpText("after", API_KEY_HELP)
    .action((name: string, options: { json?: boolean }) => end(apiKey(name, options, around)));
  for (const add of AT_THE_PROMPT) add(tokend, { around, prompt, end });
}

function addServe(tokend: Command, around: Surroundings, started: Started): void {
  tokend
    .command(SERVE, { isDefault: true })
    .description("serve until SIGTERM or SIGINT; without --config, a demo project on this machine alone")
    .option("-c, --config <file>", "the configuration file, YAML; SIGHUP reads it again at once")
    .option("-p, --port <number>", "the port of the demo", portFrom)
    .option("--unsafe-debug", "start although debugging shows credentials and certificates")
    .option("--unsafe-samples", "let in the credentials of Agora's samples, which everybody knows")
    .addHelpText("after", SERVE_HELP)
    .action(async (options: { config?: string; port?: number; unsafeDebug?: boolean; unsafeSamples?: boolean }) => {
      const { config, port, unsafeDebug = false, unsafeSamples } = options;
      if (config !== undefined && port !== undefined)
        throw usage("--port is for the demo: with --config, listen says it");
      if (config === undefined && unsafeSamples) throw usage("--unsafe-samples is for a configuration: add --config");
      const problems = unsafeToStart(started, { demo: config === undefined, unsafeDebug });
      if (problems.length > 0) throw new Unfit(problems);
      const warning = runtimeWarning(process.version);
      if (warning !== undefined) around.error(`warning: ${warning}`);
      await serve(options, around);
    });
}

// The default command would take it for an argument that it does not expect.
function refuseUnknown(word: string | undefined, tokend: Command): void {
  const names = [...tokend.commands.map((command) => command.name()), "help"];
  if (word === undefined || word.startsWith("-") || names.includes(word)) return;
  const near = nearest(word, names);
  throw usage(
    `there is no such command${near === undefined ? "" : `; did you mean ${near}?`} (--help tells which there are)`,
  );
}

function portFrom(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("It is a number from 0 to 65535.");
  return Number(text);
}

function report(error: unknown, around: Surroundings): number {
  if (error instanceof CommanderError) {
    if (error.code === USAGE) around.error(`error: ${error.message}`);
    return error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
  }
  if (error instanceof ConfigInvalid || error instanceof Unfit) {
    around.error(error.message);
    return EXIT.CONFIG;
  }
  const { code, message } = error as NodeJS.ErrnoException;
  around.error(`agora-tokend: ${message}`);
  if (error instanceof DataInvalid) return EXIT.DATA;
  if (error instanceof ListenFailed) return EXIT.UNAVAILABLE;
  if (error instanceof SelfCheckFailed || error instanceof Faulted) return EXIT.SOFTWARE;
  return code === undefined ? EXIT.SOFTWARE : EXIT.UNAVAILABLE;
}
