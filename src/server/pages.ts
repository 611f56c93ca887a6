// What a GET of the admin address answers.

import type { RequestListener, ServerResponse } from "node:http";
import type { Health } from "../api/health.ts";

/** What the pages tell. */
export interface Pages {
  readonly health: Health;
  /** The metrics, as Prometheus reads them. */
  readonly metrics: () => Promise<Page>;
  /** Whether the process does its work still. */
  readonly isLive: () => boolean;
  /** Of a clock that never goes back, in milliseconds. */
  readonly monotonic: () => number;
}

/** A text and its media type. */
export interface Page {
  readonly type: string;
  readonly text: string;
}

interface Answer {
  readonly status: 200 | 404 | 405 | 500 | 503;
  readonly page: Page;
}

/** However many ask for the metrics, they are made once in so many milliseconds. */
const METRICS_MS = 1000;
const PLAIN = "text/plain; charset=utf-8";
const PATHS = "/metrics, /livez and /readyz";

/** Answers GET of `/metrics`, `/livez` and `/readyz`. */
export function pages(parts: Pages): RequestListener {
  const metrics = onceIn(METRICS_MS, parts.monotonic, parts.metrics);
  const answers: Readonly<Record<string, () => Answer | Promise<Answer>>> = {
    "/metrics": async () => ({ status: 200, page: await metrics() }),
    "/livez": () => plain(parts.isLive() ? 200 : 503, parts.isLive() ? "alive" : "the event loop has stalled"),
    "/readyz": () => (parts.health.check("") ? plain(200, "ready") : plain(503, notReady(parts.health))),
  };
  return ({ method, url = "" }, response) => {
    const path = url.split("?")[0] ?? "";
    const answer = Object.hasOwn(answers, path) ? answers[path] : undefined;
    if (method !== "GET") send(response, plain(405, "this address takes GET alone"));
    else if (!answer) send(response, plain(404, `there is ${PATHS}`));
    else
      Promise.resolve(answer()).then(
        (ready) => send(response, ready),
        () => send(response, plain(500, "internal error")),
      );
  };
}

function plain(status: Answer["status"], text: string): Answer {
  return { status, page: { type: PLAIN, text: `${text}\n` } };
}

// Names of services are the contract's, and none is from a request.
function notReady(health: Health): string {
  const waiting = Array.from(health.list(), ([service, serving]) => (serving ? "" : service)).filter(Boolean);
  return ["not ready", ...waiting.map((service) => `not serving: ${service}`)].join("\n");
}

function send(response: ServerResponse, { status, page }: Answer): void {
  response.writeHead(status, {
    "content-type": page.type,
    "content-length": Buffer.byteLength(page.text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    // One request for each connection, so that none is kept open.
    connection: "close",
    ...(status === 405 && { allow: "GET" }),
  });
  response.end(page.text);
}

function onceIn<T>(milliseconds: number, clock: () => number, make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  let until = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock();
    if (made && now < until) return made;
    until = now + milliseconds;
    made = make();
    return made;
  };
}
