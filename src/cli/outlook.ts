// What a configuration will do: what each project signs with, and what each caller may do.

import { METHODS, type MethodName, type Permit, Policy } from "../access/policy.ts";
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
  const rowsBy = new Map<string, RowOutlook[]>(settings.callers.map(({ id }) => [id, []]));
  const limitsOf = projectLimits(settings);
  // One pass over the rows, of which there may be ten thousand, as there may be of callers and of projects.
  rowsOf(settings).forEach((row, index) => {
    const named = row.callers.includes("*") ? rowsBy.keys() : new Set(row.callers);
    for (const caller of named) rowsBy.get(caller)?.push(rowOutlook(settings, row, index, limitsOf(row)));
  });
  return settings.callers.map(({ id, match }) => ({ id, proof: proofOf(match), rows: rowsBy.get(id) ?? [] }));
}

/** Gives the longest lifetime of each project that a row reaches. */
function projectLimits({ projects }: Settings): (row: Permit) => Iterable<Seconds> {
  const byId = new Map(projects.map(({ id, maxTtl }) => [id, maxTtl]));
  const all = new Set(byId.values());
  return ({ projects: named }) => (named.includes("*") ? all : named.flatMap((id) => byId.get(id) ?? []));
}

function rowOutlook(
  { projects, places }: Settings,
  row: Permit,
  index: number,
  maxTtls: Iterable<Seconds>,
): RowOutlook {
  const caller = "anyone";
  // Which methods a row is for depends on whether there is a project, and not on which.
  const policy = new Policy(
    [{ ...row, callers: [caller] }],
    [caller],
    projects.slice(0, 1).map(({ id }) => id),
  );
  const limits = Array.from(maxTtls, (maxTtl) => Math.min(maxTtl, row.maxTtl));
  return {
    permit: index,
    place: places.get(`permits[${index}]`),
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
