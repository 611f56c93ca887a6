import { constants, inflateSync } from "node:zlib";
import { MAX_CONTENT_BYTES, MAX_TOKEN_CHARS } from "./bytes.ts";

// Where the content of a token of version 007 has its App ID: behind the signature, as a text of 32 bytes.
const APP_ID_AT = 34;
const HEAD = Buffer.from([32, 0]);
const APP_ID = /^[0-9a-fA-F]*$/;
const SHORTEST_006 = 107;
const PER_PRIVILEGE = 8;
const COUNT_AT = 52;

/** Whether a text that does not parse is the beginning of a token whose end is missing. */
export function looksCut(text: string): boolean {
  return text.startsWith("007") ? looksCut007(text) : looksCut006(text);
}

/** The beginning of the content of a token of version 007 that may be cut, as far as it can be inflated. */
export function inflateBeginning(text: string): Buffer {
  const body = /^[A-Za-z0-9+/]*/.exec(text.slice(3, MAX_TOKEN_CHARS))?.[0] ?? "";
  try {
    // With this flush, what is there is given although the end is not.
    return inflateSync(Buffer.from(body, "base64"), {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: MAX_CONTENT_BYTES,
    });
  } catch {
    return Buffer.alloc(0);
  }
}

function looksCut007(text: string): boolean {
  // All of the text is base64: what is wrong is not in it but after it.
  if (text.length > MAX_TOKEN_CHARS || !/^007[A-Za-z0-9+/]{8,}={0,2}$/.test(text)) return false;
  // Text that is damaged in the middle begins like a token too, but does not inflate up to its end.
  return endsEarly(text) && beginsLikeContent(inflateBeginning(text));
}

// As far as it goes: a text of less than about 80 characters has only the tables to inflate with.
function beginsLikeContent(content: Buffer): boolean {
  const appIdLength = content.subarray(APP_ID_AT, APP_ID_AT + 2);
  const appId = content.toString("latin1", APP_ID_AT + 2, APP_ID_AT + 34);
  return isBeginning(content.subarray(0, 2), HEAD) && isBeginning(appIdLength, HEAD) && APP_ID.test(appId);
}

function isBeginning(part: Buffer, whole: Buffer): boolean {
  return part.equals(whole.subarray(0, part.length));
}

function endsEarly(text: string): boolean {
  const body = text.slice(3).replace(/=+$/, "");
  try {
    inflateSync(Buffer.from(body, "base64"), { maxOutputLength: MAX_CONTENT_BYTES });
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "Z_BUF_ERROR";
  }
}

function looksCut006(text: string): boolean {
  if (!/^006[0-9a-fA-F]{32}[A-Za-z0-9+/]*$/.test(text)) return false;
  const content = Buffer.from(text.slice(35), "base64");
  // The length of a signature stands first.
  if (!isBeginning(content.subarray(0, 2), HEAD)) return false;
  return text.length < SHORTEST_006 || text.length < SHORTEST_006 + PER_PRIVILEGE * content.readUInt16LE(COUNT_AT);
}
