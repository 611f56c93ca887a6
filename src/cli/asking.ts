// A call from the prompt: to a server, or carried out here; and what becomes of it if it fails.

import { createTokenClient, type TokenClient, TokenServiceError } from "../client/client.ts";
import { EXIT, usage } from "./exit.ts";
import { jsonText, printable } from "./printable.ts";
import type { Context } from "./prompt.ts";
import { connectOptionsFrom, DEFAULT_SERVER, type ServerOptions } from "./server-options.ts";

/** How a call ends that does not give an answer, by its status. */
const EXIT_OF: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: EXIT.DATA,
  NOT_FOUND: EXIT.DATA,
  FAILED_PRECONDITION: EXIT.DATA,
  UNAUTHENTICATED: EXIT.NOPERM,
  PERMISSION_DENIED: EXIT.NOPERM,
  UNAVAILABLE: EXIT.UNAVAILABLE,
  DEADLINE_EXCEEDED: EXIT.UNAVAILABLE,
  RESOURCE_EXHAUSTED: EXIT.UNAVAILABLE,
  CANCELLED: EXIT.UNAVAILABLE,
};

/** The exit codes of a call that does not give an answer, for help. */
export const EXIT_CODES_OF_CALLS = `  64  wrong use
  65  what was asked is invalid, or cannot be done with this token
  69  the server cannot be reached, or is asked too much
  70  the server is at fault
  77  the caller is unknown, or not permitted`;

/** Something that can be connected to and let go. */
interface Closable {
  close(): void;
}

/**
 * Connects, asks, and lets go.
 *
 * @param make a client of the addresses
 */
export async function connected<C extends Closable, T>(
  options: ServerOptions,
  make: (addresses: readonly string[], options: ReturnType<typeof connectOptionsFrom>) => C,
  ask: (client: C) => Promise<T>,
): Promise<T> {
  const connect = connectOptionsFrom(options);
  let client: C;
  try {
    client = make(options.server ?? [DEFAULT_SERVER], connect);
  } catch (error) {
    if (error instanceof TypeError) throw usage(error.message);
    throw error;
  }
  try {
    return await ask(client);
  } finally {
    client.close();
  }
}

/** Asks the token service. */
export function askServer<T>(options: ServerOptions, ask: (client: TokenClient) => Promise<T>): Promise<T> {
  return connected(options, createTokenClient, ask);
}

/** Acts, and ends with what it gives; or with why a call failed, printed. */
export async function answering(
  { around, end }: Context,
  json: boolean | undefined,
  act: () => Promise<number>,
): Promise<void> {
  try {
    end(await act());
  } catch (error) {
    if (!(error instanceof TokenServiceError)) throw error;
    if (json) around.out(jsonText({ error: error.toJSON() }));
    else for (const line of linesOf(error)) around.error(printable(line));
    end(EXIT_OF[error.status] ?? EXIT.SOFTWARE);
  }
}

function linesOf({ message, status, description, violations, retryAfterMs }: TokenServiceError): string[] {
  const hint = status === "UNAVAILABLE" ? hintTo(description) : undefined;
  return [
    `agora-tokend: ${message}`,
    // The message has the first of them.
    ...(violations.length > 1 ? violations.map(({ field, description: what }) => `  ${field}: ${what}`) : []),
    ...(hint === undefined ? [] : [`  ${hint}`]),
    ...(retryAfterMs === undefined ? [] : [`  wait ${retryAfterMs} ms before the next call`]),
  ];
}

/** What would mend a connection that cannot be made, by what is said of it. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED|ENOENT/, "is the server running, and is --server its address? agora-tokend serve runs a demo"],
  [/Name resolution failed/, "is the name in --server right?"],
  [
    /wrong version number/,
    "the server does not speak TLS there: leave --tls and its files out, or name another --server",
  ],
  [/ERR_TLS_CERT_ALTNAME_INVALID/, "the server's certificate is for another name: --server-name says which"],
  [/certificate required|handshake failure/, "the server asks for a certificate of yours: --cert and --key"],
  [/has expired|not yet valid/, "the time of the server's certificate has passed, or this machine's clock is wrong"],
  [/certificate|issuer/, "the server's certificate is of an authority that is not known here: --tls-ca names it"],
];

function hintTo(description: string): string | undefined {
  return HINTS.find(([pattern]) => pattern.test(description))?.[1];
}
