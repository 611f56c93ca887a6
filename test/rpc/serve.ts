import {
  type CallContext,
  type Channel,
  type CompatServiceDefinition,
  createChannel,
  createServer,
  type Server,
  type ServerMiddlewareCall,
  type ServiceImplementation,
} from "nice-grpc";
import { onTestFinished } from "vitest";

/** A server of one service on a free port of this machine, and a channel to it. Both end with the test. */
export async function serve<S extends CompatServiceDefinition>(
  definition: S,
  implementation: ServiceImplementation<S>,
  server: Server = createServer(),
): Promise<{ channel: Channel; server: Server }> {
  server.add(definition, implementation);
  const channel = createChannel(`127.0.0.1:${await server.listen("127.0.0.1:0")}`);
  onTestFinished(() => {
    channel.close();
    server.forceShutdown();
  });
  return { channel, server };
}

/** Middleware that sees how the first call ends: with the error that it throws, if any. */
export function endOfCall() {
  let end = (_error?: unknown) => {};
  const ended = new Promise<unknown>((resolve) => {
    end = resolve;
  });
  async function* middleware<Q, R>(call: ServerMiddlewareCall<Q, R>, context: CallContext) {
    try {
      return yield* call.next(call.request, context);
    } catch (error) {
      end(error);
      throw error;
    } finally {
      end();
    }
  }
  return { middleware, ended };
}
