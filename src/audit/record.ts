// What a record says. Everything in it is listed here: a token, a certificate or a credential has no place to stand in.

import type { Caller } from "../access/caller.ts";
import { RTM2_USERS } from "../access/resources.ts";
import { type Instant, isoTime } from "../clock.ts";
import { channelOf, userTextOf } from "../token/grant.ts";
import type { Grant, Privileges } from "../token/services.ts";
import { fingerprintOf, fingerprintOfIssued } from "./fingerprint.ts";
import type { Asked, Inspected, Ledger, Signed } from "./ledger.ts";
import { keyFor, type Named, type Names, recorded } from "./names.ts";
import { type Place, plainIssued } from "./plain-record.ts";
import { SPELLED } from "./spelling.ts";
import { timeText } from "./time-text.ts";

/** The event of a process that begins to record. */
export const STARTED = "started";
/** The event of a process that ends in order. */
export const STOPPED = "stopped";
/** The event of a file that takes over from another. */
export const REOPENED = "reopened";

/** What is known of a call whatever becomes of it. */
export interface CallFacts {
  /** In milliseconds since 1970. */
  readonly time: number;
  readonly requestId: string | undefined;
  /** Undefined for a stranger. */
  readonly caller: Caller | undefined;
  /** The address at the other end. */
  readonly peer: string;
  /** The name of the method: `BuildToken`. */
  readonly method: string;
}

/** A key of a record, and all that there may be. */
export type RecordKey = (typeof RECORD_KEYS)[number];

/** The keys of records. `seq` and `prev_hash` stand before them. */
export const RECORD_KEYS = [
  "time",
  "event",
  "request_id",
  "caller",
  "proof",
  "spiffe_id",
  "certificate_serial",
  "jwt_issuer",
  "jwt_subject",
  "jwt_id",
  "peer",
  "method",
  "decision",
  "reason",
  "index",
  "of",
  "project",
  "certificate",
  "version",
  "grants",
  "asked_ttl",
  "asked_expire_time",
  "ttl",
  "expire_time",
  "fingerprint",
  "renews",
  "verdict",
  "names",
  "release",
] as const;

// Filled in key by key: to spread one object into another takes longer than all the rest.
type Body = { [K in RecordKey]?: unknown };

/** The record of something that is no call. */
export function eventBody(event: string, time: number, more: Pick<Body, "names" | "release"> = {}): string {
  return JSON.stringify({ time: timeText(time), event, ...more } satisfies Body);
}

/** The records of a call that succeeded: one for each token, or one for what was found. */
export function grantedBodies(call: CallFacts, { asked, signed, inspected }: Ledger, names: Names): string[] {
  if (signed.length === 0) return [JSON.stringify(inspectedBody(call, inspected))];
  const batch = call.method === BATCH ? signed.length : undefined;
  return signed.map((token, index) => {
    const place = batch === undefined ? undefined : { index, of: batch };
    const said = asked[index];
    return plainIssued(call, said, token, names, place) ?? issuedBody(call, said, token, names, place);
  });
}

/** The record of a token that was signed, whatever it is for. */
export function issuedBody(
  call: CallFacts,
  asked: Asked | undefined,
  token: Signed,
  names: Names,
  place: Place | undefined,
): string {
  const body = bodyOf(call, "issued");
  if (place) {
    body.index = place.index;
    body.of = place.of;
  }
  noteAsked(body, asked);
  noteSigned(body, token, names);
  if (asked?.original !== undefined) body.renews = fingerprintOfIssued(asked.original);
  return JSON.stringify(body);
}

/**
 * The record of a call that did not.
 *
 * @param reason why, as the contract names it
 * @param index of the request in its batch
 */
export function refusedBody(
  call: CallFacts,
  ledger: Ledger,
  names: Names,
  { reason, index }: { readonly reason: string; readonly index?: number | undefined },
): string {
  const asked = ledger.asked.at(-1);
  const body = bodyOf(call, reason === "INTERNAL" ? "failed" : "denied");
  body.reason = reason;
  body.index = index;
  noteAsked(body, asked);
  body.version = asked?.version;
  body.grants = asked?.grants?.map((grant) => grantPart(grant, names, undefined));
  return JSON.stringify(body);
}

