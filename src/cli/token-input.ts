import { usage } from "./exit.ts";
import type { Context } from "./prompt.ts";

const SEEN =
  "warning: a token on the command line is seen by every user of this machine, and kept by the shell: pass it on standard input";

/** The token of a command: its argument, or standard input without the line break that ends it. */
export async function tokenFrom(argument: string | undefined, { around, prompt }: Context): Promise<string> {
  if (argument !== undefined && argument !== "-") {
    around.error(SEEN);
    return argument;
  }
  if (prompt.keyboard) around.error("Paste the token, then press Enter and Ctrl-D.");
  const text = (await prompt.read()).replace(/\r?\n$/, "");
  if (text === "") throw usage("there is no token on standard input");
  return text;
}
