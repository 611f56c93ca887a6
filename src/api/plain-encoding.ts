// Answers encoded by hand, in a fraction of the time that it takes by their descriptors. What is rare, such as a note or a grant
// that is not of RTC, is for protobuf-es to encode. A test holds the bytes to those of protobuf-es.

import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import {
  type BatchBuildTokensResponse,
  BatchBuildTokensResponseSchema,
  type BuildTokenResponse,
  BuildTokenResponseSchema,
  type DecodedGrant,
  type InspectTokenResponse,
  InspectTokenResponseSchema,
  type IssuedToken,
  type Privilege,
  RenewTokenResponseSchema,
  type RtcGrant,
  type RtcPrivileges,
  type TokenInfo,
} from "../../gen/agora/token/v1/token_pb.ts";

const CONTINUES = 0x80;
/** The longest message whose length is one byte. */
const SHORT = 127;
/** The most that a message in a message may have here: two bytes tell its length. */
const LONG = 16_383;
/** Below it, seconds have five bytes of seven bits at most. */
const MOST_SECONDS = 2 ** 35;
const FIRST_BYTES = 64 * 1024;
/** The most bytes of a number, and of a tag with a length. */
const HEAD_BYTES = 12;

/** Encodes an answer if it is plain: undefined if it is not, or none of those that are asked for often. */
export function encodePlain(schema: DescMessage, message: Message): Uint8Array | undefined {
  const write = WRITERS.get(schema);
  if (!write) return undefined;
  writer.begin();
  // Which message it is, its schema says: the compiler cannot follow that.
  write(message as never);
  return writer.end();
}

/** Writes fields one after the other, into memory that is used again. */
class Writer {
  #bytes = Buffer.alloc(FIRST_BYTES);
  #at = 0;
  #isOdd = false;

  begin(): void {
    this.#at = 0;
    this.#isOdd = false;
  }

  /** What was written, or undefined if some of it was not plain. */
  end(): Uint8Array | undefined {
    const written = this.#isOdd ? undefined : Buffer.from(this.#bytes.subarray(0, this.#at));
    // Tokens are secrets.
    this.#bytes.fill(0, 0, this.#at);
    return written;
  }

  /** Notes whether what is to be written is plain. */
  expect(isPlain: boolean): void {
    if (!isPlain) this.#isOdd = true;
  }

  /** A number that is left out if it is 0. */
  uint(tag: number, value: number): void {
    if (value === 0) return;
    this.expect(value > 0 && value <= MOST_SECONDS);
    this.#reserve(HEAD_BYTES);
    this.#bytes[this.#at++] = tag;
    this.#number(value);
  }

  text(tag: number, text: string): void {
    if (text === "") return;
    this.#reserve(HEAD_BYTES + text.length);
    this.#bytes[this.#at++] = tag;
    this.#number(text.length);
    const written = this.#bytes.write(text, this.#at, "utf8");
    // In UTF-8 all that is not ASCII takes more bytes than it has characters.
    this.expect(written === text.length);
    this.#at += written;
  }

  /** A message in this one, which may be absent. */
  message<T extends Message>(tag: number, message: T | undefined, write: (message: T) => void): void {
    if (message === undefined) return;
    this.expect(message.$unknown === undefined);
    this.#reserve(HEAD_BYTES);
    this.#bytes[this.#at++] = tag;
    const start = ++this.#at;
    write(message);
    const length = this.#at - start;
    this.expect(length <= LONG);
    if (length > SHORT) {
      this.#reserve(1);
      this.#bytes.copyWithin(start + 1, start, this.#at);
      this.#at++;
      this.#bytes[start] = length >> 7;
    }
    this.#bytes[start - 1] = length > SHORT ? (length & SHORT) + CONTINUES : length;
  }

