// Who is at the other end of a command: a person at a terminal, or a program.

import type { Command } from "commander";
import { DataInvalid } from "./exit.ts";
import type { Surroundings } from "./serve.ts";

/** What a command reads from and writes to, as far as it differs for a person and a program. */
export interface Prompt {
  /** All of standard input, as text. */
  readonly read: () => Promise<string>;
  /** Whether standard input is a keyboard. */
  readonly keyboard: boolean;
  /** Whether standard output is a terminal. */
  readonly terminal: boolean;
  /** Whether it shows colours, and nobody asked for none. */
  readonly colours: boolean;
  /** Shows a line that the next one replaces. There is none where nobody would see it. */
  readonly status?: (line: string) => void;
}

/** What a command at the prompt works with. */
export interface Context {
  readonly around: Surroundings;
  readonly prompt: Prompt;
  /** Sets the exit code. */
  readonly end: (code: number) => void;
}

/** Adds a command to the program. */
export type AddCommand = (tokend: Command, context: Context) => void;

/** The most that is read. No token and no request is longer. */
const MOST_BYTES = 4 * 1024 * 1024;

/** The standard input and output of this process. */
export function processPrompt(): Prompt {
  const { stdin, stdout, stderr } = process;
  const terminal = stdout.isTTY === true;
  return {
    read: () => textOf(stdin),
    keyboard: stdin.isTTY === true,
    terminal,
    // It heeds NO_COLOR, FORCE_COLOR and TERM.
    colours: terminal && stdout.hasColors(),
    ...(stderr.isTTY && { status: (line: string) => stderr.write(`\r\u001b[K${line}`) }),
  };
}

/** What a stream gives, as far as it is not too much for anything that is read here. */
async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MOST_BYTES)
      throw new DataInvalid(
        `standard input holds more than ${MOST_BYTES} bytes, and no token and no request is as long`,
      );
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}
