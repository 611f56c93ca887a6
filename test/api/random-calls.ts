// Random rows, requests and originals, of few names, so that they meet often.

import fc from "fast-check";
import { NAMES, type Row, type Wish } from "../access/oracle.ts";
import { type OfficialService, official007 } from "../token/official.ts";
import type { ServiceOf007 } from "./originals.ts";
import { type GrantInit, ttl } from "./world.ts";

/** A grant, and when its privileges end: in seconds after the issue; undefined is the end of the token. */
export interface RandomGrant {
  readonly wish: Wish;
  readonly ends: Readonly<Record<number, number | undefined>>;
  /** The role in a room. */
  readonly role: number;
}

const PRIVILEGES: Readonly<Record<Wish["service"], { readonly first?: 1; readonly others: readonly number[] }>> = {
  rtc: { first: 1, others: [2, 3, 4] },
  rtm: { first: 1, others: [] },
  streaming: { others: [1, 2] },
  fpa: { first: 1, others: [] },
  chat: { others: [1, 2] },
  fcdn: { others: [1, 2] },
  apaas: { others: [1, 2, 3] },
  rtm2: { first: 1, others: [] },
  convo_ai: { others: [] },
  stt: { others: [] },
};
/** The names of privileges in the contract, by service, in the order of their numbers. */
const FIELDS: Readonly<Record<Wish["service"], readonly string[]>> = {
  rtc: ["joinChannel", "publishAudioStream", "publishVideoStream", "publishDataStream"],
  rtm: ["login"],
  streaming: ["publishMixStream", "publishRawStream"],
  fpa: ["login"],
  chat: ["user", "app"],
  fcdn: ["publish", "play"],
  apaas: ["roomUser", "user", "app"],
  rtm2: ["login"],
  convo_ai: [],
  stt: [],
};

const channel = fc.constantFrom("room-1", "room-2", "hall", "r", "*");
const account = fc.constantFrom("u-1", "u-", "bob", "7", "007", "4294967295", "4294967296");
const user = fc.oneof({ weight: 5, arbitrary: account }, { weight: 1, arbitrary: fc.constant("") });
const lower = fc.constantFrom("bob", "u-1", "7");
const resource = fc.oneof(
  fc.constantFrom("room-1", "room-2", "hall", "u-1", "bob", "7"),
  fc.constantFrom("*", "room-*"),
);
const resources = fc.uniqueArray(fc.tuple(fc.nat(4), fc.nat(1), resource), { selector: String, maxLength: 3 });

/** A privilege is mostly without an end of its own. */
const end = fc.option(fc.constantFrom(1, 30, 59, 60, 61, 300, 600, 3600), { nil: undefined, freq: 2 });

function wish(service: Wish["service"]): fc.Arbitrary<Wish> {
  const { first, others } = PRIVILEGES[service];
  const privileges = fc
    .subarray([...others], { minLength: first || others.length === 0 ? 0 : 1 })
    .map((numbers) => (first ? [first, ...numbers] : numbers));
  return privileges.chain((numbers): fc.Arbitrary<Wish> => {
    const named = { service: fc.constant(service), privileges: fc.constant(numbers) };
    switch (service) {
      case "rtc":
      case "streaming":
      case "fcdn":
        return fc.record({ ...named, channel, user });
      case "rtm":
        return fc.record({ ...named, user: account });
      case "chat":
        return fc.record({ ...named, user: numbers.includes(1) ? lower : fc.oneof(lower, fc.constant("")) });
      case "apaas": {
        const room = channel.filter((name) => name !== "*");
        return fc.record({
          ...named,
          channel: numbers.includes(1) ? room : fc.oneof(room, fc.constant("")),
          user: numbers.some((number) => number < 3) ? lower : fc.oneof(lower, fc.constant("")),
        });
      }
      case "rtm2":
        return fc.record({ ...named, user: account, resources });
      default:
        return fc.record(named);
    }
  });
}

/** A grant that BuildToken builds, for who may have it. */
export const grant: fc.Arbitrary<RandomGrant> = fc
  .oneof({ weight: 4, arbitrary: fc.constantFrom(NAMES[0]) }, { weight: 5, arbitrary: fc.constantFrom(...NAMES) })
  .chain(wish)
  .chain((wished) =>
    fc.record({
      wish: fc.constant(wished),
      ends: fc.record(Object.fromEntries(wished.privileges.map((number) => [number, end]))),
      role: fc.nat(3),
    }),
  );

/** One to three grants, mostly one. */
export const grants = fc.oneof(
  { weight: 3, arbitrary: fc.array(grant, { minLength: 1, maxLength: 1 }) },
  { weight: 1, arbitrary: fc.array(grant, { minLength: 2, maxLength: 3 }) },
);

const listOf = (...names: string[]) =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(["*"]) }, { weight: 1, arbitrary: fc.subarray(names) });

