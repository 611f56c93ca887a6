import { CommanderError } from "commander";

/** How a command ends: `--help` says what each number stands for. From 64 on they are those of sysexits.h. */
export const EXIT = {
  OK: 0,
  DENIED: 1,
  REJECTED: 1,
  NOT_SERVING: 1,
  INCONCLUSIVE: 2,
  USAGE: 64,
  DATA: 65,
  UNAVAILABLE: 69,
  SOFTWARE: 70,
  IOERR: 74,
  NOPERM: 77,
  CONFIG: 78,
} as const;

/** The command line asks for what cannot be. */
export function usage(message: string): CommanderError {
  return new CommanderError(EXIT.USAGE, USAGE, message);
}

/** The code of an error that {@link usage} made, and that nobody has printed yet. */
export const USAGE = "usage";

/** What was given, on standard input or in a file, is not what it should be. */
export class DataInvalid extends Error {
  override readonly name = "DataInvalid";
}
