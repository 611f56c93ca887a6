import type { Command } from "commander";
import { Finder, type Found } from "../audit/find.ts";
import { fingerprintOfText } from "../audit/fingerprint.ts";
import { type Fault, type Verification, Verifier } from "../audit/verify.ts";
import { EXIT } from "./exit.ts";
import { eachLine, STANDARD_INPUT } from "./lines.ts";
import { jsonText, printable } from "./printable.ts";
import { progressThrough } from "./progress.ts";
import type { AddCommand, Context } from "./prompt.ts";
import { tokenFrom } from "./token-input.ts";

interface AuditOptions {
  readonly json?: boolean;
}

const VERIFY_HELP = `
Lines that are no records are skipped. Nothing vouches for the last record, nor tells whether there were others after
it: compare its number and its hash with what was noted elsewhere.

Examples:
  $ agora-tokend audit verify /var/log/agora-tokend/audit.jsonl.1 /var/log/agora-tokend/audit.jsonl
  $ journalctl -u agora-tokend -o cat | agora-tokend audit verify -

Exit codes:
  0   no gap and no edit
  1   a gap or an edit
  64  wrong use
  65  no record at all
  69  a file cannot be read`;

const FIND_HELP = `
The token is found however its text was altered: in quotes, percent-encoded, with line breaks.

Example:
  $ agora-tokend audit find /var/log/agora-tokend/audit.jsonl < token.txt

Exit codes:
  0   found
  1   not found
  64  wrong use, such as no token on standard input
  65  standard input holds no token
  69  a file cannot be read`;

/** `audit`: checks records, and finds out from them who got a token. */
export const addAudit: AddCommand = (tokend, context) => {
  const audit = tokend.command("audit").description("check the records of decisions, or find out who got a token");
  addVerify(audit, context);
  addFind(audit, context);
};

function addVerify(audit: Command, { around, end, prompt }: Context): void {
  audit
    .command("verify")
    .description("find a gap or an edit in the records")
    .argument("<file...>", "the files of the records, in their order; - is standard input")
    .option("--json", "print it for programs")
    .addHelpText("after", VERIFY_HELP)
    .action(async (files: string[], { json }: AuditOptions) => {
      const verifier = new Verifier();
      await eachRecord(files, prompt, (line, place) => verifier.take(line, place));
      const verification = verifier.finish();
      if (json) around.out(jsonText(verification));
      else for (const line of verificationLines(verification)) around.out(line);
      end(verification.faultCount > 0 ? EXIT.REJECTED : verification.records === 0 ? EXIT.DATA : EXIT.OK);
    });
}

function addFind(audit: Command, context: Context): void {
  const { around, end } = context;
  audit
    .command("find")
    .description("read a token from standard input, and find the records of who got it and who renewed it")
    .argument("<file...>", "the files of the records")
    .option("--json", "print it for programs")
    .addHelpText("after", FIND_HELP)
    .action(async (files: string[], { json }: AuditOptions) => {
      const fingerprint = fingerprintOfText(await tokenFrom(undefined, context));
      if (fingerprint === undefined) {
        around.error("error: standard input holds no token of version 006 or 007");
        return end(EXIT.DATA);
      }
      const finder = new Finder(fingerprint);
      await eachRecord(files, context.prompt, (line, place) => finder.take(line, place));
      if (json) around.out(jsonText({ fingerprint, found: finder.found }));
      else for (const line of foundLines(fingerprint, finder.found)) around.out(line);
      end(finder.found.length > 0 ? EXIT.OK : EXIT.REJECTED);
    });
}

async function eachRecord(
  files: readonly string[],
  prompt: Context["prompt"],
  take: (line: Uint8Array, place: string) => void,
): Promise<void> {
  const progress = progressThrough(files, prompt);
  try {
    for (const file of files)
      await eachLine(file, (line, number) => take(line, `${nameOf(file)}:${number}`), progress.advance);
  } finally {
    progress.end();
  }
}

function nameOf(file: string): string {
  return file === STANDARD_INPUT ? "standard input" : file;
}

function verificationLines({ faults, faultCount, notes, ...chain }: Verification): string[] {
  const { records, first, last, others } = chain;
  if (!last) return ["no record at all"];
  const shown = (fault: Fault) => printable(`${fault.place}: ${fault.what}`);
  return [
    ...faults.map(shown),
    ...(faultCount > faults.length ? [`and ${faultCount - faults.length} more`] : []),
    ...notes.map((note) => `note: ${shown(note)}`),
    ...(others > 0
      ? [`note: ${counted(others, "line")} that ${others === 1 ? "is no record" : "are no records"}`]
      : []),
    `${counted(records, "record")}, from ${first} to ${last.seq}: ${faultCount === 0 ? "no gap and no edit" : counted(faultCount, "fault")}`,
    `the last one has the SHA-256 ${last.hash}`,
  ];
}

function foundLines(fingerprint: string, found: readonly Found[]): string[] {
  if (found.length === 0) return [`no record of the token with the fingerprint ${fingerprint}`];
  return [
    `the token with the fingerprint ${fingerprint}`,
    ...found.flatMap(({ place, as, record }) => [
      "",
      printable(`${as} at ${text(record["time"])}, as ${place} says`),
      ...DETAILS.flatMap((key) => (key in record ? [printable(`  ${key}: ${text(record[key])}`)] : [])),
    ]),
  ];
}

/** What a person is shown of a record, in this order. */
const DETAILS = [
  "caller",
  "proof",
  "spiffe_id",
  "certificate_serial",
  "jwt_issuer",
  "jwt_subject",
  "jwt_id",
  "peer",
  "request_id",
  "method",
  "project",
  "certificate",
  "version",
  "grants",
  "ttl",
  "expire_time",
  "fingerprint",
  "renews",
] as const;

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