  #number(value: number): void {
    let rest = value;
    while (rest > SHORT) {
      this.#bytes[this.#at++] = (rest % CONTINUES) + CONTINUES;
      rest = Math.floor(rest / CONTINUES);
    }
    this.#bytes[this.#at++] = rest;
  }

  #reserve(bytes: number): void {
    // A character takes three bytes at most, and what takes more than one is given up.
    if (this.#at + bytes * 3 <= this.#bytes.length) return;
    const larger = Buffer.alloc((this.#bytes.length + bytes * 3) * 2);
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes.fill(0);
    this.#bytes = larger;
  }
}

const writer = new Writer();

const WRITERS = new Map<DescMessage, (message: never) => void>([
  [BuildTokenResponseSchema, ({ issuedToken }: BuildTokenResponse) => writer.message(0x0a, issuedToken, writeToken)],
  [RenewTokenResponseSchema, ({ issuedToken }: BuildTokenResponse) => writer.message(0x0a, issuedToken, writeToken)],
  [BatchBuildTokensResponseSchema, writeTokens],
  [InspectTokenResponseSchema, writeInspection],
]);

function writeTokens({ issuedTokens }: BatchBuildTokensResponse): void {
  for (const token of issuedTokens) writer.message(0x0a, token, writeToken);
}

// Tags: the number of the field and how it is written, 0 for a number and 2 for what has a length.
function writeToken(token: IssuedToken): void {
  writer.expect(token.notes.length === 0);
  writer.text(0x0a, token.token);
  writer.text(0x12, token.appId);
  writer.uint(0x18, token.version);
  writer.message(0x22, token.issueTime, writeTime);
  writer.message(0x2a, token.expireTime, writeTime);
  writer.message(0x32, token.renewTime, writeTime);
  writer.text(0x3a, token.certificateId);
}

function writeInspection(response: InspectTokenResponse): void {
  writer.expect(response.findings.length === 0);
  writer.uint(0x08, response.verdict);
  writer.uint(0x18, response.signatureCheck);
  writer.text(0x22, response.project);
  writer.text(0x2a, response.certificateId);
  writer.message(0x32, response.tokenInfo, writeInfo);
  writer.message(0x3a, response.inspectTime, writeTime);
}

function writeInfo(info: TokenInfo): void {
  writer.expect(info.checksums === undefined);
  writer.uint(0x08, info.version);
  writer.text(0x12, info.appId);
  writer.message(0x1a, info.issueTime, writeTime);
  writer.message(0x22, info.expireTime, writeTime);
  writer.uint(0x28, info.salt);
  for (const grant of info.grants) writer.message(0x32, grant, writeGrant);
  writer.uint(0x38, info.unknownServiceType);
  writer.uint(0x40, info.undecodedGrantCount);
}

function writeGrant({ grant, unknownPrivileges }: DecodedGrant): void {
  writer.expect(unknownPrivileges.length === 0);
  writer.message(0x0a, grant, ({ service }) => {
    if (service.case === "rtc") writer.message(0x0a, service.value, writeRtcGrant);
    else writer.expect(false);
  });
}

function writeRtcGrant(grant: RtcGrant): void {
  writer.text(0x0a, grant.channelName);
  writer.uint(0x10, Number(grant.anyChannel));
  writer.uint(0x18, grant.uid);
  writer.text(0x22, grant.userAccount);
  writer.uint(0x28, Number(grant.anyUser));
  writer.uint(0x30, grant.role);
  writer.message(0x3a, grant.privileges, writePrivileges);
}

function writePrivileges(privileges: RtcPrivileges): void {
  writer.message(0x0a, privileges.joinChannel, writePrivilege);
  writer.message(0x12, privileges.publishAudioStream, writePrivilege);
  writer.message(0x1a, privileges.publishVideoStream, writePrivilege);
  writer.message(0x22, privileges.publishDataStream, writePrivilege);
}

function writePrivilege({ expiration }: Privilege): void {
  if (expiration.case === "expireTime") writer.message(0x0a, expiration.value, writeTime);
  else writer.expect(expiration.case === undefined);
}

function writeTime({ seconds, nanos }: Timestamp): void {
  writer.expect(nanos === 0 && seconds >= 0n && seconds < MOST_SECONDS);
  writer.uint(0x08, Number(seconds));
}
