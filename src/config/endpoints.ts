import type { Config, Listener } from "../../gen/agora/token/config/v1/config_pb.ts";
import { isSpiffeId } from "../access/by-certificate.ts";
import { addressText, isLoopback, parseAddress } from "./address.ts";
import type { Report } from "./problems.ts";
import { EXPECTED } from "./words.ts";

/** Checks the forms that a rule of the schema cannot state: addresses, SPIFFE IDs and URLs. */
export function checkEndpoints(config: Config, report: Report): void {
  if (report.has("listen") && config.listen.length === 0 && !report.isTroubled("listen")) {
    report.add("listen", "is empty: leave the key out for the default, or list an address");
  }
  checkAddresses(config, report);
  config.listen.forEach((listener, index) => {
    checkTls(`listen[${index}]`, listener, report);
  });
  config.callers.forEach(({ match }, index) => {
    const id = match?.spiffeId ?? "";
    if (id !== "" && !isSpiffeId(id)) expected(`callers[${index}].match.spiffe_id`, "Match.spiffe_id", "", report);
  });
  config.jwtIssuers.forEach(({ jwksUrl }, index) => {
    const hint = jwksUrl === "" ? undefined : urlHint(jwksUrl);
    if (hint !== undefined) expected(`jwt_issuers[${index}].jwks_url`, "JwtIssuer.jwks_url", hint, report);
  });
}

function checkAddresses(config: Config, report: Report): void {
  const firsts = new Map<string, string>();
  const addresses = config.listen.map(({ address }, index) => ({ path: `listen[${index}].address`, address }));
  const admin = { path: "admin.address", address: config.admin?.address ?? "" };
  for (const { path, address: text } of [...addresses, admin]) {
    if (text === "") continue;
    const address = parseAddress(text);
    const word = path === admin.path ? "Admin.address" : "Listener.address";
    if ("hint" in address) expected(path, word, address.hint, report);
    else if (path === admin.path && address.kind === "unix") expected(path, word, "it cannot be a socket", report);
    else if (address.kind === "unix" || address.port !== 0) {
      const first = firsts.get(addressText(address));
      if (first === undefined) firsts.set(addressText(address), path);
      else report.add(path, `is the address of ${first} too`);
    }
  }
}

function checkTls(path: string, { address: text, tls, terminatedUpstream }: Listener, report: Report): void {
  if (tls === undefined) return;
  if (terminatedUpstream)
    report.add(`${path}.terminated_upstream`, "excludes tls: either this end does TLS, or what is in front");
  const address = parseAddress(text);
  if (!("hint" in address) && address.kind === "unix")
    report.add(`${path}.tls`, "a unix socket has no use for TLS: leave it out");
}

function urlHint(text: string): string | undefined {
  if (!URL.canParse(text)) return "";
  const { protocol, hostname, port, username, password } = new URL(text);
  if (username !== "" || password !== "") return "leave the user and the password out";
  const address = parseAddress(`${hostname}:${port || 80}`);
  const local = !("hint" in address) && isLoopback(address);
  if (protocol === "https:" || (protocol === "http:" && local)) return undefined;
  return "http:// is only for an address on loopback";
}

function expected(path: string, key: string, hint: string, report: Report): void {
  report.add(path, `must be ${EXPECTED[key] ?? ""}${hint && `; ${hint}`}`);
}
