import { describe, expect, test } from "vitest";
import { ClockWatch } from "../../src/server/clock-watch.ts";

const NOW = Date.UTC(2027, 0, 1);
const HOUR = 3_600_000;

/** A machine whose clock a test sets. */
class Machine {
  wall: number;
  monotonic = 0;
  readonly steps: number[] = [];
  readonly changes: boolean[] = [];
  readonly watch: ClockWatch;

  constructor(wall = NOW) {
    this.wall = wall;
    this.watch = new ClockWatch({
      monotonic: () => this.monotonic,
      wall: () => this.wall,
      builtAt: NOW - HOUR,
      onStep: (step) => this.steps.push(step),
      onChange: (right) => this.changes.push(right),
    });
  }

  /** Lets seconds pass, with a look at each. @param rate of the wall clock */
  pass(seconds: number, rate = 1): this {
    for (let second = 0; second < seconds; second++) {
      this.monotonic += 1000;
      this.wall += 1000 * rate;
      this.watch.look();
    }
    return this;
  }

  set(by: number): this {
    this.wall += by;
    return this;
  }
}

describe("the time is believed", () => {
  test.each([
    ["when nothing happens", (machine: Machine) => machine.pass(3600), []],
    ["while it is corrected bit by bit", (machine: Machine) => machine.pass(7200, 0.9), []],
    ["after a step of 5 seconds", (machine: Machine) => machine.set(-5000).pass(60), []],
    ["after a step back of a minute, which is told", (machine: Machine) => machine.set(-60_000).pass(60), [-60_000]],
    ["after a step forward, which is told", (machine: Machine) => machine.set(HOUR).pass(60), [HOUR]],
    [
      "after many steps back with calm between",
      (machine: Machine) => machine.set(-40_000).pass(70).set(-40_000).pass(70),
      [-40_000, -40_000],
    ],
  ])("%s", (_, act, steps) => {
    const machine = new Machine();
    act(machine);
    expect(machine.changes).toEqual([]);
    expect(machine.watch.isRight).toBe(true);
    expect(machine.steps.map(Math.round)).toEqual(steps);
  });
});

describe("the time is not believed", () => {
  test("after a step back of more than a minute, at the first look, until it goes evenly for a minute", () => {
    const machine = new Machine().pass(10).set(-60_001);
    expect(machine.watch.look()).toBe(false);
    expect(machine.steps).toEqual([-60_001]);
    machine.pass(59);
    expect(machine.changes).toEqual([false]);
    machine.pass(1);
    expect(machine.changes).toEqual([false, true]);
    expect(machine.watch.look()).toBe(true);
  });

  test("after two steps back that are more than a minute together", () => {
    const machine = new Machine().set(-40_000).pass(30).set(-40_000).pass(1);
    expect(machine.changes).toEqual([false]);
  });

  test("for a minute after it was set right again", () => {
    const machine = new Machine().set(-HOUR).pass(5).set(HOUR).pass(59);
    expect(machine.changes).toEqual([false]);
    machine.pass(2);
    expect(machine.changes).toEqual([false, true]);
  });

  test("while it is set again and again", () => {
    const machine = new Machine();
    for (let round = 0; round < 10; round++) machine.set(-HOUR / 60 - 1).pass(50);
    expect(machine.changes).toEqual([false]);
  });

  test("while it shows a time before the program was written, from the start on", () => {
    const machine = new Machine(0);
    expect([machine.watch.isRight, machine.changes]).toEqual([false, [false]]);
    machine.pass(600);
    expect(machine.watch.isRight).toBe(false);
    machine.set(NOW).pass(59);
    expect(machine.watch.isRight).toBe(false);
    machine.pass(2);
    expect(machine.changes).toEqual([false, true]);
  });
});
