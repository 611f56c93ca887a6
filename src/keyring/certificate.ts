import { inspect } from "node:util";

/** `primary` signs; `standby` and `retiring` verify as it does; `revoked` is recognized, to say why. */
export type CertificateState = "standby" | "primary" | "retiring" | "revoked";

/** What a file or value that should hold an App Certificate holds instead. Never the text itself. */
export class CertificateInvalid extends Error {
  override readonly name = "CertificateInvalid";
}

const DIGITS = 32;
const REDACTED = "[App Certificate]";

/**
 * An App Certificate: 32 hexadecimal digits, kept as the ASCII bytes that Agora signs with, never as a string, which
 * would leave copies in the heap. It cannot be printed.
 */
export class AppCertificate {
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /**
   * @param bytes 32 hexadecimal digits and at most one newline; their case is part of them. They are copied.
   * @throws CertificateInvalid
   */
  static parse(bytes: Uint8Array): AppCertificate {
    const digits = withoutNewline(bytes);
    if (digits.length !== DIGITS) {
      throw new CertificateInvalid(
        `an App Certificate has ${DIGITS} hexadecimal digits, and ${digits.length} bytes are there`,
      );
    }
    const wrong = digits.findIndex((byte) => !isHexDigit(byte));
    if (wrong >= 0) throw new CertificateInvalid(`byte ${wrong + 1} of the App Certificate is no hexadecimal digit`);
    return new AppCertificate(Uint8Array.from(digits));
  }

  /** The bytes to sign and verify with. They are not to be kept, copied or turned into a string. */
  reveal(): Uint8Array {
    return this.#bytes;
  }

  /** The same digits in lower and in upper case, as far as they differ: a slip of builders, to be recognized. */
  caseVariants(): AppCertificate[] {
    const variants = [this.#bytes.map(toLower), this.#bytes.map(toUpper)];
    return variants
      .filter((bytes) => bytes.some((byte, at) => byte !== this.#bytes[at]))
      .map((bytes) => new AppCertificate(bytes));
  }

  /** Whether both are the same digits. */
  equals(other: AppCertificate): boolean {
    return this.#bytes.every((byte, at) => byte === other.#bytes[at]);
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

/** An App Certificate of a project. */
export interface Certificate {
  /** What answers and records call it. */
  readonly id: string;
  readonly state: CertificateState;
  readonly secret: AppCertificate;
}

/** Whether it signs. */
export const signs = (certificate: Certificate): boolean => certificate.state === "primary";

/** Whether what it signed is good. A revoked one is still recognized. */
export const verifies = (certificate: Certificate): boolean => certificate.state !== "revoked";

function withoutNewline(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1);
}

function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

function toLower(byte: number): number {
  return byte >= 0x41 && byte <= 0x46 ? byte + 0x20 : byte;
}

function toUpper(byte: number): number {
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x20 : byte;
}
