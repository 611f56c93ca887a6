// What this service builds for: the same rules as the contract's, in the words of the formats.

import type { Grant } from "./services.ts";
import {
  type Channel,
  isLegalText,
  MAX_ACCOUNT_BYTES,
  MAX_CHANNEL_NAME_BYTES,
  MAX_USER_ID_BYTES,
  type User,
} from "./user.ts";

const CHAT_USER = /^[a-z0-9_.-]{0,64}$/;
const APAAS_USER = /^[a-z0-9_.-]{0,63}$/;
const RESOURCE = /^[a-zA-Z0-9 !#$%&()*+,.:;<=>?@[\]^_{}|~-]{1,64}$/;
const MAX_APAAS_ROLE = 32_767;
const MAX_RESOURCES = 64;
const MAX_PERMISSIONS = 10;

/** Whether this service would build a grant with these names. Its privileges are not looked at. */
export function isLegalGrant(grant: Grant<unknown>): boolean {
  switch (grant.service) {
    case "rtc":
    case "streaming":
    case "fcdn":
      return isLegalChannel(grant.channel) && isLegalUser(grant.user);
    case "rtm":
      return isLegalText(grant.userId, MAX_USER_ID_BYTES);
    case "chat":
      return CHAT_USER.test(grant.userId);
    case "apaas":
      return (
        (grant.roomUuid === "" || isLegalText(grant.roomUuid, MAX_CHANNEL_NAME_BYTES)) &&
        APAAS_USER.test(grant.userUuid) &&
        (grant.role === undefined || (grant.role >= 0 && grant.role <= MAX_APAAS_ROLE))
      );
    case "rtm2":
      return isLegalText(grant.userId, MAX_USER_ID_BYTES) && areLegalPermissions(grant.permissions);
    default:
      return true;
  }
}

/** Whether a channel is any, or a name that Agora allows. */
export function isLegalChannel(channel: Channel): boolean {
  return channel === "any" || isLegalText(channel.name, MAX_CHANNEL_NAME_BYTES);
}

/** Whether a user is any, a uid, or an account that Agora allows. The account "0" is nobody's. */
export function isLegalUser(user: User): boolean {
  return user === "any" || "uid" in user || (isLegalText(user.account, MAX_ACCOUNT_BYTES) && user.account !== "0");
}

function areLegalPermissions(permissions: Extract<Grant, { service: "rtm2" }>["permissions"]): boolean {
  const legal = permissions.every(
    ({ resources }) =>
      resources.length > 0 &&
      resources.length <= MAX_RESOURCES &&
      resources.every((resource) => RESOURCE.test(resource)),
  );
  return legal && permissions.length <= MAX_PERMISSIONS;
}
