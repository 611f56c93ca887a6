// What runs without a configuration: a project that Agora does not know, so that nothing it signs opens a channel.

import { randomBytes } from "node:crypto";
import { METHODS, Policy } from "../access/policy.ts";
import type { ListenSettings } from "../config/config.ts";
import { MAX_LIFETIME } from "../issuing/lifetime.ts";
import { AppCertificate } from "../keyring/certificate.ts";
import { KeyRing } from "../keyring/keyring.ts";
import type { Composition } from "./compose.ts";

/** The ID of the demo project. */
export const DEMO_PROJECT = "demo";

const CALLER = "local";

/** Where the demo listens: this machine alone. */
export function demoListener(port: number): ListenSettings {
  const address = { kind: "tcp", host: "127.0.0.1", port } as const;
  return { address, loopback: true, tls: undefined, terminatedUpstream: false };
}

/** The demo project, with an App ID and a certificate made up now, and every permission for callers on this machine. */
export function demo(): Composition {
  const secret = AppCertificate.parse(Buffer.from(randomBytes(16).toString("hex"), "latin1"));
  const project = {
    id: DEMO_PROJECT,
    appId: randomBytes(16).toString("hex"),
    allowToken006: true,
    maxTtl: MAX_LIFETIME,
    certificates: [{ id: "made-up", state: "primary", secret } as const],
  };
  const everything = {
    callers: [CALLER],
    projects: [DEMO_PROJECT],
    methods: METHODS,
    services: ["*"],
    channels: ["*"],
    users: { uids: true, accounts: ["*"] },
    roles: ["*"],
    maxTtl: MAX_LIFETIME,
    anyUser: true,
    anyChannel: true,
  };
  return {
    keyRing: new KeyRing([project]),
    policy: new Policy([everything], [CALLER], [DEMO_PROJECT]),
    isStill: () => true,
    identify: () => () => ({ id: CALLER, proof: "loopback" }),
  };
}
