// Random tokens, as plain values that both our functions and Agora's builders are given.

import fc from "fast-check";
import type { Grant, ServiceName } from "../../src/token/services.ts";
import { channelFromText, userFromText } from "../../src/token/user.ts";
import { type OfficialService, type OfficialToken007, official007 } from "./official.ts";

/** A service: `texts` in the order of its fields, `permissions` by kind. */
export interface RandomService {
  readonly service: ServiceName;
  readonly privileges: readonly (readonly [number, number])[];
  readonly texts: readonly [string, string];
  readonly role: number;
  readonly permissions: readonly (readonly [resourceType: number, access: number, resources: readonly string[]])[];
}

/** A token of version 007. */
export interface RandomToken007 {
  readonly appId: string;
  readonly appCertificate: string;
  readonly issuedAt: number;
  readonly lifetime: number;
  readonly salt: number;
  readonly services: readonly RandomService[];
}

/** A token of version 006. */
export interface RandomToken006 {
  readonly appId: string;
  readonly appCertificate: string;
  readonly channelText: string;
  readonly userText: string;
  readonly salt: number;
  readonly expiresAt: number;
  readonly privileges: readonly (readonly [number, number])[];
}

/** How many random tokens, and which: the same at each run, unless the environment asks for others. */
export const FUZZ = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 2000), seed: Number(process.env["FUZZ_SEED"] ?? 47) };

const LEGAL = "abcXYZ019 !#$%&()+-:;<=.>?@[]^_{}|~,";
const EDGE_BYTES = [0, 1, 63, 64, 65, 254, 255, 256, 1023, 1024];
// Near the longest that a length in 16 bits can tell, and near the most bytes of a content.
const HUGE_BYTES = [16_000, 65_000, 65_400, 65_450, 65_535];

