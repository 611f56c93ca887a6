// Random contents to compress, fast enough for a million: like a token's, and like none.

/** A number from 0 up to below `below`. */
export type Random = (below: number) => number;

const HEX = "0123456789abcdef";
const NAME = "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&()+,.:;<=>?@[]^{}|~";
const LIFETIMES = [60, 600, 3600, 7200, 86_400, 43_211];

/** The same numbers for the same seed (xorshift32). */
export function randomFrom(seed: number): Random {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** A content as of a token of version 007, but for its signature: some are of more services, or of long names. */
export function tokenLike(random: Random): Buffer {
  const bytes: number[] = [32, 0];
  const uint16 = (value: number) => bytes.push(value & 255, value >> 8);
  const uint32 = (value: number) => uint16(value & 0xffff) + uint16(value >>> 16);
  const text = (size: number, of: string) => {
    uint16(size);
    for (let n = 0; n < size; n++) bytes.push(of.charCodeAt(random(of.length)));
  };
  const lifetime = LIFETIMES[random(LIFETIMES.length)] ?? 60;
  for (let n = 0; n < 32; n++) bytes.push(random(256));
  text(32, HEX);
  uint32(1_795_000_000 + random(100_000_000));
  uint32(lifetime);
  uint32(random(2 ** 32));
  const services = 1 + (random(3) === 0 ? random(6) : 0);
  const user = String(1 + random(2 ** 32 - 1));
  uint16(services);
  for (let service = 1; service <= services; service++) {
    uint16(service);
    const privileges = random(5);
    uint16(privileges);
    for (let privilege = 1; privilege <= privileges; privilege++) {
      uint16(privilege);
      uint32(random(8) === 0 ? random(86_400) : lifetime);
    }
    if (random(4) === 0) text(32, HEX);
    else text(random(random(9) === 0 ? 256 : 33), random(3) === 0 ? NAME : NAME.slice(0, 36));
    if (random(5) === 0) text(random(40), NAME);
    else {
      uint16(user.length);
      bytes.push(...Buffer.from(user));
    }
  }
  return Buffer.from(bytes);
}

/** A content of any kind: of few or many values, with repetitions near and far, of at most `most` bytes. */
export function anyContent(random: Random, most: number): Buffer {
  const content = Buffer.alloc(random(random(2) === 0 ? 80 : most + 1));
  const values = 1 << (random(8) + 1);
  const step = [1, 3, 7, 31][random(4)] ?? 1;
  const repeats = random(10);
  const reach = 1 + random(random(2) === 0 ? 12 : 1500);
  for (let at = 0; at < content.length; ) {
    if (at > 0 && random(10) < repeats) {
      const distance = 1 + random(Math.min(at, reach));
      for (let left = 2 + random(random(9) === 0 ? 300 : 12); left > 0 && at < content.length; left--, at++)
        content[at] = content[at - distance] ?? 0;
    } else content[at++] = random(values) * step;
  }
  return content;
}
