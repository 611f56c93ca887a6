// The table of the README, made of what the descriptions of findings are made of, so that the two cannot drift apart.

import { FINDING_REASONS, FINDINGS, type Severity } from "../../src/issuing/findings.ts";

const EFFECTS: Readonly<Record<Severity, string>> = { rejects: "rejects", open: "leaves open", notes: "notes" };

/** What people see, what is found, and what mends it: a table in Markdown, the gravest first. */
export function findingsTable(): string {
  const rows = FINDING_REASONS.map((reason) => {
    const { severity, code, symptom, mend, lesser } = FINDINGS[reason];
    const effect = lesser ? `${EFFECTS[severity]} or ${EFFECTS[lesser]}` : EFFECTS[severity];
    return [symptom, `\`${reason}\``, `${effect}${code === 0 ? "" : `, ${code}`}`, mend];
  });
  const table = [
    ["What you see", "What is found", "Effect, and Agora's error", "What mends it"],
    ["-", "-", "-", "-"],
    ...rows,
  ];
  return table.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n");
}
