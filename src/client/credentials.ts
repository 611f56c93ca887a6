import { createSecureContext } from "node:tls";
import { ChannelCredentials } from "nice-grpc";
import type { Target } from "./address.ts";
import type { IdentityCheck } from "./server-name.ts";

/** PEM text, or its bytes. */
export type Pem = string | Uint8Array;

/** How a client makes sure of the server, and proves who it is. All of it is PEM. */
export interface TlsOptions {
  /** The authorities that may have signed the certificate of the server. Without it, those that Node.js trusts. */
  readonly ca?: Pem;
  /** The certificate of this client and what leads from it to its authority, for mTLS. With `key`. */
  readonly certificate?: Pem;
  /** The private key of `certificate`. */
  readonly key?: Pem;
  /** The name that the certificate of the server must have, where it is not that of the address. */
  readonly serverName?: string;
}

/** A bearer, or what gives the one of the moment: it is asked for each attempt of a call. */
export type Bearer = string | (() => string | Promise<string>);

/** Who the caller is and how the connection is protected. */
export interface CredentialOptions {
  /** Without it, an address of this machine is called in plaintext, and any other with TLS. */
  readonly tls?: TlsOptions;
  /** Lets calls go to other machines in plaintext, bearer and tokens included. Only where the network itself encrypts. */
  readonly allowPlaintext?: boolean;
  /** What `authorization` says after `Bearer`. */
  readonly bearer?: Bearer;
}

const VISIBLE = /^[\x21-\x7e]+$/;

/**
 * The credentials of a channel.
 *
 * @param check what the certificate of the server must be; without it, Node.js's own
 * @throws TypeError if the certificate, its key or the authorities are not what they should be
 */
export function channelCredentials(
  { local }: Target,
  { tls, allowPlaintext }: CredentialOptions,
  check?: IdentityCheck,
): ChannelCredentials {
  if (tls === undefined && (local || allowPlaintext === true)) return ChannelCredentials.createInsecure();
  const { ca, certificate, key } = tls ?? {};
  if ((certificate === undefined) !== (key === undefined)) {
    throw new TypeError("tls.certificate and tls.key belong together: set both, or neither");
  }
  const parts = {
    ...(ca !== undefined && { ca: Buffer.from(ca) }),
    ...(certificate !== undefined && { cert: Buffer.from(certificate) }),
    ...(key !== undefined && { key: Buffer.from(key) }),
  };
  try {
    const context = createSecureContext(parts);
    return ChannelCredentials.createFromSecureContext(context, check && { checkServerIdentity: check });
  } catch (error) {
    const wrong = "tls: the authorities, the certificate or its key are no PEM, or do not fit together";
    throw new TypeError(wrong, { cause: error });
  }
}

/**
 * The value of `authorization`.
 *
 * @throws TypeError that does not show the bearer
 */
export async function authorization(bearer: Bearer): Promise<string> {
  const token: unknown = typeof bearer === "string" ? bearer : await bearer();
  // What grpc-js says of a value that it does not take has the value in it.
  if (typeof token !== "string" || !VISIBLE.test(token)) {
    throw new TypeError(
      "the bearer is not a text of visible ASCII characters: it may be empty, or end in a line break",
    );
  }
  return `Bearer ${token}`;
}
