/** Lines of columns, each as wide as its widest cell. The first row is the heading. */
export function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? "")].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - [...cell].length))
      .join("  ")
      .trimEnd(),
  );
}

/** The elements of a list as a cell; a dash for none. */
export function listCell(list: readonly string[]): string {
  return list.length === 0 ? "-" : list.join(", ");
}

/** Whether, as a cell. */
export function yesCell(value: boolean): string {
  return value ? "yes" : "no";
}
