// Tokens for the tests of commands: of the project and certificates of `files.ts`.

import type { Grant } from "../../src/token/services.ts";
import { sign006 } from "../../src/token/token006.ts";
import { sign007 } from "../../src/token/token007.ts";
import { NOW } from "./at-prompt.ts";
import { APP_ID, CERTIFICATES } from "./files.ts";

/** What differs from a good token. */
export interface TokenParts {
  readonly appId?: string;
  readonly certificate?: string;
  readonly issuedAt?: number;
  readonly channel?: string;
}

/** A publisher in `room-1` with the uid 42, issued a minute ago for an hour. */
export function token007(parts: TokenParts = {}): string {
  const { appId = APP_ID, certificate = CERTIFICATES.a, issuedAt = NOW - 60, channel = "room-1" } = parts;
  const privileges = new Map([1, 2, 3, 4].map((number) => [number, 3600]));
  const grant: Grant = { service: "rtc", privileges, channel: { name: channel }, user: { uid: 42 } };
  return sign007({ appId, issuedAt, lifetime: 3600, salt: 77, grants: [grant] }, Buffer.from(certificate));
}

/** The same in version 006. */
export function token006(): string {
  const privileges = new Map([1, 2, 3, 4].map((number) => [number, NOW + 3540]));
  const parts = { appId: APP_ID, channelText: "room-1", userText: "42", salt: 77, expiresAt: NOW + 3540, privileges };
  return sign006(parts, Buffer.from(CERTIFICATES.a));
}
