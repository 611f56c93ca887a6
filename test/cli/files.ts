// Configurations and certificates for the tests of commands.

/** Certificates that are made up. */
export const CERTIFICATES = {
  a: "A1b2C3d4E5f60718293a4B5c6D7e8F90",
  b: "00112233445566778899aabbccddeeff",
  c: "fedcba98765432100123456789abcdef",
} as const;

/** An App ID that is made up. */
export const APP_ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/** What a test says of a configuration. */
export interface ConfigParts {
  /** The certificates of the project: their states by ID. Each is in `FOLDER/ID`. */
  readonly certificates?: Readonly<Record<string, string>>;
  /** Further keys of the project. */
  readonly project?: string;
  readonly callers?: string;
  /** The caller of the permit. */
  readonly caller?: string;
  /** Further keys of the permit. */
  readonly permit?: string;
  readonly channels?: string;
  /** Further keys of the file. */
  readonly rest?: string;
  readonly listen?: string;
}

/** A configuration of one project, for callers on this machine. */
export function configIn(folder: string, parts: ConfigParts = {}): string {
  const certificates = Object.entries(parts.certificates ?? { a: "primary" })
    .map(([id, state]) => `{ id: ${id}, state: ${state}, file: ${folder}/${id} }`)
    .join(", ");
  return `listen: ${parts.listen ?? "[{ address: 127.0.0.1:0 }]"}
projects:
  - id: live
    app_id: "${APP_ID}"
    certificates: [${certificates}]
    ${parts.project ?? ""}
callers: ${parts.callers ?? "[{ id: local, match: { loopback: true } }]"}
permits:
  - callers: [${parts.caller ?? "local"}]
    projects: [live]
    methods: ["*"]
    services: [rtc]
    channels: [${parts.channels ?? '"room-*"'}]
    users: { uids: true }
    roles: [publisher]
    ${parts.permit ?? "max_ttl: 3600s"}
${parts.rest ?? ""}
`;
}
