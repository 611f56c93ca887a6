import type { Config } from "../../gen/agora/token/config/v1/config_pb.ts";
import type { Report } from "./problems.ts";

/** What is no name of a file: an App Certificate, an API key, or a JWT. */
const SECRET = /^([0-9a-f]{32}|agk_.*|eyJ[\w-]+\..*)$/i;

/** Refuses secrets in place of the path of the file that holds them. Messages name files, so these would be printed. */
export function checkPaths(config: Config, report: Report): void {
  for (const [path, file] of pathsIn(config)) {
    if (!SECRET.test(file)) continue;
    report.add(
      path,
      "must be the path of a file, and looks like what such a file holds: write that into a file, and, since whoever can read this one has it, exchange it",
    );
  }
}

function pathsIn({ listen, projects, jwtIssuers, audit }: Config): (readonly [string, string])[] {
  return [
    ...listen.flatMap(({ tls }, index): (readonly [string, string])[] => {
      const at = `listen[${index}].tls`;
      if (!tls) return [];
      const { certificateFile, keyFile, clientCaFile } = tls;
      return [
        [`${at}.certificate_file`, certificateFile],
        [`${at}.key_file`, keyFile],
        [`${at}.client_ca_file`, clientCaFile],
      ];
    }),
    ...projects.flatMap(({ certificates }, index) =>
      certificates.map(({ file }, at) => [`projects[${index}].certificates[${at}].file`, file] as const),
    ),
    ...jwtIssuers.map(({ jwksFile }, index) => [`jwt_issuers[${index}].jwks_file`, jwksFile] as const),
    ["audit.file", audit?.file ?? ""],
    ["audit.names_key_file", audit?.namesKeyFile ?? ""],
  ];
}