const common = { maxTtl: fc.constantFrom(60, 600, 3600, 86_400), anyUser: fc.boolean(), anyChannel: fc.boolean() };
/** A row that permits whatever is named. */
const wide: fc.Arbitrary<Row> = fc.record({
  projects: fc.constant(["*"]),
  methods: fc.constant(["*"]),
  services: fc.constant(["*"]),
  channels: fc.constant(["*"]),
  users: fc.record({ uids: fc.constant(true), accounts: fc.constant(["*"]) }),
  roles: fc.constant(["*"]),
  ...common,
});
/** A row that permits this and that. */
const narrow: fc.Arbitrary<Row> = fc.record({
  projects: listOf("live", "other", "absent"),
  methods: listOf("BuildToken", "BatchBuildTokens", "RenewToken", "InspectToken"),
  services: fc.oneof(
    { weight: 3, arbitrary: fc.constant(["*"]) },
    { weight: 2, arbitrary: fc.subarray([...NAMES], { minLength: 5 }) },
  ),
  channels: fc.oneof(
    { weight: 1, arbitrary: fc.constant(["*"]) },
    { weight: 2, arbitrary: fc.subarray(["room-*", "hall", "*-1", "r*2", "room", "h*l*l"]) },
  ),
  users: fc.record({
    uids: fc.boolean(),
    accounts: fc.oneof(
      { weight: 1, arbitrary: fc.constant(["*"]) },
      { weight: 2, arbitrary: fc.subarray(["u-*", "bob", "0*", "7", "*b", "4294967296"]) },
    ),
  }),
  roles: listOf("publisher", "subscriber", "join_channel", "publish_audio_stream", "publish_data_stream"),
  ...common,
});

const few = fc.array(fc.oneof({ weight: 1, arbitrary: wide }, { weight: 2, arbitrary: narrow }), {
  minLength: 1,
  maxLength: 3,
});
const everywhere = narrow.map((row) => ({ ...row, projects: ["*"], methods: ["*"] }));

/** One to three rows, or so many for one project and method that they are looked up by how channels begin. */
export const rows = fc.oneof(
  { weight: 5, arbitrary: few },
  { weight: 1, arbitrary: fc.array(everywhere, { minLength: 9, maxLength: 12 }) },
);

/** How long a token is to last, in seconds. */
export const lifetime = fc.constantFrom(1, 59, 60, 61, 600, 601, 3600, 3601, 7200, 7201, 86_400);

/** A grant as the contract spells it. */
export function messageOf({ wish: { service, channel, user, resources }, ends, role }: RandomGrant): GrantInit {
  const privileges = Object.fromEntries(
    Object.entries(ends).map(([number, seconds]) => [
      FIELDS[service][Number(number) - 1],
      seconds === undefined ? {} : { expiration: ttl(seconds) },
    ]),
  );
  const value: Record<string, unknown> = FIELDS[service].length > 0 ? { privileges } : {};
  if (["rtc", "streaming", "fcdn"].includes(service)) {
    Object.assign(value, channel === "*" ? { anyChannel: true } : { channelName: channel });
    Object.assign(value, user === "" ? { anyUser: true } : /^7$/.test(user ?? "") ? { uid: 7 } : { userAccount: user });
  } else if (service === "apaas") Object.assign(value, { roomUuid: channel, userUuid: user, role });
  else if (user !== undefined) value["userId"] = user;
  if (resources) value["permissions"] = permissionsOf(resources);
  const name = service === "convo_ai" ? "convoAi" : service;
  return { service: { case: name, value } } as unknown as GrantInit;
}

/** A grant as Agora's builder takes it; a privilege without an end gets that of the token, or 0 in every other one. */
export function officialOf({ wish, ends, role }: RandomGrant, tokenEnd: number): ServiceOf007 {
  const privileges = Object.entries(ends).map(([number, seconds]) => [
    Number(number),
    seconds ?? (Number(number) % 2 === 0 ? 0 : tokenEnd),
  ]);
  return [officialServiceOf(wish, role), Object.fromEntries(privileges)];
}

function officialServiceOf({ service, channel = "", user = "", resources }: Wish, role: number): OfficialService {
  switch (service) {
    case "rtc":
      return new official007.ServiceRtc(channel, user);
    case "streaming":
      return new official007.ServiceStreaming(channel, user);
    case "fcdn":
      return new official007.ServiceFCdn(channel, user);
    case "rtm":
      return new official007.ServiceRtm(user);
    case "chat":
      return new official007.ServiceChat(user);
    case "apaas":
      return new official007.ServiceApaas(channel, user, role);
    case "rtm2": {
      const permissions = new official007.Rtm2Permissions();
      for (const { resourceType, access, resources: names } of permissionsOf(resources ?? [])) {
        permissions.add(resourceType - 1, access - 1, names);
      }
      return new official007.ServiceRtm2(user, permissions);
    }
    case "fpa":
      return new official007.ServiceFpa();
    case "convo_ai":
      return new official007.ServiceConvoAI();
    case "stt":
      return new official007.ServiceStt();
  }
}

function permissionsOf(resources: NonNullable<Wish["resources"]>) {
  const kinds = new Map<string, { resourceType: number; access: number; resources: string[] }>();
  for (const [kind, access, name] of resources) {
    const key = `${kind} ${access}`;
    const permission = kinds.get(key) ?? { resourceType: kind + 1, access: access + 1, resources: [] };
    permission.resources.push(name);
    kinds.set(key, permission);
  }
  return [...kinds.values()];
}
