// The record of a token as nearly all are: of RTC, for channels and users by name, in printable ASCII. It is written as
// text, which spares an object of twenty keys and JSON.stringify. Of all else `issuedBody` of record.ts makes the
// record, to the same bytes: to leave a record to it is never wrong, only slow. A test holds each record here to that.

import type { Caller } from "../access/caller.ts";
import { type Instant, isoTime } from "../clock.ts";
import type { Grant } from "../token/services.ts";
import { userToText } from "../token/user.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { Asked, Signed } from "./ledger.ts";
import type { Names } from "./names.ts";
import type { CallFacts } from "./record.ts";
import { SPELLED } from "./spelling.ts";
import { timeText } from "./time-text.ts";

/** Which token of a batch it is. */
export interface Place {
  readonly index: number;
  readonly of: number;
}

// What JSON has as it is, between quotation marks: printable ASCII but for `"` and `\`.
const PLAIN = /^[ !#-[\]-~]*$/;
const { privileges: RTC_PRIVILEGES } = SPELLED.rtc;

/** The record of a token that was signed, if it is one of those; else undefined. */
export function plainIssued(
  call: CallFacts,
  asked: Asked | undefined,
  token: Signed,
  names: Names,
  place: Place | undefined,
): string | undefined {
  const { requestId, caller, peer, method } = call;
  const { certificateId, version, signature, span } = token;
  if (!caller || !isProvenSimply(caller) || names.kind !== "plain" || !signature) return undefined;
  if (requestId === undefined || asked?.project === undefined || asked.original !== undefined) return undefined;
  // One look at all of them together takes less time than one at each.
  if (!PLAIN.test(requestId + caller.id + peer + method + asked.project + certificateId + version)) return undefined;
  const grants = grantsText(token.grants, span.expiresAt);
  if (grants === undefined) return undefined;
  const at = place ? `"index":${place.index},"of":${place.of},` : "";
  return (
    `{"time":"${timeText(call.time)}","event":"call","request_id":"${requestId}",` +
    `"caller":"${caller.id}","proof":"${caller.proof}","peer":"${peer}","method":"${method}","decision":"issued",` +
    `${at}"project":"${asked.project}",${lifetimeText(asked.lifetime)}` +
    `"certificate":"${certificateId}","version":"${version}","grants":[${grants}],` +
    `"ttl":${span.expiresAt - span.issuedAt},"expire_time":"${isoTime(span.expiresAt)}",` +
    `"fingerprint":"${fingerprintOf(signature)}"}`
  );
}

function isProvenSimply({ proof }: Caller): boolean {
  return proof === "api_key" || proof === "loopback" || proof === "unix";
}

function lifetimeText(lifetime: Asked["lifetime"]): string {
  if (!lifetime) return "";
  return "for" in lifetime ? `"asked_ttl":${lifetime.for},` : `"asked_expire_time":"${isoTime(lifetime.until)}",`;
}

function grantsText(grants: Signed["grants"], end: Instant): string | undefined {
  let text = "";
  for (const grant of grants) {
    const part = grantText(grant, end);
    if (part === undefined) return undefined;
    text += text === "" ? part : `,${part}`;
  }
  return text;
}

function grantText(grant: Grant<Instant | undefined>, end: Instant): string | undefined {
  if (grant.service !== "rtc" || grant.channel === "any" || grant.channel.name === "") return undefined;
  const { name } = grant.channel;
  const user = userToText(grant.user);
  if (user === "" || !PLAIN.test(name) || !PLAIN.test(user)) return undefined;
  let spelled = "";
  for (const [number, ends] of grant.privileges) {
    // What ends before the token does is told apart.
    if (ends !== undefined && ends < end) return undefined;
    const privilege = RTC_PRIVILEGES.get(number) ?? number;
    spelled += spelled === "" ? `"${privilege}"` : `,"${privilege}"`;
  }
  return `{"service":"rtc","channel":"${name}","user":"${user}","privileges":[${spelled}]}`;
}
