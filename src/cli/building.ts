// A token that is built on this machine: by the same code as on a server, under the permits of a caller.

import type { BuildTokenRequest, BuildTokenResponse } from "../../gen/agora/token/v1/token_pb.ts";
import { BuildTokenRequestSchema } from "../../gen/agora/token/v1/token_pb.ts";
import { answerTo, failureFrom } from "../api/answers.ts";
import { type Admitted, tokenApi } from "../api/token-api.ts";
import { requestValidator } from "../api/violations.ts";
import { TokenServiceError } from "../client/client.ts";
import { type Clock, systemClock } from "../clock.ts";
import { Failure } from "../failure.ts";
import { randomSalt } from "../token/salt.ts";
import { loadOnce } from "./check-config.ts";
import { usage } from "./exit.ts";

/** With what, and for whom. */
export interface BuildHereOptions {
  readonly config: string;
  /** The ID of the caller whose permits count. */
  readonly caller: string;
  readonly unsafeSamples: boolean;
  readonly clock: Clock | undefined;
}

const METHOD = "BuildToken";
// Its rules are compiled when they are first asked for.
const validate = requestValidator([]);

/**
 * Builds a token with a configuration.
 *
 * @throws TokenServiceError as a client of a server does; ConfigInvalid or SelfCheckFailed
 */
export async function buildHere(request: BuildTokenRequest, options: BuildHereOptions): Promise<BuildTokenResponse> {
  const { settings, composition } = await loadOnce(options.config, options);
  if (!settings.callers.some(({ id }) => id === options.caller)) {
    throw usage("--caller: the configuration has no caller of this ID");
  }
  const { keyRing, policy } = composition;
  const { buildToken } = tokenApi({ clock: options.clock ?? systemClock, salt: randomSalt });
  try {
    const permits = policy.permits(options.caller, METHOD);
    if (!permits) throw new Failure("NOT_PERMITTED");
    validate(BuildTokenRequestSchema, request);
    // The method looks at nothing else of a call.
    const context = { permits, keyRing } as unknown as Parameters<typeof buildToken>[1] & Admitted;
    return (await buildToken(request, context)) as BuildTokenResponse;
  } catch (error) {
    throw refusalOf(error);
  }
}

function refusalOf(thrown: unknown): unknown {
  const { reason, facts } = failureFrom(thrown);
  if (reason === "INTERNAL") return thrown;
  const { code, message, errorInfo, violations = [] } = answerTo(new Failure(reason, { ...facts, method: METHOD }));
  const metadata = errorInfo?.metadata ?? {};
  return new TokenServiceError({
    method: METHOD,
    code,
    description: message,
    reason,
    metadata,
    violations,
    attempts: 1,
  });
}
