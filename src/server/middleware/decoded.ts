import { requireDecoded } from "../../rpc/definition.ts";
import type { Step } from "./steps.ts";

/** Lets requests pass that could be decoded. */
export function decoded(): Step {
  return ({ request }) => {
    requireDecoded(request);
  };
}
