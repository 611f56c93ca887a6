import { AppCertificate, type Certificate, CertificateInvalid, type CertificateState } from "./certificate.ts";
import { exposure, isSampleAppId, isSampleCertificate, type SecretFile, weakness } from "./fitness.ts";
import { KeyRing, type Project } from "./keyring.ts";

export type { SecretFile } from "./fitness.ts";

/** A project as it is configured: its certificates by file. */
export interface ProjectSource extends Omit<Project, "certificates"> {
  readonly certificates: readonly CertificateSource[];
  /** Whether others than its owner may read a file. */
  readonly allowReadableFiles: boolean;
}

interface CertificateSource {
  readonly id: string;
  readonly state: CertificateState;
  readonly file: string;
}

/** Reads a file that holds a secret. Throws as `node:fs` does. */
export type ReadSecret = (file: string) => SecretFile;

/** What a key ring may hold. */
export interface KeyRingRules {
  /** Whether the credentials of Agora's samples, which everybody knows, are let in. For tests. */
  readonly samples: boolean;
}

/** What is wrong with a project, or with one of its certificates. */
export interface KeyRingProblem {
  /** The index of the project. */
  readonly project: number;
  /** The index of the certificate in its project, or undefined where it is about the App ID. */
  readonly certificate: number | undefined;
  /** What is wrong, and what mends it. */
  readonly message: string;
}

/** Certificate files that cannot be used: all of them, each with what would mend it. */
export class KeyRingInvalid extends Error {
  override readonly name = "KeyRingInvalid";
  readonly problems: readonly KeyRingProblem[];

  constructor(problems: readonly KeyRingProblem[]) {
    super(problems.map(({ message }) => message).join("\n"));
    this.problems = problems;
  }
}

const SAMPLE =
  "everybody can sign with it, since Agora publishes it; use a project of your own, or start with --unsafe-samples to test";

interface Loaded {
  readonly secret: AppCertificate;
  readonly at: { readonly project: number; readonly certificate: number };
  readonly name: string;
}

/**
 * Reads the certificates of all projects.
 *
 * @param read gives a file; its bytes are wiped after use
 * @throws KeyRingInvalid with every problem of every file
 */
export function loadKeyRing(sources: readonly ProjectSource[], read: ReadSecret, rules: KeyRingRules): KeyRing {
  const problems: KeyRingProblem[] = [];
  const loaded: Loaded[] = [];
  const projects = sources.map((source, project): Project => {
    if (!rules.samples && isSampleAppId(source.appId))
      problems.push({ project, certificate: undefined, message: `sample App ID: ${SAMPLE}` });
    const certificates = source.certificates.flatMap((each, certificate) => {
      const outcome = load(each, source, read, rules);
      if ("fault" in outcome) {
        problems.push({ project, certificate, message: `${outcome.fault} (${each.file})` });
        return [];
      }
      loaded.push({ secret: outcome.secret, at: { project, certificate }, name: `${source.id}/${each.id}` });
      return [outcome];
    });
    const { id, appId, allowToken006, maxTtl } = source;
    return { id, appId, allowToken006, maxTtl, certificates };
  });
  problems.push(...repeated(loaded));
  if (problems.length > 0) throw new KeyRingInvalid(problems);
  return new KeyRing(projects);
}

function load(
  { id, state, file }: CertificateSource,
  { allowReadableFiles }: ProjectSource,
  read: ReadSecret,
  rules: KeyRingRules,
): Certificate | { readonly fault: string } {
  try {
    const content = read(file);
    const secret = parse(content);
    const fault =
      exposure(content, { allowed: allowReadableFiles, statement: "allow_readable_files: true for the project" }) ??
      weakness(secret) ??
      (!rules.samples && isSampleCertificate(secret) ? `sample certificate: ${SAMPLE}` : undefined);
    return fault === undefined ? { id, state, secret } : { fault };
  } catch (error) {
    return { fault: faultOf(error) };
  }
}

function parse({ bytes }: SecretFile): AppCertificate {
  try {
    return AppCertificate.parse(bytes);
  } finally {
    bytes.fill(0);
  }
}

// The same digits twice are a file in the wrong place, and with two states nobody could say which one counts.
function repeated(loaded: readonly Loaded[]): KeyRingProblem[] {
  const sorted = loaded.toSorted((a, b) => Buffer.compare(a.secret.reveal(), b.secret.reveal()));
  return sorted.flatMap(({ secret, at }, index) => {
    const before = sorted[index - 1];
    if (!before?.secret.equals(secret)) return [];
    return [{ ...at, message: `repeated certificate: it is that of ${before.name} too; copy the right one here` }];
  });
}

function faultOf(error: unknown): string {
  if (error instanceof CertificateInvalid) return error.message;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return FAULTS[code] ?? `the file cannot be read: ${code}`;
}

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: "the file does not exist",
  EACCES: "the file cannot be read by this user",
  EISDIR: "the file is a directory",
  EFBIG: "the file is too large to hold an App Certificate",
  ENOTSUP: "it is a pipe or a device: name a plain file, which can be watched",
};
