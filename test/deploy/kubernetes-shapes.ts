// As much of Kubernetes' API as the manifests use. Source: the API reference of Kubernetes 1.34.

import { oneOf, type Shape } from "./shape.ts";

const METADATA = { "name!": "text", labels: "labels", annotations: "labels" } as const satisfies Shape;
const SELECTOR = { "matchLabels!": "labels" } as const satisfies Shape;

const HTTP_GET = { "path!": "text", "port!": "port" } as const satisfies Shape;
// Native gRPC probes take a number, and no name of a port.
const GRPC = { "port!": "whole", service: "text" } as const satisfies Shape;
const PROBE = {
  grpc: GRPC,
  httpGet: HTTP_GET,
  initialDelaySeconds: "whole",
  periodSeconds: "whole",
  timeoutSeconds: "whole",
  failureThreshold: "whole",
  successThreshold: "whole",
} as const satisfies Shape;

const QUANTITIES = { cpu: "text", memory: "text" } as const satisfies Shape;

const CONTAINER = {
  "name!": "text",
  "image!": "text",
  imagePullPolicy: oneOf("Always", "IfNotPresent", "Never"),
  command: ["text"],
  args: ["text"],
  ports: [{ "name!": "port", "containerPort!": "port", protocol: oneOf("TCP") }],
  "startupProbe!": PROBE,
  "readinessProbe!": PROBE,
  "livenessProbe!": PROBE,
  "lifecycle!": { "preStop!": { "sleep!": { "seconds!": "whole" } } },
  "resources!": { "requests!": QUANTITIES, "limits!": QUANTITIES },
  "securityContext!": {
    "allowPrivilegeEscalation!": "flag",
    "privileged!": "flag",
    "readOnlyRootFilesystem!": "flag",
    "capabilities!": { "drop!": ["text"] },
  },
  "volumeMounts!": [{ "name!": "text", "mountPath!": "text", "readOnly!": "flag" }],
} as const satisfies Shape;

const POD = {
  "serviceAccountName!": "text",
  "automountServiceAccountToken!": "flag",
  "enableServiceLinks!": "flag",
  "terminationGracePeriodSeconds!": "whole",
  "securityContext!": {
    "runAsNonRoot!": "flag",
    "runAsUser!": "whole",
    "runAsGroup!": "whole",
    "fsGroup!": "whole",
    fsGroupChangePolicy: oneOf("OnRootMismatch", "Always"),
    "seccompProfile!": { "type!": oneOf("RuntimeDefault") },
  },
  "topologySpreadConstraints!": [
    {
      "maxSkew!": "whole",
      "topologyKey!": "text",
      "whenUnsatisfiable!": oneOf("DoNotSchedule", "ScheduleAnyway"),
      "labelSelector!": SELECTOR,
    },
  ],
  "containers!": [CONTAINER],
  "volumes!": [
    {
      "name!": "text",
      configMap: { "name!": "text", defaultMode: "whole" },
      secret: { "secretName!": "text", "defaultMode!": "whole" },
    },
  ],
} as const satisfies Shape;

const SCALING = {
  stabilizationWindowSeconds: "whole",
  policies: [{ "type!": oneOf("Percent", "Pods"), "value!": "whole", "periodSeconds!": "whole" }],
} as const satisfies Shape;

const PEER = { namespaceSelector: SELECTOR, podSelector: SELECTOR } as const satisfies Shape;
const POLICY_PORTS = [{ "protocol!": oneOf("TCP", "UDP"), "port!": "port" }] as const satisfies Shape;

function manifest(apiVersion: string, kind: string, parts: { readonly [key: string]: Shape }): Shape {
  return { "apiVersion!": oneOf(apiVersion), "kind!": oneOf(kind), "metadata!": METADATA, ...parts };
}

/** The shape of each kind of manifest. */
export const MANIFESTS: Readonly<Record<string, Shape>> = {
  ServiceAccount: manifest("v1", "ServiceAccount", { "automountServiceAccountToken!": "flag" }),
  Service: manifest("v1", "Service", {
    "spec!": {
      type: oneOf("ClusterIP"),
      clusterIP: oneOf("None"),
      "selector!": "labels",
      "ports!": [{ "name!": "port", "port!": "port", "targetPort!": "port" }],
    },
  }),
  Deployment: manifest("apps/v1", "Deployment", {
    "spec!": {
      "minReadySeconds!": "whole",
      revisionHistoryLimit: "whole",
      "strategy!": {
        "type!": oneOf("RollingUpdate"),
        "rollingUpdate!": { "maxUnavailable!": "whole", "maxSurge!": "whole" },
      },
      "selector!": SELECTOR,
      "template!": { "metadata!": { "labels!": "labels", annotations: "labels" }, "spec!": POD },
    },
  }),
  PodDisruptionBudget: manifest("policy/v1", "PodDisruptionBudget", {
    "spec!": {
      "maxUnavailable!": "whole",
      unhealthyPodEvictionPolicy: oneOf("AlwaysAllow", "IfHealthyBudget"),
      "selector!": SELECTOR,
    },
  }),
  HorizontalPodAutoscaler: manifest("autoscaling/v2", "HorizontalPodAutoscaler", {
    "spec!": {
      "scaleTargetRef!": { "apiVersion!": "text", "kind!": "text", "name!": "text" },
      "minReplicas!": "whole",
      "maxReplicas!": "whole",
      "metrics!": [
        {
          "type!": oneOf("Resource"),
          "resource!": {
            "name!": oneOf("cpu", "memory"),
            "target!": { "type!": oneOf("Utilization"), "averageUtilization!": "whole" },
          },
        },
      ],
      behavior: { scaleUp: SCALING, scaleDown: SCALING },
    },
  }),
  NetworkPolicy: manifest("networking.k8s.io/v1", "NetworkPolicy", {
    "spec!": {
      "podSelector!": SELECTOR,
      "policyTypes!": [oneOf("Ingress", "Egress")],
      "ingress!": [{ "from!": [PEER], "ports!": POLICY_PORTS }],
      "egress!": [{ "to!": [PEER], "ports!": POLICY_PORTS }],
    },
  }),
  Kustomization: {
    "apiVersion!": oneOf("kustomize.config.k8s.io/v1beta1"),
    "kind!": oneOf("Kustomization"),
    labels: [{ "pairs!": "labels", "includeSelectors!": "flag" }],
    images: [{ "name!": "text", newName: "text", newTag: "text", digest: "text" }],
    "generatorOptions!": { "disableNameSuffixHash!": "flag" },
    "configMapGenerator!": [{ "name!": "text", "files!": ["text"] }],
    "resources!": ["text"],
  },
};
