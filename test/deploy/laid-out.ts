// A configuration of deploy/ as it is on the machine of an operator, below a folder instead of the root.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readConfig } from "../../src/config/config.ts";
import { checkRules } from "../../src/config/rules.ts";
import { makeAuthority, makeServerCertificate } from "../fixtures/certificates.ts";
import { DEPLOY } from "./documents.ts";

/** Where it lies. */
export interface LaidOut {
  /** The configuration file. */
  readonly path: string;
  /** What stands for the root of the machine. */
  readonly root: string;
}

/** The App ID of all configurations. It is made up. */
export const APP_ID = "0123456789abcdef0123456789abcdef";

/** The App Certificates, in the order in which a configuration names them. They are made up. */
export const CERTIFICATES = ["A1b2C3d4E5f60718293a4B5c6D7e8F90", "00112233445566778899aabbccddeeff"] as const;

const KEY_SET = {
  keys: [{ kty: "OKP", crv: "Ed25519", kid: "1", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }],
};

/**
 * Writes a configuration of deploy/, and the files that it names.
 *
 * @param edit changes the text of the configuration
 */
export function layOut(root: string, file: string, edit = (text: string) => text): LaidOut {
  const text = edit(readFileSync(join(DEPLOY, file), "utf8"));
  const { projects, listen, jwtIssuers } = readConfig(file, () => text, checkRules);
  const write = (path: string | undefined, content: string, mode = 0o400) => {
    if (path === undefined) return;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content, { mode });
  };
  const certificates = projects.flatMap((project) => project.certificates.map((each) => each.file));
  for (const [index, path] of certificates.entries()) write(path, `${CERTIFICATES[index]}\n`);
  const authority = makeAuthority();
  const server = makeServerCertificate(authority);
  for (const { tls } of listen) {
    write(tls?.certificateFile, server.pem);
    write(tls?.keyFile, server.keyPem);
    write(tls?.clientCaFile, authority.pem);
  }
  for (const { keys } of jwtIssuers) if (keys.kind === "file") write(keys.file, JSON.stringify(KEY_SET), 0o444);
  const path = join(root, "etc", "agora-tokend", "config.yaml");
  write("/etc/agora-tokend/config.yaml", text.replaceAll(/: (?=\/(run|etc|var)\/)/g, `: ${root}`), 0o644);
  return { path, root };
}
