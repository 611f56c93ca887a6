import type { WatchStream } from "../connections.ts";
import { methodOf, statusOf } from "../stream-status.ts";

/** Counts calls. */
export interface CallMeter {
  callBegan(): void;
  /**
   * @param method `agora.token.v1.TokenService/BuildToken`, or whatever the caller made up
   * @param status the name of the gRPC status: `OK`
   */
  callEnded(method: string, status: string, seconds: number): void;
}

/**
 * Measures every call from its headers to its end, whoever answers it: the methods, an interceptor, or grpc-js itself. So
 * it watches streams, and stands before all middlewares.
 *
 * @param clock never goes back, in milliseconds
 */
export function measure(meter: CallMeter, clock: () => number): WatchStream {
  return (stream, headers) => {
    const began = clock();
    const method = methodOf(headers[":path"]);
    meter.callBegan();
    stream.on("close", () => meter.callEnded(method, statusOf(stream), (clock() - began) / 1000));
  };
}
