/** The methods of the contract. */
export const METHODS = ["BuildToken", "BatchBuildTokens", "RenewToken", "InspectToken"] as const;
export type MethodName = (typeof METHODS)[number];

/** The services that a token can grant: the keys of `Grant`. */
export const SERVICES = ["rtc", "rtm", "streaming", "fpa", "chat", "fcdn", "apaas", "rtm2", "convo_ai", "stt"] as const;
export type ServiceName = (typeof SERVICES)[number];

/** The roles in RTC, and its privileges: the keys of `RtcPrivileges`. */
export const ROLES = [
  "publisher",
  "subscriber",
  "join_channel",
  "publish_audio_stream",
  "publish_video_stream",
  "publish_data_stream",
] as const;
export type RoleName = (typeof ROLES)[number];

export const CERTIFICATE_STATES = ["standby", "primary", "retiring", "revoked"] as const;
export type CertificateState = (typeof CERTIFICATE_STATES)[number];

export const ON_FULL = ["deny", "drop"] as const;
export type OnFull = (typeof ON_FULL)[number];

/** How channels and users are recorded. */
export const RECORDED_NAMES = ["plain", "pseudonym"] as const;
export type RecordedNames = (typeof RECORDED_NAMES)[number];

/** How much is told on standard error. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** In a list of a permit: all of them. */
export const ALL = "*";
export type All = typeof ALL;
