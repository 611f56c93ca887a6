// Agora's own builders as callers use them, with whatever is passed: they take anything. They are CommonJS.

import { createRequire } from "node:module";

/** A builder of `agora-token`: each of its functions gives a token, or an empty text. */
type Builder<Name extends string> = Readonly<Record<Name, (...args: readonly unknown[]) => string>>;

/** Resources by kind. */
interface Permissions {
  add(resourceType: number, permissionType: number, resources: readonly string[]): void;
}

interface Official {
  readonly RtcTokenBuilder: Builder<
    | "buildTokenWithUid"
    | "buildTokenWithUserAccount"
    | "buildTokenWithUidAndPrivilege"
    | "buildTokenWithRtm"
    | "buildTokenWithRtm2"
  >;
  readonly RtmTokenBuilder: Builder<"buildToken" | "buildTokenWithPermissions">;
  readonly ChatTokenBuilder: Builder<"buildUserToken" | "buildAppToken">;
  readonly ApaasTokenBuilder: Builder<"buildRoomUserToken" | "buildUserToken" | "buildAppToken">;
  readonly EducationTokenBuilder: Builder<"buildRoomUserToken">;
  readonly FpaTokenBuilder: Builder<"buildToken">;
  readonly ConvoAITokenBuilder: Builder<"buildToken">;
  readonly Rtm2Permissions: new () => Permissions;
  readonly RtcRole: { readonly PUBLISHER: 1; readonly SUBSCRIBER: 2 };
}

interface Keys {
  generateMediaChannelKey(...args: readonly unknown[]): string;
  generateRecordingKey(...args: readonly unknown[]): string;
}

const require = createRequire(import.meta.url);

/** npm `agora-token` 2.0.6: version 007. */
export const official = require("agora-token") as Official;
/** The builders of version 006 in the same package. */
export const rtc006 = (require("agora-token/src/RtcTokenBuilder.js") as Pick<Official006, "RtcTokenBuilder">)
  .RtcTokenBuilder;
export const rtm006 = (require("agora-token/src/RtmTokenBuilder.js") as Pick<Official006, "RtmTokenBuilder">)
  .RtmTokenBuilder;
/** What was there before version 006. */
export const dynamicKey5 = require("agora-token/src/DynamicKey5.js") as Keys;
export const signaling = require("agora-token/src/SignalingToken.js") as { get(...args: readonly unknown[]): string };

interface Official006 {
  readonly RtcTokenBuilder: Builder<"buildTokenWithUid" | "buildTokenWithAccount">;
  readonly RtmTokenBuilder: Builder<"buildToken">;
}
