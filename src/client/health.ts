import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import type { CallOptions } from "./call.ts";
import { type ConnectOptions, connect } from "./connection.ts";

/** Whether a service is served: `SERVING`, `NOT_SERVING`, or `UNKNOWN` and what is not known here. */
export type ServingState = keyof typeof ServingStatus;

/** Asks servers for their health. Every method throws TokenServiceError. */
export interface HealthClient {
  /** @param service its full name; empty for the server as a whole */
  check(service?: string, options?: CallOptions): Promise<ServingState>;
  /** Of every service that the server tells of, by name. */
  list(options?: CallOptions): Promise<ReadonlyMap<string, ServingState>>;
  close(): void;
}

const NAMES = new Map<number, ServingState>(
  (Object.entries(ServingStatus) as [ServingState, number][]).map(([name, value]) => [value, name]),
);

/**
 * Makes a client of the health service.
 *
 * @param addresses as for {@link createTokenClient}
 */
export function createHealthClient(addresses: string | readonly string[], options: ConnectOptions = {}): HealthClient {
  const { methods, close } = connect(Health, addresses, options);
  return {
    check: async (service = "", call) => stateOf((await methods.check({ service }, call)).status),
    list: async (call) => {
      const { statuses } = await methods.list({}, call);
      return new Map(Object.entries(statuses).map(([service, { status }]) => [service, stateOf(status)]));
    },
    close,
  };
}

function stateOf(status: number): ServingState {
  return NAMES.get(status) ?? "UNKNOWN";
}
