// The manifests: each key is one that Kubernetes has, and what they say fits together and to the service.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readConfig } from "../../src/config/config.ts";
import { checkRules } from "../../src/config/rules.ts";
import { DEPLOY, documentsOf, portOf, yamlFiles } from "./documents.ts";
import { MANIFESTS } from "./kubernetes-shapes.ts";
import { misfits } from "./shape.ts";

/** Any value of a manifest, once its shape was checked. */
// biome-ignore lint/suspicious/noExplicitAny: the shapes are checked by the first test, and not by the compiler.
type Manifest = Record<string, any>;

const FOLDER = "kubernetes";
const CONFIG = "config.yaml";
const files = yamlFiles(FOLDER).filter((file) => file !== CONFIG);
const manifests = files.flatMap((file) => documentsOf(FOLDER, file) as Manifest[]);
const settings = readConfig(CONFIG, () => readFileSync(join(DEPLOY, FOLDER, CONFIG)), checkRules);

function only(kind: string, holds: (manifest: Manifest) => boolean = () => true): Manifest {
  const found = manifests.filter((each) => each["kind"] === kind && holds(each));
  expect(found, kind).toHaveLength(1);
  return found[0] ?? {};
}

const deployment = () => only("Deployment")["spec"];
const pod = () => deployment().template.spec;
const container = () => pod().containers[0];
const LABELS = { "app.kubernetes.io/name": "agora-tokend" };

describe("the shape of the manifests", () => {
  test.each(manifests.map((each) => [String(each["kind"]), each] as const))("%s has known keys alone", (kind, each) => {
    expect(MANIFESTS, kind).toHaveProperty([kind]);
    expect(misfits(MANIFESTS[kind] ?? {}, each)).toEqual([]);
  });

  test("a slip is found", () => {
    const slips: readonly (readonly [string, string, string])[] = [
      ["readinessProbe", "readinesProbe", "readinesProbe: is no key"],
      ["fsGroup: 65532", "fsGroup: '65532'", "fsGroup: is no whole"],
      ["          failureThreshold: 30\n", "          failureTreshold: 30\n", "failureTreshold: is no key"],
      ["      enableServiceLinks: false\n", "", "enableServiceLinks: is missing"],
      ["drop: [ALL]", "drop: ALL", "drop: is no list"],
      ["ScheduleAnyway", "Sometimes", "whenUnsatisfiable: is none of"],
    ];
    const text = readFileSync(join(DEPLOY, FOLDER, "deployment.yaml"), "utf8");
    for (const [right, wrong, problem] of slips) {
      const found = misfits(MANIFESTS["Deployment"] ?? {}, parse(text.replace(right, wrong)));
      expect(found.join("\n"), wrong).toContain(problem);
    }
  });

  test("kustomization.yaml names every other file, and each once", () => {
    const { resources, configMapGenerator } = only("Kustomization");
    expect([...resources, "kustomization.yaml"].sort()).toEqual(files);
    expect(configMapGenerator).toEqual([{ name: "agora-tokend", files: [CONFIG] }]);
  });

  test("no manifest says in which namespace it is, and none holds a secret", () => {
    expect(manifests.filter(({ metadata }) => metadata?.namespace !== undefined)).toEqual([]);
    expect(manifests.map(({ kind }) => kind)).not.toContain("Secret");
  });
});

describe("selectors and ports", () => {
  test("each selector finds the pods", () => {
    expect(deployment().template.metadata.labels).toEqual(LABELS);
    const selectors = manifests.flatMap(({ spec }) => [spec?.selector, spec?.podSelector].filter(Boolean));
    expect(selectors.map((each) => each.matchLabels ?? each)).toEqual(Array(5).fill(LABELS));
    for (const { labelSelector } of pod().topologySpreadConstraints) expect(labelSelector.matchLabels).toEqual(LABELS);
  });

  test("the pod opens the ports of the configuration, and no other", () => {
    const [listener] = settings.listen;
    const ports = { grpc: portOf(listener?.address), admin: portOf(settings.admin.address) };
    const opened = container().ports.map((each: Manifest) => [each["name"], each["containerPort"]]);
    expect(opened).toEqual(Object.entries(ports));
    expect(settings.listen).toHaveLength(1);
  });

  test("probes ask the admin address, two of them in gRPC", () => {
    const admin = portOf(settings.admin.address);
    const { startupProbe, readinessProbe, livenessProbe } = container();
    expect([startupProbe.grpc.port, readinessProbe.grpc.port]).toEqual([admin, admin]);
    expect(livenessProbe.httpGet).toEqual({ path: "/livez", port: "admin" });
    expect(deployment().template.metadata.annotations["prometheus.io/port"]).toBe(String(admin));
  });

  test("the Services lead to the listener, and only one of them has an address", () => {
    for (const { spec } of manifests.filter(({ kind }) => kind === "Service")) {
      expect(spec.ports).toEqual([{ name: "grpc", port: portOf(settings.listen[0]?.address), targetPort: "grpc" }]);
    }
    only("Service", ({ spec }) => spec.clusterIP === "None");
    only("Service", ({ spec }) => spec.clusterIP === undefined);
  });

  test("the network lets in callers and Prometheus, each to its port, and nothing out", () => {
    const { policyTypes, ingress, egress } = only("NetworkPolicy")["spec"];
    expect(policyTypes).toEqual(["Ingress", "Egress"]);
    const ports = ingress.map((rule: Manifest) => rule["ports"].map(({ port }: Manifest) => port));
    expect(ports).toEqual([[portOf(settings.listen[0]?.address)], [portOf(settings.admin.address)]]);
    for (const { from } of ingress) expect(from).toHaveLength(1);
    expect(egress).toEqual([]);
    expect(settings.jwtIssuers.map(({ keys }) => keys.kind)).toEqual(["file"]);
  });
});

