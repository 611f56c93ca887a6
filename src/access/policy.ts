import type { Seconds } from "../clock.ts";
import { isPattern } from "../token/pattern.ts";
import { type Grant, SERVICE_NAMES, type ServiceName } from "../token/services.ts";
import { wireSpelling } from "../token/spelling.ts";
import { uidFromText } from "../token/user.ts";
import { permitsPlainly } from "./plain-ask.ts";
import { channelsNamed, reachesAnyChannel, reachesAnyUser, usersNamed } from "./reach.ts";
import { type Row, rowOf } from "./row.ts";
import { RowIndex } from "./row-index.ts";

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

/** The rows of one caller for one method. */
export class Permits {
  readonly #rows: readonly Permit[];
  readonly #projects: ReadonlySet<string>;
  readonly #named: ReadonlySet<string>;
  readonly #isForAll: boolean;
  readonly #byProject = new Map<string, RowIndex>();

  /**
   * @param rows in the order of the policy
   * @param projects those that `*` stands for
   */
  constructor(rows: readonly Permit[], projects: ReadonlySet<string>) {
    this.#rows = rows;
    this.#projects = projects;
    this.#named = new Set(rows.flatMap((row) => row.projects));
    this.#isForAll = this.#named.has("*");
  }

  /** Whether any row names the project. */
  has(project: string): boolean {
    return (this.#named.has(project) && project !== "*") || (this.#isForAll && this.#projects.has(project));
  }

  /** What the rows say about these grants. One row must permit all of them. */
  rule(project: string, ask: Ask): Ruling {
    let maxTtl: Seconds | undefined;
    for (const permit of this.#rowsOf(project).rowsFor(firstChannel(ask))) {
      if (permitsPlainly(permit, ask)) return { permitted: true, permit };
      const refused = refusals(permit, ask);
      if (refused.length === 0) return { permitted: true, permit };
      if (refused.length === 1 && refused[0] === "max_ttl") maxTtl = Math.max(maxTtl ?? 0, permit.maxTtl);
    }
    return { permitted: false, maxTtl };
  }

  /** The rows of a project, sought out when it is first asked for. */
  #rowsOf(project: string): RowIndex {
    const known = this.#byProject.get(project);
    if (known) return known;
    const rows = this.has(project) ? this.#rows.filter((row) => names(row.projects, project)) : [];
    const index = new RowIndex(rows);
    // What does not exist, of which there is no end, is not kept.
    if (rows.length > 0) this.#byProject.set(project, index);
    return index;
  }
}

// What a method does is what BuildToken does, and so needs what BuildToken needs.
const NEEDS: Readonly<Record<MethodName, readonly MethodName[]>> = {
  BuildToken: ["BuildToken"],
  BatchBuildTokens: ["BatchBuildTokens", "BuildToken"],
  RenewToken: ["RenewToken", "BuildToken"],
  InspectToken: ["InspectToken"],
};

/** All rows, looked up by caller and method. What no row permits is denied. */
export class Policy {
  readonly #permits = new Map<string, ReadonlyMap<MethodName, Permits>>();

  /**
   * @param callers the IDs that `*` stands for
   * @param projects likewise
   */
  constructor(rows: readonly Permit[], callers: readonly string[], projects: readonly string[]) {
    const rowsOf = rowsByCaller(rows, callers);
    const existing = new Set(projects);
    for (const caller of callers) this.#permits.set(caller, permitsByMethod(rowsOf.get(caller) ?? [], existing));
  }

  /** The rows of a caller for a method, or undefined if it may not use the method at all. */
  permits(caller: string, method: MethodName): Permits | undefined {
    return this.#permits.get(caller)?.get(method);
  }
}

/** The conditions of a row that do not hold for these grants. */
export function refusals(permit: Permit, { grants, ttl }: Ask): Refusal[] {
  const refused = new Set<Refusal>();
  const row = rowOf(permit);
  // Who asks for nothing is permitted nothing.
  if (grants.length === 0) refused.add("services");
  for (const grant of grants) {
    if (!row.permitsService(wireName(grant.service))) refused.add("services");
    if (!permit.anyChannel && reachesAnyChannel(grant)) refused.add("any_channel");
    if (!permit.anyUser && reachesAnyUser(grant)) refused.add("any_user");
    if (!channelsNamed(grant).every(row.permitsChannel)) refused.add("channels");
    if (!usersNamed(grant).every((user) => permitsUser(permit, row, user))) refused.add("users");
    if (grant.service === "rtc" && !row.permitsPrivileges(grant.privileges.keys())) refused.add("roles");
  }
  if (ttl > permit.maxTtl) refused.add("max_ttl");
  return [...refused];
}

const WIRE_NAMES = new Map(SERVICE_NAMES.map((service) => [service, wireSpelling(service)]));

/** The name of a service in rows: `convo_ai`. */
export function wireName(service: ServiceName): string {
  return WIRE_NAMES.get(service) ?? wireSpelling(service);
}

/** The first channel that is named, if one is. */
function firstChannel({ grants }: Ask): string | undefined {
  for (const grant of grants) {
    if (grant.service === "rtc" && grant.channel !== "any" && !isPattern(grant.channel.name)) return grant.channel.name;
    const [channel] = channelsNamed(grant);
    if (channel !== undefined) return channel;
  }
  return undefined;
}

function permitsByMethod(rows: readonly Permit[], projects: ReadonlySet<string>): ReadonlyMap<MethodName, Permits> {
  const byMethod = new Map<MethodName, Permits>();
  for (const method of METHODS) {
    const ours = rows.filter((row) => NEEDS[method].every((needed) => names(row.methods, needed)));
    const reachesAny = ours.some((row) => row.projects.some((project) => project !== "*" || projects.size > 0));
    if (reachesAny) byMethod.set(method, new Permits(ours, projects));
  }
  return byMethod;
}

/** The rows of each caller, in their order. One pass over the rows, since both may be thousands. */
function rowsByCaller(rows: readonly Permit[], callers: readonly string[]): ReadonlyMap<string, readonly Permit[]> {
  const byCaller = new Map<string, Permit[]>(callers.map((caller) => [caller, []]));
  for (const row of rows) {
    const named = row.callers.includes("*") ? callers : new Set(row.callers);
    for (const caller of named) byCaller.get(caller)?.push(row);
  }
  return byCaller;
}

function names(list: readonly string[], name: string): boolean {
  return list.includes(name) || list.includes("*");
}

function permitsUser({ users }: Permit, row: Row, { text, mayBeUid }: ReturnType<typeof usersNamed>[number]): boolean {
  const numeric = uidFromText(text) !== undefined;
  // Where a user may be a uid, the account "123" is the uid 123, so a row without uids does not permit it.
  return (numeric && users.uids) || (!(numeric && mayBeUid) && row.permitsAccount(text));
}
