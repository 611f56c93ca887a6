// An inspection on this machine: with the key ring of a configuration, with one certificate, or with none.

import type { Grant, InspectTokenResponse } from "../../gen/agora/token/v1/token_pb.ts";
import { inspectionOf } from "../api/findings.ts";
import { expectedGrantFrom } from "../api/grants.ts";
import type { Instant } from "../clock.ts";
import { examine, type Projects, projectsIn } from "../issuing/inspect.ts";
import { KeyRingInvalid, loadKeyRing } from "../keyring/file-source.ts";
import type { KeyRing } from "../keyring/keyring.ts";
import { loadOnce } from "./check-config.ts";
import { usage } from "./exit.ts";
import { faultOf } from "./file-faults.ts";
import { readPlainFile } from "./files.ts";
import { Unfit } from "./serve.ts";

/** What to verify with. */
export interface ExamineOptions {
  readonly config?: string;
  readonly unsafeSamples?: boolean;
  /** The ID of the project that the token should belong to. */
  readonly project?: string;
  readonly certificateFile?: string;
  /** The App ID that the token should be for. */
  readonly appId?: string;
}

/** What is asked of a token. */
export interface Examination {
  readonly token: string;
  readonly expected: Grant | undefined;
  readonly at: Instant;
}

const APP_ID = /^[0-9a-fA-F]{32}$/;
/** The ID of the project that a certificate file stands for. */
const PROJECT = "certificate-file";

/** Inspects a token as a server would that holds these certificates. */
export async function examineHere(options: ExamineOptions, asked: Examination): Promise<InspectTokenResponse> {
  const projects = await projectsFrom(options);
  const expected = asked.expected && expectedGrantFrom(asked.expected);
  return inspectionOf(examine(projects, { ...asked, expected }));
}

async function projectsFrom(options: ExamineOptions): Promise<Projects | undefined> {
  if (options.config !== undefined) return projectsOfConfig(options.config, options);
  if (options.certificateFile !== undefined) return projectsOfFile(options.certificateFile, options.appId);
  return undefined;
}

async function projectsOfConfig(file: string, options: ExamineOptions): Promise<Projects> {
  const { keyRing } = (await loadOnce(file, options)).composition;
  const named = options.project === undefined ? undefined : keyRing.project(options.project);
  if (options.project !== undefined && !named) throw usage("--project: the configuration has no project of this ID");
  return projectsIn(keyRing, named, () => true);
}

/** Without an App ID, the certificate is taken for that of whichever the token is for. */
async function projectsOfFile(file: string, appId: string | undefined): Promise<Projects> {
  if (appId !== undefined && !APP_ID.test(appId)) throw usage("--app-id takes 32 hexadecimal digits");
  const keyRing = await keyRingOf(file, appId ?? "0".repeat(32));
  const project = keyRing.project(PROJECT);
  if (appId !== undefined || !project) return projectsIn(keyRing, project, () => true);
  return {
    named: undefined,
    byAppId: (claimed) => ({ ...project, appId: claimed }),
    byAppIdInOtherCase: () => undefined,
  };
}

async function keyRingOf(file: string, appId: string): Promise<KeyRing> {
  let content: Awaited<ReturnType<typeof readPlainFile>>;
  try {
    content = await readPlainFile(file);
  } catch (error) {
    throw usage(`--certificate-file: ${file} cannot be read: ${faultOf(error)}`);
  }
  const certificates = [{ id: "file", state: "primary", file }] as const;
  const source = { id: PROJECT, appId, allowToken006: true, maxTtl: 0, allowReadableFiles: false, certificates };
  try {
    // Nothing is signed with it, so that of Agora's samples may be used as well.
    return loadKeyRing([source], () => content, { samples: true });
  } catch (error) {
    throw error instanceof KeyRingInvalid ? new Unfit(error.problems.map(({ message }) => message)) : error;
  }
}
