// What a configuration will do: what each project signs with, and what each caller may do.

import { METHODS, type MethodName, Policy } from "../access/policy.ts";
import type { Seconds } from "../clock.ts";
import type { MatchSettings, Place, ProjectSettings, Settings } from "../config/config.ts";
import { rowsOf } from "./compose.ts";

/** What a project signs and verifies with: the IDs of its certificates. */
export interface ProjectOutlook {
  readonly id: string;
  readonly appId: string;
  readonly signsWith: string | undefined;
  readonly verifiesWith: readonly string[];
  readonly revoked: readonly string[];
  readonly token006: boolean;
  readonly maxTtl: Seconds;
}

/** What a row of the policy permits a caller, as far as it has an effect. */
export interface RowOutlook {
  /** The index of the row in `permits`. */
  readonly permit: number;
  readonly place: Place | undefined;
  readonly projects: readonly string[];
  /** The methods that the row suffices for. */
  readonly methods: readonly MethodName[];
  readonly services: readonly string[];
  readonly channels: readonly string[];
  readonly uids: boolean;
  readonly accounts: readonly string[];
  readonly roles: readonly string[];
  /** The longest lifetime, from the project that allows the least to the one that allows the most. */
  readonly maxTtl: readonly [Seconds, Seconds];
  readonly anyUser: boolean;
  readonly anyChannel: boolean;
}

/** What a caller may do. */
export interface CallerOutlook {
  readonly id: string;
  /** How it is recognized. */
  readonly proof: string;
  readonly rows: readonly RowOutlook[];
}

/** What each project does. */
export function projectOutlooks({ projects }: Settings): ProjectOutlook[] {
  return projects.map(({ id, appId, certificates, allowToken006: token006, maxTtl }) => {
    const idsOf = (...states: ProjectSettings["certificates"][number]["state"][]) =>
      certificates.filter(({ state }) => states.includes(state)).map((certificate) => certificate.id);
    const verifiesWith = idsOf("standby", "primary", "retiring");
    return { id, appId, signsWith: idsOf("primary")[0], verifiesWith, revoked: idsOf("revoked"), token006, maxTtl };
  });
}

/** What each caller may do, and by which rows. */
export function callerOutlooks(settings: Settings): CallerOutlook[] {
  return settings.callers.map(({ id, match }) => ({
    id,
    proof: proofOf(match),
    rows: settings.permits.flatMap(({ callers }, index) =>
      callers.includes(id) || callers.includes("*") ? [rowOutlook(settings, id, index)] : [],
    ),
  }));
}

function rowOutlook(settings: Settings, caller: string, index: number): RowOutlook {
  const row = rowsOf(settings)[index];
  if (row === undefined) throw new Error("a row that is not there");
  const ids = settings.projects.map(({ id }) => id);
  const policy = new Policy([row], [caller], ids);
  const reached = settings.projects.filter(({ id }) => row.projects.includes(id) || row.projects.includes("*"));
  const limits = reached.map(({ maxTtl }) => Math.min(maxTtl, row.maxTtl));
  return {
    permit: index,
    place: settings.places.get(`permits[${index}]`),
    projects: row.projects,
    methods: METHODS.filter((method) => policy.permits(caller, method) !== undefined),
    services: row.services,
    channels: row.channels,
    uids: row.users.uids,
    accounts: row.users.accounts,
    roles: row.roles,
    maxTtl: limits.length === 0 ? [0, 0] : [Math.min(...limits), Math.max(...limits)],
    anyUser: row.anyUser,
    anyChannel: row.anyChannel,
  };
}

function proofOf(match: MatchSettings): string {
  switch (match.kind) {
    case "loopback":
      return "loopback";
    case "spiffe":
      return match.id;
    case "apiKey":
      return `API key ${match.sha256.slice(0, 8)}`;
    case "jwt":
      return `JWT of ${match.issuer}: ${match.subject} for ${match.audience}`;
  }
}
