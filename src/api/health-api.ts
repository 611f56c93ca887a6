import { HealthCheckResponse_ServingStatus, type Health as HealthService } from "../../gen/grpc/health/v1/health_pb.ts";
import type { Implementation } from "../rpc/definition.ts";
import { Status, statusError } from "../rpc/status.ts";
import type { Health, Serving } from "./health.ts";

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;

/** `grpc.health.v1.Health`: what the process says of its health, to whoever asks. */
export function healthApi(health: Health): Implementation<typeof HealthService> {
  return {
    async check({ service }) {
      const serving = health.check(service);
      if (serving !== undefined) return answer(serving);
      throw statusError(
        Status.NOT_FOUND,
        "the server keeps no health for a service of this name: List tells the names",
      );
    },

    async list() {
      const statuses = Array.from(health.list(), ([service, serving]) => [service, answer(serving)] as const);
      return { statuses: Object.fromEntries(statuses) };
    },

    async *watch({ service }, { signal }) {
      for await (const serving of health.watch(service, signal)) yield answer(serving);
      throw statusError(Status.UNAVAILABLE, "the server is shutting down: watch another one");
    },
  };
}

function answer(serving: Serving) {
  if (serving === undefined) return { status: SERVICE_UNKNOWN };
  return { status: serving ? SERVING : NOT_SERVING };
}
