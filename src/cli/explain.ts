import { readFileSync } from "node:fs";
import type { JsonValue } from "@bufbuild/protobuf";
import { METHODS, type MethodName, type Permit, Policy, type Refusal, refusals } from "../access/policy.ts";
import { answerTo } from "../api/answers.ts";
import { systemClock } from "../clock.ts";
import type { Place, Settings } from "../config/config.ts";
import type { Failure } from "../failure.ts";
import { type CheckOptions, loadOnce } from "./check-config.ts";
import { rowsOf } from "./compose.ts";
import { EXIT, usage } from "./exit.ts";
import { faultOf } from "./file-faults.ts";
import type { Surroundings } from "./serve.ts";
import { type Question, requestFrom, type TrialCall, tryCall } from "./trial.ts";

/** What to explain. */
export interface ExplainOptions extends CheckOptions {
  /** The configuration file. */
  readonly config: string;
  /** The ID of the caller. */
  readonly caller: string;
  /** The file of the request, or `-` for standard input. */
  readonly request: string;
  readonly method: string;
}

/** A condition of a row that does not hold. */
type Condition = "methods" | "projects" | Refusal;

/** What a row says of a call. */
interface RowVerdict {
  /** The index of the row in `permits`. */
  readonly permit: number;
  readonly place: Place | undefined;
  /** The conditions that do not hold. None, if the row permits it. */
  readonly refused: readonly { readonly condition: Condition; readonly why: string }[];
}

const WHY: Readonly<Record<Condition, (row: Permit, question: Question | undefined) => string>> = {
  methods: () => "the method, or BuildToken, which it is as good as, is not listed",
  projects: () => "the project is not listed",
  services: () => "a service of the request is not listed",
  channels: () => "a channel of the request matches none of the patterns",
  users: () => "a user of the request is no uid where uids are permitted, and matches none of the accounts",
  roles: () => "a privilege of the request belongs to none of the roles",
  any_user: () => "a grant is for any user",
  any_channel: () => "a grant is for any channel",
  max_ttl: ({ maxTtl }, question) => `the row permits ${maxTtl}s, and ${question?.ask.ttl}s are asked for`,
};

/** The descriptor of standard input. */
const STANDARD_INPUT = 0;

/**
 * Says whether a caller may make a request, and by which row, or why each of its rows does not permit it.
 *
 * @returns the exit code
 * @throws ConfigInvalid, SelfCheckFailed, or CommanderError if there is no such caller, method or request
 */
export async function explain(options: ExplainOptions, around: Surroundings): Promise<number> {
  const { settings, composition } = await loadOnce(options.config, options);
  const call = callFrom(options, settings);
  const { failure, questions } = await tryCall(composition, call, systemClock);
  const question = questions.at(-1);
  const rows = verdictsOf(settings, call, question);
  const permit = failure ? undefined : rows.find(({ refused }) => refused.length === 0);
  const answer = failure && answerOf(failure);
  if (options.json) around.out(JSON.stringify({ allowed: !failure, permit: permit?.permit, ...answer, rows }, null, 2));
  else for (const line of linesOf(options, permit, answer, rows)) around.out(line);
  return failure ? EXIT.DENIED : EXIT.OK;
}

function callFrom({ caller, method: name, request: file }: ExplainOptions, { callers }: Settings): TrialCall {
  if (!callers.some(({ id }) => id === caller)) throw usage("--caller: the configuration has no caller of this ID");
  const method = METHODS.find((each) => each === name);
  if (method === undefined) throw usage(`--method: it is one of ${METHODS.join(", ")}`);
  const json = jsonOf(file);
  try {
    return { caller, method, request: requestFrom(method, json) };
  } catch (error) {
    // What stands in the request in place of something else may be a token.
    const why = error instanceof Error ? error.message.replace(/"[^"]{33,}"/g, '"..."').slice(0, 300) : "";
    throw usage(`--request: it is not the JSON of a ${method}Request: ${why}`);
  }
}

function jsonOf(file: string): JsonValue {
  let text: string;
  try {
    text = readFileSync(file === "-" ? STANDARD_INPUT : file, "utf8");
  } catch (error) {
    throw usage(`--request: it cannot be read: ${faultOf(error)}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw usage("--request: it is not JSON");
  }
}

/** What each row of the caller says, in the order of the file. */
function verdictsOf(settings: Settings, { caller, method, request }: TrialCall, question: Question | undefined) {
  const named = "project" in request && typeof request.project === "string" ? request.project : "";
  const project = question?.project ?? named;
  return rowsOf(settings).flatMap((row, permit): RowVerdict[] => {
    if (!names(row.callers, caller)) return [];
    const conditions: Condition[] = [
      ...(suffices(row, caller, method) ? [] : (["methods"] as const)),
      ...(project === "" || reaches(row, project, settings) ? [] : (["projects"] as const)),
      ...(question ? refusals(row, question.ask) : []),
    ];
    const refused = conditions.map((condition) => ({ condition, why: WHY[condition](row, question) }));
    return [{ permit, place: settings.places.get(`permits[${permit}]`), refused }];
  });
}

function names(list: readonly string[], name: string): boolean {
  return list.includes(name) || list.includes("*");
}

// The policy knows which methods need which, so it is asked, with a row that differs in its projects alone.
function suffices(row: Permit, caller: string, method: MethodName): boolean {
  return new Policy([{ ...row, projects: ["any"] }], [caller], []).permits(caller, method) !== undefined;
}

function reaches({ projects }: Permit, project: string, settings: Settings): boolean {
  return settings.projects.some(({ id }) => id === project) && names(projects, project);
}

function answerOf(failure: Failure) {
  const { reason, facts } = failure;
  const violations = (facts.violations ?? []).map(({ field, description }) => ({ field, description }));
  return { reason, message: answerTo(failure).message, violations };
}

function linesOf(
  { config, caller, method }: ExplainOptions,
  permit: RowVerdict | undefined,
  answer: ReturnType<typeof answerOf> | undefined,
  rows: readonly RowVerdict[],
): string[] {
  if (!answer) return [`allowed: ${caller} may, by ${permit ? rowName(config, permit) : "its rows"}`];
  const { reason, message, violations } = answer;
  const about = violations.map(({ field, description }) => `  ${field}: ${description}`);
  const head = [`denied: ${reason}: ${message}`, ...about];
  if (rows.length === 0) return [...head, `no row names ${caller}`];
  return [...head, ...rows.flatMap((row) => rowLines(config, row, method))];
}

function rowLines(config: string, row: RowVerdict, method: string): string[] {
  if (row.refused.length === 0) return [`${rowName(config, row)} permits ${method}: it is not what refuses`];
  return [
    `${rowName(config, row)} does not permit it:`,
    ...row.refused.map(({ condition, why }) => `  ${condition}: ${why}`),
  ];
}

function rowName(config: string, { permit, place }: RowVerdict): string {
  return `permits[${permit}]${place ? ` (${config}:${place.line}:${place.column})` : ""}`;
}
