// The file that records are appended to. What is written is with the kernel when its call is answered, and so outlives
// this process; once a second, and at the end, it is put where it outlives the machine too. To do that for each call
// would take a disk some milliseconds each time.

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { BEGINNING, endingOf, type Link } from "../audit/chain.ts";
import type { Output } from "../audit/writer.ts";

/** A file, and where to go on in it. */
export interface AuditFile {
  readonly output: Output;
  /** The last record that it has. */
  readonly last: Link;
}

/** The file is not one to append records to. The message completes "the file …". */
export class AuditFileUnfit extends Error {
  override readonly name = "AuditFileUnfit";
}

const { O_RDWR, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
// Appending, so that a file that is copied and then emptied goes on at its new end. Without O_NONBLOCK, to open a pipe
// may take for ever.
const FLAGS = O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK;
/** For its owner to write, and its group to read: it says who is in which channel. */
const MODE = 0o640;
/** The last bytes, among which the last record is: none is longer than a tenth of this. */
const END_BYTES = 1024 * 1024;
const SYNC_MS = 1000;

/**
 * Opens a file to append to, or makes it.
 *
 * @throws AuditFileUnfit, or what `node:fs` throws
 */
export async function openAuditFile(path: string): Promise<AuditFile> {
  const handle = await open(path, FLAGS, MODE);
  try {
    const { last, cut } = await endOf(handle);
    if (cut) await handle.write("\n");
    return { output: new FileOutput(handle), last };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function endOf(handle: FileHandle): Promise<{ last: Link; cut: boolean }> {
  const stats = await handle.stat();
  if (!stats.isFile()) throw new AuditFileUnfit("is no plain file: name one, or - for standard output");
  const start = Math.max(0, stats.size - END_BYTES);
  const end = await read(handle, start, stats.size - start);
  const { last, cut } = endingOf(end);
  const isOurs = last !== undefined || stats.size === 0 || end.subarray(0, 7).toString("latin1") === '{"seq":';
  if (!isOurs) throw new AuditFileUnfit("holds something else than records: name another");
  return { last: last ?? BEGINNING, cut };
}

async function read(handle: FileHandle, position: number, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** Appends to a file, in a thread of its own. */
class FileOutput implements Output {
  readonly #handle: FileHandle;
  #syncedAt = performance.now();
  #syncing: Promise<void> | undefined;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<number> {
    const { bytesWritten } = await this.#handle.write(bytes);
    if (bytesWritten === 0) throw Object.assign(new Error("no byte was written"), { code: "ENOSPC" });
    this.#syncSoon();
    return bytesWritten;
  }

  async close(): Promise<void> {
    await this.#syncing;
    try {
      await this.#handle.datasync();
    } finally {
      await this.#handle.close();
    }
  }

  // Writes do not wait for it. If it fails, a write does soon after.
  #syncSoon(): void {
    const now = performance.now();
    if (this.#syncing || now - this.#syncedAt < SYNC_MS) return;
    this.#syncedAt = now;
    this.#syncing = this.#handle
      .datasync()
      .catch(() => undefined)
      .finally(() => {
        this.#syncing = undefined;
      });
  }
}
