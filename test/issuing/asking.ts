// An inspection as a caller asks for it: over the wire's bytes and past the validator, to the contract's answer.

import type { DescEnum } from "@bufbuild/protobuf";
import {
  FindingReasonSchema,
  type InspectTokenResponse,
  SignatureCheckSchema,
  VerdictSchema,
} from "../../gen/agora/token/v1/token_pb.ts";
import type { FindingReason as Reason } from "../../src/issuing/findings.ts";
import { KeyRing, type Project } from "../../src/keyring/keyring.ts";
import { answered, type Request } from "../api/harness.ts";
import { LIVE, NOW, OTHER, policyOf, UNSIGNED } from "../api/world.ts";

/** The projects of most tests: with a certificate in every state; another; one that cannot sign. */
export const PROJECTS: readonly Project[] = [LIVE, OTHER, UNSIGNED];

/** What may be asked besides the token. */
export type Asked = Omit<Request<"inspectToken">, "token">;

/** What was answered, in the contract's words without their prefixes. */
export interface Told {
  readonly verdict: string;
  readonly signature: string;
  readonly reasons: readonly Reason[];
  readonly findings: InspectTokenResponse["findings"];
  readonly response: InspectTokenResponse;
}

/** Asks for an inspection, on behalf of a caller who may inspect every project. */
export async function ask(token: string, asked: Asked = {}, projects = PROJECTS, now = NOW): Promise<Told> {
  const around = { policy: policyOf([{}]), keyRing: new KeyRing(projects), now, salt: () => 1 };
  const response = await answered("inspectToken", { token, ...asked } as Request<"inspectToken">, around);
  return {
    verdict: nameOf(VerdictSchema, "VERDICT_", response.verdict),
    signature: nameOf(SignatureCheckSchema, "SIGNATURE_CHECK_", response.signatureCheck),
    reasons: response.findings.map(({ reason }) => reasonOf(reason)),
    findings: response.findings,
    response,
  };
}

/** The descriptions of the findings of a reason. */
export function said({ findings }: Told, reason: Reason): string {
  return findings
    .filter((finding) => reasonOf(finding.reason) === reason)
    .map(({ description }) => description)
    .join("\n");
}

function reasonOf(value: number): Reason {
  return nameOf(FindingReasonSchema, "FINDING_REASON_", value) as Reason;
}

function nameOf(schema: DescEnum, prefix: string, value: number): string {
  return schema.value[value]?.name.replace(prefix, "") ?? String(value);
}

/** An expected grant of RTC: of `room-1` for uid 42, to join, unless it says otherwise. */
export function rtc(value: Record<string, unknown> = {}): Asked {
  const channel = "anyChannel" in value ? {} : { channelName: "room-1" };
  const user = "anyUser" in value || "userAccount" in value ? {} : { uid: 42 };
  return { expectedGrant: { service: { case: "rtc", value: { ...channel, ...user, ...value } } } } as Asked;
}

/** An expected grant of RTM. */
export function rtm(userId = "u-1"): Asked {
  return { expectedGrant: { service: { case: "rtm", value: { userId } } } };
}
