import type { Instant } from "../clock.ts";
import { Failure } from "../failure.ts";
import type { Grant } from "../token/services.ts";
import { faultFor006 } from "./buildable.ts";
import type { End } from "./claims.ts";
import { type Authority, type IssuedToken, issue, permittedProject, type TokenVersion } from "./issue.ts";
import { endOf, type Lifetime, type Span, spanOf } from "./lifetime.ts";

/** A grant as it is asked for: a privilege without a lifetime lasts as long as the token. */
export type OrderedGrant = Grant<Lifetime | undefined>;

/** What is asked for. */
export interface BuildOrder {
  /** The ID of a project. */
  readonly project: string;
  readonly lifetime: Lifetime;
  readonly grants: readonly OrderedGrant[];
  readonly version: TokenVersion;
}

/**
 * Builds one token.
 *
 * @throws Failure if the order is not valid, not permitted, or cannot be carried out, in this order
 */
export function build(authority: Authority, order: BuildOrder): IssuedToken {
  checkVersion(order);
  const span = spanOf(order.lifetime, authority.now);
  const grants = order.grants.map((grant, index) => decideEnds(grant, index, span));
  const project = permittedProject(authority, order.project);
  return issue(authority, project, { version: order.version, span, grants });
}

function checkVersion({ version, grants }: BuildOrder): void {
  const description = version === "006" ? faultFor006(grants) : undefined;
  if (description === undefined) return;
  throw new Failure("REQUEST_INVALID", {
    version,
    at: { place: { part: "version" }, rule: "version.006", description },
  });
}

function decideEnds(grant: OrderedGrant, index: number, span: Span): Grant<End> {
  if (lastsAsTheToken(grant)) return grant;
  const ends = new Map<number, End>();
  for (const [number, lifetime] of grant.privileges) {
    ends.set(number, lifetime === undefined ? undefined : decideEnd(lifetime, span, index, number));
  }
  return { ...grant, privileges: ends };
}

/** Whether no privilege has an end of its own, as with the roles of RTC: then there is nothing to decide. */
function lastsAsTheToken(grant: OrderedGrant): grant is Grant<undefined> {
  for (const lifetime of grant.privileges.values()) if (lifetime !== undefined) return false;
  return true;
}

function decideEnd(lifetime: Lifetime, span: Span, index: number, privilege: number): Instant {
  const end = endOf(lifetime, span.issuedAt);
  const place = { part: "grants", index, privilege } as const;
  if (end <= span.issuedAt) {
    throw new Failure("EXPIRATION_PASSED", {
      at: { place, rule: "expiration.passed", description: "ends before now" },
    });
  }
  if (end > span.expiresAt) {
    const description = "ends after the token does: let it end earlier, or leave its end out";
    throw new Failure("PRIVILEGE_OUTLASTS_TOKEN", { at: { place, rule: "privilege.outlasts_token", description } });
  }
  return end;
}
