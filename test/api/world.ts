// The projects, rows and requests that the tests of the methods share.

import { TokenVersion } from "../../gen/agora/token/v1/token_pb.ts";
import { type Permit, Policy } from "../../src/access/policy.ts";
import { AppCertificate, type CertificateState } from "../../src/keyring/certificate.ts";
import { KeyRing, type Project } from "../../src/keyring/keyring.ts";
import { CALLER, counting, type Request, type Surroundings } from "./harness.ts";

/** The time of all calls: 2027-01-15T08:00:00Z. */
export const NOW = 1_800_000_000;

/** App IDs and App Certificates, made up. */
export const APP_IDS = {
  live: "0123456789abcdef0123456789ABCDEF",
  other: "fedcba9876543210fedcba9876543210",
  unsigned: "00112233445566778899aabbccddeeff",
} as const;

/** The digits of the certificates, by ID. */
export const DIGITS = {
  primary: "a1B2c3D4e5F60718293a4b5c6d7e8f90",
  retiring: "b1b2c3d4e5f60718293a4b5c6d7e8f91",
  standby: "c1b2c3d4e5f60718293a4b5c6d7e8f92",
  revoked: "d1b2c3d4e5f60718293a4b5c6d7e8f93",
  other: "e1b2c3d4e5f60718293a4b5c6d7e8f94",
} as const;

/** A certificate whose ID is its name above. */
export function certificate(id: keyof typeof DIGITS, state: CertificateState) {
  return { id, state, secret: AppCertificate.parse(Buffer.from(DIGITS[id], "latin1")) };
}

/** The project with a certificate of every state. */
export const LIVE: Project = {
  id: "live",
  appId: APP_IDS.live,
  allowToken006: true,
  maxTtl: 86_400,
  certificates: [
    certificate("revoked", "revoked"),
    certificate("standby", "standby"),
    certificate("retiring", "retiring"),
    certificate("primary", "primary"),
  ],
};

/** Another project, which does not allow version 006 and lets a token last for two hours. */
export const OTHER: Project = {
  id: "other",
  appId: APP_IDS.other,
  allowToken006: false,
  maxTtl: 7200,
  certificates: [certificate("other", "primary")],
};

/** A project with nothing to sign with. */
export const UNSIGNED: Project = {
  id: "unsigned",
  appId: APP_IDS.unsigned,
  allowToken006: true,
  maxTtl: 86_400,
  certificates: [certificate("retiring", "retiring")],
};

/** A row that permits everything. */
export const EVERYTHING: Permit = {
  callers: [CALLER],
  projects: ["*"],
  methods: ["*"],
  services: ["*"],
  channels: ["*"],
  users: { uids: true, accounts: ["*"] },
  roles: ["*"],
  maxTtl: 86_400,
  anyUser: true,
  anyChannel: true,
};

/** What a call is made in: every project, and these rows, or one that permits everything. */
export function world(rows: readonly Partial<Permit>[] = [{}], more: Partial<Surroundings> = {}): Surroundings {
  const projects = [LIVE, OTHER, UNSIGNED];
  return {
    policy: policyOf(rows),
    keyRing: new KeyRing(projects),
    now: NOW,
    salt: counting(),
    ...more,
  };
}

/** Rows that permit everything but for what they say. */
export function policyOf(rows: readonly Partial<Permit>[]): Policy {
  const complete = rows.map((row) => ({ ...EVERYTHING, ...row }));
  return new Policy(complete, [CALLER, "stranger"], ["live", "other", "unsigned"]);
}

/** A grant as `create` takes it. */
export type GrantInit = NonNullable<Request<"buildToken">["grants"]>[number];

/** A length of time. */
export function ttl(seconds: number, nanos = 0) {
  return { case: "ttl", value: { seconds: BigInt(seconds), nanos } } as const;
}

/** A time. */
export function until(seconds: number, nanos = 0) {
  return { case: "expireTime", value: { seconds: BigInt(seconds), nanos } } as const;
}

/** What a request says besides what most of them do. A version may be a number that nobody knows. */
export interface More {
  readonly project?: string;
  readonly expiration?: ReturnType<typeof ttl> | ReturnType<typeof until>;
}

/** A request to build for the project `live`, for ten minutes unless it says otherwise. */
export function build(
  grants: GrantInit | GrantInit[],
  { project = "live", expiration = ttl(600), version = 0 }: More & { readonly version?: number } = {},
): Request<"buildToken"> {
  return { project, expiration, grants: Array.isArray(grants) ? grants : [grants], version: version as TokenVersion };
}

/** A request for a token of version 006. */
export function build006(grant: GrantInit, more: More = {}): Request<"buildToken"> {
  return build(grant, { version: TokenVersion.TOKEN_VERSION_006, ...more });
}

/** A request to renew for the project `live`, for twenty minutes unless it says otherwise. */
export function renew(
  token: string,
  {
    project = "live",
    expiration = ttl(1200),
    expectedGrant,
  }: More & { readonly expectedGrant?: GrantInit | undefined } = {},
): Request<"renewToken"> {
  return { project, token, expiration, ...(expectedGrant && { expectedGrant }) };
}
