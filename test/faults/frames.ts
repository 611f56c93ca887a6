// HTTP/2 by hand, frame by frame: what a client of good manners never sends, and load that costs its sender little.
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { create, toBinary } from "@bufbuild/protobuf";
import { BuildTokenRequestSchema } from "../../gen/agora/token/v1/token_pb.ts";
import { REQUEST } from "./load.ts";

/** The types of frames. RFC 9113, 6. */
export const TYPE = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** The flags of frames. */
export const FLAG = { NONE: 0, END_STREAM: 1, ACK: 1, END_HEADERS: 4 } as const;

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** A frame. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Settings, by their identifiers. RFC 9113, 6.5.2. */
export function settings(values: Readonly<Record<number, number>> = {}): Buffer {
  const entries = Object.entries(values).map(([id, value]) => {
    const entry = Buffer.alloc(6);
    entry.writeUInt16BE(Number(id), 0);
    entry.writeUInt32BE(value, 2);
    return entry;
  });
  return frame(TYPE.SETTINGS, FLAG.NONE, 0, Buffer.concat(entries));
}

/** The value of a setting in the payload of a frame of settings, if it is in it. */
export function valueIn(payload: Buffer, id: number): number | undefined {
  for (let at = 0; at + 6 <= payload.length; at += 6)
    if (payload.readUInt16BE(at) === id) return payload.readUInt32BE(at + 2);
  return undefined;
}

/** A number as the payload of a frame. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

/** Headers as HPACK writes them without a table and without Huffman's code. RFC 7541, 6.2.2. */
export function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  for (let rest = bytes.length - 127; ; rest >>= 7) {
    length.push(rest < 128 ? rest : (rest & 127) | 128);
    if (rest < 128) break;
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** The headers of a call of BuildToken. */
export const CALL_HEADERS = {
  ":method": "POST",
  ":scheme": "http",
  ":path": "/agora.token.v1.TokenService/BuildToken",
  ":authority": "localhost",
  "content-type": "application/grpc",
  te: "trailers",
} as const;

const BODY = toBinary(BuildTokenRequestSchema, create(BuildTokenRequestSchema, REQUEST));
/** A request of BuildToken, in the frame of gRPC. */
export const MESSAGE = Buffer.concat([Buffer.from([0]), uint32(BODY.length), BODY]);

/** The frames of a whole call. */
export class Calls {
  readonly #bytes: Buffer;
  readonly #second: number;

  constructor(headers: Readonly<Record<string, string>> = CALL_HEADERS, message: Uint8Array = MESSAGE) {
    const first = frame(TYPE.HEADERS, FLAG.END_HEADERS, 0, headerBlock(headers));
    this.#second = first.length;
    this.#bytes = Buffer.concat([first, frame(TYPE.DATA, FLAG.END_STREAM, 0, message)]);
  }

  /** Those of the call on a stream. */
  on(stream: number): Buffer {
    const bytes = Buffer.from(this.#bytes);
    bytes.writeUInt32BE(stream, 5);
    bytes.writeUInt32BE(stream, this.#second + 5);
    return bytes;
  }
}

/** Is given each frame that comes. The payload is in memory that is used again. */
export type OnFrame = (type: number, flags: number, stream: number, payload: Buffer) => void;

const WHOLE_WINDOW = 0x7fff_ffff;

/** A connection of HTTP/2 by hand. Pings and settings of the server are answered, and nothing else. */
export class RawConnection {
  readonly socket: Socket;
  /** Resolves when it has ended, with why. */
  readonly closed: Promise<string>;
  #rest = Buffer.alloc(0);

  /** @param secure the client's side of TLS. Without it, the connection is not secured */
  constructor(address: string, onFrame: OnFrame = () => undefined, secure?: ConnectionOptions) {
    const [host = "", port = ""] = address.split(":");
    const to = { host, port: Number(port) };
    this.socket = secure ? connectTls({ ...to, ...secure, ALPNProtocols: ["h2"] }) : connect(to);
    this.socket.setNoDelay(true);
    let why = "ended";
    this.socket.on("error", (error: NodeJS.ErrnoException) => {
      why = error.code ?? "error";
    });
    this.closed = new Promise((resolve) => this.socket.once("close", () => resolve(why)));
    this.socket.on("data", (bytes) => this.#take(bytes, onFrame));
  }

  /** Begins as a client does, with no settings. */
  begin(): this {
    return this.send(Buffer.concat([PREFACE, settings()]));
  }

  /** Begins as a client that reads much: no table for headers, and a window that is never too small. */
  open(): this {
    this.socket.write(Buffer.concat([PREFACE, settings({ 1: 0, 4: WHOLE_WINDOW })]));
    return this.send(frame(TYPE.WINDOW_UPDATE, FLAG.NONE, 0, uint32(WHOLE_WINDOW - 65_535)));
  }

  send(bytes: Uint8Array): this {
    this.socket.write(bytes);
    return this;
  }

  end(): void {
    this.socket.destroy();
  }

  #take(bytes: Buffer, onFrame: OnFrame): void {
    let rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    while (rest.length >= 9) {
      const length = rest.readUIntBE(0, 3);
      if (rest.length < 9 + length) break;
      const [type = 0, flags = 0] = [rest[3], rest[4]];
      const payload = rest.subarray(9, 9 + length);
      if (type === TYPE.PING && flags === FLAG.NONE) this.send(frame(TYPE.PING, FLAG.ACK, 0, Buffer.from(payload)));
      if (type === TYPE.SETTINGS && flags === FLAG.NONE) this.send(frame(TYPE.SETTINGS, FLAG.ACK, 0));
      onFrame(type, flags, rest.readUInt32BE(5) & WHOLE_WINDOW, payload);
      rest = rest.subarray(9 + length);
    }
    this.#rest = Buffer.from(rest);
  }
}
