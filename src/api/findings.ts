import { create } from "@bufbuild/protobuf";
import {
  type Finding as FindingMessage,
  FindingReason,
  FindingSchema,
  type InspectTokenResponse,
  InspectTokenResponseSchema,
  SignatureCheck,
  type TokenInfo,
  TokenInfoSchema,
  TokenVersion,
  Verdict,
} from "../../gen/agora/token/v1/token_pb.ts";
import type { Claims } from "../issuing/claims.ts";
import type { Finding } from "../issuing/findings.ts";
import type { Inspection } from "../issuing/inspect.ts";
import { decodedGrantOf } from "./grants.ts";
import { timestampOf } from "./times.ts";

/** A version in the contract's words. */
export const VERSIONS = { "006": TokenVersion.TOKEN_VERSION_006, "007": TokenVersion.TOKEN_VERSION_007 } as const;

/** What an inspection found, as an answer. */
export function inspectionOf(inspection: Inspection): InspectTokenResponse {
  const { verdict, findings, signatureCheck, project, certificateId, claims, at } = inspection;
  return create(InspectTokenResponseSchema, {
    verdict: Verdict[verdict],
    findings: findings.map(findingOf),
    signatureCheck: SignatureCheck[signatureCheck],
    project: project ?? "",
    certificateId: certificateId ?? "",
    ...(claims && { tokenInfo: tokenInfoOf(claims) }),
    inspectTime: timestampOf(at),
  });
}

/** A finding, as an answer. */
export function findingOf({ reason, description, agoraErrorCode }: Finding): FindingMessage {
  return create(FindingSchema, { reason: FindingReason[reason], description, agoraErrorCode });
}

/** What a token says, as an answer. */
export function tokenInfoOf({ claimed, issuedAt, statedEnd, grants }: Claims): TokenInfo {
  return create(TokenInfoSchema, {
    version: VERSIONS[claimed.version],
    appId: claimed.appId,
    ...(issuedAt !== undefined && { issueTime: timestampOf(issuedAt) }),
    expireTime: timestampOf(statedEnd),
    salt: claimed.salt,
    grants: grants.map(decodedGrantOf),
    ...(claimed.version === "006"
      ? { checksums: { channelNameCrc32: claimed.channelChecksum, userCrc32: claimed.userChecksum } }
      : {
          unknownServiceType: claimed.unknownService?.type ?? 0,
          undecodedGrantCount: claimed.unknownService?.undecoded ?? 0,
        }),
  });
}
