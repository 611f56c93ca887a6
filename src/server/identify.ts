// What a call presents of itself, from its headers and its connection.

import type { Metadata, ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { type PeerCertificate, readPeerCertificate } from "../access/by-certificate.ts";
import type { Presented, Recognize } from "../access/callers.ts";
import { streamOf } from "./passing-call.ts";
import type { Identify } from "./peer.ts";
import { repeatsAuthorization } from "./repeated.ts";

/** What was found out about a connection. It does not change: there is no second handshake. */
interface Connection {
  readonly certificate: PeerCertificate | undefined;
}

/** To read a certificate takes as long as to answer a call, so it is read once for each connection. */
const connections = new WeakMap<object, Connection>();

/**
 * Identifies the callers of a listener.
 *
 * @param local how whoever reaches the listener came, if it is only for this machine
 */
export function identifyBy(recognize: Recognize, local: Presented["local"]): Identify {
  return (headers, call) =>
    recognize({ local, certificate: certificateOf(call), authorization: authorizationOf(headers, call) });
}

/** The session of a call, if grpc-js shows it. Otherwise all is slower, and right. */
export function sessionOf(call: ServerInterceptingCallInterface): object | undefined {
  return streamOf(call)?.session;
}

function certificateOf(call: ServerInterceptingCallInterface): PeerCertificate | undefined {
  const session = sessionOf(call);
  const known = session && connections.get(session);
  if (known) return known.certificate;
  // Without a certificate that TLS has verified, there is none here.
  const raw = call.getAuthContext().sslPeerCertificate?.raw;
  const certificate = raw && readPeerCertificate(raw);
  if (session) connections.set(session, { certificate });
  return certificate;
}

function authorizationOf(headers: Metadata, call: ServerInterceptingCallInterface): string[] {
  const values = headers.get("authorization").map(String);
  const stream = streamOf(call);
  return stream && repeatsAuthorization(stream) ? [...values, ""] : values;
}
