import { execFileSync } from "node:child_process";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

// Where install.sh puts what it installs for this user.
process.env["PATH"] = [process.env["PATH"], join(homedir(), "go", "bin")].join(delimiter);

/**
 * Whether a program is missing, said once with its reason. Under CI a missing program is a failure: a green run must
 * mean that it ran.
 */
export function requires(program: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return false;
  } catch {
    if (process.env["CI"] === "true") throw new Error(`${program} is missing: run test/interop/install.sh`);
    console.warn(`skipped: ${program} is missing, which test/interop/install.sh installs`);
    return true;
  }
}
