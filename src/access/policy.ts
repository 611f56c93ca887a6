import type { Seconds } from "../clock.ts";
import { matchesPattern } from "../token/pattern.ts";
import { ROLES, type RtcRole } from "../token/role.ts";
import { type Grant, SERVICES, type ServiceName } from "../token/services.ts";
import { uidFromText } from "../token/user.ts";
import { channelsNamed, reachesAnyChannel, reachesAnyUser, usersNamed } from "./reach.ts";

/** The methods that a row may name. */
export const METHODS = ["BuildToken", "BatchBuildTokens", "RenewToken", "InspectToken"] as const;

/** A method of the contract. */
export type MethodName = (typeof METHODS)[number];

/** A row of the policy. It permits what every one of its conditions holds for; an empty list holds for nothing. */
export interface Permit {
  readonly callers: readonly string[];
  readonly projects: readonly string[];
  readonly methods: readonly string[];
  readonly services: readonly string[];
  readonly channels: readonly string[];
  readonly users: { readonly uids: boolean; readonly accounts: readonly string[] };
  /** Roles, or privileges of RTC by name. */
  readonly roles: readonly string[];
  /** The longest that a token may last. */
  readonly maxTtl: Seconds;
  readonly anyUser: boolean;
  readonly anyChannel: boolean;
}

/** A condition of a row that does not hold. */
export type Refusal = "services" | "channels" | "users" | "roles" | "any_user" | "any_channel" | "max_ttl";

/** What is asked of a row. */
export interface Ask {
  readonly grants: readonly Grant<unknown>[];
  readonly ttl: Seconds;
}

/** What the rows say: permitted by one, or not, and if only for its length, how long it might have been. */
export type Ruling =
  | { readonly permitted: true; readonly permit: Permit }
  | { readonly permitted: false; readonly maxTtl: Seconds | undefined };

/** The rows of one caller for one method, by project. */
export class Permits {
  readonly #byProject: ReadonlyMap<string, readonly Permit[]>;

  constructor(byProject: ReadonlyMap<string, readonly Permit[]>) {
    this.#byProject = byProject;
  }

  /** Whether any row names the project. */
  has(project: string): boolean {
    return this.#byProject.has(project);
  }

  /** What the rows say about these grants. One row must permit all of them. */
  rule(project: string, ask: Ask): Ruling {
    let maxTtl: Seconds | undefined;
    for (const permit of this.#byProject.get(project) ?? []) {
      const refused = refusals(permit, ask);
      if (refused.length === 0) return { permitted: true, permit };
      if (refused.length === 1 && refused[0] === "max_ttl") maxTtl = Math.max(maxTtl ?? 0, permit.maxTtl);
    }
    return { permitted: false, maxTtl };
  }
}

const NONE = new Permits(new Map());

// What a method does is what BuildToken does, and so needs what BuildToken needs.
const NEEDS: Readonly<Record<MethodName, readonly MethodName[]>> = {
  BuildToken: ["BuildToken"],
  BatchBuildTokens: ["BatchBuildTokens", "BuildToken"],
  RenewToken: ["RenewToken", "BuildToken"],
  InspectToken: ["InspectToken"],
};

/** All rows, looked up by caller and method. What no row permits is denied. */
export class Policy {
  readonly #permits = new Map<string, Map<MethodName, Permits>>();

  /**
   * @param callers the IDs that `*` stands for
   * @param projects likewise
   */
  constructor(rows: readonly Permit[], callers: readonly string[], projects: readonly string[]) {
    for (const caller of callers) {
      const ours = rows.filter((row) => names(row.callers, caller));
      this.#permits.set(caller, new Map(METHODS.map((method) => [method, permitsOf(ours, method, projects)])));
    }
  }

  /** The rows of a caller for a method, or undefined if it may not use the method at all. */
  permits(caller: string, method: MethodName): Permits | undefined {
    const permits = this.#permits.get(caller)?.get(method);
    return permits === NONE ? undefined : permits;
  }
}

/** The conditions of a row that do not hold for these grants. */
export function refusals(permit: Permit, { grants, ttl }: Ask): Refusal[] {
  const refused = new Set<Refusal>();
  // Who asks for nothing is permitted nothing.
  if (grants.length === 0) refused.add("services");
  for (const grant of grants) {
    if (!names(permit.services, wireName(grant.service))) refused.add("services");
    if (!permit.anyChannel && reachesAnyChannel(grant)) refused.add("any_channel");
    if (!permit.anyUser && reachesAnyUser(grant)) refused.add("any_user");
    if (!channelsNamed(grant).every((channel) => matchesAny(permit.channels, channel))) refused.add("channels");
    if (!usersNamed(grant).every((user) => permitsUser(permit, user))) refused.add("users");
    if (grant.service === "rtc" && !permitsPrivileges(permit, [...grant.privileges.keys()])) refused.add("roles");
  }
  if (ttl > permit.maxTtl) refused.add("max_ttl");
  return [...refused];
}

/** The name of a service in rows: `convo_ai`. */
export function wireName(service: ServiceName): string {
  return wireSpelling(service);
}

function permitsOf(rows: readonly Permit[], method: MethodName, projects: readonly string[]): Permits {
  const ours = rows.filter((row) => NEEDS[method].every((needed) => names(row.methods, needed)));
  const byProject = new Map<string, Permit[]>();
  for (const row of ours) {
    for (const project of row.projects.includes("*") ? projects : row.projects) {
      const same = byProject.get(project);
      if (same) same.push(row);
      else byProject.set(project, [row]);
    }
  }
  return byProject.size === 0 ? NONE : new Permits(byProject);
}

function names(list: readonly string[], name: string): boolean {
  return list.includes(name) || list.includes("*");
}

function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matchesPattern(pattern, text));
}

function permitsUser({ users }: Permit, { text, mayBeUid }: ReturnType<typeof usersNamed>[number]): boolean {
  const numeric = uidFromText(text) !== undefined;
  // Where a user may be a uid, the account "123" is the uid 123, so a row without uids does not permit it.
  return (numeric && users.uids) || (!(numeric && mayBeUid) && matchesAny(users.accounts, text));
}

function permitsPrivileges(permit: Permit, privileges: readonly number[]): boolean {
  if (permit.roles.includes("*")) return true;
  const permitted = new Set(permit.roles.flatMap(privilegesNamed));
  return privileges.length > 0 && privileges.every((number) => permitted.has(number));
}

function privilegesNamed(name: string): readonly number[] {
  if (Object.hasOwn(ROLES, name)) return ROLES[name as RtcRole];
  const named = Object.entries(SERVICES.rtc.privileges).filter(([privilege]) => wireSpelling(privilege) === name);
  return named.map(([, number]) => number);
}

function wireSpelling(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
