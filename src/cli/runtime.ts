/**
 * The oldest version of each line of Node.js that has the latest fixes of http2, those of 30 July 2026, among them
 * CVE-2026-56846 and CVE-2026-56848. Source: Node.js security releases.
 */
const FLOORS = new Map<number, readonly [minor: number, patch: number]>([
  [22, [23, 2]],
  [24, [18, 1]],
  [26, [5, 1]],
]);
const SAFE = "22.23.2";

/** What there is to say about a version of Node.js, or undefined. */
export function runtimeWarning(version: string): string | undefined {
  const [line = 0, minor = 0, patch = 0] = version.replace(/^v/, "").split(".").map(Number);
  if (line > Math.max(...FLOORS.keys())) return undefined;
  const floor = FLOORS.get(line);
  if (!floor) {
    return `Node.js ${version} is past its end of life and lacks fixes of http2 that other lines have: run version ${SAFE} or later, of a line that is maintained`;
  }
  if (minor > floor[0] || (minor === floor[0] && patch >= floor[1])) return undefined;
  return `Node.js ${version} lacks fixes of http2: run version ${line}.${floor.join(".")} or later`;
}
