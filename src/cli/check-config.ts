import { systemClock } from "../clock.ts";
import { ConfigInvalid } from "../config/config.ts";
import { readNames } from "./auditing.ts";
import { EXIT } from "./exit.ts";
import { readPlainFile } from "./files.ts";
import { type Loaded, load, selfCheckAt } from "./load.ts";
import {
  type CallerOutlook,
  callerOutlooks,
  type ProjectOutlook,
  projectOutlooks,
  type RowOutlook,
} from "./outlook.ts";
import { readAll } from "./reading.ts";
import type { Surroundings } from "./serve.ts";
import { listCell, tableLines, yesCell } from "./table.ts";

/** How to check, and what to print. */
export interface CheckOptions {
  readonly json?: boolean;
  readonly unsafeSamples?: boolean;
}

/**
 * Reads and checks a configuration as the start does.
 *
 * @throws ConfigInvalid or SelfCheckFailed
 */
export async function loadOnce(file: string, { unsafeSamples = false }: CheckOptions): Promise<Loaded> {
  const reading = await readAll(file, readPlainFile);
  try {
    return load(reading, { samples: unsafeSamples }, selfCheckAt(systemClock), systemClock);
  } finally {
    reading.wipe();
  }
}

/**
 * Prints what a configuration will do.
 *
 * @returns the exit code
 * @throws ConfigInvalid or SelfCheckFailed; with `json`, the problems of a configuration are printed instead
 */
export async function checkConfig(file: string, options: CheckOptions, around: Surroundings): Promise<number> {
  try {
    const { settings } = await loadOnce(file, options);
    await readNames(file, settings);
    const projects = projectOutlooks(settings);
    const callers = callerOutlooks(settings);
    if (options.json) around.out(JSON.stringify({ file, projects, callers }, null, 2));
    else for (const line of linesOf(file, projects, callers)) around.out(line);
    return EXIT.OK;
  } catch (error) {
    if (!options.json || !(error instanceof ConfigInvalid)) throw error;
    around.out(JSON.stringify({ file, problems: error.problems }, null, 2));
    return EXIT.CONFIG;
  }
}

function linesOf(file: string, projects: readonly ProjectOutlook[], callers: readonly CallerOutlook[]): string[] {
  const projectRows = projects.map(({ id, appId, signsWith, verifiesWith, revoked, token006, maxTtl }) => [
    id,
    appId,
    signsWith ?? "nothing",
    listCell(verifiesWith),
    listCell(revoked),
    yesCell(token006),
    `${maxTtl}s`,
  ]);
  return [
    `${file}: no problems`,
    "",
    ...tableLines([["PROJECT", "APP ID", "SIGNS WITH", "VERIFIES WITH", "REVOKED", "006", "MAX TTL"], ...projectRows]),
    "",
    ...tableLines([CALLER_HEADING, ...callers.flatMap(callerRows)]),
  ];
}

const CALLER_HEADING = [
  "CALLER",
  "PROOF",
  "PROJECTS",
  "METHODS",
  "SERVICES",
  "CHANNELS",
  "USERS",
  "ROLES",
  "MAX TTL",
  "ANY USER",
  "ANY CHANNEL",
  "ROW",
] as const;

function callerRows({ id, proof, rows }: CallerOutlook): string[][] {
  if (rows.length === 0) return [[id, proof, ...CALLER_HEADING.slice(2).map(() => "-")]];
  return rows.map((row) => [id, proof, ...rowCells(row)]);
}

function rowCells(row: RowOutlook): string[] {
  const [least, most] = row.maxTtl;
  return [
    listCell(row.projects),
    listCell(row.methods),
    listCell(row.services),
    listCell(row.channels),
    listCell([...(row.uids ? ["uids"] : []), ...row.accounts]),
    listCell(row.roles),
    least === most ? `${most}s` : `${least}s to ${most}s`,
    yesCell(row.anyUser),
    yesCell(row.anyChannel),
    `permits[${row.permit}]${row.place ? `, line ${row.place.line}` : ""}`,
  ];
}
