import { create, fromJson, toJson } from "@bufbuild/protobuf";
import { Option } from "commander";
import {
  type BuildTokenRequest,
  BuildTokenRequestSchema,
  type BuildTokenResponse,
  BuildTokenResponseSchema,
  TokenVersion,
} from "../../gen/agora/token/v1/token_pb.ts";
import { answering, askServer, EXIT_CODES_OF_CALLS } from "./asking.ts";
import { addHereOptions, buildHere, HERE_HELP, type HereOptions, hereFrom } from "./building.ts";
import { EXIT, usage } from "./exit.ts";
import { addExpirationOptions, type ExpirationOptions, expirationFrom } from "./expiration.ts";
import { addGrantOptions, type GrantOptions, grantFrom } from "./grant-options.ts";
import { printIssued } from "./issued.ts";
import { jsonText } from "./printable.ts";
import type { AddCommand, Context } from "./prompt.ts";
import { addServerOptions, DEFAULT_SERVER, type ServerOptions } from "./server-options.ts";
import { fileText, jsonFrom, withoutTokens } from "./values.ts";

interface BuildOptions extends ExpirationOptions, GrantOptions, HereOptions, ServerOptions {
  readonly project?: string;
  readonly tokenVersion?: string;
  readonly request?: string;
  readonly json?: boolean;
}

const HELP = `
The token is printed alone, so that a shell can take it. It is a secret.
${HERE_HELP}

Examples:
  $ agora-tokend build --project demo --ttl 1h --channel room-1 --uid 42 --role publisher
  $ agora-tokend build --project live --ttl 1h --service rtm --account alice --privilege login --server unix:/run/token.sock
  $ agora-tokend build --request request.json --server tokens.internal:443 --bearer-file key --json
  $ agora-tokend build --config tokend.yaml --caller lobby --project live --ttl 15m --channel room-1 --uid 42 --role subscriber

Exit codes:
  0   built
${EXIT_CODES_OF_CALLS}
  78  the configuration cannot be used`;

const VERSIONS: Readonly<Record<string, TokenVersion>> = {
  "006": TokenVersion.TOKEN_VERSION_006,
  "007": TokenVersion.TOKEN_VERSION_007,
};

/** `build`: builds a token. */
export const addBuild: AddCommand = (tokend, context) => {
  const command = tokend
    .command("build")
    .description(`build a token by the server at ${DEFAULT_SERVER} or at --server, or on this machine with --config`)
    .option("--project <id>", "the project to sign for");
  addServerOptions(addGrantOptions(addExpirationOptions(command)), `${DEFAULT_SERVER} if it is left out`)
    .addOption(new Option("--token-version <version>", "the version of the token").choices(Object.keys(VERSIONS)))
    .option("--request <file>", "all of the request, in the JSON of a BuildTokenRequest; - is standard input")
    .option("--json", "print a BuildTokenResponse for programs");
  addHereOptions(command)
    .addHelpText("after", HELP)
    .action(async (options: BuildOptions) => {
      await answering(context, options.json, () => build(options, context));
    });
};

async function build(options: BuildOptions, context: Context): Promise<number> {
  const request =
    options.request === undefined ? requestFrom(options) : await requestOf(options.request, options, context);
  const response = await buildBy(request, options, context);
  if (options.json) context.around.out(jsonText(toJson(BuildTokenResponseSchema, response)));
  else if (response.issuedToken) printIssued(response.issuedToken, context);
  return EXIT.OK;
}

function buildBy(request: BuildTokenRequest, options: BuildOptions, { around }: Context): Promise<BuildTokenResponse> {
  const here = hereFrom(options, around.clock);
  return here ? buildHere(request, here) : askServer(options, (client) => client.buildToken(request));
}

function requestFrom(options: BuildOptions): BuildTokenRequest {
  const { project, tokenVersion } = options;
  const grant = grantFrom(options);
  if (project === undefined) throw usage("--project says which project to sign for; or give all of it with --request");
  const expiration = expirationFrom(options);
  if (!grant) throw usage("what the token is for is missing: --channel, a user and --role, or --service and its parts");
  return create(BuildTokenRequestSchema, {
    project,
    expiration,
    grants: [grant],
    version: VERSIONS[tokenVersion ?? ""] ?? TokenVersion.TOKEN_VERSION_UNSPECIFIED,
  });
}

async function requestOf(file: string, options: BuildOptions, { prompt }: Context): Promise<BuildTokenRequest> {
  const { project, ttl, until, tokenVersion } = options;
  if ((project ?? ttl ?? until ?? tokenVersion) !== undefined || grantFrom(options)) {
    throw usage("--request says all of the request: leave the options of its parts out");
  }
  const json = jsonFrom("--request", file === "-" ? await prompt.read() : fileText("--request", file));
  try {
    return fromJson(BuildTokenRequestSchema, json);
  } catch (error) {
    throw usage(`--request: it is not the JSON of a BuildTokenRequest: ${withoutTokens(error)}`);
  }
}