const hex32 = fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCDEF"), minLength: 32, maxLength: 32 });
const uint16 = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(255, 256, 65_535), fc.nat(0xffff));
const uint32 = fc.oneof(
  fc.constantFrom(0, 1, 600, 86_400, 1_800_000_000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
  fc.nat(0xffff_ffff),
);
const texts = fc.oneof(
  { weight: 12, arbitrary: fc.string({ unit: fc.constantFrom(...LEGAL), maxLength: 64 }) },
  { weight: 6, arbitrary: uint32.map(String) },
  { weight: 6, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom("*", "1*a*2", "0", "00", "undefined", "\u0000", "\ufeffx", "\ufffd", "频道😀"),
  },
  { weight: 6, arbitrary: ofBytes(fc.constantFrom(...EDGE_BYTES)) },
);
const hugeTexts = fc.oneof(
  { weight: 150, arbitrary: texts },
  { weight: 1, arbitrary: ofBytes(fc.constantFrom(...HUGE_BYTES)) },
);
const privileges = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 4 }), uint32), { selector: first, maxLength: 4 }),
  },
  { weight: 4, arbitrary: fc.uniqueArray(fc.tuple(uint16, uint32), { selector: first, maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.uniqueArray(fc.tuple(fc.nat(0xffff), uint32), { selector: first, minLength: 60, maxLength: 64 }),
  },
);
const kinds = fc.uniqueArray(fc.tuple(uint16, fc.oneof(fc.nat(1), uint16), fc.array(texts, { maxLength: 4 })), {
  selector: ([resourceType, access]) => `${resourceType} ${access}`,
  maxLength: 8,
});
const service: fc.Arbitrary<RandomService> = fc.record({
  service: fc.constantFrom<ServiceName[]>(
    "rtc",
    "rtm",
    "streaming",
    "fpa",
    "chat",
    "fcdn",
    "apaas",
    "rtm2",
    "convoAi",
    "stt",
  ),
  privileges,
  texts: fc.tuple(hugeTexts, hugeTexts),
  role: fc.oneof(fc.constantFrom(-32_768, -2, -1, 0, 1, 2, 3, 32_767), fc.integer({ min: -32_768, max: 32_767 })),
  permissions: kinds,
});

/** Any token of version 007 that both can build; some are too large to be read back. */
export const token007: fc.Arbitrary<RandomToken007> = fc.record({
  appId: hex32,
  appCertificate: hex32,
  issuedAt: uint32,
  lifetime: uint32,
  salt: uint32,
  services: fc.oneof(
    { weight: 30, arbitrary: fc.array(service, { minLength: 1, maxLength: 5 }) },
    { weight: 1, arbitrary: fc.array(service, { minLength: 31, maxLength: 32 }) },
  ),
});

/** Any token of version 006. */
export const token006: fc.Arbitrary<RandomToken006> = fc.record({
  appId: hex32,
  appCertificate: hex32,
  channelText: hugeTexts,
  userText: hugeTexts,
  salt: uint32,
  expiresAt: uint32,
  privileges,
});

/** A service as a grant. */
export function grantOf({ service, privileges, texts, role, permissions }: RandomService): Grant {
  const common = { privileges: new Map([...privileges].sort(([a], [b]) => a - b)) };
  switch (service) {
    case "rtc":
    case "streaming":
    case "fcdn":
      return { ...common, service, channel: channelFromText(texts[0]), user: userFromText(texts[1]) };
    case "rtm":
    case "chat":
      return { ...common, service, userId: texts[0] };
    case "apaas":
      return { ...common, service, roomUuid: texts[0], userUuid: texts[1], role: role === -1 ? undefined : role };
    case "rtm2":
      return { ...common, service, userId: texts[0], permissions: permissionsOf(permissions) };
    default:
      return { ...common, service };
  }
}

/** A token of version 007 as Agora's builder holds it. */
export function officialOf(token: RandomToken007): OfficialToken007 {
  const official = new official007.AccessToken2(token.appId, token.appCertificate, token.issuedAt, token.lifetime);
  official.issueTs = token.issuedAt;
  official.salt = token.salt;
  for (const service of token.services) {
    const theirs = officialServiceOf(service);
    for (const [number, end] of service.privileges) theirs.add_privilege(number, end);
    official.add_service(theirs);
  }
  return official;
}

function officialServiceOf({ service, texts, role, permissions }: RandomService): OfficialService {
  const make: Record<ServiceName, () => OfficialService> = {
    rtc: () => new official007.ServiceRtc(...texts),
    rtm: () => new official007.ServiceRtm(texts[0]),
    streaming: () => new official007.ServiceStreaming(...texts),
    fpa: () => new official007.ServiceFpa(),
    chat: () => new official007.ServiceChat(texts[0]),
    fcdn: () => new official007.ServiceFCdn(...texts),
    apaas: () => new official007.ServiceApaas(...texts, role),
    rtm2: () => new official007.ServiceRtm2(texts[0], officialPermissionsOf(permissions)),
    convoAi: () => new official007.ServiceConvoAI(),
    stt: () => new official007.ServiceStt(),
  };
  const theirs = make[service]();
  // Its constructor makes -1 of 0.
  if (service === "apaas") theirs.__role = role;
  return theirs;
}

function permissionsOf(permissions: RandomService["permissions"]): Extract<Grant, { service: "rtm2" }>["permissions"] {
  return [...permissions]
    .sort(([typeA, accessA], [typeB, accessB]) => typeA - typeB || accessA - accessB)
    .map(([resourceType, access, resources]) => ({ resourceType, access, resources }));
}

function officialPermissionsOf(permissions: RandomService["permissions"]) {
  const official = new official007.Rtm2Permissions();
  for (const permission of permissions) official.add(...permission);
  return official;
}

function ofBytes(bytes: fc.Arbitrary<number>): fc.Arbitrary<string> {
  return fc.tuple(bytes, fc.constantFrom("a", "é", "频", "😀")).map(([size, unit]) => {
    const whole = Math.floor(size / Buffer.byteLength(unit));
    return unit.repeat(whole) + "x".repeat(size - whole * Buffer.byteLength(unit));
  });
}

function first([value]: readonly [number, number]): number {
  return value;
}
