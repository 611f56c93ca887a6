// No test: fills the old generation of its heap again and again, and prints how much of it was in use at the most, in MB. With the
// argument `serving`, as a process does that serves.
import { processSurroundings } from "../../src/cli/process.ts";

const KEPT = 200_000;
const STEPS = 400;
const EACH = 3000;
const AT_ONCE = 60_000;

const around = processSurroundings();
if (process.argv[2] === "serving") around.onServing?.();
const kept = Array.from({ length: KEPT }, (_, index) => ({ index, list: [index] }));
let most = 0;
let left: unknown[] = [];
let step = 0;
const timer = setInterval(() => {
  for (let n = 0; n < EACH; n++) left.push(new Array(50).fill(n));
  if (left.length > AT_ONCE) left = [];
  most = Math.max(most, process.memoryUsage().heapUsed);
  if (++step < STEPS) return;
  clearInterval(timer);
  // To tell of it is what keeps it alive until now.
  if (kept.length !== KEPT) throw new Error("not kept");
  console.log(Math.round(most / 1e6));
}, 1);
