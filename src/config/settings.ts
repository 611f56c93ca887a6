import type { Seconds } from "../clock.ts";
import type { Address } from "./address.ts";
import type {
  All,
  CertificateState,
  LogLevel,
  MethodName,
  OnFull,
  RecordedNames,
  RoleName,
  ServiceName,
} from "./names.ts";
import type { Place } from "./problems.ts";

/** The configuration, complete: each default is filled in, each rule holds, and nothing changes any more. */
export interface Settings {
  /** At least one. */
  readonly listen: readonly ListenSettings[];
  /** Where operators and probes connect. Always TCP. */
  readonly admin: { readonly address: Address };
  /** Whether the server describes its services. */
  readonly reflection: boolean;
  /** At least one. IDs and App IDs are unique. */
  readonly projects: readonly ProjectSettings[];
  /** IDs and matches are unique. */
  readonly callers: readonly CallerSettings[];
  readonly jwtIssuers: readonly JwtIssuerSettings[];
  /** Callers and projects in them are listed above. */
  readonly permits: readonly PermitSettings[];
  readonly limits: LimitSettings;
  readonly audit: AuditSettings;
  readonly shutdown: ShutdownSettings;
  readonly log: { readonly level: LogLevel };
  /** Where the file has each key and each element, by path: what is not in here is a default. */
  readonly places: ReadonlyMap<string, Place>;
}

/** An address that callers connect to. */
export interface ListenSettings {
  readonly address: Address;
  /** Whether only processes on this machine can reach it. */
  readonly loopback: boolean;
  readonly tls: TlsSettings | undefined;
  /** Whether something in front does TLS, so that plain text off loopback is meant. Never together with `tls`. */
  readonly terminatedUpstream: boolean;
}

/** The files of TLS. */
export interface TlsSettings {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** With it, clients must present a certificate. */
  readonly clientCaFile: string | undefined;
  /** Whether the file of the private key may be readable for other users. */
  readonly allowReadableKeyFile: boolean;
}

/** A project of the key ring. */
export interface ProjectSettings {
  readonly id: string;
  /** 32 hexadecimal digits; case matters. */
  readonly appId: string;
  readonly allowToken006: boolean;
  /** 1 to 86400. */
  readonly maxTtl: Seconds;
  /** At least one, at most one of them primary. IDs are unique. */
  readonly certificates: readonly CertificateSettings[];
  /** Whether a reload may cut off tokens that may still live. */
  readonly acknowledgeLiveTokens: boolean;
  /** Whether the files of the certificates may be readable for other users. */
  readonly allowReadableFiles: boolean;
}

/** An App Certificate, and the file that holds it. */
export interface CertificateSettings {
  readonly id: string;
  readonly state: CertificateState;
  readonly file: string;
}

/** A caller, and how it is recognized. */
export interface CallerSettings {
  readonly id: string;
  readonly match: MatchSettings;
}

/** How a caller is recognized. */
export type MatchSettings =
  | { readonly kind: "loopback" }
  | { readonly kind: "spiffe"; readonly id: string }
  /** The digests are 64 hexadecimal digits in lower case. `next` is that of a second key. */
  | { readonly kind: "apiKey"; readonly sha256: string; readonly next: string | undefined }
  | { readonly kind: "jwt"; readonly issuer: string; readonly subject: string; readonly audience: string };

/** Who issues JWTs, and where its public keys are. */
export interface JwtIssuerSettings {
  readonly issuer: string;
  readonly keys: { readonly kind: "file"; readonly file: string } | { readonly kind: "url"; readonly url: string };
}

/** A row of the policy. An empty list holds for nothing. */
export interface PermitSettings {
  /** IDs of callers, or `*`. */
  readonly callers: readonly string[];
  /** IDs of projects, or `*`. */
  readonly projects: readonly string[];
  readonly methods: readonly (MethodName | All)[];
  readonly services: readonly (ServiceName | All)[];
  /** Anchored patterns, in which `*` stands for any text. */
  readonly channels: readonly string[];
  /** `accounts` are anchored patterns as well. */
  readonly users: { readonly uids: boolean; readonly accounts: readonly string[] };
  readonly roles: readonly (RoleName | All)[];
  /** 1 to 86400. Undefined where the row does not say: then it permits neither to build nor to renew. */
  readonly maxTtl: Seconds | undefined;
  readonly anyUser: boolean;
  readonly anyChannel: boolean;
}

/** How much is accepted. */
export interface LimitSettings {
  readonly maxMessageBytes: number;
  /** On one connection. */
  readonly maxConcurrentStreams: number;
  readonly maxInFlight: number;
  /** Calls a second in the long run, and at once. */
  readonly perCaller: { readonly rate: number; readonly burst: number };
  /** On all listeners together. */
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
}

/** Where and how each decision is recorded. */
export interface AuditSettings {
  /** The file; `-` is standard output. */
  readonly file: string;
  readonly onFull: OnFull;
  readonly names: RecordedNames;
  /** The file of the key for pseudonyms. */
  readonly namesKeyFile: string | undefined;
}

/** How it stops. */
export interface ShutdownSettings {
  /** For how long it serves on once it says that it does not. */
  readonly drainDelay: Seconds;
  /** From the signal on. Longer than the delay. */
  readonly deadline: Seconds;
}
