// How options spell values: strict, so that a slip is an error and not another value.

import { readFileSync } from "node:fs";
import type { JsonValue } from "@bufbuild/protobuf";
import type { Instant, Seconds } from "../clock.ts";
import { usage } from "./exit.ts";
import { faultOf } from "./file-faults.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** A length of time with its unit: `90s`, `15m`, `2h`. */
export function secondsFrom(option: string): (text: string) => Seconds {
  return (text) => {
    const { count, unit = "" } = /^(?<count>\d{1,9})(?<unit>[smh])$/.exec(text)?.groups ?? {};
    if (count === undefined) throw usage(`${option} takes a length of time with its unit: 90s, 15m, 2h`);
    return Number(count) * (UNITS[unit] ?? 1);
  };
}

/** A time with its zone: `2026-11-24T10:00:00Z`, or `@1795514400` in seconds since 1970. */
export function instantFrom(option: string): (text: string) => Instant {
  return (text) => {
    const since1970 = /^@(\d{1,11})$/.exec(text)?.[1];
    const at = since1970 === undefined ? Math.floor(Date.parse(text) / 1000) : Number(since1970);
    if (since1970 === undefined && (!ISO_TIME.test(text) || Number.isNaN(at))) {
      throw usage(`${option} takes a time with its zone, such as 2026-11-24T10:00:00Z, or @ and seconds since 1970`);
    }
    return at;
  };
}

/** A whole number. */
export function wholeNumber(option: string, most: number): (text: string) => number {
  return (text) => {
    if (!/^\d{1,10}$/.test(text) || Number(text) > most)
      throw usage(`${option} takes a whole number from 0 to ${most}`);
    return Number(text);
  };
}

/** For options that may stand several times. */
export function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** JSON. What is wrong with it is said without its text, which may be a token. */
export function jsonFrom(option: string, text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw usage(`${option}: it is not JSON`);
  }
}

/** What stands in the message of an error about JSON, without what may be a token. */
export function withoutTokens(error: unknown): string {
  return error instanceof Error ? error.message.replace(/"[^"]{33,}"/g, '"..."').slice(0, 300) : "";
}

/** The text of a file that an option names. */
export function fileText(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usage(`${option}: ${file} cannot be read: ${faultOf(error)}`);
  }
}
