// The probes of the manifests, as the kubelet makes them, against a server.

import { createChannel, createClient } from "nice-grpc";
import { expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import { define } from "../../src/rpc/definition.ts";
import { page } from "../e2e/admin.ts";
import { configuration, startService } from "../e2e/service.ts";
import { documentsOf } from "./documents.ts";

test("each probe of the Deployment is answered by a server that serves", async () => {
  const [{ spec }] = documentsOf("kubernetes", "deployment.yaml") as [{ spec: Deployment }];
  const { startupProbe, readinessProbe, livenessProbe } = spec.template.spec.containers[0];
  const service = await startService(configuration);
  const [, admin = ""] = /^metrics and probes are at http:\/\/(\S+)$/m.exec(service.lines.join("\n")) ?? [];
  const channel = createChannel(admin);
  try {
    const { check } = createClient(define(Health), channel);
    for (const { grpc } of [startupProbe, readinessProbe]) {
      const { status } = await check({ service: grpc.service ?? "" });
      expect(status).toBe(HealthCheckResponse_ServingStatus.SERVING);
    }
    expect((await page(service, livenessProbe.httpGet.path)).status).toBe(200);
  } finally {
    channel.close();
    await service.stop();
  }
});

interface GrpcProbe {
  readonly grpc: { readonly service?: string };
}

interface Deployment {
  readonly template: {
    readonly spec: {
      readonly containers: readonly [
        {
          readonly startupProbe: GrpcProbe;
          readonly readinessProbe: GrpcProbe;
          readonly livenessProbe: { readonly httpGet: { readonly path: string } };
        },
      ];
    };
  };
}
