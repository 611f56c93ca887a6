import { expect, test } from "vitest";
import { randomSalt } from "../../src/token/salt.ts";

test("salts are whole numbers from 1 to 2^32-1, and differ", () => {
  const salts = Array.from({ length: 2000 }, randomSalt);
  expect(salts.every((salt) => Number.isInteger(salt) && salt >= 1 && salt <= 0xffff_ffff)).toBe(true);
  // Of 2000 in 2^32, two are the same in one of 2000 runs, and three pairs in one of 10^10.
  expect(new Set(salts).size).toBeGreaterThan(1997);
});

test("salts use all of their 32 bits", () => {
  const salts = Array.from({ length: 500 }, randomSalt);
  // A bit that is the same in 500 salts comes up in one of 10^149 runs.
  const ones = salts.reduce((all, salt) => (all | salt) >>> 0, 0);
  const zeros = salts.reduce((all, salt) => (all & salt) >>> 0, 0xffff_ffff);
  expect([ones, zeros]).toEqual([0xffff_ffff, 0]);
});