describe("how it starts, moves and stops", () => {
  test("a pod has time for all of its stop", () => {
    const { preStop } = container().lifecycle;
    expect(pod().terminationGracePeriodSeconds).toBeGreaterThan(preStop.sleep.seconds + settings.shutdown.deadline);
  });

  test("a rollout never takes a pod away before another serves, and a budget keeps all but one", () => {
    expect(deployment().strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
    expect(deployment().minReadySeconds).toBeGreaterThanOrEqual(10);
    expect(only("PodDisruptionBudget")["spec"].maxUnavailable).toBe(1);
    const { minReplicas, scaleTargetRef } = only("HorizontalPodAutoscaler")["spec"];
    expect(minReplicas).toBeGreaterThanOrEqual(3);
    expect(scaleTargetRef).toEqual({ apiVersion: "apps/v1", kind: "Deployment", name: "agora-tokend" });
    expect(deployment()).not.toHaveProperty("replicas");
  });

  test("the heap leaves room for the rest below the limit of memory", () => {
    const heap = Number(/--max-old-space-size=(\d+)/.exec(container().command.join(" "))?.[1]);
    const { limits, requests } = container().resources;
    expect(heap).toBeLessThanOrEqual(Number.parseInt(limits.memory, 10) / 2);
    expect([limits.memory, requests.memory]).toEqual([
      expect.stringMatching(/^\d+Mi$/),
      expect.stringMatching(/^\d+Mi$/),
    ]);
  });

  test("a stall that liveness forgives is shorter than one that it does not", () => {
    const { periodSeconds, failureThreshold } = container().livenessProbe;
    expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(30);
  });
});

describe("what a pod may", () => {
  test("it is restricted, as Pod Security Standards say", () => {
    expect(pod().securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(pod().securityContext.runAsUser).toBe(65_532);
    expect(container().securityContext).toEqual({
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    for (const key of ["hostNetwork", "hostPID", "hostIPC"]) expect(pod()).not.toHaveProperty(key);
  });

  test("it has no token for the API server, and no environment", () => {
    expect(pod().automountServiceAccountToken).toBe(false);
    expect(only("ServiceAccount")["automountServiceAccountToken"]).toBe(false);
    expect(pod().serviceAccountName).toBe(only("ServiceAccount")["metadata"].name);
    expect(container()).not.toHaveProperty("env");
    expect(container()).not.toHaveProperty("envFrom");
  });

  test("every file of the configuration is in a volume, mounted read-only and whole, and secrets are for it alone", () => {
    const mounts: Manifest[] = container().volumeMounts;
    const volumes = new Map<string, Manifest>(pod().volumes.map((each: Manifest) => [each["name"], each]));
    expect(mounts.map(({ name }) => name).sort()).toEqual([...volumes.keys()].sort());
    for (const mount of mounts) expect(mount["readOnly"]).toBe(true);
    const kindOf = (file: string) => {
      const mount = mounts.find(({ mountPath }) => file.startsWith(`${mountPath}/`));
      return Object.keys(volumes.get(mount?.["name"]) ?? {});
    };
    const secrets = [
      ...settings.projects.flatMap(({ certificates }) => certificates.map(({ file }) => file)),
      settings.listen[0]?.tls?.keyFile ?? "",
      settings.listen[0]?.tls?.certificateFile ?? "",
    ];
    for (const file of secrets) expect(kindOf(file), file).toContain("secret");
    for (const { secret } of volumes.values()) if (secret) expect(secret.defaultMode).toBe(0o400);
    for (const { keys } of settings.jwtIssuers) expect(kindOf("file" in keys ? keys.file : "")).toContain("configMap");
    expect(container().args).toEqual([
      "serve",
      "--config",
      expect.stringMatching(/^\/etc\/agora-tokend\/config\.yaml$/),
    ]);
    expect(kindOf("/etc/agora-tokend/config.yaml")).toContain("configMap");
  });
});
