import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { HMAC_BYTES, hmacSha256, writeHmac } from "../../src/token/hmac.ts";
import { writeSignature007 } from "../../src/token/signature007.ts";
import { randomFrom } from "./random-contents.ts";

const random = randomFrom(47);
const bytes = (size: number): Buffer => Buffer.from(Array.from({ length: size }, () => random(256)));
const expected = (key: Uint8Array, message: Uint8Array): string =>
  createHmac("sha256", key).update(message).digest("hex");

describe("HMAC-SHA256", () => {
  test.each([0, 1, 4, 32, 63, 64, 65, 200])("with a key of %i bytes is that of node:crypto", (size) => {
    for (const length of [0, 1, 55, 56, 63, 64, 120, 1023, 1024, 1025, 5000]) {
      const [key, message] = [bytes(size), bytes(length)];
      const out = Buffer.alloc(HMAC_BYTES + 2, 7);
      writeHmac(out, 1, key, message, 0, length);
      expect(out.toString("hex")).toBe(`07${expected(key, message)}07`);
      expect(hmacSha256(key, message).toString("hex")).toBe(expected(key, message));
    }
  });

  test("of a part of a message, one after the other, longer and shorter", () => {
    const message = bytes(2000);
    const out = Buffer.alloc(HMAC_BYTES);
    for (let run = 0; run < 500; run++) {
      const [key, from] = [bytes(random(65)), random(900)];
      const to = from + random(1100);
      writeHmac(out, 0, key, message, from, to);
      expect(out.toString("hex")).toBe(expected(key, message.subarray(from, to)));
    }
  });

  test("into the memory of its own message", () => {
    const memory = bytes(100);
    const message = Buffer.from(memory.subarray(34));
    writeHmac(memory, 2, memory.subarray(0, 2), memory, 34, 100);
    expect(memory.toString("hex", 2, 34)).toBe(expected(memory.subarray(0, 2), message));
  });
});

describe("the signature of version 007", () => {
  const plain = (issuedAt: number, salt: number, certificate: Uint8Array, message: Uint8Array): string => {
    const uint32 = (value: number): Buffer => {
      const number = Buffer.alloc(4);
      number.writeUInt32LE(value);
      return number;
    };
    const key = hmacSha256(uint32(salt), hmacSha256(uint32(issuedAt), certificate));
    return hmacSha256(key, message).toString("hex");
  };
  const kept = (issuedAt: number, salt: number, certificate: Uint8Array, message: Uint8Array): string => {
    const out = Buffer.alloc(HMAC_BYTES);
    writeSignature007(out, 0, { issuedAt, salt }, certificate, message, 0, message.length);
    return out.toString("hex");
  };

  test("is the same with what is kept as without, for certificates and seconds in any order", () => {
    // More than are kept, some that differ in a byte that does not choose where they are, and some of other lengths.
    const certificates = Array.from({ length: 300 }, (_, n) => bytes(n % 50 === 0 ? 31 + (n % 3) : 32));
    for (const certificate of certificates.slice(0, 20)) {
      const near = Buffer.from(certificate);
      near[1] = (near[1] ?? 0) ^ 1;
      certificates.push(near);
    }
    for (let run = 0; run < 3000; run++) {
      const certificate = certificates[random(certificates.length)] ?? bytes(32);
      const [issuedAt, salt, message] = [[0, 1, 2 ** 32 - 1][random(3)] ?? 0, random(2 ** 32), bytes(random(200))];
      expect(kept(issuedAt, salt, certificate, message)).toBe(plain(issuedAt, salt, certificate, message));
    }
  });

  test("is that of the bytes that are there, when a certificate is written over another", () => {
    const certificate = bytes(32);
    const message = bytes(10);
    for (let at = 0; at < 32; at++) {
      kept(5, 1, certificate, message);
      certificate[at] = (certificate[at] ?? 0) ^ 0x20;
      expect(kept(5, 1, certificate, message)).toBe(plain(5, 1, certificate, message));
    }
  });
});
