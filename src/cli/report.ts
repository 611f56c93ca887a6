// An inspection for people: the verdict, what was found with its mend, and what the token says.

import { type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  type Finding,
  type FindingReason,
  FindingReasonSchema,
  type InspectTokenResponse,
  SignatureCheck,
  type TokenInfo,
  TokenInfoSchema,
  Verdict,
} from "../../gen/agora/token/v1/token_pb.ts";
import { FINDINGS } from "../issuing/findings.ts";
import { lengthOfTime } from "../issuing/words.ts";
import { type Colour, inQuotes, type Paint, printable } from "./printable.ts";
import { tableLines } from "./table.ts";

const VERDICTS: Readonly<Record<number, readonly [text: string, colour: Colour]>> = {
  [Verdict.ACCEPTED]: ["accepted: the token is genuine and good", "green"],
  [Verdict.REJECTED]: ["rejected: the token is not good", "red"],
  [Verdict.INCONCLUSIVE]: ["inconclusive: nothing is known to be wrong, but not all could be checked", "yellow"],
};

const SIGNATURES: Readonly<Record<number, string>> = {
  [SignatureCheck.VALID]: "valid",
  [SignatureCheck.INVALID]: "not made by any certificate of the project",
  [SignatureCheck.SKIPPED]: "not checked",
};

const COLOURS = { rejects: "red", open: "yellow", notes: "dim" } as const satisfies Record<string, Colour>;

/** Values that are words of the contract, and not text of the token. */
const WORDS = /(^|\.)(version|resource_type|access)$/;
const TIME = /(^|\.)[a-z]+_time$/;

/** How to write a report. */
export interface ReportOptions {
  readonly paint: Paint;
  /** What would let the signature be checked, if there was nothing to check it with. */
  readonly unchecked?: string | undefined;
}

/** The lines of a report. */
export function reportLines(response: InspectTokenResponse, { paint, unchecked }: ReportOptions): string[] {
  const [verdict, colour] = VERDICTS[response.verdict] ?? ["no verdict", "yellow"];
  return [
    paint("bold", paint(colour, verdict)),
    ...response.findings.flatMap((finding) => ["", ...findingLines(finding, response.verdict, paint)]),
    "",
    ...heading(tableLines([["FIELD", "VALUE", "LOCAL TIME"], ...rowsOf(response, unchecked)]), paint),
  ];
}

/** A time where this machine is: `2026-11-24 11:00:00 +01:00`. */
export function localTime(at: Date): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const east = -at.getTimezoneOffset();
  const zone = `${east < 0 ? "-" : "+"}${two(Math.abs(east) / 60)}:${two(Math.abs(east) % 60)}`;
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} ${zone}`;
}

/** What a finding is called in the contract, without its prefix. */
export function findingName(reason: FindingReason): string {
  return FindingReasonSchema.value[reason]?.localName ?? `reason ${reason}`;
}

function findingLines({ reason, description, agoraErrorCode }: Finding, verdict: Verdict, paint: Paint): string[] {
  const name = findingName(reason);
  const code = agoraErrorCode === 0 ? "" : ` (Agora's error ${agoraErrorCode})`;
  return [`${paint(colourOf(name, verdict), name)}${code}`, `  ${printable(description)}`];
}

// A finding that rejects in most cases may only note in this one, and then the verdict tells.
function colourOf(name: string, verdict: Verdict): Colour {
  const severity = name in FINDINGS ? FINDINGS[name as keyof typeof FINDINGS].severity : "notes";
  return COLOURS[severity === "rejects" && verdict !== Verdict.REJECTED ? "notes" : severity];
}

function heading([first = "", ...rest]: readonly string[], paint: Paint): string[] {
  return [paint("dim", first), ...rest];
}

function rowsOf(response: InspectTokenResponse, unchecked: string | undefined): string[][] {
  const { signatureCheck, project, certificateId, inspectTime, tokenInfo } = response;
  const why = signatureCheck === SignatureCheck.SKIPPED && unchecked !== undefined ? `: ${unchecked}` : "";
  return [
    ["signature", `${SIGNATURES[signatureCheck] ?? "unknown"}${why}`],
    ...(project === "" ? [] : [["project", printable(project)]]),
    ...(certificateId === "" ? [] : [["certificate", printable(certificateId)]]),
    ...(tokenInfo ? tokenRows(tokenInfo) : []),
    ...(inspectTime ? [["judged at", ...timeCells(timestampDate(inspectTime))]] : []),
  ];
}

function tokenRows(info: TokenInfo): string[][] {
  const rows = leaves("", toJson(TokenInfoSchema, info, { useProtoFieldName: true }));
  const { issueTime, expireTime } = info;
  const lifetime = issueTime && expireTime && Number(expireTime.seconds - issueTime.seconds);
  const after = rows.findIndex(([name]) => name === "expire_time") + 1;
  return lifetime === undefined ? rows : rows.toSpliced(after, 0, ["lifetime", lengthOfTime(lifetime)]);
}

/** Every value of a JSON with its path, as the contract names it. */
function leaves(path: string, value: JsonValue): string[][] {
  if (Array.isArray(value)) return value.flatMap((each, index) => leaves(`${path}[${index}]`, each));
  if (typeof value === "object" && value !== null) return branches(path, value);
  return [[path, ...cellsOf(path, value)]];
}

function branches(path: string, value: JsonObject): string[][] {
  const entries = Object.entries(value);
  // A privilege without an end of its own, or a service without parts.
  if (entries.length === 0) return [[path, /\.privileges\./.test(path) ? "as long as the token" : "granted"]];
  return entries.flatMap(([name, each]) => {
    const step = name === "grant" ? path : path === "" ? name : `${path}.${name}`;
    return leaves(step.replace(/(\.privileges\.[a-z_]+)\.expire_time$/, "$1"), each);
  });
}

function cellsOf(path: string, value: string | number | boolean | null): string[] {
  if (typeof value !== "string") return [String(value)];
  if (TIME.test(path) || /\.privileges\.[a-z_]+$/.test(path)) return timeCells(new Date(value));
  if (WORDS.test(path)) return [printable(value.replace(/^TOKEN_VERSION_/, ""))];
  return [/^[0-9a-fA-F]{32}$/.test(value) ? value : inQuotes(value)];
}

function timeCells(at: Date): string[] {
  return [at.toISOString().replace(".000Z", "Z"), localTime(at)];
}
