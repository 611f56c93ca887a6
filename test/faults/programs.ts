import { execFileSync } from "node:child_process";
import { delimiter } from "node:path";

// Debian keeps servers where not every user looks.
process.env["PATH"] = [process.env["PATH"], "/usr/sbin"].join(delimiter);

/** Whether a program is missing, said once with its reason. Under CI that is a failure: a green run means that it ran. */
export function missing(program: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return false;
  } catch {
    if (process.env["CI"] === "true") throw new Error(`${program} is missing: run test/faults/install.sh`);
    console.warn(`skipped: ${program} is missing, which test/faults/install.sh installs`);
    return true;
  }
}

/** Whether the run is at full length: `npm run test:faults -- --long`. Otherwise each fault takes seconds. */
export const LONG = process.env["LONG"] === "1";

/** One of two figures: of the short run, and of the one at full length. */
export function sized(short: number, long: number): number {
  return LONG ? long : short;
}
