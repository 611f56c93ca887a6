// X.509 certificates for a test, made up now: no program and no file that expires is needed for it.

import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** A certificate and its key, PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** An authority, and what it signs. */
export interface Authority {
  /** Its certificate, PEM. */
  readonly ca: string;
  /** Makes an identity for these names: `localhost`, `127.0.0.1`. */
  issue(...names: readonly string[]): Identity;
}

/** Makes an authority. */
export function authority(name = "test authority"): Authority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const extensions = [extension("551d13", sequence(Buffer.from("0101ff", "hex")), true)];
  const self = { subject: name, publicKey: keys.publicKey, extensions };
  return {
    ca: certificate(self, name, keys.privateKey),
    issue: (...names) => {
      const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const subject = { subject: "test", publicKey: own.publicKey, extensions: [alternativeNames(names)] };
      const key = own.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
      return { certificate: certificate(subject, name, keys.privateKey), key };
    },
  };
}

interface Subject {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

let serial = 1;

function certificate({ subject, publicKey, extensions }: Subject, issuer: string, key: KeyObject): string {
  const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
  const body = sequence(
    der(0xa0, integer(2)),
    integer(serial++),
    ecdsaWithSha256,
    nameOf(issuer),
    sequence(utcTime(Date.now() - 60_000), utcTime(Date.now() + 3_600_000)),
    nameOf(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = der(0x03, Buffer.from([0]), sign("sha256", body, key));
  const text = sequence(body, ecdsaWithSha256, signature).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${text.match(/.{1,64}/g)?.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function alternativeNames(names: readonly string[]): Buffer {
  const each = names.map((name) =>
    /^[\d.]+$/.test(name) ? der(0x87, Buffer.from(name.split(".").map(Number))) : der(0x82, Buffer.from(name)),
  );
  return extension("551d11", sequence(...each));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [Buffer.from("0101ff", "hex")] : []), der(0x04, value));
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(commonName)))));
}

function utcTime(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, "");
  return der(0x17, Buffer.from(digits.slice(2)));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts);
}

function integer(value: number): Buffer {
  return der(0x02, Buffer.from([value]));
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}
