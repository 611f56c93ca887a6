// The formats of Agora's access tokens, published as `agora-tokend`: values in, text out, and back. It needs nothing but
// Node.js. What calls the service is in `agora-tokend/client`.

export { ALTERATIONS, type Alteration, type Repair, repairToken } from "./token/altered.ts";
export { type ByteSpan, IRREGULARITIES, type Irregularity, MalformedToken, TokenTooLarge } from "./token/bytes.ts";
export type { LegacyToken } from "./token/legacy.ts";
export { type Claimed, type Parsed, parseToken, tryParseToken } from "./token/parse.ts";
export { ROLES, type RtcRole } from "./token/role.ts";
export { randomSalt } from "./token/salt.ts";
export {
  type Grant,
  type Privileges as PrivilegeEnds,
  type Rtm2Permission,
  SERVICES,
  type ServiceName,
} from "./token/services.ts";
export {
  type BuilderSurroundings,
  INIT_RESULT,
  type InitResult,
  Privileges,
  Role,
  SimpleTokenBuilder,
} from "./token/simple-token-builder.ts";
export { type Claimed006, checksum, parse006, sign006, type Token006, verify006 } from "./token/token006.ts";
export { type Claimed007, parse007, sign007, type Token007, verify007 } from "./token/token007.ts";
export type { Channel, User } from "./token/user.ts";
