// The arguments of the classic builder, checked: callers in plain JavaScript pass anything. An error names the argument
// that is wrong and never shows its value, which may be a secret.

import { isLegalText, MAX_ACCOUNT_BYTES, MAX_CHANNEL_NAME_BYTES, MAX_UID, userToText } from "./user.ts";

const MAX_UINT32 = 0xffff_ffff;
const HEX_32 = /^[0-9a-fA-F]{32}$/;
const CHARACTERS = "letters, digits, space and ! # $ % & ( ) + - : ; < = . > ? @ [ ] ^ _ { } | ~ ,";

/** Seconds since 1970, or 0. */
export function instantOf(expireTimestamp: unknown): number {
  if (typeof expireTimestamp !== "number") {
    throw new TypeError("expireTimestamp must be a number of seconds since 1970, or 0 for as long as the token");
  }
  if (expireTimestamp > MAX_UINT32) {
    throw new RangeError("expireTimestamp must be in seconds and is past the year 2106: divide milliseconds by 1000");
  }
  if (!Number.isInteger(expireTimestamp) || expireTimestamp < 0) {
    throw new RangeError("expireTimestamp must be whole seconds since 1970, or 0 for as long as the token");
  }
  return expireTimestamp;
}

/** 32 hexadecimal digits, their case kept. */
export function hex32(argument: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`${argument} must be a string, and it is ${kindOf(value)}`);
  if (!HEX_32.test(value)) throw new RangeError(`${argument} must be 32 hexadecimal digits, as the Console shows it`);
  return value;
}

/** A channel name of 1 to 64 bytes. */
export function channelNameOf(channelName: unknown): string {
  return legalText("channelName", channelName, MAX_CHANNEL_NAME_BYTES);
}

function legalText(argument: string, value: unknown, maxBytes: number): string {
  if (typeof value !== "string") throw new TypeError(`${argument} must be a string, and it is ${kindOf(value)}`);
  if (!isLegalText(value, maxBytes)) {
    throw new RangeError(`${argument} must have 1 to ${maxBytes} characters, all of them ${CHARACTERS}`);
  }
  return value;
}

/** The user as a token spells it: a uid of 0 as the empty text. */
export function uidText(uid: unknown): string {
  if (typeof uid === "number") return uid === 0 ? userToText("any") : userToText({ uid: wholeUid(uid) });
  if (typeof uid !== "string") {
    throw new TypeError(
      `uid must be a number or an account, and it is ${kindOf(uid)}; the number 0 leaves it to be assigned`,
    );
  }
  // Agora takes it for the name of one user, not for uid 0, which it looks like.
  if (uid === "" || uid === "0") {
    throw new RangeError('uid must not be the account "0" or empty; the number 0, uid 0, leaves it to be assigned');
  }
  return userToText({ account: legalText("uid, as an account,", uid, MAX_ACCOUNT_BYTES) });
}

function wholeUid(uid: number): number {
  if (Number.isInteger(uid) && uid > 0 && uid <= MAX_UID) return uid;
  throw new RangeError(`uid must be a whole number from 1 to ${MAX_UID}, or 0 to be assigned`);
}

function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
