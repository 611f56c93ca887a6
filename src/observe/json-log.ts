// The log as operators' tools read it: a JSON object a line.

import { pino } from "pino";
import type { Fields, Level, Log } from "./log.ts";

/** @param write is given a line without its end */
export function jsonLog(write: (line: string) => void, level: Level = "info"): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(visible(line.trimEnd())) },
  );
  const tell =
    (at: Level | "fatal") =>
    (event: string, fields: Fields = {}) =>
      logger[at]({ event, ...fields });
  return {
    debug: tell("debug"),
    info: tell("info"),
    warn: tell("warn"),
    error: tell("error"),
    fatal: tell("fatal"),
    tells: (at) => logger.isLevelEnabled(at),
    setLevel: (next) => {
      logger.level = next;
    },
  };
}

// JSON escapes the control characters of ASCII alone. These move the cursor, or turn the direction of writing, too.
const UNSEEN = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

function visible(line: string): string {
  return line
    .toWellFormed()
    .replace(UNSEEN, (character) =>
      Array.from({ length: character.length }, (_, at) => escaped(character.charCodeAt(at))).join(""),
    );
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}
