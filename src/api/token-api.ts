// The methods of the contract: translate, call, translate back.

import {
  type BatchBuildTokensRequest,
  type BuildTokenRequest,
  type InspectTokenRequest,
  type IssuedToken as IssuedTokenMessage,
  type RenewTokenRequest,
  type TokenService,
  TokenVersion,
} from "../../gen/agora/token/v1/token_pb.ts";
import type { Permits } from "../access/policy.ts";
import type { Ledger } from "../audit/ledger.ts";
import type { Clock } from "../clock.ts";
import { Failure } from "../failure.ts";
import { type BuildOrder, build } from "../issuing/build.ts";
import { inspect } from "../issuing/inspect.ts";
import type { Authority, IssuedToken } from "../issuing/issue.ts";
import { type RenewOrder, renew } from "../issuing/renew.ts";
import type { KeyRing } from "../keyring/keyring.ts";
import type { Implementation } from "../rpc/definition.ts";
import { findingOf, inspectionOf, VERSIONS } from "./findings.ts";
import { expectedGrantFrom, orderedGrantFrom } from "./grants.ts";
import { others } from "./others.ts";
import { instantFrom, requiredLifetimeFrom, timestampOf } from "./times.ts";
import { located, type RequestWords } from "./violations.ts";

/** What a call has been given by the middlewares before it. */
export interface Admitted {
  /** The rows of the caller for this method. */
  readonly permits: Permits;
  /** The key ring of the same moment. */
  readonly keyRing: KeyRing;
  /** Where what is asked and decided is noted for the record of the call, if there is one. */
  readonly ledger?: Ledger | undefined;
}

/** On whose behalf a call is carried out, and where that is noted. */
interface Matter extends Authority {
  readonly ledger?: Ledger | undefined;
}

/** What the methods work with. */
export interface TokenApiParts {
  readonly clock: Clock;
  /** Gives a number from 1 to 2^32-1, a new one each time. */
  readonly salt: () => number;
}

/** How many tokens of a batch are built at a stretch: other calls wait for half a millisecond, and not for all of it. */
const SLICE = 16;

/** The methods of the token service. Their requests have been validated, and their callers admitted to the method. */
export function tokenApi(parts: TokenApiParts): Implementation<typeof TokenService, Admitted> {
  const authority = ({ permits, keyRing, ledger }: Admitted): Matter => ({
    keyRing,
    permits,
    now: parts.clock(),
    salt: parts.salt,
    ledger,
  });
  return {
    async buildToken(request: BuildTokenRequest, context: Admitted) {
      const issuedToken = issuedTokenOf(buildOne(authority(context), request, ""));
      return { $typeName: "agora.token.v1.BuildTokenResponse", issuedToken };
    },
    async batchBuildTokens({ requests }: BatchBuildTokensRequest, context: Admitted) {
      const shared = authority(context);
      const issuedTokens: IssuedTokenMessage[] = [];
      for (const [index, request] of requests.entries()) {
        if (index > 0 && index % SLICE === 0) await others();
        issuedTokens.push(issuedTokenOf(buildInBatch(shared, request, index)));
      }
      return { $typeName: "agora.token.v1.BatchBuildTokensResponse", issuedTokens };
    },
    async renewToken(request: RenewTokenRequest, context: Admitted) {
      const issuedToken = issuedTokenOf(renewOne(authority(context), request));
      return { $typeName: "agora.token.v1.RenewTokenResponse", issuedToken };
    },
    async inspectToken({ token, project, expectedGrant, inspectTime }: InspectTokenRequest, context: Admitted) {
      const shared = authority(context);
      const inspection = inspect(shared, {
        token,
        project: project === "" ? undefined : project,
        expected: expectedGrant && expectedGrantFrom(expectedGrant),
        at: inspectTime ? instantFrom(inspectTime) : shared.now,
      });
      if (shared.ledger) shared.ledger.inspected = inspection;
      return inspectionOf(inspection);
    },
  };
}

function buildInBatch(authority: Matter, request: BuildTokenRequest, index: number): IssuedToken {
  try {
    return buildOne(authority, request, `requests[${index}].`);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(error.reason, { ...error.facts, index }, { cause: error.cause });
  }
}

function buildOne(authority: Matter, request: BuildTokenRequest, path: string): IssuedToken {
  const order: BuildOrder = {
    project: request.project,
    lifetime: requiredLifetimeFrom(request.expiration),
    grants: request.grants.map((grant, index) => orderedGrantFrom(grant, `${path}grants[${index}]`)),
    version: request.version === TokenVersion.TOKEN_VERSION_006 ? "006" : "007",
  };
  const words = { path, expiration: wordFor(request), grants: order.grants };
  return noted(authority, order, () => inWords(words, () => build(authority, order)));
}

function renewOne(authority: Matter, request: RenewTokenRequest): IssuedToken {
  const { project, token, expectedGrant } = request;
  const order = {
    project,
    token,
    lifetime: requiredLifetimeFrom(request.expiration),
    expected: expectedGrant && expectedGrantFrom(expectedGrant),
  };
  const words = { path: "", expiration: wordFor(request) };
  return noted(authority, order, () => inWords(words, () => renew(authority, order)));
}

/** Notes what is asked for, and then what is signed. */
function noted({ ledger, keyRing }: Matter, order: BuildOrder | RenewOrder, act: () => IssuedToken): IssuedToken {
  const renews = "token" in order;
  ledger?.asked.push({
    // A project that does not exist is a text from the request, which may be anything.
    project: keyRing.project(order.project)?.id,
    lifetime: order.lifetime,
    version: renews ? undefined : order.version,
    grants: renews ? undefined : order.grants,
    original: renews ? order.token : undefined,
  });
  const token = act();
  ledger?.signed.push(token);
  return token;
}

function wordFor({ expiration }: BuildTokenRequest | RenewTokenRequest): RequestWords["expiration"] {
  return expiration.case === "ttl" ? "ttl" : "expire_time";
}

function inWords<T>(words: RequestWords, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof Failure ? located(error, words) : error;
  }
}

function issuedTokenOf(token: IssuedToken): IssuedTokenMessage {
  // Here and above, as `create` makes them, in a tenth of the time.
  return {
    $typeName: "agora.token.v1.IssuedToken",
    token: token.text,
    appId: token.appId,
    version: VERSIONS[token.version],
    issueTime: timestampOf(token.span.issuedAt),
    expireTime: timestampOf(token.span.expiresAt),
    renewTime: timestampOf(token.renewAt),
    certificateId: token.certificateId,
    notes: token.notes.map(findingOf),
  };
}
