// How a token that was issued is printed: alone on standard output, so that a shell can take it.

import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { IssuedToken } from "../../gen/agora/token/v1/token_pb.ts";
import { printable } from "./printable.ts";
import type { Context } from "./prompt.ts";
import { findingName, localTime } from "./report.ts";

/** Prints a token; to a person, also what goes with it. */
export function printIssued(token: IssuedToken, { around, prompt }: Context): void {
  around.out(printable(token.token));
  if (!prompt.terminal) return;
  around.error(
    `for the App ID ${printable(token.appId)}, signed with the certificate ${printable(token.certificateId)}`,
  );
  around.error(`expires ${shown(token.expireTime)}; renew at ${shown(token.renewTime)}`);
  for (const { reason, description } of token.notes) {
    around.error(`note: ${findingName(reason)}: ${printable(description)}`);
  }
}

function shown(time: Timestamp | undefined): string {
  if (time === undefined) return "at a time that the server does not tell";
  const at = timestampDate(time);
  return `${at.toISOString().replace(".000Z", "Z")} (${localTime(at)})`;
}
