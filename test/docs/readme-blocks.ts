// The code blocks of README.md, and what each line to be typed in them is expected to end with.

import { readFileSync } from "node:fs";

/** A fenced block. */
export interface Block {
  /** What stands over it: `At the prompt`. */
  readonly heading: string;
  /** `sh`, `ts`, `yaml`. */
  readonly language: string;
  readonly text: string;
}

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

/** Every block, in order. */
export const BLOCKS: readonly Block[] = [...README.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(
  ({ 1: language = "", 2: text = "", index }) => {
    const heading = /^#+ (.*)$/m.exec(README.slice(README.slice(0, index).lastIndexOf("\n#") + 1))?.[1] ?? "";
    return { heading, language, text };
  },
);

/** The block of a language under a heading. */
export function blockOf(heading: string, language: string): string {
  const found = BLOCKS.filter((block) => block.heading === heading && block.language === language);
  const [block] = found;
  if (block === undefined || found.length > 1)
    throw new Error(`README.md has ${found.length} ${language} of ${heading}`);
  return block.text;
}

/**
 * The lines of `At the prompt`, each with its exit code and what it prints. `test:interop` runs them as they stand; a
 * line that is added there is added here.
 */
export const AT_THE_PROMPT: readonly (readonly [line: string, code: number, prints: RegExp])[] = [
  [
    "npx agora-tokend build --project demo --ttl 1h --channel room-1 --uid 42 --role publisher",
    0,
    /^007eJ[A-Za-z0-9+/]+=*\n$/,
  ],
  ["npx agora-tokend inspect --config FILE --channel room-1 --uid 42 < token.txt", 0, /^accepted: /],
  ["npx agora-tokend inspect --bytes < token.txt", 2, /^\d+ +6 +channel name +"room-1"$/m],
  ["npx agora-tokend renew --project demo --ttl 2h < token.txt", 0, /^007eJ[A-Za-z0-9+/]+=*\n$/],
  ["npx agora-tokend explain --config FILE --caller local --request request.json", 0, /permit/],
  ["npx agora-tokend audit find audit.jsonl < token.txt", 0, /BuildToken/],
  ["npx agora-tokend health --server unix:/run/token.sock", 0, /SERVING/],
  ["npx agora-tokend check-config FILE", 0, /live/],
];
