// Claims for the tests of what is said of them, read back from tokens that are signed here.

import { type Claims, claimsOf } from "../../src/issuing/claims.ts";
import type { ExpectedGrant } from "../../src/issuing/cover.ts";
import { MalformedToken } from "../../src/token/bytes.ts";
import { tryParseToken } from "../../src/token/parse.ts";
import { type Grant, SERVICES, type ServiceName, serviceRow } from "../../src/token/services.ts";
import { sign006, type Token006 } from "../../src/token/token006.ts";
import { sign007, type Token007 } from "../../src/token/token007.ts";
import { channelFromText, userFromText } from "../../src/token/user.ts";
import { APP_IDS, DIGITS, NOW } from "../api/world.ts";

/** The digits of the primary certificate of the project `live`. */
export const CERTIFICATE = Buffer.from(DIGITS.primary, "latin1");

/** The claims of a text that must be a token. */
export function claimsIn(text: string): Claims {
  const parsed = tryParseToken(text);
  if (parsed instanceof MalformedToken) throw parsed;
  if (parsed.kind !== "token") throw new Error("the text is no token");
  return claimsOf(parsed.claimed);
}

/** The text of a token of version 007, issued now for an hour unless it says otherwise. */
export function text007(grants: readonly Grant[], more: Partial<Token007> = {}): string {
  return sign007({ appId: APP_IDS.live, issuedAt: NOW, lifetime: 3600, salt: 1, grants, ...more }, CERTIFICATE);
}

/** The claims of such a token. */
export function claims007(grants: readonly Grant[], more: Partial<Token007> = {}): Claims {
  return claimsIn(text007(grants, more));
}

/** The claims of a token of version 006 for uid 42 in `room-1`, unless it says otherwise. */
export function claims006(more: Partial<Token006> = {}): Claims {
  const privileges = new Map([1, 2, 3, 4].map((number) => [number, NOW + 3600]));
  const token = {
    appId: APP_IDS.live,
    channelText: "room-1",
    userText: "42",
    salt: 1,
    expiresAt: NOW + 3600,
    privileges,
  };
  return claimsIn(sign006({ ...token, ...more }, CERTIFICATE));
}

/** Privileges by number, each with an end in seconds after the issue. */
export function privileges(numbers: readonly number[], end = 3600): ReadonlyMap<number, number> {
  return new Map(numbers.map((number) => [number, end]));
}

/** A grant of RTC, by the texts that a token has. */
export function rtcGrant(channel: string, user: string, numbers: readonly number[] = [1], end = 3600) {
  const names = { channel: channelFromText(channel), user: userFromText(user) };
  return { service: "rtc", privileges: privileges(numbers, end), ...names } as const satisfies Grant;
}

/** A grant of any service, with all of its privileges. */
export function grantOfService(service: ServiceName): Grant {
  const names = { channel: { name: "room-1" }, user: { uid: 42 }, userId: "u-1", roomUuid: "room-1", userUuid: "bob" };
  const all: Record<string, unknown> = { ...names, role: 1, permissions: [] };
  const fields = Object.keys(SERVICES[service].fields).map((field) => [field, all[field]]);
  // The fields are those of the service's row.
  return {
    service,
    privileges: privileges(Object.values(serviceRow(service).privileges)),
    ...Object.fromEntries(fields),
  } as unknown as Grant;
}

/** What is expected, of a grant that a token has. */
export function expectation(grant: Grant, numbers?: readonly number[]): ExpectedGrant {
  const wanted = numbers ?? [...grant.privileges.keys()];
  return { ...grant, privileges: new Map(wanted.map((number) => [number, undefined])) };
}
