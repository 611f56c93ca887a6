// What around the process makes it unsafe to start: variables and flags that show or weaken what it does.

/** What the process was started with. */
export interface Started {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The flags of Node.js, from the command line and from NODE_OPTIONS. */
  readonly flags: readonly string[];
  /** Whether a debugger can connect. */
  readonly inspected: boolean;
}

/** What was asked for. */
export interface StartOptions {
  /** Whether it is the demo that starts, without a configuration. */
  readonly demo: boolean;
  /** Whether debugging was asked for by name, and what it shows is accepted. */
  readonly unsafeDebug: boolean;
}

/** Variables that make libraries or Node.js print what passes through them. */
const PRINTING: Readonly<Record<string, string>> = {
  GRPC_TRACE: "the headers of each call, credentials among them",
  GRPC_NODE_TRACE: "the headers of each call, credentials among them",
  GRPC_NODE_DEBUG_SEND_ERROR_DETAILS: "causes of failures to callers",
  NODE_DEBUG: "what Node.js does with connections",
  NODE_DEBUG_NATIVE: "what Node.js does with connections",
};

/** Flags that let others look into the memory or the traffic of the process. */
const REVEALING: readonly (readonly [RegExp, string])[] = [
  [/^--inspect(-brk|-wait|-brk-node)?(=|$)/, "a debugger reads the certificates"],
  [/^--tls-keylog(=|$)/, "the file opens all recorded traffic"],
  [/^--heapsnapshot-(signal|near-heap-limit)(=|$)/, "the snapshot holds tokens"],
  [/^--abort[-_]on[-_]uncaught[-_]exception$/, "a core dump holds the certificates"],
];

const UNSAFE_DEBUG = "or start with --unsafe-debug where nothing is real";

/** The reasons not to start, a line each: the rule, what breaks it, and what mends it. */
export function unsafeToStart(started: Started, options: StartOptions): string[] {
  return [
    ...(options.unsafeDebug ? [] : [...printing(started), ...revealing(started)]),
    ...unverified(started),
    ...(options.demo ? production(started) : []),
  ];
}

function printing({ env }: Started): string[] {
  return Object.entries(PRINTING)
    .filter(([name]) => isSet(env[name]))
    .map(([name, what]) => `debug output: ${name} is set, which shows ${what}; unset it, ${UNSAFE_DEBUG}`);
}

function revealing({ flags, inspected }: Started): string[] {
  const open = REVEALING.flatMap(([flag, what]) => {
    const given = flags.find((each) => flag.test(each))?.split("=")[0];
    return given === undefined ? [] : [`debug access: ${given} is set, and ${what}; leave it out, ${UNSAFE_DEBUG}`];
  });
  if (open.length > 0 || !inspected) return open;
  return [
    `debug access: a debugger can connect, and it reads the certificates; start without the one that opened it, ${UNSAFE_DEBUG}`,
  ];
}

function unverified({ env }: Started): string[] {
  if (env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0") return [];
  return [
    "unverified TLS: NODE_TLS_REJECT_UNAUTHORIZED is 0, so anybody can answer for an issuer of JWTs; unset it, and name an authority of your own in NODE_EXTRA_CA_CERTS",
  ];
}

function production({ env }: Started): string[] {
  const signs = [
    isSet(env["KUBERNETES_SERVICE_HOST"]) ? "KUBERNETES_SERVICE_HOST is set" : undefined,
    env["NODE_ENV"] === "production" ? "NODE_ENV is production" : undefined,
  ];
  return signs
    .filter((sign) => sign !== undefined)
    .map(
      (sign) =>
        `demo in production: ${sign}, and the demo signs for whoever asks, what no channel accepts; start with --config FILE`,
    );
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}
