// What happens, for operators. Nothing of it is text from a request: whoever tells names events and fields of our own.

/** How much is told. Each tells what the ones after it do, too. */
export const LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

/** What a line says besides its time, its level and its event. */
export type Fields = Readonly<Record<string, unknown>>;

/** Tells what happens. */
export interface Log {
  /** @param event what happened, in a word or two: `reload` */
  readonly debug: (event: string, fields?: Fields) => void;
  readonly info: (event: string, fields?: Fields) => void;
  readonly warn: (event: string, fields?: Fields) => void;
  readonly error: (event: string, fields?: Fields) => void;
  /** What ends the process. It is told at every level. */
  readonly fatal: (event: string, fields?: Fields) => void;
  /** Whether anybody wants to know. */
  readonly tells: (level: Level) => boolean;
  /** From now on. */
  readonly setLevel: (level: Level) => void;
}
