// Whether what this process signs is right: by answers known from Agora, and by reading back what each project signs.

import { isDeepStrictEqual } from "node:util";
import type { Instant } from "../clock.ts";
import { CERTIFICATE, KNOWN_006, KNOWN_007, type KnownAnswer006, type KnownAnswer007 } from "../token/known-answers.ts";
import { type Claimed, parseToken } from "../token/parse.ts";
import type { Grant } from "../token/services.ts";
import { sign006, verify006 } from "../token/token006.ts";
import { sign007, verify007 } from "../token/token007.ts";
import type { Certificate } from "./certificate.ts";
import { type KeyRing, type Project, signer, type Verify, whoSigned } from "./keyring.ts";

/** This process signs what is wrong, or cannot read what it signed. The problems have neither a token nor a secret. */
export class SelfCheckFailed extends Error {
  override readonly name = "SelfCheckFailed";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

const MEND = "this build or this version of Node.js is broken: run another";
const CHANNEL = "self-check";
const UID = 1;
const SALT = 1;
const LIFETIME = 60;

/**
 * Signs what Agora's tests state, and compares.
 *
 * @throws SelfCheckFailed
 */
export function checkKnownAnswers(of007 = KNOWN_007, of006 = KNOWN_006): void {
  const wrong = [
    ...of007.filter((answer) => !holds(() => reproduces007(answer))),
    ...of006.filter((answer) => !holds(() => reproduces006(answer))),
  ];
  if (wrong.length === 0) return;
  throw new SelfCheckFailed(wrong.map(({ source }) => `known answer: the token of ${source} comes out wrong; ${MEND}`));
}

/**
 * Signs a token for each project that can, parses it, and verifies it against every certificate of the project.
 *
 * @param now the issue of the tokens
 * @throws SelfCheckFailed
 */
export function checkSigning(keyRing: KeyRing, now: Instant): void {
  const wrong = [...keyRing.projects].filter((project) => !holds(() => signsWhatItReads(project, now)));
  if (wrong.length === 0) return;
  throw new SelfCheckFailed(
    wrong.map(({ id }) => `self-check: project ${id} cannot verify the token that it signs; ${MEND}`),
  );
}

// A parser that throws at what was just signed is no better than one that reads it wrong.
function holds(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

function reproduces007({ token, signedHex, signatureHex, text }: KnownAnswer007): boolean {
  const certificate = Buffer.from(CERTIFICATE, "latin1");
  const other = Buffer.from(CERTIFICATE.toLowerCase(), "latin1");
  return [sign007(token, certificate), text].every((made) => {
    const claimed = claimedOf(made);
    return (
      claimed.version === "007" &&
      hexOf(claimed.signed) === signedHex &&
      hexOf(claimed.signature) === signatureHex &&
      isDeepStrictEqual(claimed.grants, token.grants) &&
      verify007(claimed, certificate) &&
      !verify007(claimed, other)
    );
  });
}

function reproduces006({ token, text }: KnownAnswer006): boolean {
  const certificate = Buffer.from(CERTIFICATE, "latin1");
  const { channelText, userText } = token;
  const claimed = claimedOf(text);
  return (
    claimed.version === "006" &&
    sign006(token, certificate) === text &&
    verify006(claimed, channelText, userText, certificate) &&
    !verify006(claimed, `${channelText}x`, userText, certificate)
  );
}

function signsWhatItReads(project: Project, now: Instant): boolean {
  const certificate = signer(project);
  if (certificate === undefined) return true;
  return reads007(project, certificate, now) && (!project.allowToken006 || reads006(project, certificate, now));
}

function reads007(project: Project, certificate: Certificate, issuedAt: Instant): boolean {
  const privileges = new Map([[1, LIFETIME]]);
  const grant: Grant = { service: "rtc", channel: { name: CHANNEL }, user: { uid: UID }, privileges };
  const token = { appId: project.appId, issuedAt, lifetime: LIFETIME, salt: SALT, grants: [grant] };
  const claimed = claimedOf(sign007(token, certificate.secret.reveal()));
  if (claimed.version !== "007") return false;
  const { appId, lifetime, salt, grants, irregularities } = claimed;
  const says = { appId, issuedAt: claimed.issuedAt, lifetime, salt, grants };
  const verify: Verify = (candidate) => verify007(claimed, candidate);
  return irregularities.size === 0 && isDeepStrictEqual(says, token) && whoSigned(project, verify) === certificate;
}

function reads006(project: Project, certificate: Certificate, now: Instant): boolean {
  const expiresAt = now + LIFETIME;
  const token = { appId: project.appId, salt: SALT, expiresAt, privileges: new Map([[1, expiresAt]]) };
  const texts = [CHANNEL, String(UID)] as const;
  const text = sign006({ ...token, channelText: texts[0], userText: texts[1] }, certificate.secret.reveal());
  const claimed = claimedOf(text);
  if (claimed.version !== "006") return false;
  const { appId, salt, privileges } = claimed;
  const says = { appId, salt, expiresAt: claimed.expiresAt, privileges };
  const verify: Verify = (candidate) => verify006(claimed, ...texts, candidate);
  return isDeepStrictEqual(says, token) && whoSigned(project, verify) === certificate;
}

function claimedOf(text: string): Claimed {
  const parsed = parseToken(text);
  if (parsed.kind !== "token") throw new Error("a token was taken for something else");
  return parsed.claimed;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
