import { SERVICES } from "./services.ts";

/** A named set of RTC privileges. Agora's deprecated roles mean the same as the publisher and are left out. */
export type RtcRole = "publisher" | "subscriber";

const { joinChannel, publishAudioStream, publishVideoStream, publishDataStream } = SERVICES.rtc.privileges;

/** The numbers of the privileges of each role. */
export const ROLES: Readonly<Record<RtcRole, readonly number[]>> = {
  publisher: [joinChannel, publishAudioStream, publishVideoStream, publishDataStream],
  subscriber: [joinChannel],
};
