import { createHash } from "node:crypto";
import { deflateSync, inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  type ByteSpan,
  ByteWriter,
  IRREGULARITIES,
  type Irregularity,
  MAX_TOKEN_CHARS,
  MalformedToken,
  TokenTooLarge,
} from "../../src/token/bytes.ts";
import type { Grant, Rtm2Permission } from "../../src/token/services.ts";
import { parse007, verify007 } from "../../src/token/token007.ts";
import { VECTORS_007 } from "../vectors/vectors.ts";
import { APP_ID, CERTIFICATE, sample007, sampleWith } from "./sample-tokens.ts";

const noPrivileges = new Map<number, number>();
const stt: Grant = { service: "stt", privileges: noPrivileges };
const chat = (userId: string): Grant => ({ service: "chat", privileges: noPrivileges, userId });
const rtm2 = (...permissions: Rtm2Permission[]): Grant => ({
  service: "rtm2",
  privileges: noPrivileges,
  userId: "u",
  permissions,
});
const sign = (...grants: Grant[]): string => sample007(1, grants);
const inflate = (text: string): Buffer => inflateSync(Buffer.from(text.slice(3), "base64"));
const packed = (content: Uint8Array): string => `007${deflateSync(content).toString("base64")}`;

describe("what is signed", () => {
  test("services are sorted by type, and those of one type keep their order", () => {
    const grants = [stt, chat("b"), rtm2(), chat("a"), chat("c")];
    const read = parse007(sign(...grants)).grants;
    expect(read).toEqual([chat("b"), chat("a"), chat("c"), rtm2(), stt]);
    expect(grants[0]).toBe(stt);
  });

  test("privileges are sorted by number, permissions by kind; resources keep their order", () => {
    const privileges = new Map([9, 1, 300, 2].map((number) => [number, number]));
    const permissions = [
      { resourceType: 4, access: 0, resources: ["z", "a"] },
      { resourceType: 0, access: 1, resources: [] },
      { resourceType: 0, access: 0, resources: ["m"] },
    ];
    const [grant] = parse007(sign({ service: "rtm2", privileges, userId: "u", permissions })).grants;
    expect([...(grant?.privileges.keys() ?? [])]).toEqual([1, 2, 9, 300]);
    expect(grant).toMatchObject({ permissions: [permissions[2], permissions[1], permissions[0]] });
  });

  test("the same values give the same text, and another salt another", () => {
    expect(sample007(7)).toBe(sample007(7));
    expect(sample007(7)).not.toBe(sample007(8));
  });

  const most: [string, (count: number) => Grant[], number][] = [
    ["services", (count) => Array.from({ length: count }, () => stt), 32],
    ["privileges", (count) => [{ ...stt, privileges: new Map(numbers(count).map((n) => [n, 0])) }], 64],
    ["resource types", (count) => [rtm2(...numbers(count).map((resourceType) => kind(resourceType, 0, 0)))], 32],
    ["accesses", (count) => [rtm2(...numbers(count).map((access) => kind(0, access, 0)))], 32],
    ["resources", (count) => [rtm2(kind(0, 0, count))], 1024],
  ];
  test.each(most)("at most as many %s as are read back", (name, grants, count) => {
    expect(parse007(sign(...grants(count))).grants).toHaveLength(name === "services" ? count : 1);
    expect(() => sign(...grants(count + 1))).toThrow(
      new TokenTooLarge(`its number of ${name} is ${count + 1}, more than the ${count} that are read`),
    );
  });

  test("at most as long a text as is read back", () => {
    // Deflate makes half of hexadecimal noise: it meets the limit of the text before that of the content.
    const noise = numbers(480)
      .map((n) => createHash("sha256").update(String(n)).digest("hex"))
      .join("");
    expect(() => sign(chat(noise))).toThrow(/^a text of \d+ characters$/);
    expect(() => sign(chat(noise.slice(0, 20_000)))).not.toThrow();
    expect(() => sign(chat("a".repeat(65_000)))).not.toThrow();
    expect(() => sign(chat("a".repeat(65_500)))).toThrow(new TokenTooLarge("a content of over 65536 bytes"));
    expect(() => sign(chat("a".repeat(65_536)))).toThrow(new TokenTooLarge("a field of 65536 bytes"));
  });

  test("a prototype that someone has added to adds nothing to a token", () => {
    const before = sign(rtm2(kind(0, 0, 1)), chat("u"));
    const inherited = { value: { write: 1 }, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(Object.prototype, "7", inherited);
    let during: string | undefined;
    try {
      during = sign(rtm2(kind(0, 0, 1)), chat("u"));
      parse007(during);
    } finally {
      Reflect.deleteProperty(Object.prototype, "7");
    }
    expect(during).toBe(before);
  });
});

describe("what is read", () => {
  test("the signature is over the bytes received, in whatever order they are", () => {
    const vector = VECTORS_007.find(({ id }) => id === "off-007-01");
    const claimed = parse007(vector?.nodeToken ?? "");
    const body = Buffer.from(vector?.inflatedHex ?? "", "hex").subarray(34);
    expect(Buffer.from(claimed.signed).equals(body)).toBe(true);
    expect(verify007({ ...claimed, grants: [] }, CERTIFICATE)).toBe(true);
    expect(verify007({ ...claimed, salt: 2 }, CERTIFICATE)).toBe(false);
    expect(verify007({ ...claimed, issuedAt: 2 }, CERTIFICATE)).toBe(false);
  });

  test.each(VECTORS_007.map((vector) => [vector.id, vector] as const))(
    "%s: every byte is told of once",
    (_, vector) => {
      const spans: ByteSpan[] = [];
      const { unknownService } = parse007(vector.token ?? vector.nodeToken ?? "", (span) => spans.push(span));
      let at = 0;
      for (const { offset, length, name } of spans) {
        expect(offset, name).toBe(at);
        at += length;
      }
      const size = vector.inflatedHex.length / 2;
      if (unknownService) expect(at).toBeLessThan(size);
      else expect(at).toBe(size);
    },
  );

  const odd: Record<Exclude<Irregularity, "NO_SERVICES">, () => string> = {
    BASE64_BITS: () => {
      const text = sampleWith(sample007, /[AQgw]==$/);
      return text.replace(/.==$/, (end) => `${String.fromCharCode(end.charCodeAt(0) + 1)}==`);
    },
    BYTES_AFTER_STREAM: () => `${sampleWith(sample007, /[^=]$/)}AAAA`,
    BYTES_AT_END: () => packed(Buffer.concat([inflate(sign(stt)), Buffer.from([0])])),
    SERVICES_UNSORTED: () => packed(head(2).uint16(10).uint16(0).uint16(9).uint16(0).finish()),
    PRIVILEGES_UNSORTED: () => packed(head(1).uint16(4).uint16(2).uint16(2).uint32(0).uint16(1).uint32(0).finish()),
    PRIVILEGE_REPEATED: () => packed(head(1).uint16(4).uint16(2).uint16(1).uint32(5).uint16(1).uint32(6).finish()),
    RESOURCES_UNSORTED: () => packed(permissions(1, 0).finish()),
    TEXT_NOT_UTF8: () =>
      packed(
        head(1)
          .uint16(5)
          .uint16(0)
          .bytes(Buffer.from([0xff]))
          .finish(),
      ),
  };
  test.each(Object.entries(odd))("notes %s, and reads on", (irregularity, make) => {
    expect([...parse007(make()).irregularities]).toEqual([irregularity]);
  });

  test("notes a kind of resources that stands twice, but not its two accesses", () => {
    expect([...parse007(packed(permissions(0, 0).finish())).irregularities]).toEqual(["RESOURCES_UNSORTED"]);
    expect([...parse007(packed(permissions(0, 1).finish())).irregularities]).toEqual([]);
  });

  test("has a token for each irregularity", () => {
    expect([...Object.keys(odd), "NO_SERVICES"].sort()).toEqual(Object.keys(IRREGULARITIES).sort());
    expect([...parse007(packed(head(0).finish())).irregularities]).toEqual(["NO_SERVICES"]);
  });

  test("of a privilege that stands twice the last counts, as in Agora's parsers", () => {
    expect(parse007(odd.PRIVILEGE_REPEATED()).grants[0]?.privileges).toEqual(new Map([[1, 6]]));
  });

  test("services after one that is not known are not looked for", () => {
    const content = head(3).uint16(10).uint16(0).uint16(11).uint16(0).uint16(9).uint16(0).finish();
    const { grants, unknownService, irregularities } = parse007(packed(content));
    expect([grants, unknownService]).toEqual([[stt], { type: 11, undecoded: 2 }]);
    expect(irregularities.size).toBe(0);
  });

  test.each([
    [
      "a signature of another length",
      new ByteWriter().bytes(Buffer.alloc(31)).raw(Buffer.alloc(60)).finish(),
      /31 bytes/,
    ],
    ["nothing", Buffer.alloc(0), /the length of the signature needs 2 bytes at byte 0, and 0 are left/],
  ])("refuses %s", (_, content, message) => {
    expect(() => parse007(packed(content))).toThrow(MalformedToken);
    expect(() => parse007(packed(content))).toThrow(message);
  });

  test("refuses another version, and a text that is too long", () => {
    expect(() => parse007(sample007(1).replace(/^007/, "008"))).toThrow("it does not start with 007");
    expect(() => parse007("007".padEnd(MAX_TOKEN_CHARS + 1, "A"))).toThrow("it is longer than 16384 characters");
  });
});

function head(services: number): ByteWriter {
  const writer = new ByteWriter().bytes(Buffer.alloc(32)).text(APP_ID).uint32(1).uint32(600).uint32(1);
  return writer.uint16(services);
}

/** Of one resource type, two accesses without a resource. */
function permissions(first: number, second: number): ByteWriter {
  const writer = head(1).uint16(8).uint16(0).text("u").uint16(1).uint16(0).uint16(2);
  return writer.uint16(first).uint16(0).uint16(second).uint16(0);
}

function kind(resourceType: number, access: number, resources: number): Rtm2Permission {
  return { resourceType, access, resources: numbers(resources).map(String) };
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}
