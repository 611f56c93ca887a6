import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import { type Config, ConfigSchema } from "../../gen/agora/token/config/v1/config_pb.ts";
import { CERTIFICATE_STATES, LOG_LEVELS, ON_FULL, RECORDED_NAMES } from "./names.ts";
import type { Report } from "./problems.ts";
import { didYouMean } from "./suggest.ts";
import { expectedOf, keysOf } from "./words.ts";

// It compiles the rules when they are first needed, and keeps them.
const VALIDATOR = createValidator();

/** Checks the rules that the schema states, and reports in our words what breaks them. */
export function checkRules(config: Config, report: Report): void {
  const result = VALIDATOR.validate(ConfigSchema, config);
  if (result.kind === "error") throw result.error;
  for (const violation of result.violations ?? []) {
    const path = pathToString(violation.field);
    if (violation.ruleId === "message.oneof") checkChoice(path, violation, report);
    else if (!report.isTroubled(path)) report.add(path, describe(path, leafOf(violation), config, report));
  }
}

function describe(path: string, field: DescField, config: Config, report: Report): string {
  const expected = expectedOf(field);
  if (!report.has(path)) return `is missing: it must be ${expected}`;
  return `must be ${expected}${suggestion(path, field, config)}`;
}

/** The nearest of the names that a key accepts, where it accepts only some. */
function suggestion(path: string, { parent, name }: DescField, config: Config): string {
  if (parent.name === "Audit" && name === "on_full") return didYouMean(config.audit?.onFull ?? "", ON_FULL);
  if (parent.name === "Audit" && name === "names") return didYouMean(config.audit?.names ?? "", RECORDED_NAMES);
  if (parent.name === "Log" && name === "level") return didYouMean(config.log?.level ?? "", LOG_LEVELS);
  if (parent.name !== "Certificate" || name !== "state") return "";
  const [project = 0, certificate = 0] = [...path.matchAll(/\d+/g)].map(Number);
  return didYouMean(config.projects[project]?.certificates[certificate]?.state ?? "", CERTIFICATE_STATES);
}

/** Reports a mapping that has none, or more than one, of the keys of which it needs exactly one. */
function checkChoice(path: string, violation: Violation, report: Report): void {
  if (report.isTroubledWithin(path)) return;
  const message = messageOf(leafOf(violation));
  const choices = message.fields.map((field) => field.name).filter((name) => CHOICES.includes(name));
  const written = choices.filter((name) => report.has(`${path}.${name}`));
  const [only] = written;
  if (only === undefined) report.add(path, `has none of ${keysOf(message, "and", choices)}: it needs one of them`);
  else if (written.length === 1) report.add(`${path}.${only}`, "must be true: what is false recognizes nobody");
  else report.add(path, `has ${keysOf(message, "and", written)}: it needs exactly one of them`);
}

/** The keys that exclude each other, in `Match` and in `JwtIssuer`. */
const CHOICES: readonly string[] = ["spiffe_id", "api_key_sha256", "jwt", "loopback", "jwks_file", "jwks_url"];

function leafOf({ field: path }: Violation): DescField {
  const leaf = path.findLast((part): part is DescField => part.kind === "field");
  if (leaf === undefined) throw new Error("a rule of the whole configuration has no words");
  return leaf;
}

function messageOf(field: DescField): DescMessage {
  if (!field.message) throw new Error(`${field.toString()} is not a mapping`);
  return field.message;
}
