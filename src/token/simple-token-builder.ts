// The surface of Agora's first builder of access tokens, over the functions of this folder.

import { type Clock, systemClock } from "../clock.ts";
import { MalformedToken } from "./bytes.ts";
import { tryParseToken } from "./parse.ts";
import { randomSalt } from "./salt.ts";
import { channelNameOf, hex32, instantOf, uidText } from "./simple-token-arguments.ts";
import { type Claimed006, checksum, PRIVILEGES_006, RTM_LOGIN_006, sign006, verify006 } from "./token006.ts";

/** The roles of the classic builder, numbered as in Node, C++, Java and PHP; Go and Python number them 1 to 4. */
export const Role = { attendee: 0, publisher: 1, subscriber: 2, admin: 101 } as const;

/** A value of {@link Role}. */
export type Role = (typeof Role)[keyof typeof Role];

/** The privileges that a token of version 006 can grant. Those that Agora retired are left out. */
export const Privileges = {
  joinChannel: 1,
  publishAudioStream: 2,
  publishVideoStream: 3,
  publishDataStream: 4,
  rtmLogin: RTM_LOGIN_006,
} as const;

/** What {@link SimpleTokenBuilder.initTokenBuilder} returns: 0, or why the original was not taken. */
export const INIT_RESULT = {
  /** The original is genuine and has not ended; its privileges were taken over. */
  OK: 0,
  /** It is no token, or is damaged or cut. */
  MALFORMED: -1,
  /** It is a token of another version than 006. */
  VERSION: -2,
  /** It is for another App ID, or for this one in another case. */
  APP_ID: -3,
  /** It is for another channel. */
  CHANNEL: -4,
  /** It is for another uid or account; one for uid 0 is for another than one for a certain uid. */
  USER: -5,
  /** Another certificate signed it, or something was changed in it. */
  SIGNATURE: -6,
  /** It has ended, or its privilege to join (or, with none to join, to log in) has. */
  EXPIRED: -7,
  /** It has a privilege that Agora never numbered. */
  UNKNOWN_PRIVILEGE: -8,
  /** It has no privilege at all, or none but retired ones. */
  NO_PRIVILEGES: -9,
} as const;

/** A value of {@link INIT_RESULT}. */
export type InitResult = (typeof INIT_RESULT)[keyof typeof INIT_RESULT];

/** What a builder takes from its surroundings. Both are for tests: leave them out. */
export interface BuilderSurroundings {
  /** The time; the clock of this machine if left out. */
  readonly clock?: Clock;
  /** A salt for each token, 1 to 2^32-1; a random one if left out. */
  readonly salt?: () => number;
}

const LIFETIME = 24 * 3600;

// As Agora's first builders had them, retired privileges and all; only live ones are ever granted.
const ROLE_PRIVILEGES: ReadonlyMap<number, readonly number[]> = new Map([
  [Role.attendee, [1, 2, 3, 4]],
  [Role.publisher, [1, 2, 3, 4, 5, 6, 10, 11, 12]],
  [Role.subscriber, [1, 7, 8, 9]],
  [Role.admin, [1, 2, 3, 4, 101]],
]);

/**
 * Builds tokens of version 006 for one channel and user.
 *
 * A token lasts 24 hours from when it is built, and each of its privileges as long, unless it is given an end. A
 * builder on which no privilege was set, removed or taken over grants what an attendee may.
 */
export class SimpleTokenBuilder {
  readonly #appId: string;
  // Bytes and private, so that no log and no JSON shows it.
  readonly #certificate: Uint8Array;
  readonly #channelText: string;
  readonly #userText: string;
  readonly #clock: Clock;
  readonly #salt: () => number;
  #privileges: ReadonlyMap<number, number> | undefined;

  /**
   * @param appID 32 hexadecimal digits; their case is part of them
   * @param appCertificate 32 hexadecimal digits; their case is part of them
   * @param channelName 1 to 64 bytes of Agora's character set; the user, for a token to log in to signaling
   * @param uid 1 to 2^32-1, an account of 1 to 255 bytes of Agora's character set, or 0 for whoever holds the token
   * @throws TypeError, RangeError naming the argument that is wrong
   */
  constructor(
    appID: string,
    appCertificate: string,
    channelName: string,
    uid: number | string,
    surroundings: BuilderSurroundings = {},
  ) {
    this.#appId = hex32("appID", appID);
    this.#certificate = Buffer.from(hex32("appCertificate", appCertificate), "latin1");
    this.#channelText = channelNameOf(channelName);
    this.#userText = uidText(uid);
    this.#clock = surroundings.clock ?? systemClock;
    this.#salt = surroundings.salt ?? randomSalt;
  }

  /**
   * Grants what a role may, each privilege for as long as the token, in place of what was granted before. The
   * privileges that Agora retired in 2021 are left out: its servers refuse them, or do nothing with them.
   *
   * @throws RangeError if there is no such role
   */
  initPrivileges(role: Role): void {
    this.#privileges = privilegesOf(role);
  }

