import { type Command, Option } from "commander";
import type { Instant, Seconds } from "../clock.ts";
import { usage } from "./exit.ts";
import { instantFrom, secondsFrom } from "./values.ts";

/** When a token is to expire: one of the two. */
export interface ExpirationOptions {
  readonly ttl?: Seconds;
  readonly until?: Instant;
}

/** Adds the options of an expiration. */
export function addExpirationOptions(command: Command): Command {
  return command
    .option("--ttl <time>", "how long it lasts, with its unit: 90s, 15m, 2h", secondsFrom("--ttl"))
    .addOption(
      new Option("--until <time>", "when it expires, with its zone: 2026-11-24T10:00:00Z")
        .argParser(instantFrom("--until"))
        .conflicts("ttl"),
    );
}

/** The expiration that the options say, as a request has it. */
export function expirationFrom({ ttl, until }: ExpirationOptions) {
  if (ttl !== undefined) return { case: "ttl", value: { seconds: BigInt(ttl) } } as const;
  if (until !== undefined) return { case: "expireTime", value: { seconds: BigInt(until) } } as const;
  throw usage("--ttl says how long the token lasts: there is no default");
}
