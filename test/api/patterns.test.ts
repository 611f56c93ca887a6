import { create } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BuildTokenRequestSchema, type Grant, GrantSchema } from "../../gen/agora/token/v1/token_pb.ts";
import { requestValidator } from "../../src/api/violations.ts";
import { Failure } from "../../src/failure.ts";

const theirs = createValidator();
const ours = requestValidator();

// Every field that has a pattern, filled with the same text.
function requestWith(text: string) {
  const grants: Grant[] = [
    create(GrantSchema, { service: { case: "rtc", value: { channelName: text, userAccount: text, role: 1 } } }),
    create(GrantSchema, { service: { case: "rtm", value: { userId: text } } }),
    create(GrantSchema, { service: { case: "chat", value: { userId: text } } }),
    create(GrantSchema, { service: { case: "apaas", value: { roomUuid: text, userUuid: text } } }),
    create(GrantSchema, {
      service: {
        case: "rtm2",
        value: { userId: text, permissions: [{ resourceType: 1, access: 1, resources: [text] }] },
      },
    }),
  ];
  return create(BuildTokenRequestSchema, {
    project: text,
    expiration: { case: "ttl", value: { seconds: 60n } },
    grants,
  });
}

async function violationsOf(request: ReturnType<typeof requestWith>): Promise<string[]> {
  try {
    await ours(BuildTokenRequestSchema, request);
    return [];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return (error.facts.violations ?? []).map(({ field, rule }) => `${field} ${rule}`);
  }
}

const legal = fc.string({ unit: fc.constantFrom(..."abZ09 !#$%&()*+,.:;<=>?@[]^_{}|~-/\\\"'`\n\r"), maxLength: 70 });
const any = fc.string({ unit: "grapheme", maxLength: 70 });

test("texts match the contract's patterns here as they do by the library's own engine", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(legal, any), async (text) => {
      const request = requestWith(text);
      const result = theirs.validate(BuildTokenRequestSchema, request);
      const expected = result.violations ?? [];
      expect(result.kind).not.toBe("error");
      const rules = (await violationsOf(request)).map((each) => each.split(" ")[1]);
      expect(rules).toEqual(expected.map(({ ruleId }) => ruleId));
    }),
    { numRuns: 1_000, seed: 7 },
  );
});
