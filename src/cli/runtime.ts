/** The oldest version of each line of Node.js that has the latest fixes of http2. Source: Node.js security releases of 2026. */
const FLOORS: Readonly<Record<number, readonly [number, number]>> = { 22: [23, 2], 24: [18, 1] };
const OLDEST_LINE = 22;

/** What there is to say about a version of Node.js, or undefined. */
export function runtimeWarning(version: string): string | undefined {
  const [line = 0, minor = 0, patch = 0] = version.replace(/^v/, "").split(".").map(Number);
  if (line < OLDEST_LINE) {
    return `Node.js ${version} is past its end of life and lacks fixes of http2 that later lines have: run version 22.23.2 or later`;
  }
  const floor = FLOORS[line];
  if (!floor || minor > floor[0] || (minor === floor[0] && patch >= floor[1])) return undefined;
  return `Node.js ${version} lacks fixes of http2: run version ${line}.${floor[0]}.${floor[1]} or later`;
}
