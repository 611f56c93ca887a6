// Whose signature a token bears.

import type { Certificate } from "../keyring/certificate.ts";
import { type Project, type Verify, whoSigned, whoSignedInOtherCase } from "../keyring/keyring.ts";
import { verify006 } from "../token/token006.ts";
import { verify007 } from "../token/token007.ts";
import type { Claims } from "./claims.ts";
import { type ExpectedGrant, texts006 } from "./cover.ts";
import { type Finding, finding } from "./findings.ts";

/** The result of checking a signature. */
export type Signature =
  | { readonly check: "VALID"; readonly certificate: Certificate }
  | { readonly check: "INVALID"; readonly findings: readonly Finding[] }
  | { readonly check: "SKIPPED"; readonly findings: readonly Finding[] };

/** Checks the signature against every certificate of a project. */
export function checkSignature(
  claims: Claims,
  project: Project | undefined,
  expected: ExpectedGrant | undefined,
): Signature {
  const { claimed } = claims;
  if (claimed.version === "006" && !expected) {
    const found =
      "The signature of a version 006 token covers the channel name and the user without containing them, so it was not checked.";
    return { check: "SKIPPED", findings: [finding("EXPECTED_GRANT_REQUIRED", found)] };
  }
  if (!project) return { check: "SKIPPED", findings: [] };
  const verify = verifierOf(claims, expected);
  // The checksums say that channel or user is another: that is the finding, and there is nothing to check with.
  if (!verify) return { check: "SKIPPED", findings: [] };
  const certificate = whoSigned(project, verify);
  if (certificate) return { check: "VALID", certificate };
  return { check: "INVALID", findings: [signatureInvalid(project, whoSignedInOtherCase(project, verify))] };
}

/** What there is to say about the certificate that made a signature. */
export function judgeCertificate({ id, state }: Certificate): Finding[] {
  switch (state) {
    case "primary":
      return [];
    case "revoked":
      return [finding("CERTIFICATE_REVOKED", `The certificate ${id} made the signature, and it has been revoked.`)];
    default:
      return [finding("CERTIFICATE_NOT_PRIMARY", `The certificate ${id} made the signature, and it is ${state}.`)];
  }
}

function verifierOf(claims: Claims, expected: ExpectedGrant | undefined): Verify | undefined {
  const { claimed } = claims;
  if (claimed.version === "007") return (certificate) => verify007(claimed, certificate);
  const texts = expected && texts006(claims, expected);
  return texts && ((certificate) => verify006(claimed, texts.channelText, texts.userText, certificate));
}

function signatureInvalid(project: Project, inOtherCase: Certificate | undefined): Finding {
  if (inOtherCase) {
    const found = `None of the certificates of ${project.id} made the signature, but ${inOtherCase.id} with its letters in another case did.`;
    return finding("SIGNATURE_INVALID", found, {
      mend: "Pass the App Certificate to the builder as Agora's console shows it, in its own case.",
    });
  }
  const count = project.certificates.length;
  const found = `None of the ${count} certificate${count === 1 ? "" : "s"} of ${project.id} made the signature.`;
  return finding("SIGNATURE_INVALID", found);
}
