import { addAudit } from "./audit.ts";
import { addBuild } from "./build.ts";
import { addCompletion } from "./completion.ts";
import { addHealth } from "./health.ts";
import { addInspect } from "./inspect.ts";
import type { AddCommand } from "./prompt.ts";
import { addRenew } from "./renew.ts";

/** THE LIST: the commands for people at the prompt, in the order of the help. */
export const AT_THE_PROMPT: readonly AddCommand[] = [
  addBuild,
  addRenew,
  addInspect,
  addHealth,
  addAudit,
  addCompletion,
];
