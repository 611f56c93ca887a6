// The commands of deploy/README.md, and which of them this machine can run.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEPLOY } from "./documents.ts";

/** A block of the page. */
export interface Block {
  /** The nearest heading before it. */
  readonly heading: string;
  /** `sh` or `text`. */
  readonly kind: string;
  readonly text: string;
}

/** The page. */
export const PAGE = readFileSync(join(DEPLOY, "README.md"), "utf8");

// What needs a cluster, a daemon or an init system.
const ELSEWHERE = /^(?:\w+="[^"]*" )?(docker|kubectl|systemctl|journalctl)\b/m;

/** All blocks, in order. */
export function blocks(): Block[] {
  const found: Block[] = [];
  let heading = "";
  for (const [, title, indent = "", kind = "", text = ""] of PAGE.matchAll(
    /^#+ (.+)$|^( *)```(\w+)\n([\s\S]*?)^ *```$/gm,
  )) {
    if (title === undefined) found.push({ heading, kind, text: text.replaceAll(new RegExp(`^${indent}`, "gm"), "") });
    else heading = title;
  }
  return found;
}

/** Whether a block of commands runs on any machine with a shell. */
export function runsHere({ kind, text }: Block): boolean {
  return kind === "sh" && !ELSEWHERE.test(text);
}
