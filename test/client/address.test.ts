import { expect, test } from "vitest";
import { targetOf } from "../../src/client/address.ts";
import { createTokenClient } from "../../src/client/client.ts";
import { channelCredentials } from "../../src/client/credentials.ts";
import { authority } from "./certificates.ts";

test.each([
  ["127.0.0.1:50051", "127.0.0.1:50051", true],
  ["127.1.2.3:1", "127.1.2.3:1", true],
  ["[::1]:50051", "[::1]:50051", true],
  ["localhost:50051", "dns:///localhost:50051", true],
  ["unix:/run/token.sock", "unix:///run/token.sock", true],
  ["unix:///run/token.sock", "unix:///run/token.sock", true],
  ["10.0.0.7:443", "10.0.0.7:443", false],
  ["[2001:db8::1]:443", "[2001:db8::1]:443", false],
  ["tokens.internal:443", "dns:///tokens.internal:443", false],
  ["dns:///tokens.internal:443", "dns:///tokens.internal:443", false],
  ["dns://10.0.0.53/tokens.internal:443", "dns://10.0.0.53/tokens.internal:443", false],
  ["dns:///localhost:443", "dns:///localhost:443", true],
  ["127.0.0.1.evil.example:80", "dns:///127.0.0.1.evil.example:80", false],
])("%s is %s", (text, target, local) => {
  expect(targetOf(text)).toEqual({ target, local });
});

test.each([
  "",
  "tokens.internal",
  "127.0.0.1",
  "::1:80",
  "[::1]",
  "[1.2.3.4]:80",
  "a:0",
  "a:65536",
  "unix:",
  "unix:run/x",
  "dns:///tokens",
  // grpc-js has no resolver for it, and would take it for a name of DNS.
  "xds:///tokens",
])("%j is no address, and the error says what is", (text) => {
  expect(() => targetOf(text)).toThrow(/host:port, \[IPv6\]:port, unix:\/path/);
});

test("http:// is a habit, and no address", () => {
  expect(() => targetOf("http://127.0.0.1:50051")).toThrow(TypeError);
});

test("plaintext is for this machine, unless it is asked for by name", () => {
  const secure = (text: string, options = {}) => channelCredentials(targetOf(text), options)._isSecure();
  expect(secure("127.0.0.1:80")).toBe(false);
  expect(secure("unix:/run/token.sock")).toBe(false);
  expect(secure("127.0.0.1:80", { tls: {} })).toBe(true);
  expect(secure("10.0.0.7:80")).toBe(true);
  expect(secure("10.0.0.7:80", { bearer: "x" })).toBe(true);
  expect(secure("10.0.0.7:80", { allowPlaintext: true })).toBe(false);
});

test("a certificate and its key must both be there, be PEM, and fit together", () => {
  const own = authority();
  const { certificate, key } = own.issue("a");
  const client = (tls: object) => () => createTokenClient("10.0.0.7:443", { tls });
  expect(client({ certificate })).toThrow("set both, or neither");
  expect(client({ key })).toThrow("set both, or neither");
  expect(client({ certificate: "x", key })).toThrow(/^tls: /);
  expect(client({ certificate, key: own.issue("b").key })).toThrow(/^tls: /);
  expect(() => createTokenClient([])).toThrow("there is no address");
});
