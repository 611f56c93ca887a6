// What a token grants at all, and how it is written.

import { IRREGULARITIES } from "../token/bytes.ts";
import { type Grant, serviceRow } from "../token/services.ts";
import { wireSpelling } from "../token/spelling.ts";
import { PRIVILEGES_006 } from "../token/token006.ts";
import type { ClaimedGrant, Claims, End } from "./claims.ts";
import { type Finding, finding } from "./findings.ts";
import { slipsOfBuilders } from "./slips.ts";
import { listed, serviceInWords, someListed } from "./words.ts";

/** What there is to say about what a token holds. Their number does not depend on that of the grants. */
export function judgeContents(claims: Claims): Finding[] {
  return [
    ...unknownService(claims),
    ...unknownPrivileges(claims),
    ...retiredPrivileges(claims),
    ...nothingGranted(claims),
    ...irregular(claims),
    ...slipsOfBuilders(claims),
  ];
}

function unknownService({ claimed }: Claims): Finding[] {
  if (claimed.version !== "007" || !claimed.unknownService) return [];
  const { type, undecoded } = claimed.unknownService;
  const rest = undecoded > 1 ? `, so ${undecoded - 1} more after it could not be read either` : "";
  const found = `The token has a grant of service type ${type}, which this server does not know${rest}.`;
  return [finding("CONTENTS_UNKNOWN", found)];
}

function unknownPrivileges({ grants }: Claims): Finding[] {
  const unknown = grants.flatMap(({ grant: { service }, unknown, retired }) =>
    [...unknown.keys()]
      .filter((number) => !retired.has(number))
      .map((number) => `${number} of ${serviceInWords(service)}`),
  );
  if (unknown.length === 0) return [];
  const found = `The token has privileges that this server does not know: ${someListed([...new Set(unknown)])}.`;
  return [finding("CONTENTS_UNKNOWN", found)];
}

function retiredPrivileges({ grants }: Claims): Finding[] {
  const names = grants.flatMap(({ retired }) =>
    [...retired].map((number) => wireSpelling(PRIVILEGES_006.get(number)?.name ?? String(number))),
  );
  if (names.length === 0) return [];
  const found = `The token has privileges that Agora has retired, and that have no effect: ${someListed(names)}.`;
  return [finding("CONTENTS_UNKNOWN", found, { severity: "notes", mend: "Leave them out." })];
}

function nothingGranted(claims: Claims): Finding[] {
  const { claimed, grants } = claims;
  const undecoded = claimed.version === "007" && claimed.unknownService !== undefined;
  if (grants.length === 0) return undecoded ? [] : [finding("SERVICE_MISSING", "The token grants no service at all.")];
  const useless = grants.filter(isUseless);
  if (useless.length === 0) return [];
  const says = `${listed([...new Set(useless.map(({ grant }) => lack(grant)))])}.${slipOf(useless)}`;
  if (useless.length < grants.length || undecoded) return [finding("CONTENTS_IRREGULAR", `The token has ${says}`)];
  return [finding("PRIVILEGE_MISSING", `The token has nothing but ${says}`)];
}

/** Whether a grant lacks the privilege to enter by, or any where there is none such. Who knows what unknown ones do. */
function isUseless({ grant, unknown, retired }: ClaimedGrant): boolean {
  const { entry, privileges } = serviceRow(grant.service);
  if (Object.keys(privileges).length === 0 || unknown.size > retired.size) return false;
  return entry === undefined ? grant.privileges.size === 0 : !grant.privileges.has(entry);
}

function lack({ service, privileges }: Grant<End>): string {
  const { entry, privileges: known } = serviceRow(service);
  const name = Object.keys(known).find((each) => known[each] === entry);
  if (privileges.size === 0 || name === undefined) return `a grant of ${serviceInWords(service)} without any privilege`;
  return `a grant of ${serviceInWords(service)} without ${wireSpelling(name)}, and the others are of no use without it`;
}

function slipOf(useless: readonly ClaimedGrant[]): string {
  const has = (service: string) => useless.some(({ grant }) => grant.service === service);
  const apaas = has("apaas")
    ? " The builders of npm agora-token for rooms leave out the privilege of a room user."
    : "";
  const chat = has("chat") ? " Java's builders for rooms put the privilege of Chat on RTM." : "";
  return apaas + chat;
}

function irregular({ claimed }: Claims): Finding[] {
  const odd = [...claimed.irregularities].filter((key) => key !== "NO_SERVICES").map((key) => IRREGULARITIES[key]);
  return odd.length > 0
    ? [finding("CONTENTS_IRREGULAR", `The token is not as Agora's builders write it: ${listed(odd)}.`)]
    : [];
}
