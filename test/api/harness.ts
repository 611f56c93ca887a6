// A call without a socket: over the wire's bytes, past the policy and the validator, to the method, and back.

import { create, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { CallContext } from "nice-grpc";
import { TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import type { MethodName, Policy } from "../../src/access/policy.ts";
import { answerTo, failureFrom } from "../../src/api/answers.ts";
import { type Admitted, tokenApi } from "../../src/api/token-api.ts";
import { requestValidator } from "../../src/api/violations.ts";
import { Failure, type Reason, type Violation } from "../../src/failure.ts";
import type { KeyRing } from "../../src/keyring/keyring.ts";
import { decodeDetails, encodeDetails } from "../../src/rpc/error-details.ts";
import { statusMessage } from "../../src/rpc/status.ts";

/** The methods, by their names in code. */
export type Methods = (typeof TokenService)["method"];
/** A method, by its name in code: `buildToken`. */
export type Method = keyof Methods;
/** What a method is asked, as `create` takes it. */
export type Request<M extends Method> = MessageInitShape<Methods[M]["input"]>;
/** What a method answers. */
export type Response<M extends Method> = MessageShape<Methods[M]["output"]>;

/** What a call is made in. */
export interface Surroundings {
  readonly policy: Policy;
  readonly keyRing: KeyRing;
  readonly now: number;
  readonly salt: () => number;
  readonly caller?: string;
}

/** A failure as it arrives. */
export interface Refusal {
  readonly reason: Reason;
  readonly code: number;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly Violation[];
  /** The bytes of `grpc-status-details-bin`. */
  readonly details: Buffer;
  /** What the log gets, and the caller does not. */
  readonly cause: unknown;
}

/** How a call ended. */
export type Outcome<M extends Method> = { readonly response: Response<M> } | { readonly refusal: Refusal };

/** The caller of all calls that name no other. */
export const CALLER = "lobby";

const validator = requestValidator();

/** Calls a method. Request, response and failure go through their bytes, as over a connection. */
export async function call<M extends Method>(
  method: M,
  request: Request<M>,
  around: Surroundings,
): Promise<Outcome<M>> {
  const { input } = TokenService.method[method];
  return callWithBytes(method, toBinary(input, create(input, request as MessageInitShape<typeof input>)), around);
}

/** {@link call}, for requests that no code of ours would write. */
export async function callWithBytes<M extends Method>(
  method: M,
  bytes: Uint8Array,
  around: Surroundings,
): Promise<Outcome<M>> {
  const { input, output, name } = TokenService.method[method];
  try {
    const request = fromBinary(input, bytes, { readUnknownFields: false });
    const permits = around.policy.permits(around.caller ?? CALLER, name as MethodName);
    if (!permits) throw new Failure("NOT_PERMITTED");
    await validator(input, request);
    const api = tokenApi({ clock: () => around.now, salt: around.salt });
    // The methods look at nothing else of a context.
    const context = { permits, keyRing: around.keyRing } as unknown as CallContext & Admitted;
    const answer = await (api[method] as (request: unknown, context: CallContext & Admitted) => Promise<unknown>)(
      request,
      context,
    );
    const sent = toBinary(output, answer as MessageShape<typeof output>);
    return { response: fromBinary(output, sent) as Response<M> };
  } catch (error) {
    return { refusal: refusalOf(error, name) };
  }
}

/** The response of a call that must not fail. */
export async function answered<M extends Method>(
  method: M,
  request: Request<M>,
  around: Surroundings,
): Promise<Response<M>> {
  const outcome = await call(method, request, around);
  if ("response" in outcome) return outcome.response;
  throw new Error(`${outcome.refusal.reason}: ${outcome.refusal.message}`, { cause: outcome.refusal.cause });
}

/** The failure of a call that must fail. */
export async function refused<M extends Method>(
  method: M,
  request: Request<M>,
  around: Surroundings,
): Promise<Refusal> {
  const outcome = await call(method, request, around);
  if ("refusal" in outcome) return outcome.refusal;
  throw new Error("the call should have failed");
}

/** Salts that are never the same: 1, 2, 3 and so on. */
export function counting(): () => number {
  let last = 0;
  return () => ++last;
}

function refusalOf(error: unknown, method: string): Refusal {
  const failure = failureFrom(error);
  const answer = answerTo(new Failure(failure.reason, { ...failure.facts, method }));
  const details = Buffer.from(encodeDetails(answer));
  const told = decodeDetails(details);
  if (told?.message !== statusMessage(answer.message)) throw new Error("the details tell another message");
  return {
    reason: answer.reason,
    code: told.code,
    message: told.message,
    metadata: told.errorInfo?.metadata ?? {},
    violations: told.violations ?? [],
    details,
    cause: failure.reason === "INTERNAL" ? (failure.cause ?? failure) : undefined,
  };
}
