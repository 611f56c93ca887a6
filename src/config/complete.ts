import type { Duration } from "@bufbuild/protobuf/wkt";
import type * as pb from "../../gen/agora/token/config/v1/config_pb.ts";
import type { Seconds } from "../clock.ts";
import { type Address, isLoopback, parseAddress } from "./address.ts";
import {
  ALL,
  type All,
  CERTIFICATE_STATES,
  LOG_LEVELS,
  METHODS,
  ON_FULL,
  RECORDED_NAMES,
  ROLES,
  SERVICES,
} from "./names.ts";
import type * as settings from "./settings.ts";

/** The defaults of the schema's comments. */
const DEFAULT = {
  listen: "127.0.0.1:50051",
  admin: "127.0.0.1:9464",
  maxTtl: 86400,
  maxMessageBytes: 262144,
  maxConcurrentStreams: 128,
  maxInFlight: 512,
  rate: 500,
  burst: 1000,
  maxConnections: 2000,
  maxConnectionsPerAddress: 200,
  auditFile: "-",
  onFull: "deny",
  names: "plain",
  drainDelay: 5,
  deadline: 15,
  logLevel: "info",
} as const;

/** Turns a configuration without problems into settings: parsed, with each default filled in, and frozen. */
export function complete(config: pb.Config, places: settings.Settings["places"]): settings.Settings {
  const { limits } = config;
  const listen = config.listen.length > 0 ? config.listen.map(listener) : [local(DEFAULT.listen)];
  return freeze({
    listen,
    admin: { address: address(config.admin?.address || DEFAULT.admin) },
    reflection: config.reflection ?? true,
    projects: config.projects.map(project),
    callers: config.callers.map(({ id, match }) => ({ id, match: matchOf(match) })),
    jwtIssuers: config.jwtIssuers.map(jwtIssuer),
    permits: config.permits.map(permit),
    limits: {
      maxMessageBytes: limits?.maxMessageBytes ?? DEFAULT.maxMessageBytes,
      maxConcurrentStreams: limits?.maxConcurrentStreams ?? DEFAULT.maxConcurrentStreams,
      maxInFlight: limits?.maxInFlight ?? DEFAULT.maxInFlight,
      perCaller: { rate: limits?.perCaller?.rate ?? DEFAULT.rate, burst: limits?.perCaller?.burst ?? DEFAULT.burst },
      maxConnections: limits?.maxConnections ?? DEFAULT.maxConnections,
      maxConnectionsPerAddress: limits?.maxConnectionsPerAddress ?? DEFAULT.maxConnectionsPerAddress,
    },
    audit: audit(config.audit),
    shutdown: shutdown(config.shutdown),
    log: { level: oneOf(LOG_LEVELS, config.log?.level || DEFAULT.logLevel) },
    places,
  });
}

function local(text: string): settings.ListenSettings {
  return { address: address(text), loopback: true, tls: undefined, terminatedUpstream: false };
}

function listener({ address: text, tls, terminatedUpstream }: pb.Listener): settings.ListenSettings {
  const at = address(text);
  return { address: at, loopback: isLoopback(at), tls: tls && tlsFiles(tls), terminatedUpstream };
}

function tlsFiles({ certificateFile, keyFile, clientCaFile, ...rest }: pb.Tls): settings.TlsSettings {
  const { allowReadableKeyFile } = rest;
  return { certificateFile, keyFile, clientCaFile: clientCaFile || undefined, allowReadableKeyFile };
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  if ("hint" in parsed) throw new Error("an address was not checked");
  return parsed;
}

function project({ id, appId, allowToken006, maxTtl, certificates, ...rest }: pb.Project): settings.ProjectSettings {
  return {
    id,
    appId,
    allowToken006,
    maxTtl: maxTtl === undefined ? DEFAULT.maxTtl : seconds(maxTtl),
    certificates: certificates.map(({ id, state, file }) => ({ id, state: oneOf(CERTIFICATE_STATES, state), file })),
    acknowledgeLiveTokens: rest.acknowledgeLiveTokens,
    allowReadableFiles: rest.allowReadableFiles,
  };
}

function matchOf(match: pb.Match | undefined): settings.MatchSettings {
  if (match?.jwt) {
    const { issuer, subject, audience } = match.jwt;
    return { kind: "jwt", issuer, subject, audience };
  }
  if (match?.spiffeId) return { kind: "spiffe", id: match.spiffeId };
  if (match?.apiKeySha256)
    return { kind: "apiKey", sha256: match.apiKeySha256, next: match.apiKeySha256Next || undefined };
  if (match?.loopback) return { kind: "loopback" };
  throw new Error("a match was not checked");
}

function jwtIssuer({ issuer, jwksFile, jwksUrl }: pb.JwtIssuer): settings.JwtIssuerSettings {
  return { issuer, keys: jwksFile ? { kind: "file", file: jwksFile } : { kind: "url", url: jwksUrl } };
}

function permit(row: pb.Permit): settings.PermitSettings {
  return {
    callers: [...row.callers],
    projects: [...row.projects],
    methods: row.methods.map((name) => oneOf<(typeof METHODS)[number] | All>([...METHODS, ALL], name)),
    services: row.services.map((name) => oneOf<(typeof SERVICES)[number] | All>([...SERVICES, ALL], name)),
    channels: [...row.channels],
    users: { uids: row.users?.uids ?? false, accounts: [...(row.users?.accounts ?? [])] },
    roles: row.roles.map((name) => oneOf<(typeof ROLES)[number] | All>([...ROLES, ALL], name)),
    maxTtl: row.maxTtl && seconds(row.maxTtl),
    anyUser: row.anyUser,
    anyChannel: row.anyChannel,
  };
}

function audit(audit: pb.Audit | undefined): settings.AuditSettings {
  return {
    file: audit?.file || DEFAULT.auditFile,
    onFull: oneOf(ON_FULL, audit?.onFull || DEFAULT.onFull),
    names: oneOf(RECORDED_NAMES, audit?.names || DEFAULT.names),
    namesKeyFile: audit?.namesKeyFile || undefined,
  };
}

function shutdown(shutdown: pb.Shutdown | undefined): settings.ShutdownSettings {
  return {
    drainDelay: shutdown?.drainDelay ? seconds(shutdown.drainDelay) : DEFAULT.drainDelay,
    deadline: shutdown?.deadline ? seconds(shutdown.deadline) : DEFAULT.deadline,
  };
}

function seconds(duration: Duration): Seconds {
  return Number(duration.seconds);
}

function oneOf<Name extends string>(names: readonly Name[], name: string): Name {
  const known = names.find((candidate) => candidate === name);
  if (known === undefined) throw new Error("a name was not checked");
  return known;
}

function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || value instanceof Map) return value;
  Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
