// Where every value of a token stands in its content.

import { repairToken } from "../token/altered.ts";
import { type ByteSpan, MalformedToken } from "../token/bytes.ts";
import { parseToken } from "../token/parse.ts";
import { inQuotes } from "./printable.ts";
import { tableLines } from "./table.ts";

/** The values of a text, and what came after the last of them. */
export interface ByteMap {
  /** What offsets count in. */
  readonly content: string;
  readonly spans: readonly ByteSpan[];
  /** Why there are no more, if the text is damaged there. */
  readonly fault: string | undefined;
}

/** Maps a text, or what it is when repaired; as far as it goes, if it is damaged. */
export function byteMapOf(original: string): ByteMap {
  const first = attempt(original);
  if (first.fault === undefined) return first;
  const repaired = repairToken(original);
  return repaired?.parsed ? attempt(repaired.text) : first;
}

/** The map as a table. */
export function byteMapLines({ content, spans, fault }: ByteMap): string[] {
  const rows = spans.map(({ offset, length, name, value }) => [String(offset), String(length), name, shown(value)]);
  return [
    `Offsets are in ${content}.`,
    ...tableLines([["OFFSET", "LENGTH", "NAME", "VALUE"], ...rows]),
    ...(fault === undefined ? [] : [`It ends there: ${fault}.`]),
  ];
}

/** The map for programs. Bytes are in hexadecimal digits. */
export function byteMapJson({ content, spans, fault }: ByteMap): Record<string, unknown> {
  const values = spans.map((span) => ({
    ...span,
    value: span.value instanceof Uint8Array ? hex(span.value) : span.value,
  }));
  return { content, spans: values, ...(fault !== undefined && { fault }) };
}

function attempt(text: string): ByteMap {
  const spans: ByteSpan[] = [];
  const content = text.startsWith("006") ? "what base64 decodes behind the App ID" : "the inflated content";
  try {
    const parsed = parseToken(text, (span) => spans.push(span));
    const fault = parsed.kind === "token" ? undefined : "its format is one that only its name is read of";
    return { content, spans, fault };
  } catch (error) {
    if (!(error instanceof MalformedToken)) throw error;
    return { content, spans, fault: error.message };
  }
}

function shown(value: ByteSpan["value"]): string {
  if (typeof value === "string") return inQuotes(value);
  return typeof value === "number" ? String(value) : hex(value);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
