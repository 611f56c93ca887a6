// What the run of the quick starts ends with: a table of what called, with what, and what Agora's code said.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copySources, INTEROP } from "./harness.ts";

/** A row of the table. */
export interface Row {
  readonly language: string;
  readonly runtime: string;
  readonly "stub generator": string;
  readonly calls: number;
  readonly "official parser": string;
  readonly answer: string;
  readonly seconds: number;
}

const ROWS = join(INTEROP, "rows");

/** Adds a row. Each file of tests runs apart from the others, so rows meet on disk. */
export function addRow(row: Row): void {
  mkdirSync(ROWS, { recursive: true });
  writeFileSync(join(ROWS, `${row.language}.json`), JSON.stringify(row));
}

/** Before all tests: builds the server, and copies what the programs are built from. */
export function setup(): void {
  rmSync(ROWS, { recursive: true, force: true });
  const npm = (script: string) => execFileSync("npm", ["run", "--silent", script], { stdio: "inherit" });
  // Printed by `npm run generate`, and not committed. Where it is there, gen/ is left alone.
  if (!existsSync("proto/.validate/buf/validate/validate.proto")) npm("generate");
  npm("build");
  copySources();
}

/** After all tests. */
export function teardown(): void {
  if (!existsSync(ROWS)) return;
  const rows = readdirSync(ROWS).map((name) => JSON.parse(readFileSync(join(ROWS, name), "utf8")) as Row);
  console.log(markdown(rows));
}

function markdown(rows: readonly Row[]): string {
  const names = Object.keys(rows[0] ?? {}) as (keyof Row)[];
  const cells = rows.map((row) => names.map((name) => String(row[name])));
  const widths = names.map((name, at) => Math.max(name.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (texts: readonly string[]) => `| ${texts.map((text, at) => text.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return ["", line(names), line(widths.map((width) => "-".repeat(width))), ...cells.map(line), ""].join("\n");
}
