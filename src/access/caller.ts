import { hash } from "node:crypto";

/** Who calls. All of it may be recorded: it names credentials, and holds none. */
export type Caller = {
  /** The ID that the configuration gives it. */
  readonly id: string;
  /** What the configuration said of how it is recognized when it was, so that a reload in between is noticed. */
  readonly match?: string | undefined;
} & Evidence;

/** How a caller was proven, and what a record says of that. */
export type Evidence =
  /** It is on this machine, or bore an API key, which is called as its caller is. */
  | { readonly proof: "loopback" | "unix" | "api_key" }
  | ({ readonly proof: "mtls" } & CertificateEvidence)
  | ({ readonly proof: "jwt" } & JwtEvidence);

/** The certificate that a caller was proven by. */
export interface CertificateEvidence {
  readonly spiffeId: string;
  /** Its serial number in hexadecimal digits. */
  readonly serial: string;
}

/** The JWT that a caller was proven by. */
export interface JwtEvidence {
  /** Its `iss`. */
  readonly issuer: string;
  /** Its `sub`. */
  readonly subject: string;
  /** Its `jti`, where it has one. */
  readonly jwtId: string | undefined;
}

/** A short name for what a caller is recognized by. It tells others apart, and tells nothing of a credential. */
export function matchMark(...parts: readonly string[]): string {
  return hash("sha256", JSON.stringify(parts), "base64url").slice(0, 16);
}
