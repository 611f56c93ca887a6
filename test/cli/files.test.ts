import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, statfsSync, symlinkSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readPlainFile } from "../../src/cli/files.ts";
import { folder, write } from "./command.ts";

const SHARED_MEMORY = "/dev/shm";

/** Whether the tests run as root on a system with a tmpfs, where what Kubernetes mounts can be imitated. */
function canImitateKubernetes(): boolean {
  try {
    return process.getuid?.() === 0 && statfsSync(SHARED_MEMORY).type === 0x01021994;
  } catch {
    return false;
  }
}

test.each([0o400, 0o600, 0o640, 0o666])("content and permissions of what a name leads to: %o", async (mode) => {
  const path = folder();
  const file = write(path, "file", "content\n");
  chmodSync(file, mode);
  symlinkSync("file", join(path, "link"));
  for (const name of [file, join(path, "link")]) {
    const read = await readPlainFile(name);
    expect({ ...read, bytes: Buffer.from(read.bytes).toString() }).toMatchObject({ bytes: "content\n", mode });
  }
});

test("an empty file is read as one", async () => {
  expect((await readPlainFile(write(folder(), "empty", ""))).bytes).toHaveLength(0);
});

describe("what is no file of ours", () => {
  test("a pipe is not waited for", async () => {
    const pipe = join(folder(), "pipe");
    execFileSync("mkfifo", [pipe]);
    await expect(readPlainFile(pipe)).rejects.toMatchObject({ code: "ENOTSUP" });
  });

  test("a device is not read to its end", async () => {
    await expect(readPlainFile("/dev/zero")).rejects.toMatchObject({ code: "ENOTSUP" });
  });

  test("a folder, nothing, and what is far too large", async () => {
    const path = folder();
    await expect(readPlainFile(path)).rejects.toMatchObject({ code: "EISDIR" });
    await expect(readPlainFile(join(path, "none"))).rejects.toMatchObject({ code: "ENOENT" });
    const large = write(path, "large", "");
    truncateSync(large, 16 * 1024 * 1024 + 1);
    await expect(readPlainFile(large)).rejects.toMatchObject({ code: "EFBIG" });
  });
});

test.runIf(canImitateKubernetes())("files of root in memory are told apart from those on a disk", async () => {
  const path = mkdtempSync(join(SHARED_MEMORY, "agora-tokend-"));
  try {
    expect((await readPlainFile(write(path, "file", "x", 0o644))).projected).toBe(true);
    expect((await readPlainFile(write(folder(), "file", "x", 0o644))).projected).toBe(false);
  } finally {
    rmSync(path, { recursive: true });
  }
});
