// Secrets that are looked for wherever a process may leave them, in every spelling that they may have there.

import { createPrivateKey } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A secret, and the texts that would give it away. */
export interface Marker {
  readonly name: string;
  readonly needles: readonly string[];
}

/** A place, and the texts that are there. */
export type Place = readonly [name: string, texts: readonly string[]];

/**
 * A secret text in its spellings: as it is, in other cases, and as base64 and hexadecimal digits.
 *
 * @param more further texts that give it away
 */
export function marker(name: string, secret: string, more: readonly string[] = []): Marker {
  const swapped = [...secret].map((letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
  const spelled = [secret, swapped.join(""), secret.toLowerCase(), secret.toUpperCase()];
  const encoded = spelled.flatMap((text) => {
    const hex = Buffer.from(text, "latin1").toString("hex");
    return [...base64Of(text), hex, hex.toUpperCase()];
  });
  return { name, needles: [...new Set([...spelled, ...encoded, ...more])] };
}

/** The pads of HMAC that are as good as an App Certificate: its bytes with 0x36 and with 0x5c (RFC 2104). */
export function padsOf(certificate: string): string[] {
  const bytes = Buffer.from(certificate, "latin1");
  return [0x36, 0x5c].map((pad) => Buffer.from(bytes.map((byte) => byte ^ pad)).toString("latin1"));
}

/** The parts of a private key that are a secret: the number itself, and the middle of its file. */
export function keyMarker(name: string, pem: string): Marker {
  const { d = "" } = createPrivateKey(pem).export({ format: "jwk" });
  const bytes = Buffer.from(d, "base64url");
  return { name, needles: [pem.split("\n")[1] ?? "", d, bytes.toString("latin1"), bytes.toString("hex")] };
}

/** Where the markers are: `heap: API key` and so on. */
export function hits(places: readonly Place[], markers: readonly Marker[]): string[] {
  return places.flatMap(([place, texts]) =>
    markers
      .filter(({ needles }) => texts.some((text) => needles.some((needle) => text.includes(needle))))
      .map(({ name }) => `${place}: ${name}`),
  );
}

/** All strings of a heap snapshot. */
export function stringsOf(snapshot: string): string[] {
  const { strings } = JSON.parse(snapshot) as { strings: string[] };
  return strings;
}

/** The files of a folder whose names end so. */
export function filesIn(folder: string, end: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(end))
    .toSorted()
    .map((name) => join(folder, name));
}

/** What a file holds, a letter for each byte. */
export function contentOf(file: string): string {
  return readFileSync(file, "latin1");
}

// In the midst of other bytes, a text has one of three spellings. Its ends depend on what stands beside it.
function base64Of(text: string): string[] {
  return [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), Buffer.from(text, "latin1")]).toString("base64");
    return whole.slice(Math.ceil((before * 4) / 3), Math.floor(((before + text.length) * 4) / 3) - 1);
  });
}
