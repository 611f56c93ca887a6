import { create, type DescField, ScalarType } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import type { Scalar } from "yaml";

/** What became of a scalar: the value for the message, or a hint at what would mend it, which may be empty. */
export type Read = { readonly value: unknown } | { readonly hint: string };

const UINT32_MAX = 0xffff_ffff;

/** The longest time that any key accepts, in seconds: a longer one is not suggested. */
const LONGEST = 86400;

/** Reads text: quoted, or plain where YAML does not take it for something else. It is not empty, and one line. */
export function readString({ value }: Scalar): Read {
  if (typeof value === "number") return { hint: "YAML reads this as a number: quote it" };
  if (typeof value === "boolean") return { hint: "YAML reads this as a boolean: quote it" };
  if (typeof value !== "string") return { hint: "" };
  if (value === "") return { hint: "it is empty: leave the key out, or give it a value" };
  if (!value.isWellFormed()) return { hint: "it has half of a surrogate pair in it" };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(value)) return { hint: "it has a line break or another control character in it" };
  return { value };
}

/** Reads `true` and `false`, and no other spelling. */
export function readBool({ value, source = "" }: Scalar): Read {
  if (typeof value === "boolean" && (source === "true" || source === "false")) return { value };
  const word = String(value).toLowerCase();
  if (["true", "yes", "y", "on", "1"].includes(word)) return { hint: "write true, without quotes" };
  if (["false", "no", "n", "off", "0"].includes(word)) return { hint: "write false, without quotes" };
  return { hint: "" };
}

/** Reads an integer from 0 to 4294967295 in decimal digits. */
export function readUint32({ value, source = "" }: Scalar): Read {
  if (typeof value === "string") {
    const digits = value.replaceAll(/[_,. ]/g, "");
    if (!/^[1-9]\d{0,9}$/.test(digits)) return { hint: "" };
    return { hint: `write ${digits}, without ${digits === value ? "quotes" : "anything between the digits"}` };
  }
  if (typeof value !== "number") return { hint: "" };
  if (value > UINT32_MAX) return { hint: "it is too large" };
  if (/^(0|[1-9]\d*)$/.test(source)) return { value };
  return { hint: Number.isInteger(value) && value > 0 ? `write ${value}` : "" };
}

/** Reads whole seconds with their unit, `3600s`, into a `google.protobuf.Duration`. */
export function readDuration({ value }: Scalar): Read {
  if (typeof value === "number") return { hint: Number.isInteger(value) ? writeSeconds(value) : "" };
  if (typeof value !== "string") return { hint: "" };
  const seconds = /^(0|[1-9]\d{0,8})s$/.exec(value)?.[1];
  if (seconds === undefined) return { hint: writeSeconds(secondsOf(value)) };
  return { value: reflect(DurationSchema, create(DurationSchema, { seconds: BigInt(seconds) })) };
}

function writeSeconds(seconds: number): string {
  return seconds >= 1 && seconds <= LONGEST ? `write ${seconds}s` : "";
}

/** The seconds of `1h`, `5 min`, `1h30m`; 0 for anything else. */
function secondsOf(text: string): number {
  const parts =
    /^(?:(\d+) ?d(?:ays?)?)? ?(?:(\d+) ?h(?:ours?)?)? ?(?:(\d+) ?m(?:in)?)? ?(?:(\d+) ?(?:s(?:ec)?)?)?$/i.exec(text);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = (parts ?? []).slice(1).map((part) => Number(part ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

/** The reader of a scalar field, or of the elements of a list of scalars. */
export function readerOf(scalar: ScalarType): (node: Scalar) => Read {
  if (scalar === ScalarType.STRING) return readString;
  if (scalar === ScalarType.BOOL) return readBool;
  if (scalar === ScalarType.UINT32) return readUint32;
  throw new Error(`no reader for the scalar type ${ScalarType[scalar]}`);
}

/** Whether a field is a length of time. */
export function isDuration(field: DescField): boolean {
  return field.message?.typeName === DurationSchema.typeName;
}
