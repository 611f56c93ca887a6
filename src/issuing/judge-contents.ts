// How a token is written: what is unknown in it, what is irregular, and the slips of other builders.

import { IRREGULARITIES } from "../token/bytes.ts";
import type { Grant } from "../token/services.ts";
import { PRIVILEGES_006 } from "../token/token006.ts";
import type { ClaimedGrant, Claims, End } from "./claims.ts";
import { type Finding, finding } from "./findings.ts";
import { listed, wireSpelling } from "./words.ts";

/** What there is to say about how a token is written. */
export function judgeContents(claims: Claims): Finding[] {
  return [
    ...unknownService(claims),
    ...claims.grants.flatMap(unknownPrivileges),
    ...nothingGranted(claims),
    ...irregular(claims),
  ];
}

function unknownService({ claimed }: Claims): Finding[] {
  if (claimed.version !== "007" || !claimed.unknownService) return [];
  const { type, undecoded } = claimed.unknownService;
  const found = `The token has a service of type ${type}, which this server does not know; ${undecoded} grant${undecoded === 1 ? "" : "s"} could not be decoded.`;
  return [finding("CONTENTS_UNKNOWN", found)];
}

function unknownPrivileges({ grant, unknown, retired }: ClaimedGrant): Finding[] {
  const service = wireSpelling(grant.service);
  const rest = [...unknown.keys()].filter((number) => !retired.has(number));
  const findings: Finding[] = [];
  if (rest.length > 0) {
    findings.push(
      finding(
        "CONTENTS_UNKNOWN",
        `The token has privileges of ${service} that this server does not know: ${listed(rest.slice(0, 8).map(String))}.`,
      ),
    );
  }
  if (retired.size > 0) {
    const names = [...retired].map((number) => wireSpelling(PRIVILEGES_006.get(number)?.name ?? String(number)));
    findings.push(
      finding(
        "CONTENTS_UNKNOWN",
        `The token has privileges that Agora has retired, and that have no effect: ${listed(names)}.`,
        {
          severity: "notes",
          mend: "Leave them out.",
        },
      ),
    );
  }
  return findings;
}

function nothingGranted({ claimed, grants }: Claims): Finding[] {
  const undecoded = claimed.version === "007" && claimed.unknownService !== undefined;
  if (grants.length === 0 && !undecoded) {
    return [finding("SERVICE_MISSING", "The token grants no service at all.")];
  }
  const empty = grants.filter(
    ({ grant, unknown }) => needsPrivileges(grant) && grant.privileges.size + unknown.size === 0,
  );
  if (empty.length === 0 || undecoded) return [];
  const services = listed([...new Set(empty.map(({ grant }) => wireSpelling(grant.service)))]);
  if (empty.length === grants.length) {
    return [finding("PRIVILEGE_MISSING", `The token grants no privilege of ${services}, and so nothing.`)];
  }
  const slips = [
    ...(empty.some(({ grant }) => grant.service === "apaas")
      ? [" The APaaS builder of npm agora-token leaves out the privilege of a room user."]
      : []),
    ...(empty.some(({ grant }) => grant.service === "chat")
      ? [" Java's builder for education puts the Chat privilege on RTM instead."]
      : []),
  ];
  return [
    finding("CONTENTS_IRREGULAR", `The token has a grant of ${services} without any privilege.${slips.join("")}`),
  ];
}

function needsPrivileges({ service }: Grant<End>): boolean {
  return service !== "convoAi" && service !== "stt";
}

function irregular({ claimed, grants }: Claims): Finding[] {
  const odd = [...claimed.irregularities].filter((key) => key !== "NO_SERVICES").map((key) => IRREGULARITIES[key]);
  const findings =
    odd.length > 0
      ? [finding("CONTENTS_IRREGULAR", `The token is not as Agora's builders write it: ${listed(odd)}.`)]
      : [];
  return [...findings, ...grants.flatMap(({ grant }) => slips(grant))];
}

function slips(grant: Grant<End>): Finding[] {
  if (grant.service === "chat" && /^[0-9a-f]{31}$/.test(grant.userId)) {
    const found =
      "The Chat user ID has 31 hexadecimal digits: Java's builder drops a leading zero of the 32 digits of an MD5.";
    return [finding("CONTENTS_IRREGULAR", found, { mend: "Put the zero back, or build it with this service." })];
  }
  if (grant.service === "chat" && grant.userId !== grant.userId.toLowerCase()) {
    return [
      finding("CONTENTS_IRREGULAR", "The Chat user ID has upper-case letters, and Chat users have none.", {
        mend: "Build it in lower case.",
      }),
    ];
  }
  if (grant.service === "apaas" && grant.roomUuid !== "" && grant.role === undefined) {
    const found =
      "The role in the room is -1, which is none; some parsers show it as 65535, and npm agora-token writes it for the role 0.";
    return [finding("CONTENTS_IRREGULAR", found, { mend: "Build it with the role that is meant." })];
  }
  return [];
}
