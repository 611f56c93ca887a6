// Whether a configuration keeps all rules of its schema beyond doubt, told by plain comparisons. The rules themselves are for
// the one that does not: to compile them takes a fifth of a start, and memory for as long as the process lasts. To say no here
// is never wrong, only slow. A test holds each yes to the rules.

import type { Duration } from "@bufbuild/protobuf/wkt";
import type {
  Audit,
  Caller,
  Certificate,
  Config,
  JwtIssuer,
  Limits,
  Listener,
  Match,
  Permit,
  Project,
  Rate,
  Shutdown,
} from "../../gen/agora/token/config/v1/config_pb.ts";

const ID = /^[a-z][a-z0-9-]{0,62}$/;
const CERTIFICATE_ID = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/;
const APP_ID = /^[0-9a-fA-F]{32}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const STATES: ReadonlySet<string> = new Set(["standby", "primary", "retiring", "revoked"]);
const ON_FULL: ReadonlySet<string> = new Set(["", "deny", "drop"]);
const NAMES: ReadonlySet<string> = new Set(["", "plain", "pseudonym"]);
const LEVELS: ReadonlySet<string> = new Set(["", "debug", "info", "warn", "error"]);
const MOST = 10_000;
const DAY = 86_400;

/** Whether a configuration keeps the rules for certain. */
export function isPlainConfig(config: Config): boolean {
  const { listen, projects, callers, jwtIssuers, permits, limits, audit, shutdown, log } = config;
  return (
    isWithin(listen.length, 0, 8) &&
    isWithin(projects.length, 1, MOST) &&
    isWithin(callers.length, 0, MOST) &&
    isWithin(jwtIssuers.length, 0, 16) &&
    isWithin(permits.length, 0, MOST) &&
    listen.every(isPlainListener) &&
    projects.every(isPlainProject) &&
    callers.every(isPlainCaller) &&
    jwtIssuers.every(isPlainIssuer) &&
    permits.every(({ maxTtl }: Permit) => isPlainDuration(maxTtl, 1, DAY)) &&
    (limits === undefined || arePlainLimits(limits)) &&
    (audit === undefined || isPlainAudit(audit)) &&
    (shutdown === undefined || isPlainShutdown(shutdown)) &&
    (log === undefined || LEVELS.has(log.level))
  );
}

function isPlainListener({ address, tls }: Listener): boolean {
  return address !== "" && (tls === undefined || (tls.certificateFile !== "" && tls.keyFile !== ""));
}

function isPlainProject({ id, appId, maxTtl, certificates }: Project): boolean {
  return (
    ID.test(id) &&
    APP_ID.test(appId) &&
    isPlainDuration(maxTtl, 1, DAY) &&
    isWithin(certificates.length, 1, 16) &&
    certificates.every(isPlainCertificate)
  );
}

function isPlainCertificate({ id, state, file }: Certificate): boolean {
  return CERTIFICATE_ID.test(id) && STATES.has(state) && file !== "";
}

function isPlainCaller({ id, match }: Caller): boolean {
  return ID.test(id) && match !== undefined && isPlainMatch(match);
}

function isPlainMatch({ spiffeId, apiKeySha256, apiKeySha256Next, jwt, loopback }: Match): boolean {
  const ways = [spiffeId !== "", apiKeySha256 !== "", jwt !== undefined, loopback].filter((way) => way).length;
  return (
    ways === 1 &&
    (apiKeySha256 === "" || SHA256.test(apiKeySha256)) &&
    (apiKeySha256Next === "" || SHA256.test(apiKeySha256Next)) &&
    (jwt === undefined || (jwt.issuer !== "" && jwt.subject !== "" && jwt.audience !== ""))
  );
}

function isPlainIssuer({ issuer, jwksFile, jwksUrl }: JwtIssuer): boolean {
  return issuer !== "" && (jwksFile === "") !== (jwksUrl === "");
}

function arePlainLimits(limits: Limits): boolean {
  return (
    isNumber(limits.maxMessageBytes, 1024, 4_194_304) &&
    isNumber(limits.maxConcurrentStreams, 1, 10_000) &&
    isNumber(limits.maxInFlight, 1, 100_000) &&
    isNumber(limits.maxConnections, 1, 1_000_000) &&
    isNumber(limits.maxConnectionsPerAddress, 1, 1_000_000) &&
    (limits.perCaller === undefined || isPlainRate(limits.perCaller))
  );
}

function isPlainRate({ rate, burst }: Rate): boolean {
  return isNumber(rate, 1, 0xffff_ffff) && isNumber(burst, 1, 0xffff_ffff);
}

function isPlainAudit({ onFull, names }: Audit): boolean {
  return ON_FULL.has(onFull) && NAMES.has(names);
}

function isPlainShutdown({ drainDelay, deadline }: Shutdown): boolean {
  return isPlainDuration(drainDelay, 0, 300) && isPlainDuration(deadline, 1, 600);
}

/** Whether a length of time is left out, or one of whole seconds within bounds. */
function isPlainDuration(duration: Duration | undefined, least: number, most: number): boolean {
  return duration === undefined || (duration.nanos === 0 && duration.seconds >= least && duration.seconds <= most);
}

function isNumber(value: number | undefined, least: number, most: number): boolean {
  return value === undefined || isWithin(value, least, most);
}

function isWithin(count: number, least: number, most: number): boolean {
  return count >= least && count <= most;
}
