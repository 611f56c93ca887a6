import { constants } from "node:fs";
import { type FileHandle, open, statfs } from "node:fs/promises";
import type { SecretFile } from "../keyring/file-source.ts";

/** Reads a file, as it is now: its content, and who else may read or write it. Rejects as `node:fs` does. */
export type ReadFile = (path: string) => Promise<SecretFile>;

// Source: linux/magic.h, TMPFS_MAGIC.
const TMPFS = 0x01021994;
const PERMISSIONS = 0o777;
/** The largest file that is read, in bytes. A larger one is no file of ours. */
const LARGEST = 16 * 1024 * 1024;

/** Reads a plain file. It rejects with ENOTSUP at any other. */
export const readPlainFile: ReadFile = async (path) => {
  // Without O_NONBLOCK, to open a pipe that nobody writes to takes for ever.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw fault(stats.isDirectory() ? "EISDIR" : "ENOTSUP");
    if (stats.size > LARGEST) throw fault("EFBIG");
    const projected = stats.uid === 0 && (await statfs(path)).type === TMPFS;
    return { bytes: await contentOf(handle, stats.size), mode: stats.mode & PERMISSIONS, projected };
  } finally {
    await handle.close();
  }
};

/** The first bytes of a file, fewer if it has become shorter. */
async function contentOf(handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

function fault(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}
