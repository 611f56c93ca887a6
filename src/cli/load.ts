// From what was read to what can be served: the same code at the start, at a reload and in check-config.

import type { Clock } from "../clock.ts";
import { ConfigInvalid, type Problem, type Settings, unsafe } from "../config/config.ts";
import { KeyRingInvalid, type KeyRingRules } from "../keyring/file-source.ts";
import type { KeyRing } from "../keyring/keyring.ts";
import { checkKnownAnswers, checkSigning } from "../keyring/self-check.ts";
import { type Composition, compose } from "./compose.ts";
import { credentialProblems } from "./credential-files.ts";
import type { Reading } from "./reading.ts";

/** What can be served. */
export interface Loaded {
  readonly settings: Settings;
  readonly composition: Composition;
}

/** Checks that this process signs what is right. Throws SelfCheckFailed if not. */
export type SelfCheck = (keyRing: KeyRing) => void;

/** {@link SelfCheck} by the known answers, and by the certificates of the key ring. */
export function selfCheckAt(clock: Clock): SelfCheck {
  return (keyRing) => {
    checkKnownAnswers();
    checkSigning(keyRing, clock());
  };
}

/**
 * Checks all of what was read, and makes of it what can be served.
 *
 * @throws ConfigInvalid with every problem of every file, or SelfCheckFailed
 */
export function load(reading: Reading, rules: KeyRingRules, selfCheck: SelfCheck, clock: Clock): Loaded {
  const { file, parsed: settings } = reading;
  if (settings instanceof ConfigInvalid) throw settings;
  const problems: Problem[] = [...writable(reading), ...unsafe(settings)];
  problems.push(...credentialProblems(settings, (path) => reading.fileAt(path), clock));
  const composition = composed(settings, reading, rules, problems);
  if (composition === undefined || problems.length > 0) throw new ConfigInvalid(file, problems);
  selfCheck(composition.keyRing);
  return { settings, composition };
}

function writable(reading: Reading): Problem[] {
  const message =
    "writable file: every user of this machine may write it, and so permit themselves what they like; chmod it to 0644";
  return reading.writable ? [{ place: undefined, path: "", message }] : [];
}

function composed(
  settings: Settings,
  reading: Reading,
  rules: KeyRingRules,
  problems: Problem[],
): Composition | undefined {
  try {
    return compose(settings, (path) => reading.fileAt(path), rules);
  } catch (error) {
    if (!(error instanceof KeyRingInvalid)) throw error;
    for (const { project, certificate, message } of error.problems) {
      const part = certificate === undefined ? "app_id" : `certificates[${certificate}].file`;
      const path = `projects[${project}].${part}`;
      problems.push({ place: settings.places.get(path), path, message });
    }
    return undefined;
  }
}
