// Where a request is wrong, in the contract's words.

import { create, type DescMessage, type Message, type MessageShape } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import type { Violation as RuleViolation, Validator } from "@bufbuild/protovalidate";
import { Failure, type Place, type Violation } from "../failure.ts";
import type { BuildOrder } from "../issuing/build.ts";
import { privilegeField, serviceField } from "./grants.ts";
import { others } from "./others.ts";
import { isPlain } from "./plain-requests.ts";

const LEGAL = "letters, digits, space and !#$%&()+,-.:;<=>?@[]^_{|}~";

/** What the library says of these rules is right and of no help. By rule and, where it differs, by field. */
const IN_OUR_WORDS: Readonly<Record<string, string>> = {
  "string.not_in user_account": "is the account of nobody: for any user set any_user, for one user its uid",
  "string.pattern project":
    "is not the ID of a project: a lower-case letter, then letters, digits and hyphens, 63 at most",
  "string.pattern channel_name": `has a character that Agora does not allow: ${LEGAL} are; for every channel set any_channel`,
  "string.pattern user_account": `has a character that Agora does not allow: ${LEGAL} are; for any user set any_user`,
  "string.pattern user_id": `is empty or has a character that Agora does not allow: ${LEGAL} are, for Chat a-z, 0-9, _ . and - alone`,
  "string.pattern room_uuid": `has a character that Agora does not allow, or more than 64: ${LEGAL} are`,
  "string.pattern user_uuid": "has a character that Agora does not allow, or more than 63: a-z, 0-9, _ . and - are",
  "string.pattern resources": `is empty or has a character that Agora does not allow: ${LEGAL} and * are`,
  "required expiration": "one of ttl, expire_time must be set",
  "required service": "one service must be set, such as rtc",
  "duration.gte_lte ttl":
    "must be from 1s to 86400s, the longest that Agora accepts; it is a length of time, not a time",
};

/** Likewise of the rules that say which fields exclude each other, by what the library says. */
const OF_CHOICES: Readonly<Record<string, string>> = {
  "one of uid, user_account, any_user must be set":
    "one of uid, user_account, any_user must be set; uid 0 is nobody: for any user set any_user",
  "one of channel_name, any_channel must be set":
    "one of channel_name, any_channel must be set; an empty name is no channel: for every channel set any_channel",
};

/**
 * Checks a request against the rules of the contract. Those that keep them beyond doubt are told at once, by undefined. The
 * promise is rejected with Failure REQUEST_INVALID, which has every violation.
 */
export type RequestValidator = (schema: DescMessage, request: Message) => Promise<void> | undefined;

/**
 * Makes a validator. It loads and compiles rules when they are first needed, which is for none of the plain requests: they
 * take 15 MB and a tenth of a second.
 */
export function requestValidator(): RequestValidator {
  const loaded = once(async () => {
    const { createValidator } = await import("@bufbuild/protovalidate");
    return createValidator({ regexMatch: matches });
  });
  const compiled = new Map<DescMessage, () => Promise<Validator>>();
  const rulesOf = (schema: DescMessage) => {
    const known = compiled.get(schema) ?? once(async () => compile(await loaded(), schema));
    compiled.set(schema, known);
    return known();
  };
  const judge = async (schema: DescMessage, request: Message) => {
    const result = (await rulesOf(schema)).validate(schema, request as MessageShape<DescMessage>);
    if (result.kind === "error") throw result.error;
    if (result.kind === "invalid") throw invalid(result.violations.map(violationOf));
  };
  return (schema, request) => (isPlain(schema, request) ? undefined : judge(schema, request));
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

// One message at a time, the innermost first, so that other calls do not wait for all of it.
async function compile(validator: Validator, schema: DescMessage): Promise<Validator> {
  for (const each of innermostFirst(schema)) {
    await others();
    validator.validate(each, create(each));
  }
  return validator;
}

function innermostFirst(schema: DescMessage, found = new Set<DescMessage>(), open = new Set<DescMessage>()) {
  open.add(schema);
  for (const { message } of schema.fields) if (message && !open.has(message)) innermostFirst(message, found, open);
  return found.add(schema);
}

const patterns = new Map<string, RegExp>();

// The library's RE2 takes 15 ms for a text of 255 KB. The patterns are the contract's own, each a class of characters
// that is repeated, which the platform's engine matches in one pass as well.
function matches(pattern: string, text: string): boolean {
  const known = patterns.get(pattern) ?? new RegExp(pattern, "u");
  patterns.set(pattern, known);
  return known.test(text);
}

/** REQUEST_INVALID, with the index of the first request of a batch in which something is wrong. */
export function invalid(violations: readonly Violation[]): Failure {
  const index = /^requests\[(\d+)\]/.exec(violations[0]?.field ?? "")?.[1];
  return new Failure("REQUEST_INVALID", { violations, ...(index !== undefined && { index: Number(index) }) });
}

/** A failure with the field that its place stands for, if it has a place. */
export function located(failure: Failure, request: RequestWords): Failure {
  const { at } = failure.facts;
  if (!at) return failure;
  const field = request.path + fieldOf(at.place, request);
  const violations = [{ field, description: at.description, rule: at.rule }];
  return new Failure(failure.reason, { ...failure.facts, violations }, { cause: failure.cause });
}

/** How a request says what our words mean. */
export interface RequestWords {
  /** Where it stands in the message: `requests[3].`, or empty. */
  readonly path: string;
  /** The field that says the end: `ttl`. */
  readonly expiration: "ttl" | "expire_time";
  readonly grants?: BuildOrder["grants"];
}

function fieldOf(place: Place, { expiration, grants }: RequestWords): string {
  if (place.part === "expiration") return expiration;
  if (!("index" in place)) return place.part;
  const grant = grants?.[place.index];
  if (!grant) return `grants[${place.index}]`;
  const path = `grants[${place.index}].${serviceField(grant.service)}`;
  if (place.privilege === undefined) return path;
  const lifetime = grant.privileges.get(place.privilege);
  const end = lifetime && "for" in lifetime ? "ttl" : "expire_time";
  return `${path}.privileges.${privilegeField(grant.service, place.privilege)}.${end}`;
}

function violationOf({ field, message, ruleId }: RuleViolation): Violation {
  const path = pathToString(field);
  const name = /([a-z_0-9]+)(?:\[\d+\])?$/.exec(path)?.[1] ?? "";
  const description = IN_OUR_WORDS[`${ruleId} ${name}`] ?? OF_CHOICES[message] ?? message;
  return { field: path, description, rule: ruleId };
}
