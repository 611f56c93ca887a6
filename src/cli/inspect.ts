import { create, type JsonValue, toJson } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Option } from "commander";
import {
  type Grant,
  GrantSchema,
  InspectTokenRequestSchema,
  type InspectTokenResponse,
  InspectTokenResponseSchema,
  Verdict,
} from "../../gen/agora/token/v1/token_pb.ts";
import { requestValidator } from "../api/violations.ts";
import { type Instant, systemClock } from "../clock.ts";
import { Failure } from "../failure.ts";
import { answering, askServer } from "./asking.ts";
import { byteMapJson, byteMapLines, byteMapOf } from "./byte-map.ts";
import { type ExamineOptions, examineHere } from "./examining.ts";
import { EXIT, usage } from "./exit.ts";
import { addGrantOptions, type GrantOptions, grantFrom, grantFromJson } from "./grant-options.ts";
import { jsonText, painter, printable } from "./printable.ts";
import type { AddCommand, Context } from "./prompt.ts";
import { reportLines } from "./report.ts";
import { addServerOptions, type ServerOptions } from "./server-options.ts";
import { tokenFrom } from "./token-input.ts";
import { instantFrom } from "./values.ts";

interface InspectOptions extends ExamineOptions, GrantOptions, ServerOptions {
  readonly expect?: string;
  readonly at?: Instant;
  readonly json?: boolean;
  readonly bytes?: boolean;
}

const HELP = `
Without --config, --certificate-file or --server there is no certificate to check the signature with.
What the token should grant is said by --service and the options after it, or by --expect.

Examples:
  $ agora-tokend inspect < token.txt
  $ agora-tokend inspect --config tokend.yaml --channel room-1 --uid 42 < token.txt
  $ agora-tokend inspect --certificate-file cert --expect '{"rtm": {"user_id": "alice"}}' < token.txt
  $ agora-tokend inspect --server tokens.internal:443 --bearer-file key --json < token.txt

Exit codes:
  0   accepted
  1   rejected
  2   inconclusive: nothing is known to be wrong, but not all could be checked
  64  wrong use
  65, 69, 70, 77  the server did not answer: see build --help
  78  the configuration or the certificate file cannot be used`;

const EXIT_OF: Readonly<Record<number, number>> = { [Verdict.ACCEPTED]: EXIT.OK, [Verdict.REJECTED]: EXIT.REJECTED };
const validate = requestValidator();
const UNCHECKED = "give --config, --certificate-file or --server";

/** `inspect`: says what a token says, and why it would be refused. */
export const addInspect: AddCommand = (tokend, context) => {
  const command = tokend
    .command("inspect")
    .description("say what a token says, and why it would be refused; on this machine, or with --server by a server")
    .argument("[token]", "the token; better on standard input, where nobody else sees it")
    .option("--json", "print an InspectTokenResponse for programs")
    .option("--bytes", "print where every value stands in the token instead of the report")
    .option("--at <time>", "the time to judge the token at", instantFrom("--at"))
    .option("--project <id>", "the project that the token should belong to, with --config or --server")
    .option("-c, --config <file>", "verify with the certificates of this configuration")
    .addOption(new Option("--certificate-file <file>", "verify with this App Certificate").conflicts("config"))
    .option("--app-id <id>", "the App ID that the token should be for, with --certificate-file")
    .option("--unsafe-samples", "let in the credentials of Agora's samples, which everybody knows")
    .addOption(
      new Option("--expect <json>", "what the token should grant, in the JSON of a Grant").conflicts([
        "service",
        "channel",
        "uid",
      ]),
    );
  addServerOptions(addGrantOptions(command), "ask this server instead of this machine");
  command.addHelpText("after", HELP).action(async (argument: string | undefined, options: InspectOptions) => {
    await answering(context, options.json, () => inspect(argument, options, context));
  });
};

async function inspect(argument: string | undefined, options: InspectOptions, context: Context): Promise<number> {
  checkUse(options);
  const expected = expectedFrom(options);
  const token = await tokenFrom(argument, context);
  const response = await (options.server ? inspectThere : inspectHere)(token, expected, options, context);
  const { out } = context.around;
  if (options.bytes) {
    const map = byteMapOf(token);
    if (options.json) out(jsonText(byteMapJson(map)));
    else for (const line of byteMapLines(map)) out(printable(line));
  } else if (options.json) out(jsonText(jsonOf(response)));
  else {
    const unchecked = (options.config ?? options.certificateFile ?? options.server) ? undefined : UNCHECKED;
    for (const line of reportLines(response, { paint: painter(context.prompt.colours), unchecked })) out(line);
  }
  return EXIT_OF[response.verdict] ?? EXIT.INCONCLUSIVE;
}

function checkUse({ server, config, certificateFile, appId, project }: InspectOptions): void {
  if (server && (config ?? certificateFile) !== undefined) {
    throw usage("--server asks a server, which has certificates of its own: leave --config and --certificate-file out");
  }
  if (appId !== undefined && certificateFile === undefined) throw usage("--app-id goes with --certificate-file");
  if (project !== undefined && !server && config === undefined) throw usage("--project goes with --config or --server");
}

function expectedFrom(options: InspectOptions): Grant | undefined {
  const byOptions = grantFrom(options);
  if (options.expect === undefined) return byOptions;
  if (byOptions) throw usage("--expect says all of the grant: leave the options of its parts out");
  return grantFromJson("--expect", options.expect);
}

async function inspectHere(token: string, expected: Grant | undefined, options: InspectOptions, { around }: Context) {
  if (expected) await checkGrant(expected);
  const at = options.at ?? (around.clock ?? systemClock)();
  return examineHere(options, { token, expected, at });
}

// The same rules as a server has.
async function checkGrant(expected: Grant): Promise<void> {
  try {
    await validate(GrantSchema, expected);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const [first] = error.facts.violations ?? [];
    throw usage(`the expected grant is invalid: ${first?.field}: ${first?.description}`);
  }
}

function inspectThere(
  token: string,
  expected: Grant | undefined,
  options: InspectOptions,
): Promise<InspectTokenResponse> {
  const { project, at } = options;
  const request = create(InspectTokenRequestSchema, {
    token,
    ...(project !== undefined && { project }),
    ...(expected && { expectedGrant: expected }),
    ...(at !== undefined && { inspectTime: timestampFromMs(at * 1000) }),
  });
  return askServer(options, (client) => client.inspectToken(request));
}

function jsonOf(response: InspectTokenResponse): JsonValue {
  return toJson(InspectTokenResponseSchema, response);
}
