import type { Config, Match } from "../../gen/agora/token/config/v1/config_pb.ts";
import { ALL, METHODS, ROLES, SERVICES } from "./names.ts";
import type { Report } from "./problems.ts";
import { didYouMean, quoted } from "./suggest.ts";

/** A value of the file that others must differ from, or must be among. */
interface Entry {
  readonly path: string;
  readonly value: string;
}

/** From so many names on, a suggestion takes long enough that it is only worth it where it will be shown. */
const MANY = 100;

const ONLY_CASE = "differs only in upper and lower case from";

/** Checks what one entry says of others: what must be unique, and what must be listed. */
export function checkReferences(config: Config, report: Report): void {
  checkUnique(entriesOf("projects", "id", idsOf(config.projects)), "project", report);
  checkUnique(entriesOf("callers", "id", idsOf(config.callers)), "caller", report);
  checkUnique(entriesOf("jwt_issuers", "issuer", issuersOf(config)), "issuer", report);
  checkAppIds(config, report);
  config.projects.forEach(({ certificates }, index) => {
    const path = `projects[${index}].certificates`;
    checkUnique(entriesOf(path, "id", idsOf(certificates)), "certificate of the project", report);
    const primaries = certificates.flatMap(({ state }, i) => (state === "primary" ? [`${path}[${i}].state`] : []));
    for (const second of primaries.slice(1)) report.add(second, `is primary as ${primaries[0]} is: only one can sign`);
  });
  checkMatches(config, report);
  checkPermits(config, report);
}

function entriesOf(path: string, key: string, values: readonly string[]): Entry[] {
  return values.map((value, index) => ({ path: `${path}[${index}].${key}`, value }));
}

function entriesOfList(path: string, values: readonly string[]): Entry[] {
  return values.map((value, index) => ({ path: `${path}[${index}]`, value }));
}

function idsOf(list: readonly { readonly id: string }[]): string[] {
  return list.map(({ id }) => id);
}

function issuersOf({ jwtIssuers }: Config): string[] {
  return jwtIssuers.map(({ issuer }) => issuer);
}

function checkUnique(entries: readonly Entry[], what: string, report: Report): void {
  const firsts = new Map<string, string>();
  for (const { path, value } of entries) {
    const first = firsts.get(value);
    if (value === "") continue;
    if (first === undefined) firsts.set(value, path);
    else report.add(path, `another ${what} has it too: ${first}`);
  }
}

function checkAppIds({ projects }: Config, report: Report): void {
  const appIds = projects.map(({ appId }) => appId);
  const entries = entriesOf("projects", "app_id", appIds);
  checkUnique(entries, "project", report);
  const firsts = new Map<string, Entry>();
  for (const entry of entries) {
    const folded = entry.value.toLowerCase();
    const first = firsts.get(folded);
    if (folded === "" || first?.value === entry.value) continue;
    if (first === undefined) firsts.set(folded, entry);
    else report.add(entry.path, `${ONLY_CASE} ${first.path}: case is part of an App ID, so correct one of them`);
  }
}

function checkMatches(config: Config, report: Report): void {
  const firsts = new Map<string, number>();
  const issuers = listed("jwt_issuers", issuersOf(config), report);
  config.callers.forEach(({ match }, index) => {
    const path = `callers[${index}].match`;
    const issuer = match?.jwt?.issuer ?? "";
    if (issuer !== "" && issuers?.has(issuer) === false) {
      report.add(`${path}.jwt.issuer`, "no issuer of jwt_issuers has this name: list it there");
    }
    if (match === undefined) return;
    if (match.apiKeySha256Next !== "") checkNextKey(path, match, report);
    for (const key of new Set(matchKeys(match))) {
      const first = firsts.get(key);
      if (first === undefined) firsts.set(key, index);
      else report.add(path, `recognizes the same as callers[${first}].match: a caller is recognized by one entry`);
    }
  });
}

function checkNextKey(path: string, { apiKeySha256, apiKeySha256Next }: Match, report: Report): void {
  if (apiKeySha256 === apiKeySha256Next) report.add(`${path}.api_key_sha256_next`, "is api_key_sha256 once more");
  if (apiKeySha256 !== "" || report.isTroubledWithin(path)) return;
  report.add(`${path}.api_key_sha256_next`, "is for a second API key: it needs api_key_sha256 beside it");
}

function matchKeys({ loopback, spiffeId, apiKeySha256, apiKeySha256Next, jwt }: Match): string[] {
  const claims = jwt && [jwt.issuer, jwt.subject, jwt.audience];
  if (claims !== undefined) return claims.includes("") ? [] : [JSON.stringify(claims)];
  const keys = loopback ? ["loopback"] : [spiffeId || apiKeySha256, apiKeySha256Next];
  return keys.filter((key) => key !== "");
}

function checkPermits({ permits, projects, callers }: Config, report: Report): void {
  const lists = {
    callers: { what: "caller of `callers`", names: listed("callers", idsOf(callers), report) },
    projects: { what: "project of `projects`", names: listed("projects", idsOf(projects), report) },
    methods: { what: "method", names: new Set<string>(METHODS) },
    services: { what: "service", names: new Set<string>(SERVICES) },
    roles: { what: "role or RTC privilege", names: new Set<string>(ROLES) },
  };
  permits.forEach((permit, index) => {
    for (const key of ["callers", "projects", "methods", "services", "roles"] as const) {
      checkNames(entriesOfList(`permits[${index}].${key}`, permit[key]), lists[key], report);
    }
  });
}

/** The names that a list may have. */
interface Names {
  /** What a name stands for, to complete "there is no ...". */
  readonly what: string;
  /** Undefined where they are not known, since they have problems of their own. */
  readonly names: ReadonlySet<string> | undefined;
}

function listed(path: string, names: readonly string[], report: Report): Names["names"] {
  return report.isTroubled(path) || names.includes("") ? undefined : new Set(names);
}

function checkNames(entries: readonly Entry[], { what, names }: Names, report: Report): void {
  for (const { path, value } of entries) {
    if (value === ALL || report.isTroubled(path)) continue;
    if (value.includes(ALL)) report.add(path, "* is no part of a name: write * alone for all, or list the names");
    else if (names?.has(value) === false) {
      const suggestion = names.size < MANY || report.isShort ? didYouMean(value, names) : "";
      report.add(path, `there is no ${what} ${quoted(value) || "of this name"}${suggestion}`);
    }
  }
}
