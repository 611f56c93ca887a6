import { Command, CommanderError, InvalidArgumentError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { ConfigInvalid } from "../config/config.ts";
import { KeyRingInvalid } from "../keyring/file-source.ts";
import { runtimeWarning } from "./runtime.ts";
import { type Surroundings, serve, Unfit } from "./serve.ts";

/** How a command ends. The numbers are those of sysexits.h. */
export const EXIT = { OK: 0, FAULT: 1, USAGE: 64, UNAVAILABLE: 69, CONFIG: 78 } as const;

/** Runs a command line, and gives its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    await program(processSurroundings()).parseAsync(args, { from: "user" });
    return EXIT.OK;
  } catch (error) {
    return report(error);
  }
}

function program(around: Surroundings): Command {
  const tokend = new Command("agora-tokend")
    .description("Builds, renews and inspects Agora access tokens, as a gRPC service.")
    .version(packageJson.version)
    .exitOverride()
    .showHelpAfterError();
  tokend
    .command("serve", { isDefault: true })
    .description("serve until SIGTERM or SIGINT; without --config, a demo project on this machine alone")
    .option("-c, --config <file>", "the configuration file, YAML")
    .option("-p, --port <number>", "the port of the demo", portFrom)
    .action(async (options: { config?: string; port?: number }) => {
      const warning = runtimeWarning(process.version);
      if (warning !== undefined) around.error(`warning: ${warning}`);
      await serve(options, around);
    });
  return tokend;
}

function portFrom(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError("It is a number from 0 to 65535.");
  return Number(text);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
  if (error instanceof ConfigInvalid || error instanceof KeyRingInvalid || error instanceof Unfit) {
    process.stderr.write(`${error.message}\n`);
    return EXIT.CONFIG;
  }
  const { code, message } = error as NodeJS.ErrnoException;
  process.stderr.write(`agora-tokend: ${message}\n`);
  return code === undefined ? EXIT.FAULT : EXIT.UNAVAILABLE;
}

function processSurroundings(): Surroundings {
  const waiting: (() => void)[] = [];
  const stop = () => waiting.shift()?.();
  process.on("SIGTERM", stop).on("SIGINT", stop);
  // Without a handler, this signal opens the inspector, which shows the certificates.
  process.on("SIGUSR1", () => undefined);
  return {
    out: (line) => process.stdout.write(`${line}\n`),
    error: (line) => process.stderr.write(`${line}\n`),
    stop: () => new Promise((resolve) => waiting.push(resolve)),
  };
}
