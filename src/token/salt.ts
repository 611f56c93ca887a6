import { randomInt } from "node:crypto";

/** A random number from 1 to 2^32-1 that makes a token unlike others. Zero is left out: it reads as "not set". */
export function randomSalt(): number {
  return randomInt(1, 2 ** 32);
}
