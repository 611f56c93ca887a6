/** The most bytes that a token may hold, inflated. Agora's builders stay below 2 KiB. */
export const MAX_CONTENT_BYTES = 65_536;

/** The longest text of a token, in and out. */
export const MAX_TOKEN_CHARS = 16_384;

/** The text is not a token, or its bytes do not parse. The message is ours and has nothing of the text. */
export class MalformedToken extends Error {
  override readonly name = "MalformedToken";
  /** Whether it is over a limit of this service that the format does not have: Agora may well read it. */
  readonly isOurLimit: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isOurLimit?: boolean } = {}) {
    super(message, options);
    this.isOurLimit = options.isOurLimit ?? false;
  }
}

/**
 * Checks that a text is not longer than is read.
 *
 * @throws MalformedToken
 */
export function checkTextLength(text: string): void {
  if (text.length <= MAX_TOKEN_CHARS) return;
  throw new MalformedToken(`it is longer than ${MAX_TOKEN_CHARS} characters`, { isOurLimit: true });
}

/** What was to be signed does not fit into a token that this service reads back. */
export class TokenTooLarge extends Error {
  override readonly name = "TokenTooLarge";
}

/** What is odd about a token that parses all the same: nothing that Agora's builders write. */
export const IRREGULARITIES = {
  BASE64_BITS: "the last base64 character carries bits that belong to no byte",
  BYTES_AFTER_STREAM: "bytes follow the compressed content",
  BYTES_AT_END: "bytes follow the last service",
  NO_SERVICES: "it holds no service at all",
  SERVICES_UNSORTED: "its services are not in ascending order",
  PRIVILEGES_UNSORTED: "its privileges are not in ascending order",
  PRIVILEGE_REPEATED: "a privilege stands in it twice",
  RESOURCES_UNSORTED: "its RTM2 resources are not in ascending order, or one kind stands twice",
  TEXT_NOT_UTF8: "a text in it is not UTF-8",
} as const;

/** A key of {@link IRREGULARITIES}. */
export type Irregularity = keyof typeof IRREGULARITIES;

const NONE: ReadonlySet<Irregularity> = new Set();

/** Where a value stands in the content of a token: for a map of its bytes. */
export interface ByteSpan {
  readonly offset: number;
  readonly length: number;
  readonly name: string;
  readonly value: number | string | Uint8Array;
}

/**
 * Writes little-endian numbers and length-prefixed texts: the one place where they are range-checked. One that is
 * cleared is used again, which spares its memory.
 */
export class ByteWriter {
  #bytes: Buffer;
  #at = 0;

  /** @param memory to write to, as long as there is room in it */
  constructor(memory = Buffer.allocUnsafeSlow(256)) {
    this.#bytes = memory;
  }

  /** How many bytes were written. */
  get size(): number {
    return this.#at;
  }

  /** The memory that is written to: what is behind {@link size} means nothing, and growing makes another. */
  get memory(): Buffer {
    return this.#bytes;
  }

  /** Begins again. */
  clear(): this {
    this.#at = 0;
    return this;
  }

  /** Leaves room for bytes that are known only later. */
  gap(size: number): this {
    this.#reserve(size);
    return this;
  }

