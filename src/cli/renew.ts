import { create, toJson } from "@bufbuild/protobuf";
import { Option } from "commander";
import { RenewTokenRequestSchema, RenewTokenResponseSchema } from "../../gen/agora/token/v1/token_pb.ts";
import { answering, askServer, EXIT_CODES_OF_CALLS } from "./asking.ts";
import { addHereOptions, HERE_HELP, type HereOptions, hereFrom, renewHere } from "./building.ts";
import { EXIT, usage } from "./exit.ts";
import { addExpirationOptions, type ExpirationOptions, expirationFrom } from "./expiration.ts";
import { addGrantOptions, type GrantOptions, grantFrom, grantFromJson } from "./grant-options.ts";
import { printIssued } from "./issued.ts";
import { jsonText } from "./printable.ts";
import type { AddCommand, Context } from "./prompt.ts";
import { addServerOptions, DEFAULT_SERVER, type ServerOptions } from "./server-options.ts";
import { tokenFrom } from "./token-input.ts";

interface RenewOptions extends ExpirationOptions, GrantOptions, HereOptions, ServerOptions {
  readonly project?: string;
  readonly expect?: string;
  readonly json?: boolean;
}

const HELP = `
The original is read from standard input. The renewed token is printed alone, so that a shell can take it.
What the original should grant is said by --service and the options after it, or by --expect; version 006 needs it.
${HERE_HELP}

Examples:
  $ agora-tokend renew --project demo --ttl 2h < token.txt
  $ agora-tokend renew --project live --ttl 2h --channel room-1 --uid 42 --server unix:/run/token.sock < token.txt
  $ agora-tokend renew --config tokend.yaml --caller lobby --project live --ttl 2h < token.txt

Exit codes:
  0   renewed
${EXIT_CODES_OF_CALLS}
  78  the configuration cannot be used`;

/** `renew`: renews a token. */
export const addRenew: AddCommand = (tokend, context) => {
  const command = tokend
    .command("renew")
    .description(`renew a token by the server at ${DEFAULT_SERVER} or at --server, or on this machine with --config`)
    .option("--project <id>", "the project that the original belongs to");
  addServerOptions(addGrantOptions(addExpirationOptions(command)), `${DEFAULT_SERVER} if it is left out`)
    .addOption(
      new Option("--expect <json>", "what the original should grant, in the JSON of a Grant").conflicts([
        "service",
        "channel",
        "uid",
      ]),
    )
    .option("--json", "print a RenewTokenResponse for programs");
  addHereOptions(command)
    .addHelpText("after", HELP)
    .action(async (options: RenewOptions) => {
      await answering(context, options.json, () => renew(options, context));
    });
};

async function renew(options: RenewOptions, context: Context): Promise<number> {
  const { project, expect, json } = options;
  if (project === undefined) throw usage("--project says which project the original belongs to");
  const byOptions = grantFrom(options);
  if (byOptions && expect !== undefined)
    throw usage("--expect says all of the grant: leave the options of its parts out");
  const expectedGrant = expect === undefined ? byOptions : grantFromJson("--expect", expect);
  const expiration = expirationFrom(options);
  const here = hereFrom(options, context.around.clock);
  const token = await tokenFrom(undefined, context);
  const request = create(RenewTokenRequestSchema, {
    project,
    token,
    expiration,
    ...(expectedGrant && { expectedGrant }),
  });
  const response = await (here ? renewHere(request, here) : askServer(options, (client) => client.renewToken(request)));
  if (json) context.around.out(jsonText(toJson(RenewTokenResponseSchema, response)));
  else if (response.issuedToken) printIssued(response.issuedToken, context);
  return EXIT.OK;
}
