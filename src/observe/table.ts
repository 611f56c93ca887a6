// THE TABLE of what is measured. deploy/METRICS.md is written from it, and everything that a series can be called by is
// one of its labels: no channel and no user is.

/** How a metric moves. */
export type Kind = "counter" | "gauge" | "histogram";

/** A metric. */
export interface Row<K extends Kind = Kind, L extends string = string> {
  readonly kind: K;
  readonly name: string;
  /** What it says, for who reads it at `/metrics`. */
  readonly help: string;
  readonly labels: readonly L[];
}

const row =
  <K extends Kind>(kind: K) =>
  <const L extends string = never>(name: string, help: string, ...labels: L[]): Row<K, L> => ({
    kind,
    name,
    help,
    labels,
  });
const counter = row("counter");
const gauge = row("gauge");
const histogram = row("histogram");

/** The name and labels of the first are OpenTelemetry's: `rpc.server.call.duration` of its stable conventions for RPC. */
export const TABLE = {
  calls: histogram(
    "rpc_server_call_duration_seconds",
    "How long calls took, from their headers to their end. The status of one that its caller gave up is CANCELLED.",
    "rpc_method",
    "rpc_response_status_code",
  ),
  inFlight: gauge("agora_tokend_calls_in_flight", "Calls that have begun and not ended, watches of health included."),
  byCaller: counter(
    "agora_tokend_calls_by_caller_total",
    "Calls of a caller that were answered or refused. Callers beyond the first 200 are called other.",
    "caller",
    "outcome",
  ),
  refused: counter(
    "agora_tokend_calls_refused_total",
    "Calls that failed, by the reason that the caller was told.",
    "rpc_method",
    "reason",
  ),
  shed: counter(
    "agora_tokend_calls_shed_total",
    "Calls that were refused for there was too much: rate of their caller, in_flight of all together, or lag of the event loop.",
    "why",
  ),
  issued: counter(
    "agora_tokend_tokens_issued_total",
    "Tokens that were signed and recorded. One that grants several services counts once for each of them.",
    "project",
    "service",
    "version",
  ),
  issuedTo: counter(
    "agora_tokend_tokens_issued_to_total",
    "Tokens that were signed and recorded, by caller, each once. Callers beyond the first 200 are called other.",
    "caller",
  ),
  renewed: counter("agora_tokend_tokens_renewed_total", "Tokens that were issued for an older one.", "project"),
  serving: gauge(
    "agora_tokend_serving",
    "1 where a service of grpc.health.v1 is SERVING, 0 where it is not. process is all of it, as /readyz tells.",
    "service",
  ),
  certificates: gauge("agora_tokend_certificates", "App Certificates by state, of all projects together.", "state"),
  certificate: gauge(
    "agora_tokend_certificate_info",
    "1 for each App Certificate of the first 1000, with its state.",
    "project",
    "certificate",
    "state",
  ),
  unsigning: gauge("agora_tokend_projects_without_primary", "Projects that have no certificate to sign with."),
  tlsEnd: gauge(
    "agora_tokend_tls_certificate_not_after_seconds",
    "When the certificate of a listener expires, in seconds since 1970.",
    "listener",
  ),
  tlsReloads: counter(
    "agora_tokend_tls_reloads_total",
    "Changes of the TLS files of a listener that were taken or refused.",
    "listener",
    "outcome",
  ),
  insecure: gauge(
    "agora_tokend_insecure_listener",
    "1 for a listener in plain text off loopback, which relies on something in front.",
    "listener",
  ),
  reloads: counter(
    "agora_tokend_config_reloads_total",
    "Changes of the configuration and its files that were applied or refused.",
    "outcome",
  ),
  reloaded: gauge("agora_tokend_config_last_reload_ok", "1 if what the files say is in use, 0 if it was refused."),
  loadedAt: gauge(
    "agora_tokend_config_loaded_seconds",
    "When the configuration in use was taken, in seconds since 1970.",
  ),
  config: gauge(
    "agora_tokend_config_info",
    "1, with a hash of what the configuration in use says: the same on two replicas if they are configured alike.",
    "hash",
  ),
  keyAge: gauge(
    "agora_tokend_jwks_age_seconds",
    "How long ago the keys of an issuer of JWTs were read. Missing until they were.",
    "issuer",
  ),
  keyReads: counter(
    "agora_tokend_jwks_reads_total",
    "Times that the keys of an issuer changed or could be read again, and that they could not.",
    "issuer",
    "outcome",
  ),
  keysUsable: gauge(
    "agora_tokend_jwks_usable",
    "1 while the keys of an issuer are used, 0 where there are none or they are too old.",
    "issuer",
  ),
  auditQueue: gauge("agora_tokend_audit_queue_bytes", "What waits to be written to the audit, of 8 MiB at most."),
  auditLost: counter(
    "agora_tokend_audit_lost_total",
    "Records that were given up where on_full is drop, calls that were refused where it is deny.",
    "on_full",
  ),
  auditSuppressed: counter(
    "agora_tokend_audit_suppressed_total",
    "Refusals of strangers and of callers over a limit that the audit counts and does not record.",
  ),
  auditWriting: gauge("agora_tokend_audit_writing", "1 while the audit is written, 0 while it fails."),
  clockSteps: counter(
    "agora_tokend_clock_steps_total",
    "Times that the clock of the machine was set forward or back by over 5 seconds.",
    "direction",
  ),
  clockStep: gauge("agora_tokend_clock_step_seconds", "By how much the clock was set last. Below 0: back."),
  clockRight: gauge(
    "agora_tokend_clock_right",
    "1 while the clock of the machine can be believed, 0 while nothing is signed by it.",
  ),
  lag: gauge("agora_tokend_event_loop_lag_seconds", "By how much the event loop was late when it looked last."),
  shedShare: gauge("agora_tokend_shed_ratio", "Which part of the calls is shed for the lag of the event loop, 0 to 1."),
  backpressure: gauge(
    "agora_tokend_backpressure",
    "1 while clients are told to have fewer calls open on a connection, since more came than there is time for.",
  ),
  selfCheck: counter(
    "agora_tokend_self_check_failures_total",
    "Times that this process did not sign what it should, by the known answers of Agora's builders.",
  ),
  connections: gauge("agora_tokend_connections_open", "Connections of callers that are open."),
  connectionsRefused: counter(
    "agora_tokend_connections_refused_total",
    "Connections that were closed at once, since there were too many.",
  ),
  connectionsSilent: counter(
    "agora_tokend_connections_silent_total",
    "Connections that were closed since they did not begin to speak HTTP/2.",
  ),
  connectionsFlooding: counter(
    "agora_tokend_connections_flooding_total",
    "Connections that were cut since they sent more than calls can hold, or headers that are huge again and again.",
  ),
  faults: counter("agora_tokend_faults_total", "Errors of this program that a call or a background task met.", "where"),
  logLost: counter("agora_tokend_log_lines_lost_total", "Lines of the log that nobody took, or were one too many."),
  build: gauge("agora_tokend_build_info", "1, with the versions that run.", "version", "node_version"),
} as const;
