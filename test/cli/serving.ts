// The service as it runs, in this process, with a timer and signals that a test turns.

import { dirname } from "node:path";
import { onTestFinished } from "vitest";
import type { ReloadResult } from "../../src/cli/reloading.ts";
import { serve } from "../../src/cli/serve.ts";
import { channelTo, clientOf } from "../e2e/client.ts";
import { configured, write } from "./command.ts";
import { type ConfigParts, configIn } from "./files.ts";

/** A running service. It ends with the test. */
export interface Serving {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly channel: ReturnType<typeof channelTo>;
  readonly client: ReturnType<typeof clientOf>;
  /** The folder of the configuration and the certificates. */
  readonly folder: string;
  /** Seconds since 1970. */
  now: number;
  readonly results: readonly ReloadResult[];
  /** What it printed. */
  readonly lines: readonly string[];
  /** What it printed as errors. */
  readonly errors: readonly string[];
  /** Stops it, and waits until it has ended. */
  stop(): Promise<void>;
  /** Writes the configuration. */
  configure(parts: ConfigParts): void;
  /** Lets the time of one look at the files pass, and waits until it is over. */
  tick(): Promise<void>;
  /** Asks for a reload as SIGHUP does, and waits until it is over. */
  hangUp(): Promise<ReloadResult>;
}

/** Serves a configuration. */
export async function serving(parts: ConfigParts = {}, file = configured(parts)): Promise<Serving> {
  const folder = dirname(file);
  const results: ReloadResult[] = [];
  const errors: string[] = [];
  const lines: string[] = [];
  const stops: (() => void)[] = [];
  const timer = new Turned();
  const reloads: (() => void)[] = [];
  let told: (result: ReloadResult) => void = () => undefined;
  let ended: Promise<void> = Promise.resolve();
  const service = { now: Math.floor(Date.now() / 1000) };
  await new Promise<void>((resolve, reject) => {
    ended = serve(
      { config: file },
      {
        out: (line) => lines.push(line),
        error: (line) => errors.push(line),
        stop: () => {
          resolve();
          return new Promise((stop) => stops.push(stop));
        },
        after: timer.after,
        clock: () => service.now,
        onReload: (result) => {
          results.push(result);
          told(result);
        },
        onReloadAsked: (act) => {
          reloads.push(act);
          return () => undefined;
        },
      },
    );
    ended.catch(reject);
  });
  const address = /^agora-tokend serves on (\S+)/.exec(lines[0] ?? "")?.[1] ?? "";
  const channel = channelTo(address);
  const stop = async () => {
    channel.close();
    for (const each of stops) each();
    await ended;
  };
  onTestFinished(stop);
  return Object.assign(service, {
    address,
    channel,
    client: clientOf(channel),
    folder,
    results,
    lines,
    errors,
    stop,
    configure: (next: ConfigParts) => write(folder, "config.yaml", configIn(folder, next)),
    tick: () => timer.tick(),
    hangUp: () =>
      new Promise<ReloadResult>((resolve) => {
        told = resolve;
        for (const reload of reloads) reload();
      }),
  });
}

/** A timer whose time passes when a test says so. */
class Turned {
  #act: (() => void) | undefined;
  #waiting: (() => void) | undefined;

  readonly after = (_milliseconds: number, act: () => void) => {
    this.#act = act;
    this.#waiting?.();
    return () => {
      this.#act = undefined;
    };
  };

  /** Resolves when what was due has set the timer anew. */
  tick(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#act?.();
    });
  }
}
