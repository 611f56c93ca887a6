// A token that is built or renewed on this machine: by the same code as on a server, under the permits of a caller.

import type { DescMessage, Message } from "@bufbuild/protobuf";
import { type Command, Option } from "commander";
import {
  type BuildTokenRequest,
  BuildTokenRequestSchema,
  type BuildTokenResponse,
  type RenewTokenRequest,
  RenewTokenRequestSchema,
  type RenewTokenResponse,
} from "../../gen/agora/token/v1/token_pb.ts";
import type { MethodName } from "../access/policy.ts";
import { answerTo, failureFrom } from "../api/answers.ts";
import { type Admitted, tokenApi } from "../api/token-api.ts";
import { requestValidator } from "../api/violations.ts";
import { TokenServiceError } from "../client/client.ts";
import { type Clock, systemClock } from "../clock.ts";
import { Failure } from "../failure.ts";
import { randomSalt } from "../token/salt.ts";
import { loadOnce } from "./check-config.ts";
import { usage } from "./exit.ts";

/** What was said of this machine instead of a server. */
export interface HereOptions {
  readonly config?: string;
  readonly caller?: string;
  readonly unsafeSamples?: boolean;
}

/** What is said of these options in the help of a command. */
export const HERE_HELP = `With --config, the token is made on this machine, under the permits of --caller. No server is asked, no limit of calls
is counted, and no audit record is written.`;

/** Adds the options of this machine. */
export function addHereOptions(command: Command): Command {
  return command
    .addOption(new Option("-c, --config <file>", "make it on this machine with this configuration").conflicts("server"))
    .option("--caller <id>", "the caller whose permits count, with --config")
    .option("--unsafe-samples", "let in the credentials of Agora's samples, which everybody knows");
}

/** With what, and for whom. */
export interface Here {
  readonly config: string;
  /** The ID of the caller whose permits count. */
  readonly caller: string;
  readonly unsafeSamples: boolean;
  readonly clock: Clock;
}

/** With what and for whom the options say, or undefined if a server is to be asked. */
export function hereFrom({ config, caller, unsafeSamples = false }: HereOptions, clock?: Clock): Here | undefined {
  if (config === undefined) {
    if (caller !== undefined) throw usage("--caller goes with --config: a server finds out who calls by itself");
    return undefined;
  }
  if (caller === undefined) throw usage("--config needs --caller: a token is made under somebody's permits");
  return { config, caller, unsafeSamples, clock: clock ?? systemClock };
}

const validate = requestValidator();

/**
 * Builds a token with a configuration.
 *
 * @throws TokenServiceError as a client of a server does; ConfigInvalid or SelfCheckFailed
 */
export function buildHere(request: BuildTokenRequest, here: Here): Promise<BuildTokenResponse> {
  const { buildToken } = apiOf(here);
  return admitted("BuildToken", BuildTokenRequestSchema, request, here, async (admission) => {
    return (await buildToken(request, admission as Parameters<typeof buildToken>[1])) as BuildTokenResponse;
  });
}

/**
 * Renews a token with a configuration.
 *
 * @throws as {@link buildHere}
 */
export function renewHere(request: RenewTokenRequest, here: Here): Promise<RenewTokenResponse> {
  const { renewToken } = apiOf(here);
  return admitted("RenewToken", RenewTokenRequestSchema, request, here, async (admission) => {
    return (await renewToken(request, admission as Parameters<typeof renewToken>[1])) as RenewTokenResponse;
  });
}

function apiOf({ clock }: Here): ReturnType<typeof tokenApi> {
  return tokenApi({ clock, salt: randomSalt });
}

// What a server does before a method is called, as far as it decides anything.
async function admitted<T>(
  method: MethodName,
  schema: DescMessage,
  request: Message,
  here: Here,
  call: (admission: unknown) => Promise<T>,
): Promise<T> {
  const { settings, composition } = await loadOnce(here.config, here);
  if (!settings.callers.some(({ id }) => id === here.caller)) {
    throw usage("--caller: the configuration has no caller of this ID");
  }
  const { keyRing, policy } = composition;
  try {
    const permits = policy.permits(here.caller, method);
    if (!permits) throw new Failure("NOT_PERMITTED");
    await validate(schema, request);
    // The methods look at nothing else of a call.
    return await call({ permits, keyRing } satisfies Admitted);
  } catch (error) {
    throw refusalOf(error, method);
  }
}

function refusalOf(thrown: unknown, method: MethodName): unknown {
  const { reason, facts } = failureFrom(thrown);
  if (reason === "INTERNAL") return thrown;
  const { code, message, errorInfo, violations = [] } = answerTo(new Failure(reason, { ...facts, method }));
  const metadata = errorInfo?.metadata ?? {};
  return new TokenServiceError({ method, code, description: message, reason, metadata, violations, attempts: 1 });
}
