import { randomUUID } from "node:crypto";
import type { Step } from "./steps.ts";

/** What {@link requestId} adds. */
export interface Named {
  /** 1 to 64 of `A-Z`, `a-z`, `0-9`, `.`, `_` and `-`. */
  readonly requestId: string;
}

/** The header that names a call, both ways. */
export const REQUEST_ID = "x-request-id";
// What looks like an API key is told to nobody: a caller has put it into the wrong header.
const FIT = /^(?!.*agk_)[A-Za-z0-9._-]{1,64}$/;

/** The name that a caller gave its call, if it is fit to be repeated. */
export function fitName(text: string | undefined): string | undefined {
  return text !== undefined && FIT.test(text) ? text : undefined;
}

/** Gives a call the name that its caller gave it, if it is fit to be repeated, or one that is made up, and tells it. */
export function requestId(): Step<Named> {
  return (_, context) => {
    const id = fitName(context.metadata.get(REQUEST_ID)) ?? randomUUID();
    context.header.set(REQUEST_ID, id);
    context.requestId = id;
  };
}
