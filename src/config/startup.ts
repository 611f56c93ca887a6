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
  noLifetime,
  pseudonymsWithoutKey,
  deadlineInDelay,
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
  if (listen.some((at) => at.loopback && !at.terminatedUpstream)) return [];
  return indexesOf(callers, "loopback").map((index) => ({
    path: `callers[${index}].match.loopback`,
    message:
      "loopback caller without a loopback listener: it can never be recognized, and a listener with " +
      "terminated_upstream is for other machines; listen on 127.0.0.1 or a unix socket too, or leave the caller out",
  }));
}

function noClientAuthority({ listen, callers }: Settings): ReturnType<Rule> {
  if (indexesOf(callers, "spiffe").length === 0 || listen.some((at) => at.tls?.clientCaFile !== undefined)) return [];
  return where(listen, (at) => at.tls !== undefined && at.tls.clientCaFile === undefined).map((index) => ({
    path: `listen[${index}].tls`,
    message:
      "TLS without client certificates: callers match spiffe_id, and nobody is asked for a certificate here; " +
      "add client_ca_file",
  }));
}

function noLifetime({ permits }: Settings): ReturnType<Rule> {
  return permits.flatMap(({ methods, maxTtl }, index) => {
    if (maxTtl !== undefined || methods.every((method) => method === "InspectToken")) return [];
    const message =
      "no lifetime: the row permits to build or to renew, and does not say for how long; add max_ttl, such as 3600s";
    return [{ path: `permits[${index}]`, message }];
  });
}

function pseudonymsWithoutKey({ audit: { names, namesKeyFile } }: Settings): ReturnType<Rule> {
  if ((names === "pseudonym") === (namesKeyFile !== undefined)) return [];
  if (names === "pseudonym") {
    return [
      { path: "audit.names", message: "pseudonyms without a key: anybody could tell the names; add names_key_file" },
    ];
  }
  const message =
    "a key without pseudonyms: names are recorded as they are; add names: pseudonym, or leave the key out";
  return [{ path: "audit.names_key_file", message }];
}

function deadlineInDelay({ shutdown: { drainDelay, deadline } }: Settings): ReturnType<Rule> {
  if (deadline > drainDelay) return [];
  const message =
    `calls cut at every stop: it ends ${deadline} s after the signal and takes calls for the first ${drainDelay} s; ` +
    "make deadline longer than drain_delay, 10s at the least for calls in progress";
  return [{ path: "shutdown.deadline", message }];
}

function where(listen: readonly ListenSettings[], holds: (at: ListenSettings) => boolean): number[] {
  return listen.flatMap((at, index) => (holds(at) ? [index] : []));
}

function indexesOf(callers: Settings["callers"], kind: MatchSettings["kind"]): number[] {
  return callers.flatMap(({ match }, index) => (match.kind === kind ? [index] : []));
}
