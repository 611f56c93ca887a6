import { AppCertificate, type CertificateInvalid, type CertificateState } from "./certificate.ts";
import { KeyRing, type Project } from "./keyring.ts";

/** A project as it is configured: its certificates by file. */
export interface ProjectSource extends Omit<Project, "certificates"> {
  readonly certificates: readonly { readonly id: string; readonly state: CertificateState; readonly file: string }[];
}

/** Certificate files that cannot be used: all of them, each with what would mend it. */
export class KeyRingInvalid extends Error {
  override readonly name = "KeyRingInvalid";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/**
 * Reads the certificates of all projects.
 *
 * @param read gives the bytes of a file; they are wiped after use
 * @throws KeyRingInvalid with every problem of every file
 */
export function loadKeyRing(sources: readonly ProjectSource[], read: (file: string) => Uint8Array): KeyRing {
  const problems: string[] = [];
  const projects = sources.map((source): Project => {
    const certificates = source.certificates.flatMap(({ id, state, file }) => {
      try {
        return [{ id, state, secret: readCertificate(file, read) }];
      } catch (error) {
        problems.push(`project ${source.id}, certificate ${id}: ${faultOf(error)} (${file})`);
        return [];
      }
    });
    return { ...source, certificates };
  });
  if (problems.length > 0) throw new KeyRingInvalid(problems);
  return new KeyRing(projects);
}

function readCertificate(file: string, read: (file: string) => Uint8Array): AppCertificate {
  const bytes = read(file);
  try {
    return AppCertificate.parse(bytes);
  } finally {
    bytes.fill(0);
  }
}

function faultOf(error: unknown): string {
  const { code, message } = error as CertificateInvalid & NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
      return "the file does not exist";
    case "EACCES":
      return "the file cannot be read by this user";
    case "EISDIR":
      return "the file is a directory";
    default:
      return message;
  }
}
