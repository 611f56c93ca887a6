// Servers of the token service that answer as a test says, and time that passes when it says.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type CallContext, createServer, type Metadata, ServerError, Status } from "nice-grpc";
import { onTestFinished } from "vitest";
import {
  type BuildTokenRequestSchema,
  BuildTokenResponseSchema,
  type IssuedToken,
  IssuedTokenSchema,
  TokenService,
} from "../../gen/agora/token/v1/token_pb.ts";
import { type ConnectOptions, createTokenClient, type TokenClient, ttl } from "../../src/client/client.ts";
import type { Timing } from "../../src/client/timing.ts";
import { define, type Implementation } from "../../src/rpc/definition.ts";
import { DETAILS_TRAILER, type ErrorDetails, encodeDetails } from "../../src/rpc/error-details.ts";

/** A request to build that any of these servers takes. */
export const REQUEST: MessageInitShape<typeof BuildTokenRequestSchema> = { project: "live", expiration: ttl(600) };

/** What a server does with a call. It answers, or throws. */
export type Script = (context: CallContext, number: number) => unknown;

/** A server, and what it saw. */
export interface Scripted {
  readonly address: string;
  /** The metadata of each call, in order. */
  readonly calls: Metadata[];
  stop(): void;
}

/**
 * Serves BuildToken as a script says, until the test ends.
 *
 * @param script is given the number of the call, from 1 on
 */
export async function scripted(
  script: Script,
  options: { address?: string; credentials?: Parameters<ReturnType<typeof createServer>["listen"]>[1] } = {},
): Promise<Scripted> {
  const calls: Metadata[] = [];
  const unserved = () => {
    throw new ServerError(Status.UNIMPLEMENTED, "no script for this method");
  };
  const implementation: Implementation<typeof TokenService> = {
    batchBuildTokens: unserved,
    renewToken: unserved,
    inspectToken: unserved,
    buildToken: async (_, context) => {
      calls.push(context.metadata);
      await script(context, calls.length);
      return create(BuildTokenResponseSchema, { issuedToken: tokenOf(`007-${calls.length}`) });
    },
  };
  const server = createServer();
  server.add(define(TokenService), implementation);
  const { address = "127.0.0.1:0", credentials } = options;
  const port = await server.listen(address, credentials);
  onTestFinished(() => server.forceShutdown());
  return { address: address.replace(/:0$/, `:${port}`), calls, stop: () => server.forceShutdown() };
}

/** A client, until the test ends. */
export function clientTo(addresses: string | readonly string[], options: ConnectOptions = {}): TokenClient {
  const client = createTokenClient(addresses, options);
  onTestFinished(() => client.close());
  return client;
}

/** Fails a call as a server does, with details and trailers. */
export function refuse(
  context: CallContext,
  code: Status,
  details: ErrorDetails & { readonly pushback?: string } = {},
): never {
  const { pushback, ...told } = details;
  if (pushback !== undefined) context.trailer.set("grpc-retry-pushback-ms", pushback);
  context.trailer.set(DETAILS_TRAILER, encodeDetails({ code, message: "as the test says", ...told }));
  throw new ServerError(code, "as the test says");
}

/** A token that lasts ten minutes from its issue on, unless it says otherwise. */
export function tokenOf(token: string, lifetime = 600, issuedAt = 1_800_000_000): IssuedToken {
  const at = (seconds: number) => ({ seconds: BigInt(issuedAt + seconds) });
  const times = { issueTime: at(0), renewTime: at(Math.floor(lifetime * 0.75)), expireTime: at(lifetime) };
  return create(IssuedTokenSchema, { token, ...times });
}

/** Time that passes when a test says so. Deadlines are of no concern to it unless they are asked for. */
export class Turned implements Timing {
  #now = 1_900_000_000_000;
  readonly #timers = new Set<{ readonly at: number; readonly act: () => void }>();
  /** The waits that were asked for, in milliseconds. */
  readonly waits: number[] = [];
  /** What chance says. */
  chance = 0;
  /** Whether a wait is over as soon as the event loop turns. A deadline is not. */
  hurried = false;
  /** From this many milliseconds on, a wait is a deadline. */
  readonly #deadline: number;

  constructor(deadline = Number.POSITIVE_INFINITY) {
    this.#deadline = deadline;
  }

  readonly now = () => this.#now;
  readonly random = () => this.chance;

  readonly after = (milliseconds: number, act: () => void) => {
    if (milliseconds < this.#deadline) this.waits.push(milliseconds);
    if (this.hurried && milliseconds < this.#deadline) {
      const hurry = setImmediate(() => {
        this.#now += milliseconds;
        act();
      });
      return () => clearImmediate(hurry);
    }
    const timer = { at: this.#now + milliseconds, act };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** How many timers are running. */
  get running(): number {
    return this.#timers.size;
  }

  /** Lets time pass, and what is due happen, in order. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.act();
      await settled();
    }
    this.#now = end;
    await settled();
  }
}

/** When everything that waits for nothing but promises has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
