// Genuine tokens for tests that alter or damage them, each with what it is good for.

import type { Grant } from "../../src/token/services.ts";
import { sign006 } from "../../src/token/token006.ts";
import { sign007 } from "../../src/token/token007.ts";

export const APP_ID = "970CA35de60c44645bbae8a215061b33";
export const CERTIFICATE = Buffer.from("5CFd2fd1755d40ecb72977518be15d3b", "latin1");

const RTC: Grant = {
  service: "rtc",
  privileges: new Map([1, 2, 3, 4].map((number) => [number, 600])),
  channel: { name: "lobby" },
  user: { uid: 2_882_341_273 },
};
const RTM: Grant = { service: "rtm", privileges: new Map([[1, 600]]), userId: "test_user" };

/** A token of version 007. */
export function sample007(salt: number, grants: readonly Grant[] = [RTC, RTM]): string {
  return sign007({ appId: APP_ID, issuedAt: 1_111_111, lifetime: 600, salt, grants }, CERTIFICATE);
}

/** A token of version 006. */
export function sample006(salt: number, privileges: readonly number[] = [1, 2, 3, 4]): string {
  const ends = new Map(privileges.map((number) => [number, 0]));
  const token = { appId: APP_ID, channelText: "lobby", userText: "7", salt, expiresAt: 1_111_111, privileges: ends };
  return sign006(token, CERTIFICATE);
}

/** The first token that has what is asked of it. */
export function sampleWith(make: (salt: number) => string, ...wanted: readonly RegExp[]): string {
  for (let salt = 1; salt < 10_000; salt++) {
    const text = make(salt);
    if (wanted.every((pattern) => pattern.test(text))) return text;
  }
  throw new Error("no such token");
}
