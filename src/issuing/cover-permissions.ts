// Whether an RTM2 grant permits what is expected of its resources.

import { isPattern, patternMatcher } from "../token/pattern.ts";
import type { Grant, Rtm2Permission } from "../token/services.ts";
import type { ClaimedGrant } from "./claims.ts";
import { type Finding, finding } from "./findings.ts";
import { quoted } from "./words.ts";

type Expected = Grant<unknown>;

// Agora's numbers.
const RESOURCE_TYPES = ["message channel", "stream channel", "group channel", "server group", "user"];
const ACCESSES = ["read", "write"];
// A step is a part of a pattern that is looked for in a text, and takes about 15 ns. What this service builds takes a
// tenth of that: more are no accident, but an attempt to make it slow.
const MOST_STEPS = 400_000;
const MOST_SAID = 3;

/** The permissions that are expected and that a grant does not give. */
export function missingPermissions(grant: Grant<unknown>, expected: Expected): string[] {
  // Without any, all are left open.
  if (expected.service !== "rtm2" || grant.service !== "rtm2" || grant.permissions.length === 0) return [];
  const lacking = expected.permissions.flatMap((permission) => {
    const { named, patterns } = resourcesFor(grant.permissions, permission);
    const matchers = patterns.map(patternMatcher);
    const others = permission.resources.filter(
      (text) => !named.has(text) && !matchers.some((matches) => matches(text)),
    );
    return others.length > 0 ? [permissionInWords(permission, others)] : [];
  });
  const more = lacking.length - MOST_SAID;
  return more > 0 ? [...lacking.slice(0, MOST_SAID), `${more} more of the permissions`] : lacking;
}

/** Whether it would take too long to compare the permissions of these grants with those that are expected. */
export function areTooMany(candidates: readonly ClaimedGrant[], expected: Expected): boolean {
  if (expected.service !== "rtm2") return false;
  let steps = 0;
  for (const { grant } of candidates) {
    if (grant.service !== "rtm2") continue;
    for (const permission of expected.permissions) {
      const { named, patterns } = resourcesFor(grant.permissions, permission);
      const texts = permission.resources.filter((text) => !named.has(text)).length;
      steps += texts * patterns.reduce((parts, pattern) => parts + pattern.split("*").length, 0);
    }
  }
  return steps > MOST_STEPS;
}

/** An expectation that says nothing of resources. */
export function withoutPermissions(expected: Expected): Expected {
  return expected.service === "rtm2" ? { ...expected, permissions: [] } : expected;
}

/** That the permissions were not compared. */
export function permissionsUnknown(): Finding {
  const found =
    "The token has more RTM2 patterns than this server compares, so it is not known whether they cover the expected resources.";
  return finding("CONTENTS_UNKNOWN", found, { mend: "Name the resources, or expect fewer of them." });
}

/** The distinct resources of the same kind, and those of them that are patterns. */
function resourcesFor(granted: readonly Rtm2Permission[], { resourceType, access }: Rtm2Permission) {
  const same = granted.filter((each) => each.resourceType === resourceType && each.access === access);
  const named = new Set(same.flatMap(({ resources }) => resources));
  return { named, patterns: [...named].filter(isPattern) };
}

function permissionInWords({ resourceType, access }: Rtm2Permission, resources: readonly string[]): string {
  const [first = ""] = resources;
  const more = resources.length > 1 ? ` and ${resources.length - 1} more` : "";
  return `${ACCESSES[access] ?? access} of ${RESOURCE_TYPES[resourceType] ?? resourceType} ${quoted(first)}${more}`;
}
