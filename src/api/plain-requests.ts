// Which requests are valid beyond doubt, told in a hundredth of the time that the rules of the contract take. Whatever
// is not among them is for those rules to judge: to say no here is never wrong, only slow. A test holds each yes to them.

import type { DescMessage, Message } from "@bufbuild/protobuf";
import {
  type BatchBuildTokensRequest,
  BatchBuildTokensRequestSchema,
  type BuildTokenRequest,
  BuildTokenRequestSchema,
  type Grant,
  type InspectTokenRequest,
  InspectTokenRequestSchema,
  type RenewTokenRequest,
  RenewTokenRequestSchema,
  type RtcGrant,
  RtcRole,
  TokenVersion,
} from "../../gen/agora/token/v1/token_pb.ts";

const PROJECT = /^[a-z][a-z0-9-]{0,62}$/;
const NAME = /^[a-zA-Z0-9 !#$%&()+,.:;<=>?@[\]^_{}|~-]+$/;
const BASE64 = /^[a-zA-Z0-9+/=]+$/;
const MOST_TOKEN_CHARS = 16_384;
const MOST_CHANNEL_CHARS = 64;
const MOST_ACCOUNT_CHARS = 255;
const MOST_GRANTS = 32;
const MOST_IN_BATCH = 100;
const MOST_TTL = 86_400n;
const VERSIONS: ReadonlySet<number> = new Set(Object.values(TokenVersion));
const ROLES: ReadonlySet<number> = new Set(Object.values(RtcRole));
const LAST_SECOND = 253_402_300_799n;

/** Whether a request is valid for certain. */
export function isPlain(schema: DescMessage, request: Message): boolean {
  // Which message it is, its schema says: the compiler cannot follow that.
  switch (schema) {
    case BuildTokenRequestSchema:
      return isPlainBuild(request as BuildTokenRequest);
    case BatchBuildTokensRequestSchema: {
      const { requests } = request as BatchBuildTokensRequest;
      return isWithin(requests.length, MOST_IN_BATCH) && requests.every(isPlainBuild);
    }
    case InspectTokenRequestSchema: {
      const { token, project, expectedGrant, inspectTime } = request as InspectTokenRequest;
      const names = project === "" || PROJECT.test(project);
      return names && isPlainToken(token) && !inspectTime && (!expectedGrant || isPlainGrant(expectedGrant));
    }
    case RenewTokenRequestSchema: {
      const { token, project, expectedGrant, expiration } = request as RenewTokenRequest;
      const ends = PROJECT.test(project) && isPlainExpiration(expiration);
      return ends && isPlainToken(token) && (!expectedGrant || isPlainGrant(expectedGrant));
    }
    default:
      return false;
  }
}

function isPlainBuild({ project, expiration, grants, version }: BuildTokenRequest): boolean {
  return (
    PROJECT.test(project) &&
    isPlainExpiration(expiration) &&
    isWithin(grants.length, MOST_GRANTS) &&
    grants.every(isPlainGrant) &&
    VERSIONS.has(version)
  );
}

function isPlainExpiration({ case: which, value }: BuildTokenRequest["expiration"]): boolean {
  if (which === undefined || value.nanos !== 0) return false;
  const [least, most] = which === "ttl" ? [1n, MOST_TTL] : [0n, LAST_SECOND];
  return value.seconds >= least && value.seconds <= most;
}

// Grants of RTC are nearly all there are.
function isPlainGrant({ service }: Grant): boolean {
  return service.case === "rtc" && hasPlainChannel(service.value) && hasPlainUser(service.value);
}

function hasPlainChannel({ channelName, anyChannel, role, privileges }: RtcGrant): boolean {
  const says = privileges === undefined && ROLES.has(role);
  const named = channelName.length <= MOST_CHANNEL_CHARS && NAME.test(channelName);
  return says && (anyChannel ? channelName === "" : named);
}

function hasPlainUser({ uid, userAccount, anyUser }: RtcGrant): boolean {
  if (userAccount === "") return anyUser !== uid > 0;
  const named = userAccount.length <= MOST_ACCOUNT_CHARS && userAccount !== "0" && NAME.test(userAccount);
  return named && uid === 0 && !anyUser;
}

function isPlainToken(token: string): boolean {
  return token.length <= MOST_TOKEN_CHARS && BASE64.test(token);
}

function isWithin(count: number, most: number): boolean {
  return count >= 1 && count <= most;
}
