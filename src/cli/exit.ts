import { CommanderError } from "commander";

/** How a command ends. The numbers from 64 on are those of sysexits.h. */
export const EXIT = {
  OK: 0,
  FAULT: 1,
  DENIED: 1,
  REJECTED: 1,
  NOT_SERVING: 1,
  INCONCLUSIVE: 2,
  USAGE: 64,
  DATA: 65,
  UNAVAILABLE: 69,
  SOFTWARE: 70,
  NOPERM: 77,
  CONFIG: 78,
} as const;

/** The command line asks for what cannot be. */
export function usage(message: string): CommanderError {
  return new CommanderError(EXIT.USAGE, USAGE, message);
}

/** The code of an error that {@link usage} made, and that nobody has printed yet. */
export const USAGE = "usage";
