import type { Seconds } from "../clock.ts";
import { type Certificate, signs } from "./certificate.ts";

/** An entry of the key ring. */
export interface Project {
  /** What callers say in `project`. */
  readonly id: string;
  /** 32 hexadecimal digits; their case is part of them. */
  readonly appId: string;
  /** Whether tokens of version 006 may be built and renewed. */
  readonly allowToken006: boolean;
  /** The longest that a token may last. */
  readonly maxTtl: Seconds;
  readonly certificates: readonly Certificate[];
}

/** Whether one certificate made a signature, in constant time. */
export type Verify = (certificate: Uint8Array) => boolean;

/** All projects, as they were when it was made. A reload makes a new one. */
export class KeyRing {
  readonly #byId: ReadonlyMap<string, Project>;
  readonly #byAppId: ReadonlyMap<string, Project>;
  readonly #byLowerAppId: ReadonlyMap<string, Project>;

  /** @param projects with unique IDs and unique App IDs */
  constructor(projects: readonly Project[]) {
    this.#byId = new Map(projects.map((project) => [project.id, project]));
    this.#byAppId = new Map(projects.map((project) => [project.appId, project]));
    this.#byLowerAppId = new Map(projects.map((project) => [project.appId.toLowerCase(), project]));
  }

  /** All projects. */
  get projects(): Iterable<Project> {
    return this.#byId.values();
  }

  /** The project of an ID. */
  project(id: string): Project | undefined {
    return this.#byId.get(id);
  }

  /** The project of an App ID, as it is spelled. */
  projectOfAppId(appId: string): Project | undefined {
    return this.#byAppId.get(appId);
  }

  /** The project whose App ID differs from this one in case alone. */
  projectOfAppIdInOtherCase(appId: string): Project | undefined {
    return this.#byAppId.has(appId) ? undefined : this.#byLowerAppId.get(appId.toLowerCase());
  }
}

/** The certificate that a project signs with now. */
export function signer(project: Project): Certificate | undefined {
  return project.certificates.find(signs);
}

/** The certificate that made a signature. All are tried, whichever it is, so that time does not tell. */
export function whoSigned(project: Project, verify: Verify): Certificate | undefined {
  const made = project.certificates.filter((certificate) => verify(certificate.secret.reveal()));
  return made[0];
}

/** The certificate that would have made a signature, had its digits been in another case. */
export function whoSignedInOtherCase(project: Project, verify: Verify): Certificate | undefined {
  return project.certificates.find((certificate) =>
    certificate.secret.caseVariants().some((variant) => verify(variant.reveal())),
  );
}
