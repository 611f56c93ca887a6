import { type CallOptions, createChannel, createClient, type Metadata } from "nice-grpc";
import { TokenService } from "../../gen/agora/token/v1/token_pb.ts";
import { define } from "../../src/rpc/definition.ts";
import { DETAILS_TRAILER, type DetailedStatus, decodeDetails } from "../../src/rpc/error-details.ts";

/** A channel to the address of a service. */
export function channelTo(address: string) {
  return createChannel(address.replace(/^unix:/, "unix://"), undefined, { "grpc.enable_retries": 0 });
}

/** A client of the token service. */
export function clientOf(channel: ReturnType<typeof channelTo>) {
  return createClient(define(TokenService), channel);
}

/** The status that a call fails with, details included. A call that does not fail fails the test. */
export async function failureOf(call: (options: CallOptions) => Promise<unknown>): Promise<DetailedStatus> {
  let trailer: Metadata | undefined;
  let error: unknown;
  try {
    await call({
      onTrailer: (metadata) => {
        trailer = metadata;
      },
    });
  } catch (thrown) {
    error = thrown;
  }
  if (error === undefined) throw new Error("the call did not fail");
  const bytes = trailer?.get(DETAILS_TRAILER);
  const details = bytes instanceof Uint8Array ? decodeDetails(bytes) : undefined;
  if (!details) throw new Error("the failure has no details", { cause: error });
  return details;
}
