// What a run ends with: a table of what went wrong on purpose, under which load, and how many calls that cost.
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A row of the table. */
export interface Row {
  readonly fault: string;
  readonly load: string;
  readonly calls: number;
  /** Calls that failed and should not have. */
  readonly failed: number;
  /** What else was measured. */
  readonly seen?: string;
}

const FILE = "FAULTS_ROWS";
const COLUMNS = ["fault", "load", "calls", "failed", "seen"] as const;

/** Adds a row. Each file of tests runs apart from the others, so rows meet on disk. */
export function addRow(row: Row): void {
  const file = process.env[FILE];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
}

/** Before all tests. */
export function setup(): void {
  process.env[FILE] = join(mkdtempSync(join(tmpdir(), "agora-tokend-faults-")), "rows");
}

/** After all tests. */
export function teardown(): void {
  const file = process.env[FILE] ?? "";
  if (!existsSync(file)) return;
  const rows = readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
  rmSync(join(file, ".."), { recursive: true });
  const sum = (key: "calls" | "failed") => rows.reduce((total, row) => total + row[key], 0);
  console.log(`\n${table(rows)}\n\n${rows.length} faults, ${sum("calls")} calls, ${sum("failed")} failed`);
}

function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => COLUMNS.map((column) => String(row[column] ?? "")));
  const widths = COLUMNS.map((column, at) => Math.max(column.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (texts: readonly string[]) => `| ${texts.map((text, at) => text.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(COLUMNS), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)].join("\n");
}
