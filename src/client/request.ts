// Parts of requests, in fewer words than messages need.

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GrantSchema } from "../../gen/agora/token/v1/token_pb.ts";

/** What a token says about a service, as `create` makes it of. */
export type GrantInit = MessageInitShape<typeof GrantSchema>;

type Services = Extract<NonNullable<GrantInit["service"]>, { readonly case: string }>;

/** The key of a service: `rtc`. */
export type ServiceKey = Services["case"];

/** For a length of time from the issue on. @param seconds whole, at least 1 and at most 86400 */
export function ttl(seconds: number) {
  return { case: "ttl", value: { seconds: BigInt(seconds) } } as const;
}

/** Until a time. @param time rounded down to a whole second */
export function expireTime(time: Date) {
  return { case: "expireTime", value: { seconds: BigInt(Math.floor(time.getTime() / 1000)) } } as const;
}

/** What a token says about a service: `grant("rtc", { channelName: "room-1", uid: 42, role: RtcRole.PUBLISHER })`. */
export function grant<K extends ServiceKey>(
  service: K,
  value: Extract<Services, { readonly case: K }>["value"],
): GrantInit {
  // One of the union, which the compiler does not see of a parameter.
  return { service: { case: service, value } as Services };
}
