import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BEGINNING, Chain, endingOf, hashOf, statementOf } from "../../src/audit/chain.ts";
import { eventBody, STARTED, STOPPED } from "../../src/audit/record.ts";
import { MOST_FAULTS, type Verification, Verifier } from "../../src/audit/verify.ts";

function linesOf(bodies: readonly string[], chain = new Chain()): string[] {
  return bodies.map((body) => chain.next(body));
}

/** The records of a process from its start to its end, with so many calls between. */
function run(calls: number, chain = new Chain()): string[] {
  const numbered = Array.from({ length: calls }, (_, n) =>
    JSON.stringify({ time: "t", event: "call", n, text: "é{}" }),
  );
  return linesOf([eventBody(STARTED, 0, { release: "1" }), ...numbered, eventBody(STOPPED, 0)], chain);
}

function verified(lines: readonly string[]): Verification {
  const verifier = new Verifier();
  lines.forEach((line, index) => {
    verifier.take(Buffer.from(line), `line ${index + 1}`);
  });
  return verifier.finish();
}

const found = (lines: readonly string[]) => verified(lines).faultCount + verified(lines).notes.length;
const faults = (lines: readonly string[]) => verified(lines).faults.map(({ place, what }) => `${place}: ${what}`);

test("each record states the hash of the line before it", () => {
  const [first = "", second = ""] = run(1);
  expect(statementOf(Buffer.from(first))).toEqual({ seq: 1, prevHash: "0".repeat(64) });
  expect(statementOf(Buffer.from(second))).toEqual({ seq: 2, prevHash: hashOf(first) });
  expect(JSON.parse(second)).toMatchObject({ seq: 2, prev_hash: hashOf(first), n: 0 });
});

test.each(["", "{}", '{"seq":1}', "hello", '{"seq":01,"prev_hash":"x",', '{"seq":1,"prev_hash":"00","time":"t"}'])(
  "%j is no record",
  (line) => {
    expect(statementOf(Buffer.from(line))).toBeUndefined();
  },
);

describe("verify", () => {
  const lines = run(8);

  test("a whole chain", () => {
    expect(verified(lines)).toEqual({
      faults: [],
      faultCount: 0,
      notes: [],
      others: 0,
      records: 10,
      first: 1,
      last: { seq: 10, hash: hashOf(lines[9] ?? "") },
    });
    expect(verified([])).toMatchObject({ faults: [], records: 0, first: undefined, last: undefined });
  });

  test("a part of a chain", () => {
    expect(verified(lines.slice(4))).toMatchObject({ faultCount: 0, first: 5, last: { seq: 10 } });
  });

  test("what is missing, moved, repeated or altered, and where", () => {
    expect(faults(lines.toSpliced(3, 1))).toEqual(["line 4: record 4 is missing between line 3 and this line"]);
    expect(faults(lines.toSpliced(3, 3))).toEqual(["line 4: records 4 to 6 are missing between line 3 and this line"]);
    expect(faults(lines.toSpliced(3, 0, lines[2] ?? ""))).toEqual([
      "line 4: record 3 is out of its place: it follows record 3",
    ]);
    expect(faults(lines.with(3, (lines[3] ?? "").replace('"n":2', '"n":9')))).toEqual([
      "line 5: record 5 does not continue the line before it: line 4 or this one was altered",
    ]);
    expect(faults(lines.with(9, `${lines[9]?.slice(0, -2)}}`))).toEqual([
      "line 10: the last record was altered: it is no JSON any more",
    ]);
  });

  test("other lines are counted, and a chain that begins anew is told", () => {
    expect(verified(lines.toSpliced(4, 0, "agora-tokend serves", ""))).toMatchObject({ faultCount: 0, others: 2 });
    expect(verified([...lines, ...run(1)]).notes).toEqual([{ place: "line 11", what: "a new chain begins here" }]);
    const killed = verified([...lines.slice(0, 5), ...run(1)]);
    expect(killed.faultCount).toBe(0);
    expect(killed.notes[0]?.what).toMatch(/up to record 5, has no end that was recorded/);
  });

  test("faults without number are counted, and not all kept", () => {
    const odd = Array.from({ length: 1000 }, () => lines[3] ?? "");
    expect(verified(odd)).toMatchObject({ faultCount: 999, faults: { length: MOST_FAULTS } });
  });

  // The last line is vouched for by nothing after it: that is what its hash is told for.
  const index = fc.integer({ min: 0, max: 8 });
  test("a change of any character of any line but the last is found", () => {
    fc.assert(
      fc.property(index, fc.nat(), fc.integer({ min: 0x20, max: 0x7e }), (at, column, code) => {
        const line = lines[at] ?? "";
        const position = column % line.length;
        const altered = line.slice(0, position) + String.fromCharCode(code) + line.slice(position + 1);
        fc.pre(altered !== line);
        const { faultCount, others, first } = verified(lines.with(at, altered));
        // The first line may have become another line, which is to miss the first record.
        expect(faultCount > 0 || (at === 0 && others === 1 && first === 2)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("any removal within, any exchange and any repetition is found", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }), index, (from, count, other) => {
        const rest = lines.toSpliced(from, Math.min(count, 9 - from));
        expect(found(rest)).toBeGreaterThan(0);
        expect(found(lines.toSpliced(other, 0, lines[from] ?? ""))).toBeGreaterThan(0);
        fc.pre(from !== other);
        const swapped = lines.with(from, lines[other] ?? "").with(other, lines[from] ?? "");
        expect(found(swapped)).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe("the end of a file", () => {
  const lines = run(2);
  const text = Buffer.from(`${lines.join("\n")}\n`);
  const last = { seq: 4, hash: hashOf(lines[3] ?? "") };

  test("its last record is found", () => {
    expect(endingOf(text)).toEqual({ last, cut: false });
    expect(endingOf(Buffer.concat([text, Buffer.from("other\n\n")]))).toEqual({ last, cut: false });
    expect(endingOf(text.subarray(40))).toEqual({ last, cut: false });
    expect(endingOf(Buffer.alloc(0))).toEqual({ last: undefined, cut: false });
  });

  test("wherever it is cut, the chain goes on from the last record that is whole", () => {
    for (let size = 1; size < text.length; size++) {
      // A line that has lost nothing but its newline is whole.
      const whole = text.subarray(0, size + 1).filter((byte) => byte === 0x0a).length;
      const { last, cut } = endingOf(text.subarray(0, size));
      expect([last?.seq ?? 0, cut]).toEqual([whole, text[size - 1] !== 0x0a]);
      const after = linesOf([eventBody(STARTED, 0)], new Chain(last ?? BEGINNING));
      const kept = text.subarray(0, size).toString("utf8").split("\n");
      expect(verified([...kept, ...after]).faultCount).toBe(0);
    }
  });
});
