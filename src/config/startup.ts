import type { Problem } from "./problems.ts";
import type { ListenSettings, MatchSettings, Settings } from "./settings.ts";

/** A reason not to start: which rule, what breaks it, and what would mend it. */
type Rule = (settings: Settings) => readonly { readonly path: string; readonly message: string }[];

/**
 * The combinations that are valid one by one, and that the service does not start with: a listener that lets in
 * more, or a caller that can do less, than its operator believes. Empty where there is none.
 */
export function unsafe(settings: Settings): readonly Problem[] {
  return RULES.flatMap((rule) => rule(settings)).map(({ path, message }) => ({
    place: settings.places.get(path),
    path,
    message,
  }));
}

const RULES: readonly Rule[] = [
  plainOffLoopback,
  openOffLoopback,
  nobodyCanCall,
  loopbackUnreachable,
  noClientAuthority,
];

function plainOffLoopback({ listen }: Settings): ReturnType<Rule> {
  return where(listen, (at) => !at.loopback && at.tls === undefined && !at.terminatedUpstream).map((index) => ({
    path: `listen[${index}].address`,
    message:
      "plain text off loopback: other machines can read the tokens; add tls, or listen on 127.0.0.1, " +
      "or state terminated_upstream: true where a mesh or proxy in front does TLS",
  }));
}

function openOffLoopback({ listen, callers }: Settings): ReturnType<Rule> {
  if (callers.some(({ match }) => match.kind !== "loopback")) return [];
  return where(listen, (at) => !at.loopback && (at.tls !== undefined || at.terminatedUpstream)).map((index) => ({
    path: `listen[${index}].address`,
    message:
      "no caller off loopback: no caller that can be recognized from another machine is listed; " +
      "add one that matches spiffe_id, api_key_sha256 or jwt, or listen on 127.0.0.1",
  }));
}

function nobodyCanCall({ listen, callers }: Settings): ReturnType<Rule> {
  if (callers.length > 0 || !listen.every((at) => at.loopback)) return [];
  return [
    {
      path: "callers",
      message: "no caller: each call would be refused; list a caller, such as one that matches loopback: true",
    },
  ];
}

function loopbackUnreachable({ listen, callers }: Settings): ReturnType<Rule> {
  if (listen.some((at) => at.loopback)) return [];
  return indexesOf(callers, "loopback").map((index) => ({
    path: `callers[${index}].match.loopback`,
    message:
      "loopback caller without a loopback listener: it can never be recognized; " +
      "listen on 127.0.0.1 or a unix socket too, or leave the caller out",
  }));
}

function noClientAuthority({ listen, callers }: Settings): ReturnType<Rule> {
  if (indexesOf(callers, "spiffe").length === 0) return [];
  return where(listen, (at) => at.tls !== undefined && at.tls.clientCaFile === undefined).map((index) => ({
    path: `listen[${index}].tls`,
    message:
      "TLS without client certificates: callers match spiffe_id, and nobody is asked for a certificate here; " +
      "add client_ca_file",
  }));
}

/** The keys that this version reads and checks, and does not act on yet. An empty table means that all are. */
const NOT_SUPPORTED_YET: ReadonlySet<string> = new Set([
  "listen[].tls",
  "listen[].terminated_upstream",
  "admin",
  "callers[].match.spiffe_id",
  "callers[].match.api_key_sha256",
  "callers[].match.jwt",
  "jwt_issuers",
  "limits.max_concurrent_streams",
  "limits.max_in_flight",
  "limits.per_caller",
  "audit",
]);

/** The keys of the file that this version would have to ignore. It does not start with one: it would mislead. */
export function notSupportedYet(settings: Settings): readonly Problem[] {
  return [...settings.places]
    .filter(([path]) => NOT_SUPPORTED_YET.has(path.replaceAll(/\[\d+\]/g, "[]")))
    .map(([path, place]) => ({ place, path, message: "is not supported yet: leave it out" }));
}

function where(listen: readonly ListenSettings[], holds: (at: ListenSettings) => boolean): number[] {
  return listen.flatMap((at, index) => (holds(at) ? [index] : []));
}

function indexesOf(callers: Settings["callers"], kind: MatchSettings["kind"]): number[] {
  return callers.flatMap(({ match }, index) => (match.kind === kind ? [index] : []));
}
