// The load generator: a process of its own. It reads trailers and counts `grpc-status`, since h2load takes a call that
// failed for one that succeeded.

import { type ClientHttp2Session, connect } from "node:http2";

/** What is to be called, and how often. */
export interface Load {
  readonly port: number;
  readonly connections: number;
  /** Calls in progress at the same time, on each connection. */
  readonly streams: number;
  /** How many calls to make. */
  readonly calls: number;
  /** Calls a second, whatever the answers take. Without it, each answer is followed by the next call. */
  readonly rate?: number;
  readonly path: string;
  readonly authorization: string;
  /** Messages in base64, called in turn. */
  readonly messages: readonly string[];
}

/** What became of the calls. */
export interface Outcome {
  readonly succeeded: number;
  /** By `grpc-status`, or `broken` where none came. */
  readonly failed: Readonly<Record<string, number>>;
  readonly wallMs: number;
  /** From when a call was due to its end, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Of the last answer. */
  readonly answerBytes: number;
}

const PREFIX_BYTES = 5;

function framed(message: string): Buffer {
  const bytes = Buffer.from(message, "base64");
  const frame = Buffer.alloc(PREFIX_BYTES + bytes.length);
  frame.writeUInt32BE(bytes.length, 1);
  bytes.copy(frame, PREFIX_BYTES);
  return frame;
}

async function run(load: Load): Promise<Outcome> {
  const { connections, streams, calls, path, authorization } = load;
  const sessions = await Promise.all(Array.from({ length: connections }, () => opened(load.port)));
  const frames = load.messages.map(framed);
  const headers = {
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    authorization,
  };
  const durations: number[] = [];
  const failed: Record<string, number> = {};
  let [made, succeeded, answerBytes] = [0, 0, 0];
  const began = performance.now();
  await new Promise<void>((resolve) => {
    let ended = 0;
    const call = (session: ClientHttp2Session, due: number, then: () => void) => {
      const frame = frames[made++ % frames.length];
      const stream = session.request(headers);
      let [status, bytes] = ["broken", 0];
      const note = (received: { "grpc-status"?: unknown }) => {
        if (received["grpc-status"] !== undefined) status = String(received["grpc-status"]);
      };
      stream.on("response", note);
      stream.on("trailers", note);
      stream.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      stream.on("error", () => undefined);
      stream.on("close", () => {
        durations.push(performance.now() - due);
        if (status === "0" && bytes > PREFIX_BYTES) {
          succeeded++;
          answerBytes = bytes - PREFIX_BYTES;
        } else failed[status] = (failed[status] ?? 0) + 1;
        if (++ended === calls) resolve();
        else then();
      });
      stream.end(frame);
    };
    if (load.rate !== undefined)
      paced(sessions, load.rate, calls, (session, due) => call(session, due, () => undefined));
    else {
      const next = (session: ClientHttp2Session) => {
        if (made < calls) call(session, performance.now(), () => next(session));
      };
      for (const session of sessions) for (let each = 0; each < streams; each++) next(session);
    }
  });
  const wallMs = performance.now() - began;
  for (const session of sessions) session.close();
  durations.sort((a, b) => a - b);
  const at = (part: number) => durations[Math.min(durations.length - 1, Math.floor(durations.length * part))] ?? 0;
  return { succeeded, failed, wallMs, p50: at(0.5), p99: at(0.99), answerBytes };
}

/** Starts calls when they are due, so that a slow answer does not keep the next call from being late. */
function paced(
  sessions: readonly ClientHttp2Session[],
  rate: number,
  calls: number,
  call: (session: ClientHttp2Session, due: number) => void,
): void {
  const began = performance.now();
  let count = 0;
  const tick = () => {
    const now = performance.now();
    for (; count < calls; count++) {
      const due = began + (count * 1000) / rate;
      if (due > now) break;
      const session = sessions[count % sessions.length];
      if (session) call(session, due);
    }
    if (count < calls) setTimeout(tick, 1);
  };
  tick();
}

function opened(port: number): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.once("error", reject);
    session.once("remoteSettings", () => resolve(session));
  });
}

process.on("message", (load: Load) => {
  run(load).then(
    (outcome) => process.send?.({ outcome }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
