// Why a file cannot be used, for people: the system has codes for it.

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "a part of its path is no directory",
  EACCES: "this user may not read it",
  EISDIR: "it is a directory",
  ENOTSUP: "it is no plain file",
  EFBIG: "it is too large to be what it should be",
};

/** What the system says of a file, in words where there are some. */
export function faultOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "for an unknown reason";
  return FAULTS[code] ?? code;
}
