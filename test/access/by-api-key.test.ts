import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { ApiKeyCallers, looksLikeApiKey, makeApiKey } from "../../src/access/by-api-key.ts";
import { badApiKeys } from "../fixtures/bad-credentials.ts";

const first = makeApiKey("job");
const second = makeApiKey("job");
const callers = new ApiKeyCallers([
  { id: "job", digests: [first.sha256, second.sha256] },
  { id: "other", digests: ["0".repeat(64)] },
]);

test("a key is its name and 256 random bits, and the configuration has its digest", () => {
  const { key, sha256 } = makeApiKey("billing-job-2");
  expect(key).toMatch(/^agk_billing-job-2_[A-Za-z0-9_-]{43}$/);
  expect(Buffer.from(key.slice(-43), "base64url")).toHaveLength(32);
  expect(sha256).toBe(createHash("sha256").update(key).digest("hex"));
  expect(new Set(Array.from({ length: 100 }, () => makeApiKey("a").key)).size).toBe(100);
  expect(looksLikeApiKey(key)).toBe(true);
});

test.each(["", "Job", "1job", "a_b", "job ", "a".repeat(64), "ä"])("a key cannot have the name %j", (name) => {
  expect(() => makeApiKey(name)).toThrow("the name of a key is that of a caller");
});

test("both keys of a caller are its own, and are told apart", () => {
  const recognized = [first, second].map(({ key }) => callers.recognize(key));
  for (const caller of recognized) expect(caller).toMatchObject({ id: "job", proof: "api_key" });
  expect(recognized[0]?.match).not.toBe(recognized[1]?.match);
  for (const { key, sha256 } of [first, second]) {
    expect(JSON.stringify(recognized)).not.toContain(key.slice(-43));
    expect(JSON.stringify(recognized)).not.toContain(sha256.slice(0, 16));
  }
});

test.each(badApiKeys(first.key))("%s is no key", (_, key) => {
  expect(callers.recognize(key)).toBeUndefined();
});

test("a digest is no key", () => {
  expect(callers.recognize(first.sha256)).toBeUndefined();
});
