// The shape of a document: which keys it may have, and of what kind each is. What is not listed is a slip.

/** A kind of value: text, a whole number, a flag, a number or the name of a port, labels, a list, or an object. */
export type Shape =
  | "text"
  | "whole"
  | "flag"
  | "port"
  | "labels"
  | readonly [Shape]
  | ReadonlySet<string>
  | { readonly [key: string]: Shape };

/** One of these words. */
export function oneOf(...words: readonly string[]): ReadonlySet<string> {
  return new Set(words);
}

/**
 * What of a value does not fit its shape, each with its path.
 *
 * @param shape a key that ends in `!` has to be there
 */
export function misfits(shape: Shape, value: unknown, path = ""): string[] {
  if (typeof shape === "string") return KINDS[shape](value) ? [] : [`${path}: is no ${shape}`];
  if (shape instanceof Set) return shape.has(String(value)) ? [] : [`${path}: is none of ${[...shape].join(", ")}`];
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return [`${path}: is no list`];
    return value.flatMap((each, index) => misfits(shape[0], each, `${path}[${index}]`));
  }
  return misfitsOfKeys(shape as Readonly<Record<string, Shape>>, value, path);
}

function misfitsOfKeys(shape: Readonly<Record<string, Shape>>, value: unknown, path: string): string[] {
  if (!isObject(value)) return [`${path}: is no object`];
  const known = new Map(Object.entries(shape).map(([key, each]) => [key.replace("!", ""), each]));
  const required = Object.keys(shape).flatMap((key) => (key.endsWith("!") ? [key.slice(0, -1)] : []));
  const missing = required.filter((key) => !(key in value)).map((key) => `${path}.${key}: is missing`);
  const wrong = Object.entries(value).flatMap(([key, each]) => {
    const of = known.get(key);
    return of === undefined ? [`${path}.${key}: is no key`] : misfits(of, each, `${path}.${key}`);
  });
  return [...missing, ...wrong];
}

const KINDS = {
  text: (value: unknown) => typeof value === "string" && value !== "",
  whole: (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0,
  flag: (value: unknown) => typeof value === "boolean",
  port: (value: unknown) =>
    (Number.isSafeInteger(value) && Number(value) > 0 && Number(value) < 65_536) ||
    (typeof value === "string" && /^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/.test(value)),
  labels: (value: unknown) => isObject(value) && Object.values(value).every((each) => typeof each === "string"),
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
