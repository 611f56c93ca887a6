// The signing core against Agora's own npm packages: the same tokens, text for text.

import assert from "node:assert/strict";
import { parse006, sign006, type Token006, verify006 } from "../../src/token/token006.ts";
import { parse007, sign007, type Token007, verify007 } from "../../src/token/token007.ts";
import { deprecated006, type OfficialToken007, official007 } from "../token/official.ts";
import { type Contest, cpuOf } from "./harness.ts";
import { memoryContests } from "./memory.ts";

// As a busy server: new channel, user and salt each time, and a new second now and then.
const VARIED = 512;
const PER_SECOND = 1000;
const APP_ID = "970CA35de60c44645bbae8a215061b33";
const CERTIFICATE_TEXT = "5CFd2fd1755d40ecb72977518be15d3b";
const CERTIFICATE = Buffer.from(CERTIFICATE_TEXT, "latin1");
const LIFETIME = 3600;
const PRIVILEGES = [1, 2, 3, 4];
const BATCH = 100;

let count = 0;

/** What one token is made of. */
interface Order {
  readonly channel: string;
  readonly uid: number;
  readonly salt: number;
  readonly issuedAt: number;
}

const orders: Order[] = Array.from({ length: VARIED }, (_, n) => ({
  channel: `room-${((n * 2_654_435_761) >>> 0).toString(36).padStart(7, "0")}-${n % 1000}`,
  uid: ((n + 1) * 2_246_822_519) >>> 0 || 1,
  salt: ((n + 1) * 3_266_489_917) >>> 0 || 1,
  issuedAt: 0,
}));

function nextOrder(): Order {
  count++;
  const order = orders[count % VARIED] ?? orders[0];
  assert(order);
  return { ...order, issuedAt: 1_795_000_000 + Math.floor(count / PER_SECOND) };
}

/** Contests of the core. */
export function* contests(): Generator<Contest> {
  for (let n = 0; n < VARIED; n++) expectSame(nextOrder());
  yield {
    title: "build a token of version 007",
    unit: "us of CPU",
    baseline: "agora-token",
    candidates: [
      { name: "ours", measure: cpuOf(4000, () => ours007(nextOrder())) },
      { name: "agora-token", measure: cpuOf(1000, () => official(nextOrder()).build()) },
    ],
    goals: [{ candidate: "ours", bound: { atLeastTimesAsCheap: 4 }, stretch: 8 }],
  };
  yield {
    title: "build a token of version 006",
    unit: "us of CPU",
    baseline: "agora-access-token",
    candidates: [
      { name: "ours", measure: cpuOf(20_000, () => ours006(nextOrder())) },
      { name: "agora-access-token", measure: cpuOf(4000, () => theirs006(nextOrder())) },
    ],
    goals: [{ candidate: "ours", bound: { atLeastTimesAsCheap: 5 }, stretch: 7 }],
  };
  yield* readingContests();
  yield batchContest();
  // What a token is made of is the caller's.
  const ready = orders.map((order) => ({ ...order, issuedAt: 1_795_000_000 }));
  const tokens = ready.map(token007);
  yield* memoryContests(
    () => sign007(tokens[count++ % VARIED] ?? token007(nextOrder()), CERTIFICATE),
    () => official(ready[count++ % VARIED] ?? nextOrder()).build(),
  );
}

function* readingContests(): Generator<Contest> {
  const texts007 = orders.map(() => ours007(nextOrder()));
  const next007 = (): string => texts007[count++ % VARIED] ?? "";
  yield {
    title: "parse and verify a token of version 007",
    unit: "us of CPU",
    baseline: "agora-token",
    candidates: [
      { name: "ours", measure: cpuOf(8000, () => assert(verify007(parse007(next007()), CERTIFICATE))) },
      { name: "agora-token", measure: cpuOf(1000, () => assert(officialVerifies(next007()))) },
    ],
    goals: [{ candidate: "ours", bound: { atLeastTimesAsCheap: 6 }, stretch: 10 }],
  };
  const built = orders.map((order) => [order, ours006(order)] as const);
  const next006 = () => built[count++ % VARIED] ?? built[0];
  yield {
    title: "parse and verify a token of version 006, which no package of Agora's does: against building it",
    unit: "us of CPU",
    baseline: "build",
    candidates: [
      { name: "parse and verify", measure: cpuOf(10_000, () => assert(verifies006(next006()))) },
      { name: "build", measure: cpuOf(10_000, () => ours006(nextOrder())) },
    ],
    goals: [],
  };
}

function batchContest(): Contest {
  const batchOf = (build: (order: Order) => string) => () => {
    const { issuedAt } = nextOrder();
    for (let n = 0; n < BATCH; n++) build({ ...nextOrder(), issuedAt });
  };
  return {
    title: `build ${BATCH} tokens of version 007 of one second`,
    unit: "us of CPU",
    baseline: "agora-token",
    candidates: [
      { name: "ours", measure: cpuOf(40, batchOf(ours007)) },
      {
        name: "agora-token",
        measure: cpuOf(
          10,
          batchOf((order) => official(order).build()),
        ),
      },
    ],
    goals: [{ candidate: "ours", bound: { atLeastTimesAsCheap: 4 }, stretch: 8 }],
  };
}

// The core takes values that are ready: this is what they cost a caller at the least.
function token007({ channel, uid, salt, issuedAt }: Order): Token007 {
  const privileges = new Map(PRIVILEGES.map((number) => [number, LIFETIME]));
  return {
    appId: APP_ID,
    issuedAt,
    lifetime: LIFETIME,
    salt,
    grants: [{ service: "rtc", channel: { name: channel }, user: { uid }, privileges }],
  };
}

function ours007(order: Order): string {
  return sign007(token007(order), CERTIFICATE);
}

function official({ channel, uid, salt, issuedAt }: Order): OfficialToken007 {
  const token = new official007.AccessToken2(APP_ID, CERTIFICATE_TEXT, issuedAt, LIFETIME);
  token.salt = salt;
  token.issueTs = issuedAt;
  const service = new official007.ServiceRtc(channel, uid);
  for (const number of PRIVILEGES) service.add_privilege(number, LIFETIME);
  token.add_service(service);
  return token;
}

function officialVerifies(text: string): boolean {
  const token = new official007.AccessToken2("", "");
  return token.from_string(text) && token.verifySignature(CERTIFICATE_TEXT);
}

function token006({ channel, uid, salt, issuedAt }: Order): Token006 {
  const expiresAt = issuedAt + LIFETIME;
  const privileges = new Map(PRIVILEGES.map((number) => [number, expiresAt]));
  return { appId: APP_ID, channelText: channel, userText: String(uid), salt, expiresAt, privileges };
}

function ours006(order: Order): string {
  return sign006(token006(order), CERTIFICATE);
}

function theirs006({ channel, uid, salt, issuedAt }: Order): string {
  const token = new deprecated006.AccessToken(APP_ID, CERTIFICATE_TEXT, channel, uid);
  token.salt = salt;
  token.ts = issuedAt + LIFETIME;
  for (const number of PRIVILEGES) token.addPriviledge(number, issuedAt + LIFETIME);
  return token.build();
}

function verifies006([{ channel, uid }, text]: readonly [Order, string] = [nextOrder(), ""]): boolean {
  return verify006(parse006(text), channel, String(uid), CERTIFICATE);
}

// A figure for other text than theirs would say nothing.
function expectSame(order: Order): void {
  assert.equal(ours007(order), official(order).build());
  assert.equal(ours006(order), theirs006(order));
}
