// Answers with tokens encoded by hand, in a fraction of the time that it takes by their descriptors. What is rare, such as a
// note, is for protobuf-es to encode. A test holds the bytes to those of protobuf-es.

import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import {
  type BatchBuildTokensResponse,
  BatchBuildTokensResponseSchema,
  type BuildTokenResponse,
  BuildTokenResponseSchema,
  type IssuedToken,
  RenewTokenResponseSchema,
} from "../../gen/agora/token/v1/token_pb.ts";

const CONTINUES = 0x80;
/** The tag of a token in each of the answers. */
const ISSUED_TOKEN = 0x0a;
/** The longest message whose length is one byte. */
const SHORT = 127;
/** Below it, seconds have five bytes of seven bits at most. */
const MOST_SECONDS = 2 ** 35;

/** Encodes an answer if it is plain: undefined if it is not, or no answer with tokens. */
export function encodePlain(schema: DescMessage, message: Message): Uint8Array | undefined {
  // Which message it is, its schema says: the compiler cannot follow that.
  if (schema === BuildTokenResponseSchema || schema === RenewTokenResponseSchema) {
    const { issuedToken } = message as BuildTokenResponse;
    return issuedToken && encodeTokens([issuedToken]);
  }
  if (schema === BatchBuildTokensResponseSchema)
    return encodeTokens((message as BatchBuildTokensResponse).issuedTokens);
  return undefined;
}

function encodeTokens(tokens: readonly IssuedToken[]): Uint8Array | undefined {
  let size = 0;
  for (const token of tokens) {
    if (!isPlain(token)) return undefined;
    const own = sizeOfToken(token);
    size += 1 + sizeOfNumber(own) + own;
  }
  const to = new Writer(size);
  for (const token of tokens) {
    to.number(ISSUED_TOKEN).number(sizeOfToken(token));
    writeToken(to, token);
  }
  return to.bytes;
}

function isPlain(message: IssuedToken): boolean {
  const { token, appId, certificateId, version, issueTime, expireTime, renewTime, notes } = message;
  return (
    notes.length === 0 &&
    message.$unknown === undefined &&
    version >= 0 &&
    isPlainTime(issueTime) &&
    isPlainTime(expireTime) &&
    isPlainTime(renewTime) &&
    isAscii(token) &&
    isAscii(appId) &&
    isAscii(certificateId)
  );
}

function isPlainTime(time: Timestamp | undefined): boolean {
  if (time === undefined || time.nanos !== 0 || time.$unknown !== undefined) return false;
  return time.seconds > 0n && time.seconds < MOST_SECONDS;
}

// In UTF-8 all that is not ASCII takes more bytes than it has characters.
function isAscii(text: string): boolean {
  return Buffer.byteLength(text, "utf8") === text.length;
}

function sizeOfToken({ token, appId, version, issueTime, expireTime, renewTime, certificateId }: IssuedToken): number {
  return (
    sizeOfText(token) +
    sizeOfText(appId) +
    (version === 0 ? 0 : 1 + sizeOfNumber(version)) +
    sizeOfTime(issueTime) +
    sizeOfTime(expireTime) +
    sizeOfTime(renewTime) +
    sizeOfText(certificateId)
  );
}

function writeToken(to: Writer, message: IssuedToken): void {
  const { token, appId, version, issueTime, expireTime, renewTime, certificateId } = message;
  to.text(0x0a, token).text(0x12, appId);
  if (version !== 0) to.number(0x18).number(version);
  to.time(0x22, issueTime).time(0x2a, expireTime).time(0x32, renewTime).text(0x3a, certificateId);
}

function sizeOfText(text: string): number {
  return text === "" ? 0 : 1 + sizeOfNumber(text.length) + text.length;
}

function sizeOfTime(time: Timestamp | undefined): number {
  return time === undefined ? 0 : 1 + 1 + 1 + sizeOfNumber(Number(time.seconds));
}

function sizeOfNumber(value: number): number {
  let size = 1;
  for (let rest = value; rest > SHORT; rest = Math.floor(rest / CONTINUES)) size++;
  return size;
}

/** Writes fields one after the other, into as many bytes as they need. */
class Writer {
  readonly bytes: Buffer;
  #at = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  number(value: number): this {
    let rest = value;
    while (rest > SHORT) {
      this.bytes[this.#at++] = (rest % CONTINUES) + CONTINUES;
      rest = Math.floor(rest / CONTINUES);
    }
    this.bytes[this.#at++] = rest;
    return this;
  }

  text(tag: number, text: string): this {
    if (text === "") return this;
    this.number(tag).number(text.length);
    this.#at += this.bytes.write(text, this.#at, "latin1");
    return this;
  }

  time(tag: number, time: Timestamp | undefined): this {
    if (time === undefined) return this;
    const seconds = Number(time.seconds);
    return this.number(tag)
      .number(1 + sizeOfNumber(seconds))
      .number(0x08)
      .number(seconds);
  }
}