  uint16(value: number): this {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff) throw new RangeError(`not a uint16: ${value}`);
    return this.#put16(value);
  }

  int16(value: number): this {
    if (!Number.isInteger(value) || value < -0x8000 || value > 0x7fff) throw new RangeError(`not an int16: ${value}`);
    return this.#put16(value);
  }

  uint32(value: number): this {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new RangeError(`not a uint32: ${value}`);
    const at = this.#reserve(4);
    const bytes = this.#bytes;
    bytes[at] = value & 0xff;
    bytes[at + 1] = (value >>> 8) & 0xff;
    bytes[at + 2] = (value >>> 16) & 0xff;
    bytes[at + 3] = value >>> 24;
    return this;
  }

  /** A uint16 that says how many of something follow: no more than {@link ByteReader.count} accepts. */
  count(name: string, most: number, count: number): this {
    if (count > most) throw new TokenTooLarge(`its ${name} is ${count}, more than the ${most} that are read`);
    return this.uint16(count);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** A few bytes from `from` up to `to`, without a view of them. */
  part(bytes: Uint8Array, from: number, to: number): this {
    const at = this.#reserve(to - from);
    for (let n = from; n < to; n++) this.#bytes[at + n - from] = bytes[n] ?? 0;
    return this;
  }

  /** Bytes behind their length as a uint16. */
  bytes(bytes: Uint8Array): this {
    if (bytes.length > 0xffff) throw new TokenTooLarge(`a field of ${bytes.length} bytes`);
    return this.uint16(bytes.length).raw(bytes);
  }

  /** A text as UTF-8 behind its length in bytes as a uint16. */
  text(text: string): this {
    const start = this.#at;
    if (text.length <= 0xffff && this.#put16(text.length).ascii(text)) return this;
    this.#at = start;
    if (!text.isWellFormed()) throw new RangeError("a text is not well-formed Unicode");
    return this.bytes(Buffer.from(text, "utf8"));
  }

  /** The characters of a text that has nothing but ASCII, as most have. Of another it writes nothing, and says false. */
  ascii(text: string): boolean {
    const size = text.length;
    const at = this.#reserve(size);
    const bytes = this.#bytes;
    for (let n = 0; n < size; n++) {
      const code = text.charCodeAt(n);
      if (code > 0x7f) {
        this.#at = at;
        return false;
      }
      bytes[at + n] = code;
    }
    return true;
  }

  /** What was written, in the memory that is written to. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #put16(value: number): this {
    const at = this.#reserve(2);
    this.#bytes[at] = value & 0xff;
    this.#bytes[at + 1] = (value >> 8) & 0xff;
    return this;
  }

  #reserve(size: number): number {
    const at = this.#at;
    const end = at + size;
    if (end > MAX_CONTENT_BYTES) throw new TokenTooLarge(`a content of over ${MAX_CONTENT_BYTES} bytes`);
    if (end > this.#bytes.length) this.#grow(end);
    this.#at = end;
    return at;
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(size, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

/** Reads what {@link ByteWriter} writes: one cursor, no copies, bounds in one place. */
export class ByteReader {
  // Made when there is something to note, which is for one in a thousand.
  #irregularities: Set<Irregularity> | undefined;
  readonly #source: Buffer;
  readonly #record: ((span: ByteSpan) => void) | undefined;
  #at = 0;

  /** @param record is told of every value that is read, in order */
  constructor(source: Uint8Array, record?: (span: ByteSpan) => void) {
    this.#source = Buffer.isBuffer(source) ? source : Buffer.from(source.buffer, source.byteOffset, source.length);
    this.#record = record;
  }

  /** What was odd so far. */
  get irregularities(): ReadonlySet<Irregularity> {
    return this.#irregularities ?? NONE;
  }

  /** Notes that something is odd. */
  note(irregularity: Irregularity): void {
    this.#irregularities ??= new Set();
    this.#irregularities.add(irregularity);
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#source.length - this.#at;
  }

  /** @param name of the value, for errors and maps */
  uint16(name: string): number {
    const at = this.#take(2, name);
    const value = (this.#source[at] ?? 0) | ((this.#source[at + 1] ?? 0) << 8);
    if (this.#record) this.#record({ offset: at, length: 2, name, value });
    return value;
  }

  int16(name: string): number {
    const at = this.#take(2, name);
    return this.#told(at, 2, name, this.#source.readInt16LE(at));
  }

  uint32(name: string): number {
    const at = this.#take(4, name);
    const source = this.#source;
    const low = (source[at] ?? 0) | ((source[at + 1] ?? 0) << 8) | ((source[at + 2] ?? 0) << 16);
    const value = (low | ((source[at + 3] ?? 0) << 24)) >>> 0;
    if (this.#record) this.#record({ offset: at, length: 4, name, value });
    return value;
  }

  /** A uint16 that says how many of something follow. */
  count(name: string, most: number): number {
    const count = this.uint16(name);
    if (count > most) {
      throw new MalformedToken(`its ${name} is ${count}, more than the ${most} that are read`, { isOurLimit: true });
    }
    return count;
  }

  /** The next bytes, not copied. */
  raw(size: number, name: string): Buffer {
    const at = this.#take(size, name);
    return this.#told(at, size, name, this.#source.subarray(at, at + size));
  }

  /** Bytes behind their length as a uint16, not copied. */
  bytes(name: string): Buffer {
    return this.raw(this.uint16(`length of the ${name}`), name);
  }

  /** A text behind its length as a uint16. What is not UTF-8 in it becomes U+FFFD and is noted. */
  text(name: string): string {
    const size = this.uint16(`length of the ${name}`);
    const at = this.#take(size, name);
    const text = this.#source.toString("utf8", at, at + size);
    // U+FFFD may be what was written: only a round trip tells.
    if (text.includes("\ufffd") && !Buffer.from(text, "utf8").equals(this.#source.subarray(at, at + size))) {
      this.note("TEXT_NOT_UTF8");
    }
    return this.#told(at, size, name, text);
  }

  /** All bytes from here on, not copied; the cursor stays. */
  rest(): Buffer {
    return this.#source.subarray(this.#at);
  }

  #take(size: number, name: string): number {
    const at = this.#at;
    if (size > this.#source.length - at) throw this.#endsEarly(size, name);
    this.#at = at + size;
    return at;
  }

  #endsEarly(size: number, name: string): MalformedToken {
    return new MalformedToken(
      `it ends early: the ${name} needs ${size} bytes at byte ${this.#at}, and ${this.left} are left`,
    );
  }

  #told<T extends number | string | Uint8Array>(offset: number, length: number, name: string, value: T): T {
    this.#record?.({ offset, length, name, value });
    return value;
  }
}
