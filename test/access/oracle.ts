// What the rows permit, told a second time from the words of the configuration and the contract. It shares no code with
// the service: what a token grants, it knows from Agora's own parser.

import { read007 } from "../api/reading.ts";

/** The services by Agora's numbers, spelled as rows spell them. */
export const NAMES = ["rtc", "rtm", "streaming", "fpa", "chat", "fcdn", "apaas", "rtm2", "convo_ai", "stt"] as const;

/** What a grant says, whoever wrote it. */
export interface Wish {
  readonly service: (typeof NAMES)[number];
  readonly privileges: readonly number[];
  /** The channel or room; `*` is every one. Undefined where the service has none. */
  readonly channel?: string;
  /** The user as text; empty is anyone. Undefined where the service has none. */
  readonly user?: string;
  /** What RTM2 names: a kind, an access, a name. */
  readonly resources?: readonly (readonly [kind: number, access: number, name: string])[];
}

/** A row, as far as it is about what is asked for. */
export interface Row {
  readonly projects: readonly string[];
  readonly methods: readonly string[];
  readonly services: readonly string[];
  readonly channels: readonly string[];
  readonly users: { readonly uids: boolean; readonly accounts: readonly string[] };
  readonly roles: readonly string[];
  readonly maxTtl: number;
  readonly anyUser: boolean;
  readonly anyChannel: boolean;
}

const ROLES: Readonly<Record<string, readonly number[]>> = {
  publisher: [1, 2, 3, 4],
  subscriber: [1],
  join_channel: [1],
  publish_audio_stream: [2],
  publish_video_stream: [3],
  publish_data_stream: [4],
  "*": [1, 2, 3, 4],
};
const USERS = 4;

/** The rows that count for a method on a project, of those that a project must exist for. */
export function rowsFor(rows: readonly Row[], method: string, project: string, projects: readonly string[]): Row[] {
  const needed = ["BatchBuildTokens", "RenewToken"].includes(method) ? [method, "BuildToken"] : [method];
  return rows.filter(
    (row) =>
      projects.includes(project) && listed(row.projects, project) && needed.every((name) => listed(row.methods, name)),
  );
}

/** Whether a row permits all of these grants, however long they last. */
export function permits(row: Row, wishes: readonly Wish[]): boolean {
  return wishes.length > 0 && wishes.every((wish) => permitsOne(row, wish));
}

function permitsOne(row: Row, wish: Wish): boolean {
  if (!listed(row.services, wish.service)) return false;
  if (wish.service === "rtc") {
    const roles = row.roles.flatMap((name) => ROLES[name] ?? []);
    if (!wish.privileges.every((number) => roles.includes(number))) return false;
  }
  return permitsChannels(row, wish) && permitsUsers(row, wish);
}

function permitsChannels(row: Row, { service, privileges, channel, resources }: Wish): boolean {
  const names = (resources ?? []).filter(([kind]) => kind !== USERS).map(([, , name]) => name);
  if (channel !== undefined) names.push(channel === "" ? "*" : channel);
  if (service === "apaas" && privileges.some((number) => number !== 1)) names.push("*");
  if (resources?.length === 0) names.push("*");
  return names.every((name) => (name.includes("*") ? row.anyChannel : fitsOne(row.channels, name)));
}

function permitsUsers(row: Row, { service, privileges, user, resources }: Wish): boolean {
  const isFree =
    (user !== undefined && (user === "" || user.includes("*"))) ||
    (service === "chat" && privileges.includes(2)) ||
    (service === "apaas" && privileges.includes(3)) ||
    resources?.length === 0 ||
    (resources ?? []).some(([kind, , name]) => kind === USERS && name.includes("*"));
  if (isFree && !row.anyUser) return false;
  const others = (resources ?? []).filter(([kind, , name]) => kind === USERS && !name.includes("*"));
  if (!others.every(([, , name]) => (isUid(name) && row.users.uids) || fitsOne(row.users.accounts, name))) return false;
  if (user === undefined || user === "" || user.includes("*")) return true;
  if (isUid(user) && ["rtc", "streaming", "fcdn"].includes(service)) return row.users.uids;
  return (isUid(user) && row.users.uids) || fitsOne(row.users.accounts, user);
}

/** What a token of version 007 grants, as Agora's parser reads it. */
export function wishesIn(token: string): Wish[] {
  return read007(token).services.map(({ type, privileges, channel, user, permissions }) => ({
    service: NAMES[type - 1] ?? "rtc",
    privileges: Object.keys(privileges).map(Number),
    ...(channel !== undefined && { channel }),
    ...(user !== undefined && { user }),
    ...(permissions && { resources: resourcesIn(permissions) }),
  }));
}

function resourcesIn(permissions: Readonly<Record<number, Readonly<Record<number, readonly string[]>>>>) {
  return Object.entries(permissions).flatMap(([kind, accesses]) =>
    Object.entries(accesses).flatMap(([access, names]) =>
      names.map((name) => [Number(kind), Number(access), name] as const),
    ),
  );
}

function listed(list: readonly string[], name: string): boolean {
  return list.includes(name) || list.includes("*");
}

function fitsOne(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => {
    const escaped = pattern.replace(/[\\^$.|?+()[\]{}]/g, "\\$&").replaceAll("*", "[^]*");
    return new RegExp(`^${escaped}$`).test(text);
  });
}

function isUid(text: string): boolean {
  return /^\d+$/.test(text) && !text.startsWith("0") && BigInt(text) < 2n ** 32n;
}
