// Carries out a call without anybody calling, to find out what becomes of it and what it asks of the rows.

import { type DescMethodUnary, fromJson, type JsonValue, type Message } from "@bufbuild/protobuf";
import { TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import { type Ask, type MethodName, Permits, type Ruling } from "../access/policy.ts";
import { failureFrom } from "../api/answers.ts";
import { type Admitted, tokenApi } from "../api/token-api.ts";
import { requestValidator } from "../api/violations.ts";
import type { Clock } from "../clock.ts";
import { Failure } from "../failure.ts";
import type { Snapshot } from "../server/snapshot.ts";

const validate = requestValidator();

/** Something that was asked of the rows. */
export interface Question {
  readonly project: string;
  readonly ask: Ask;
}

/** What became of a call. */
export interface Trial {
  /** Why it is refused, or undefined if it is carried out. */
  readonly failure: Failure | undefined;
  /** What was asked of the rows, in order. A failure is about the last. */
  readonly questions: readonly Question[];
}

/** A call. */
export interface TrialCall {
  readonly caller: string;
  readonly method: MethodName;
  readonly request: Message;
}

/**
 * Reads a request.
 *
 * @throws Error if the JSON is not that of the message
 */
export function requestFrom(method: MethodName, json: JsonValue): Message {
  return fromJson(methodOf(method).input, json);
}

/** Carries out a call as a server would. What it signs is thrown away. */
export async function tryCall(snapshot: Snapshot, call: TrialCall, clock: Clock): Promise<Trial> {
  const permits = snapshot.policy.permits(call.caller, call.method);
  const trial = await attempt(snapshot, call, new Witness(permits, (project) => permits?.has(project) ?? false), clock);
  if (trial.failure?.reason !== "NOT_PERMITTED" || trial.questions.length > 0) return trial;
  // It ended before the rows were asked, since none of them is for the project: what would have been asked?
  const asked = await attempt(snapshot, call, new Witness(permits, () => true), clock);
  return { failure: trial.failure, questions: asked.questions.slice(0, 1) };
}

async function attempt(snapshot: Snapshot, call: TrialCall, permits: Witness, clock: Clock): Promise<Trial> {
  const { input, localName } = methodOf(call.method);
  try {
    if (!permits.admits) throw new Failure("NOT_PERMITTED");
    await validate(input, call.request);
    const methods = tokenApi({ clock, salt: () => 1 }) as unknown as Record<string, Carry>;
    await methods[localName]?.(call.request, { permits, keyRing: snapshot.keyRing });
    return { failure: undefined, questions: permits.questions };
  } catch (error) {
    const { reason, facts } = failureFrom(error);
    return { failure: new Failure(reason, { ...facts, method: call.method }), questions: permits.questions };
  }
}

type Carry = (request: Message, context: Admitted) => Promise<unknown>;

function methodOf(name: MethodName): DescMethodUnary {
  const method = TokenService.methods.find((each) => each.name === name);
  if (method?.methodKind !== "unary") throw new Error("a method that is not there");
  return method as DescMethodUnary;
}

/** Rows that note what they are asked. */
class Witness extends Permits {
  readonly questions: Question[] = [];
  readonly #permits: Permits | undefined;
  readonly #has: (project: string) => boolean;

  constructor(permits: Permits | undefined, has: (project: string) => boolean) {
    super([], new Set());
    this.#permits = permits;
    this.#has = has;
  }

  /** Whether the method is for the caller at all. */
  get admits(): boolean {
    return this.#permits !== undefined || this.#has("");
  }

  override has(project: string): boolean {
    return this.#has(project);
  }

  override rule(project: string, ask: Ask): Ruling {
    this.questions.push({ project, ask });
    return this.#permits?.rule(project, ask) ?? { permitted: false, maxTtl: undefined };
  }
}
