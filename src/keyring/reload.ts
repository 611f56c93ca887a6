// What a reload of the key ring may not do unasked: end tokens that are in use.

import type { Instant } from "../clock.ts";
import { type AppCertificate, type Certificate, signs, verifies } from "./certificate.ts";
import type { KeyRing, Project } from "./keyring.ts";

/** A certificate that a key ring would no longer verify with, while tokens that it signed may live. */
export interface CutOff {
  /** The ID of the project. */
  readonly project: string;
  readonly appId: string;
  /** The ID of the certificate. */
  readonly certificate: string;
  /** What would become of it. */
  readonly change: "dropped" | "revoked" | "removed with its project";
  /** When the last of its tokens ends, if it signs no more from now on. */
  readonly until: Instant;
  /** Whether it is the one that signs now. */
  readonly signing: boolean;
}

interface Signer {
  readonly project: Project;
  readonly certificate: Certificate;
  /** When the last of the tokens ends that it signed before it got its state. */
  readonly until: Instant;
}

const NEVER: Instant = 0;

/**
 * Until when tokens may live that each certificate of the key ring in use signed. A certificate signs while it is
 * primary, and its tokens last as long as the project allows at most. When a retiring one signed last, only an earlier
 * process knows, so it counts as if it had until it was first seen.
 */
export class LiveTokens {
  #byAppId: ReadonlyMap<string, readonly Signer[]> = new Map();

  /** @param keyRing the one that is in use from now on */
  constructor(keyRing: KeyRing, now: Instant) {
    this.takeOver(keyRing, now);
  }

  /** What another key ring would cut off, if it took over now. */
  cutOff(next: KeyRing, now: Instant): CutOff[] {
    return [...this.#byAppId.values()].flat().flatMap((signer) => {
      const { project, certificate } = signer;
      const until = untilOf(signer, now);
      const change = changeOf(next, project.appId, certificate.secret);
      if (until <= now || change === undefined) return [];
      const { id, appId } = project;
      return [{ project: id, appId, certificate: certificate.id, change, until, signing: signs(certificate) }];
    });
  }

  /** Notes that another key ring is in use from now on. What it cuts off is forgotten. */
  takeOver(next: KeyRing, now: Instant): void {
    const before = this.#byAppId;
    this.#byAppId = new Map(
      [...next.projects].map((project) => {
        const known = before.get(project.appId) ?? [];
        const signers = project.certificates.filter(verifies).map((certificate): Signer => {
          const same = known.find((signer) => signer.certificate.secret.equals(certificate.secret));
          const until = same ? untilOf(same, now) : certificate.state === "retiring" ? now + project.maxTtl : NEVER;
          return { project, certificate, until };
        });
        return [project.appId, signers];
      }),
    );
  }
}

function untilOf({ project, certificate, until }: Signer, now: Instant): Instant {
  return signs(certificate) ? Math.max(until, now + project.maxTtl) : until;
}

function changeOf(keyRing: KeyRing, appId: string, secret: AppCertificate): CutOff["change"] | undefined {
  const project = keyRing.projectOfAppId(appId);
  if (project === undefined) return "removed with its project";
  const certificate = project.certificates.find((each) => each.secret.equals(secret));
  if (certificate === undefined) return "dropped";
  return verifies(certificate) ? undefined : "revoked";
}
