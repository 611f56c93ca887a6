// Whose signature a token bears.

import type { Certificate } from "../keyring/certificate.ts";
import { type Project, signer, type Verify, whoSigned } from "../keyring/keyring.ts";
import { verify006 } from "../token/token006.ts";
import { verify007 } from "../token/token007.ts";
import type { Claims } from "./claims.ts";
import { type ExpectedGrant, texts006 } from "./cover.ts";
import { type Finding, finding } from "./findings.ts";
import { certificateSlip, isWorthTrying, signedElsewhere } from "./signature-slips.ts";

/** The result of checking a signature. */
export type Signature =
  | { readonly check: "VALID"; readonly certificate: Certificate }
  | { readonly check: "INVALID"; readonly findings: readonly Finding[] }
  | { readonly check: "SKIPPED"; readonly findings: readonly Finding[] };

/**
 * Checks the signature against every certificate of a project.
 *
 * @param others projects whose certificates may have been taken by mistake
 */
export function checkSignature(
  claims: Claims,
  project: Project | undefined,
  expected: ExpectedGrant | undefined,
  others: Iterable<Project> = [],
): Signature {
  if (claims.claimed.version === "006" && !expected) {
    const found =
      "The signature of a version 006 token covers the channel name and the user without containing them, so it was not checked.";
    return { check: "SKIPPED", findings: [finding("EXPECTED_GRANT_REQUIRED", found)] };
  }
  const verify = verifierOf(claims, expected);
  // The checksums say that channel or user is another: that is the finding, and there is nothing to check with.
  if (!project || !verify) return { check: "SKIPPED", findings: [] };
  const certificate = whoSigned(project, verify);
  if (certificate) return { check: "VALID", certificate };
  return { check: "INVALID", findings: [signatureInvalid(claims, project, verify, others)] };
}

/** Checks the signature with a certificate. Undefined if what it covers is not known. */
export function verifierOf(claims: Claims, expected: ExpectedGrant | undefined): Verify | undefined {
  const { claimed } = claims;
  if (claimed.version === "007") return (certificate) => verify007(claimed, certificate);
  const texts = expected && texts006({ ...claims, claimed }, expected);
  return texts && ((certificate) => verify006(claimed, texts.channelText, texts.userText, certificate));
}

/** What there is to say about the certificate that made a signature, of this project if it is known. */
export function judgeCertificate({ id, state }: Certificate, project?: Project): Finding[] {
  const signs = project && signer(project);
  const instead = signs ? `: ${project.id} signs with ${signs.id}` : "";
  switch (state) {
    case "primary":
      return [];
    case "revoked":
      return [
        finding("CERTIFICATE_REVOKED", `Certificate ${id} made the signature, and it has been revoked${instead}.`),
      ];
    case "retiring":
      return [
        finding("CERTIFICATE_NOT_PRIMARY", `Certificate ${id} made the signature, and it is retiring${instead} now.`),
      ];
    case "standby": {
      const mend = "Nothing is wrong if its builder is ahead of a rotation; else let it use the primary certificate.";
      const found = `Certificate ${id} made the signature, and it is standby${instead} still.`;
      return [finding("CERTIFICATE_NOT_PRIMARY", found, { mend })];
    }
  }
}

function signatureInvalid(
  { claimed, grants }: Claims,
  project: Project,
  verify: Verify,
  others: Iterable<Project>,
): Finding {
  const none = `No certificate of ${project.id} made the signature`;
  const slip = isWorthTrying(claimed.signed)
    ? (certificateSlip(project, verify) ?? signedElsewhere(project, others, verify))
    : undefined;
  if (slip) return finding("SIGNATURE_INVALID", `${none}, but ${slip.by} did.`, { mend: slip.mend });
  const why = whyInvalid(
    claimed,
    grants.some(({ grant }) => grant.service === "rtm"),
  );
  const { length } = project.certificates;
  return finding("SIGNATURE_INVALID", `${none}; ${length} ${length === 1 ? "was" : "were"} tried. ${why}`);
}

function whyInvalid(claimed: Claims["claimed"], isRtm: boolean): string {
  // Version 007 signs all that it holds: what was changed in it is not told apart from another certificate.
  if (claimed.version === "007") return "Another certificate made it, or something was changed in the token.";
  return isRtm && claimed.userChecksum !== 0
    ? "The token has the checksum of a user of RTC, and one for signaling has none."
    : "The checksums of the channel and the user are right, so these are not what is wrong.";
}