  /**
   * Grants a privilege, or gives it another end.
   *
   * @param privilege a value of {@link Privileges}
   * @param expireTimestamp when it ends, in seconds since 1970; 0 for as long as the token
   * @throws TypeError, RangeError if the privilege is retired or unknown, or the end is none
   */
  setPrivilege(privilege: number, expireTimestamp: number): void {
    const { name, retired } = privilegeRow(privilege);
    if (retired) throw new RangeError(`privilege ${privilege} (${name}) was retired by Agora and cannot be granted`);
    this.#privileges = new Map(this.#privileges).set(privilege, instantOf(expireTimestamp));
  }

  /**
   * Takes a privilege back. One that is not granted, as every retired one, may be removed too.
   *
   * @throws TypeError, RangeError if there is no such privilege
   */
  removePrivilege(privilege: number): void {
    privilegeRow(privilege);
    const privileges = new Map(this.#privileges ?? privilegesOf(Role.attendee));
    privileges.delete(privilege);
    this.#privileges = privileges;
  }

  /**
   * Takes over the privileges of a token, with their ends, in place of what was granted before: for another token
   * like it. The token must be genuine, for the App ID, channel and user of this builder, and not have ended.
   *
   * @returns a value of {@link INIT_RESULT}: 0, or a negative number, and then the builder stays as it was
   */
  initTokenBuilder(originToken: string): InitResult {
    const claimed = claim(originToken);
    if (typeof claimed === "number") return claimed;
    const result = this.#judge(claimed);
    if (result === INIT_RESULT.OK) this.#privileges = liveOf(claimed.privileges);
    return result;
  }

  /**
   * Builds a token. It lasts 24 hours from now, and is unlike every other by its salt.
   *
   * @throws Error if every privilege was removed
   */
  buildToken(): string {
    const privileges = this.#privileges ?? privilegesOf(Role.attendee);
    if (privileges.size === 0) {
      throw new Error(
        "the token would grant nothing: every privilege was removed; call setPrivilege or initPrivileges",
      );
    }
    const token = {
      appId: this.#appId,
      channelText: this.#channelText,
      userText: this.#userText,
      salt: this.#salt(),
      expiresAt: this.#clock() + LIFETIME,
      privileges,
    };
    return sign006(token, this.#certificate);
  }

  #judge(claimed: Claimed006): InitResult {
    if (claimed.appId !== this.#appId) return INIT_RESULT.APP_ID;
    // Before the signature, which covers both without a border and so cannot tell which of them differs.
    if (claimed.channelChecksum !== checksum(this.#channelText)) return INIT_RESULT.CHANNEL;
    if (claimed.userChecksum !== checksum(this.#userText)) return INIT_RESULT.USER;
    if (!verify006(claimed, this.#channelText, this.#userText, this.#certificate)) return INIT_RESULT.SIGNATURE;
    if (hasEnded(claimed, this.#clock())) return INIT_RESULT.EXPIRED;
    const numbers = [...claimed.privileges.keys()];
    if (numbers.some((number) => !PRIVILEGES_006.has(number))) return INIT_RESULT.UNKNOWN_PRIVILEGE;
    return numbers.some(isLive) ? INIT_RESULT.OK : INIT_RESULT.NO_PRIVILEGES;
  }
}

function claim(text: unknown): Claimed006 | InitResult {
  if (typeof text !== "string") return INIT_RESULT.MALFORMED;
  const parsed = tryParseToken(text);
  if (parsed instanceof MalformedToken) return INIT_RESULT.MALFORMED;
  return parsed.kind === "token" && parsed.claimed.version === "006" ? parsed.claimed : INIT_RESULT.VERSION;
}

function hasEnded({ expiresAt, privileges }: Claimed006, now: number): boolean {
  const entry = privileges.get(Privileges.joinChannel) ?? privileges.get(Privileges.rtmLogin) ?? 0;
  return expiresAt <= now || (entry !== 0 && entry <= now);
}

function isLive(privilege: number): boolean {
  return PRIVILEGES_006.get(privilege)?.retired === false;
}

function liveOf(privileges: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  return new Map([...privileges].filter(([number]) => isLive(number)));
}

function privilegesOf(role: number): ReadonlyMap<number, number> {
  const numbers = ROLE_PRIVILEGES.get(role);
  if (!numbers) throw new RangeError("role must be a value of Role: 0 attendee, 1 publisher, 2 subscriber, 101 admin");
  return new Map(numbers.filter(isLive).map((number) => [number, 0]));
}

function privilegeRow(privilege: number): { readonly name: string; readonly retired: boolean } {
  if (typeof privilege !== "number") throw new TypeError("privilege must be a number: a value of Privileges");
  const row = PRIVILEGES_006.get(privilege);
  if (!row) throw new RangeError(`privilege ${privilege} is unknown: it must be a value of Privileges`);
  return row;
}
