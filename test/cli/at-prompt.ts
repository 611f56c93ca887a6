// A command line at a prompt: with what is typed or piped into it, and what it prints.

import { run } from "../../src/cli/run.ts";
import { type Ended, QUIET } from "./command.ts";

/** Who is at the prompt. */
export interface Person {
  /** Standard input. */
  readonly input?: string;
  readonly keyboard?: boolean;
  readonly terminal?: boolean;
  readonly colours?: boolean;
  /** Seconds since 1970. */
  readonly now?: number;
}

/** The time of all commands, unless a test says another: 2027-01-15T08:00:00Z. */
export const NOW = 1_800_000_000;

/** Runs a command line. */
export async function atPrompt(args: readonly string[], person: Person = {}): Promise<Ended> {
  const { input = "", keyboard = false, terminal = false, colours = false, now = NOW } = person;
  const out: string[] = [];
  const error: string[] = [];
  const around = {
    out: (line: string) => out.push(line),
    error: (line: string) => error.push(line),
    stop: () => Promise.resolve(),
    clock: () => now,
  };
  const prompt = { read: async () => input, keyboard, terminal, colours };
  const code = await run(args, around, QUIET, prompt);
  return { code, out: out.join("\n"), error: error.join("\n") };
}
