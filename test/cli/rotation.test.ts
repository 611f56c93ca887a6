// Certificates and permits change while calls are in progress: none fails, and none sees two configurations.
// `LOAD_CALLS=20000 npx vitest run test/cli/rotation.test.ts` takes longer over it.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Status } from "nice-grpc";
import { expect, test } from "vitest";
import { type IssuedToken, RtcRole, SignatureCheck, Verdict } from "../../gen/agora/token/v1/token_pb.ts";
import { type ConfigParts, configIn } from "./files.ts";
import { type Serving, serving } from "./serving.ts";

const CALLS = Number(process.env["LOAD_CALLS"] ?? 40);
const WORKERS = 4;
const TTL = { case: "ttl", value: { seconds: 600n } } as const;

function grant(channelName: string) {
  return { service: { case: "rtc", value: { channelName, uid: 7, role: RtcRole.PUBLISHER } } } as const;
}

async function built({ client }: Serving, channelName: string): Promise<IssuedToken> {
  const { issuedToken } = await client.buildToken({ project: "live", expiration: TTL, grants: [grant(channelName)] });
  if (!issuedToken) throw new Error("a build without a token");
  return issuedToken;
}

/** Runs what a worker does, in several at once, until so many are done, and for as long as there is more to wait for. */
async function work(times: number, act: (index: number) => Promise<void>, more = () => false): Promise<void> {
  let begun = 0;
  const worker = async () => {
    while (begun < times || more()) await act(begun++);
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
}

test("a certificate is rotated in four phases under load: no call fails, and every token verifies in its phase", async () => {
  const certificates = (states: Readonly<Record<string, string>>): ConfigParts => ({ certificates: states });
  const service = await serving(certificates({ a: "primary" }));
  const tokens: IssuedToken[] = [];

  /** Builds, inspects and renews while a change is taken, and then some more. */
  const under = async (change: ConfigParts, outcome = "applied") => {
    let changed: Promise<unknown> | undefined;
    let since = 0;
    let isOver = false;
    const act = async (index: number) => {
      if (index === Math.floor(CALLS / 3)) {
        service.configure(change);
        changed = service.hangUp().then((result) => {
          isOver = true;
          expect(result.outcome).toBe(outcome);
        });
      }
      if (isOver) since++;
      const token = await built(service, "room-1");
      await expectGood(token);
      const { issuedToken } = await service.client.renewToken({ project: "live", expiration: TTL, token: token.token });
      if (!issuedToken) throw new Error("a renewal without a token");
      await expectGood(issuedToken);
      tokens.push(token, issuedToken);
    };
    await work(CALLS, act, () => since < WORKERS);
    await changed;
  };
  const checkOf = async ({ token, issueTime }: IssuedToken) => {
    return service.client.inspectToken({
      token,
      expectedGrant: grant("room-1"),
      ...(issueTime && { inspectTime: issueTime }),
    });
  };
  const expectGood = async (token: IssuedToken) => {
    const { verdict, certificateId } = await checkOf(token);
    expect({ verdict, certificateId }).toEqual({ verdict: Verdict.ACCEPTED, certificateId: token.certificateId });
  };
  const signers = () => new Set(tokens.map(({ certificateId }) => certificateId));

  // 1. The new one is made known everywhere, and signs nothing.
  await under(certificates({ a: "primary", b: "standby" }));
  expect(signers()).toEqual(new Set(["a"]));
  // 2. It is promoted, and the old one verifies what it signed.
  await under(certificates({ a: "retiring", b: "primary" }));
  expect(signers()).toEqual(new Set(["a", "b"]));
  for (const token of tokens.slice(0, 50)) await expectGood(token);
  // 3. While its tokens may live, the old one cannot go.
  service.now += 3599;
  await under(certificates({ b: "primary" }), "refused");
  for (const token of tokens.slice(0, 50)) await expectGood(token);
  // 4. Then it goes.
  service.now += 86_400;
  const old = tokens.filter(({ certificateId }) => certificateId === "a");
  tokens.length = 0;
  await under(certificates({ b: "primary" }));
  expect(signers()).toEqual(new Set(["b"]));
  expect((await checkOf(old[0] as IssuedToken)).signatureCheck).toBe(SignatureCheck.INVALID);
});

test("calls see one configuration each, while it changes faster than they end, good and broken in turn", async () => {
  const parts = {
    a: { certificates: { a: "primary", b: "retiring" }, channels: '"a-*"' },
    b: { certificates: { a: "retiring", b: "primary" }, channels: '"b-*"' },
  } as const;
  const service = await serving(parts.a);
  const outcomes = { a: 0, b: 0, denied: 0 };
  let flips = 0;
  let over = false;
  const flipping = (async () => {
    for (; !over; flips++) {
      const text = configIn(service.folder, flips % 2 === 0 ? parts.b : parts.a);
      const broken = flips % 5 === 4;
      const cut = Math.floor((text.length * (flips % 30)) / 30);
      writeFileSync(join(service.folder, "config.yaml"), broken ? `${text.slice(0, cut)}\n&` : text);
      expect((await service.hangUp()).outcome).toBe(broken ? "refused" : "applied");
    }
  })();
  await work(
    CALLS * 4,
    async (index) => {
      const channel = index % 2 === 0 ? "a" : "b";
      const requests = [1, 2, 3].map((number) => ({
        project: "live",
        expiration: TTL,
        grants: [grant(`${channel}-${number}`)],
      }));
      try {
        const { issuedTokens } = await service.client.batchBuildTokens({ requests });
        // The channels are of the permit, and the certificate of the key ring, of the same file.
        expect(issuedTokens.map(({ certificateId }) => certificateId)).toEqual([channel, channel, channel]);
        outcomes[channel]++;
      } catch (error) {
        expect((error as { code?: number }).code).toBe(Status.PERMISSION_DENIED);
        outcomes.denied++;
      }
    },
    () => flips < CALLS / 5,
  );
  over = true;
  await flipping;
  expect(outcomes.a).toBeGreaterThan(0);
  expect(outcomes.b).toBeGreaterThan(0);
  expect(outcomes.denied).toBeGreaterThan(0);
});
