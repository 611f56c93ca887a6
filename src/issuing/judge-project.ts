// Whose token it is: the project of its App ID.

import type { KeyRing, Project, Verify } from "../keyring/keyring.ts";
import type { Claims } from "./claims.ts";
import { type Finding, finding } from "./findings.ts";
import { isWorthTrying, projectOfCertificate, signedElsewhere } from "./signature-slips.ts";
import { quoted } from "./words.ts";

/** Where to look for the project of a token. */
export interface Projects {
  /** The project that the token should belong to, if one was named. */
  readonly named: Project | undefined;
  byAppId(appId: string): Project | undefined;
  /** The project whose App ID differs in case alone. */
  byAppIdInOtherCase(appId: string): Project | undefined;
  /** All that may be looked in, for the one whose certificate was taken by mistake. Without it, that is not looked for. */
  all?(): Iterable<Project>;
}

/** The project of a token, and what there is to say about it. */
export interface Belonging {
  readonly project: Project | undefined;
  /** The one whose certificates may have made the signature. */
  readonly signer: Project | undefined;
  /** Whether an App Certificate stands where the App ID belongs, so that it must not be told. */
  readonly exposes: boolean;
  readonly findings: readonly Finding[];
}

/** The projects of a key ring that may be looked in. */
export function projectsIn(keyRing: KeyRing, named: Project | undefined, may: (id: string) => boolean): Projects {
  const permitted = (project: Project | undefined) => (project && may(project.id) ? project : undefined);
  return {
    named,
    byAppId: (appId) => permitted(keyRing.projectOfAppId(appId)),
    byAppIdInOtherCase: (appId) => permitted(keyRing.projectOfAppIdInOtherCase(appId)),
    *all() {
      for (const project of keyRing.projects) if (may(project.id)) yield project;
    },
  };
}

/** Finds the project of a token. `verify` checks its signature, if what that covers is known. */
export function findProject(projects: Projects, { claimed }: Claims, verify: Verify | undefined): Belonging {
  const { appId, signed } = claimed;
  const project = projects.byAppId(appId);
  const { named } = projects;
  const exact = { project, signer: project, exposes: false };
  if (project && (!named || named === project)) return { ...exact, findings: [] };
  if (project && named) return { ...exact, findings: [ofOther(project, named)] };
  const alike = projects.byAppIdInOtherCase(appId);
  if (alike) return { ...exact, signer: alike, findings: [inOtherCase(appId, alike, named)] };
  const exposed = projectOfCertificate(projects.all?.() ?? [], appId);
  if (exposed) return { ...exact, exposes: true, findings: [exchanged(exposed, named)] };
  return { ...exact, findings: [unknown(projects, appId, isWorthTrying(signed) ? verify : undefined)] };
}

function ofOther({ id, appId }: Project, named: Project): Finding {
  const found = `The token is for the App ID ${appId}, that of ${id}; ${named.id} is expected, and has ${named.appId}.`;
  return finding("APP_ID_MISMATCH", found);
}

// Native error 101: the App ID itself is not valid.
function inOtherCase(appId: string, { id, appId: right }: Project, named: Project | undefined): Finding {
  const how =
    appId === right.toLowerCase()
      ? "was lower-cased"
      : appId === right.toUpperCase()
        ? "was upper-cased"
        : "is in another case";
  const mend = "Pass the App ID to the builder as Agora's console shows it: its case is part of it.";
  const whose = named && named.id !== id ? `; ${named.id} is expected` : "";
  const found = `The App ID ${how}: the token has ${appId}, and ${id} has ${right}${whose}.`;
  return finding(named ? "APP_ID_MISMATCH" : "APP_ID_UNKNOWN", found, { code: 101, mend });
}

function exchanged({ id }: Project, named: Project | undefined): Finding {
  const found = `An App Certificate of ${id} stands where the App ID belongs, so whoever has the token has the certificate. The two were exchanged, and the signature was not checked.`;
  const mend = "Pass the builder the App ID first and the App Certificate second, and replace that certificate.";
  return finding(named ? "APP_ID_MISMATCH" : "APP_ID_UNKNOWN", found, { code: 110, mend });
}

function unknown(projects: Projects, appId: string, verify: Verify | undefined): Finding {
  const { named } = projects;
  const reason = named ? "APP_ID_MISMATCH" : "APP_ID_UNKNOWN";
  if (!/^[0-9a-fA-F]{32}$/.test(appId)) {
    const found = `The token has ${quoted(appId)} where its App ID belongs, and an App ID has 32 hexadecimal digits.`;
    return finding(reason, found, { code: 110, mend: "Pass the builder the App ID as Agora's console shows it." });
  }
  const signed = verify && signedElsewhere(undefined, projects.all?.() ?? [], verify);
  const whose = named
    ? `; ${named.id} is expected, and has ${named.appId}`
    : `, that of no project that you may inspect${signed ? "" : ", so its signature was not checked"}`;
  const found = `The token is for the App ID ${appId}${whose}.`;
  if (!signed) return finding(reason, found);
  return finding(reason, `${found} Its signature is that of ${signed.by}.`, { mend: signed.mend });
}
