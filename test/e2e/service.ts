// The service as it runs, in this process, on a port that the system chooses.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../../src/cli/serve.ts";

/** A running service. */
export interface Service {
  /** `127.0.0.1:PORT`, or `unix:` and a path: one for each listener, in order. */
  readonly addresses: readonly string[];
  /** What it printed. */
  readonly lines: readonly string[];
  /** What it printed as errors. */
  readonly errors: readonly string[];
  stop(): Promise<void>;
}

/** An App ID that is made up. */
export const APP_ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/** A certificate that is made up. */
export const CERTIFICATE = "A1b2C3d4E5f60718293a4B5c6D7e8F90";

/** A configuration for callers on this machine, with what a test adds. */
export function configuration(
  folder: string,
  more: { listen?: string; project?: string; permit?: string; rest?: string } = {},
): string {
  writeFileSync(join(folder, "certificate"), `${CERTIFICATE}\n`, { mode: 0o600 });
  return `listen: ${more.listen ?? "[{ address: 127.0.0.1:0 }]"}
admin: { address: 127.0.0.1:0 }
projects:
  - id: live
    app_id: "${APP_ID}"
    certificates: [{ id: first, state: primary, file: ${join(folder, "certificate")} }]
    ${more.project ?? "allow_token006: true"}
callers: [{ id: local, match: { loopback: true } }]
permits:
  - callers: [local]
    projects: [live]
    methods: ["*"]
    services: ["*"]
    channels: ["room-*"]
    users: { uids: true, accounts: ["u-*"] }
    roles: [publisher, subscriber]
    max_ttl: 3600s
    ${more.permit ?? "any_user: true"}
${more.rest ?? ""}
`;
}

/** Serves a configuration until it is stopped. Without one, the demo. */
export async function startService(config?: (folder: string) => string): Promise<Service> {
  const folder = mkdtempSync(join(tmpdir(), "agora-tokend-"));
  const file = join(folder, "config.yaml");
  if (config) writeFileSync(file, config(folder));
  const lines: string[] = [];
  const errors: string[] = [];
  const stops: (() => void)[] = [];
  let ended: Promise<void> | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const stop = () =>
        new Promise<void>((asked) => {
          stops.push(asked);
          resolve();
        });
      const around = { out: (line: string) => lines.push(line), error: (line: string) => errors.push(line), stop };
      ended = serve(config ? { config: file } : { port: 0 }, around);
      ended.catch(reject);
    });
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
  return {
    addresses: lines.flatMap((line) => /^agora-tokend serves on (\S+)/.exec(line)?.[1] ?? []),
    lines,
    errors,
    async stop() {
      stops.shift()?.();
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
