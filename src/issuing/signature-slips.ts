// How a signature came to be that no certificate of its project made: the slips of those who call a builder.

import { type Project, type Verify, whoSigned, whoSignedInOtherCase } from "../keyring/keyring.ts";

/** What was found in place of a signature by the certificate as it is. */
export interface SignatureSlip {
  /** Who made the signature, or out of what it was made. */
  readonly by: string;
  readonly mend: string;
}

// Trying one takes about 10 µs for what builders write, and more for more. So much for a hint, and no more.
const MOST_TRIED = 128;
const MOST_SIGNED_BYTES = 4096;
const MOST_COMPARED = 4096;
const LINE_FEED = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;

/** What may become of the digits of a certificate before a builder is given them. */
const SPELLINGS: readonly (readonly [how: string, spell: (digits: Uint8Array) => Uint8Array])[] = [
  ["with a line break after it", (digits) => Uint8Array.of(...digits, LINE_FEED)],
  ["with a space after it", (digits) => Uint8Array.of(...digits, SPACE)],
  ["in quotes", (digits) => Uint8Array.of(QUOTE, ...digits, QUOTE)],
  ["decoded from its digits to 16 bytes", fromHex],
];

/** Whether what was signed is short enough to try more certificates than those of its project. Builders stay below 2 KiB. */
export function isWorthTrying(signed: Uint8Array): boolean {
  return signed.length <= MOST_SIGNED_BYTES;
}

/** How a certificate of the project made the signature in another spelling, or its App ID in the certificate's place. */
export function certificateSlip(project: Project, verify: Verify): SignatureSlip | undefined {
  const inOtherCase = whoSignedInOtherCase(project, verify);
  const mend =
    "Pass the App Certificate to the builder as Agora's console shows it: its 32 digits as text, in their case.";
  if (inOtherCase) return { by: `certificate ${inOtherCase.id} with its letters in another case`, mend };
  for (const { id, secret } of project.certificates) {
    const spelling = SPELLINGS.find(([, spell]) => signedWith(spell(secret.reveal()), verify));
    if (spelling) return { by: `certificate ${id} ${spelling[0]}`, mend };
  }
  if (!verify(Buffer.from(project.appId, "latin1"))) return undefined;
  return {
    by: "the App ID in the certificate's place",
    mend: "Pass the builder the App ID first and the App Certificate second.",
  };
}

/** The certificate of another project that made the signature. */
export function signedElsewhere(
  own: Project | undefined,
  others: Iterable<Project>,
  verify: Verify,
): SignatureSlip | undefined {
  let tried = 0;
  for (const project of others) {
    tried += project.certificates.length;
    if (project === own) continue;
    if (tried > MOST_TRIED) return undefined;
    const certificate = whoSigned(project, verify);
    if (!certificate) continue;
    const mend = "Build it with the App ID and the App Certificate of one project.";
    return { by: `certificate ${certificate.id} of ${project.id}`, mend };
  }
  return undefined;
}

/** The project of which a text is a certificate. In time that does not depend on which of the digits are right. */
export function projectOfCertificate(projects: Iterable<Project>, text: string): Project | undefined {
  const bytes = Buffer.from(text, "utf8");
  let compared = 0;
  for (const project of projects) {
    compared += project.certificates.length;
    if (compared > MOST_COMPARED) return undefined;
    if (project.certificates.filter(({ secret }) => isSame(secret.reveal(), bytes)).length > 0) return project;
  }
  return undefined;
}

function isSame(digits: Uint8Array, bytes: Uint8Array): boolean {
  return digits.reduce((differ, byte, at) => differ | (byte ^ (bytes[at] ?? 0)), bytes.length ^ digits.length) === 0;
}

function signedWith(copy: Uint8Array, verify: Verify): boolean {
  const made = verify(copy);
  copy.fill(0);
  return made;
}

function fromHex(digits: Uint8Array): Uint8Array {
  const value = (digit: number) => (digit <= 0x39 ? digit - 0x30 : (digit | 0x20) - 0x57);
  return Uint8Array.from(
    { length: digits.length / 2 },
    (_, at) => value(digits[at * 2] ?? 0) * 16 + value(digits[at * 2 + 1] ?? 0),
  );
}