const BATCH = "BatchBuildTokens";

// Keys without a value are left out by JSON.stringify.
function bodyOf({ time, requestId, caller, peer, method }: CallFacts, decision: string): Body {
  const body: Body = { time: timeText(time), event: "call", request_id: requestId };
  if (caller) noteCaller(body, caller);
  body.peer = peer;
  body.method = method;
  body.decision = decision;
  return body;
}

function noteCaller(body: Body, caller: Caller): void {
  body.caller = caller.id;
  body.proof = caller.proof;
  if (caller.proof === "mtls") {
    body.spiffe_id = caller.spiffeId;
    body.certificate_serial = caller.serial;
  } else if (caller.proof === "jwt") {
    body.jwt_issuer = caller.issuer;
    body.jwt_subject = caller.subject;
    body.jwt_id = caller.jwtId;
  }
}

function noteAsked(body: Body, asked: Asked | undefined): void {
  body.project = asked?.project;
  const lifetime = asked?.lifetime;
  if (!lifetime) return;
  if ("for" in lifetime) body.asked_ttl = lifetime.for;
  else body.asked_expire_time = isoTime(lifetime.until);
}

function noteSigned(body: Body, { text, signature, version, span, certificateId, grants }: Signed, names: Names): void {
  body.certificate = certificateId;
  body.version = version;
  body.grants = grants.map((grant) => grantPart(grant, names, span.expiresAt));
  body.ttl = span.expiresAt - span.issuedAt;
  body.expire_time = isoTime(span.expiresAt);
  body.fingerprint = signature ? fingerprintOf(signature) : fingerprintOfIssued(text);
}

function inspectedBody(call: CallFacts, inspected: Inspected | undefined): Body {
  const body = bodyOf(call, "inspected");
  body.project = inspected?.project;
  body.verdict = inspected?.verdict;
  return body;
}

/** @param end of the token; undefined where none was decided */
function grantPart(grant: Grant<unknown>, names: Names, end: Instant | undefined): Record<string, unknown> {
  const part: Record<string, unknown> = { service: SPELLED[grant.service].service };
  const channel = channelOf(grant);
  if (channel === "any") part["any_channel"] = true;
  else if (channel) part[keyFor(names, "channel")] = recorded(names, "channel", channel.name);
  const user = userTextOf(grant);
  if (user === "") part["any_user"] = true;
  else if (user !== undefined) part[keyFor(names, "user")] = recorded(names, "user", user);
  const { privileges } = SPELLED[grant.service];
  const spelled: string[] = [];
  for (const number of grant.privileges.keys()) spelled.push(privileges.get(number) ?? String(number));
  part["privileges"] = spelled;
  if (end !== undefined) noteEarlierEnds(part, grant.privileges, end, spelled);
  if (grant.service === "rtm2" && grant.permissions.length > 0) part["resources"] = resourcesPart(grant, names);
  return part;
}

/** @param spelled the names of the privileges, in their order */
function noteEarlierEnds(
  part: Record<string, unknown>,
  privileges: Privileges<unknown>,
  end: Instant,
  spelled: readonly string[],
): void {
  let at = 0;
  let earlier: Record<string, string> | undefined;
  for (const ends of privileges.values()) {
    const name = spelled[at++] ?? "";
    if (typeof ends !== "number" || ends >= end) continue;
    earlier ??= {};
    earlier[name] = isoTime(ends);
  }
  if (earlier) part["privilege_ends"] = earlier;
}

/** How many names of resources are recorded, so that a line stays short. */
const MOST_RESOURCES = 32;

function resourcesPart(grant: Extract<Grant<unknown>, { service: "rtm2" }>, names: Names) {
  let left = MOST_RESOURCES;
  return grant.permissions.map(({ resourceType, access, resources }) => {
    const named: Named = resourceType === RTM2_USERS ? "user" : "channel";
    const shown = resources.slice(0, left);
    left -= shown.length;
    return {
      type: resourceType,
      access,
      [keyFor(names, named)]: shown.map((name) => recorded(names, named, name)),
      ...(shown.length < resources.length && { more: resources.length - shown.length }),
    };
  });
}
